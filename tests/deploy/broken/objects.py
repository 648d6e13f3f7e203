"""Broken objects, pods, wires between them, and settings."""

from __future__ import annotations

from tests.deploy.broken.row import Broken
from tests.deploy.policies import pods, schemas, settings, wiring

BROKEN = (
    Broken(schemas.valid_objects, "laptop", "services.yaml", "selector:", "selectors:", "Additional properties"),
    Broken(schemas.valid_objects, "small", "certificates.yaml", "dnsNames:", "dnsName:", "'dnsName' was unexpected"),
    Broken(schemas.valid_objects, "production", "availability.yaml", "autoscaling/v2", "autoscaling/v2beta2", "has no"),
    Broken(schemas.well_named, "laptop", "services.yaml", "{{ .fullname }}-admin", "{{ .fullname }}", "is there twice"),
    Broken(schemas.well_named, "small", "_names.tpl", "app.kubernetes.io/part-of: zoomslack", "", "label part-of"),
    Broken(schemas.well_named, "small", "ingress.yaml", "namespace: {{ .Release.Namespace }}", "", "in no namespace"),
    Broken(pods.restricted, "laptop", "_pods.tpl", "runAsNonRoot: true", "runAsNonRoot: false", "may run as root"),
    Broken(pods.restricted, "laptop", "_pods.tpl", "{drop: [ALL]}", "{drop: [NET_RAW]}", "keeps capabilities"),
    Broken(pods.restricted, "laptop", "_pods.tpl", "{type: RuntimeDefault}", "{type: Unconfined}", "seccomp"),
    Broken(
        *(pods.restricted, "linkerd", "migrations.yaml"),
        *('securityContext: {{- include "zoomslack.containerSecurity"', 'x: {{- include "zoomslack.containerSecurity"'),
        "Job zoomslack-auth-migrate",
    ),
    Broken(
        *(pods.restricted, "laptop", "tests/probe.yaml"),
        *('securityContext: {{- include "zoomslack.podSecurity"', 'x: {{- include "zoomslack.podSecurity"'),
        "Pod zoomslack-test: may run as root",
    ),
    Broken(pods.restricted, "laptop", "simulators.yaml", "resources: ", "x: ", "no limit of memory"),
    Broken(
        *(pods.without_tokens, "laptop", "deployments.yaml"),
        *("automountServiceAccountToken: false", ""),
        "mounts a token",
    ),
    Broken(
        *(pods.without_tokens, "small", "deployments.yaml"),
        *("serviceAccountName: {{ .fullname }}", "serviceAccountName: default"),
        "service account default does not exist",
    ),
    Broken(
        *(pods.no_secret_in_clear, "laptop", "extra-objects.yaml"),
        *("{{- range", "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n{{- range"),
        "Secret a: is made by the chart",
    ),
    Broken(
        *(pods.no_secret_in_clear, "laptop", "tests/probe.yaml"),
        *("value: {{ $folder }}/slack-signing-secret", "value: simulated-slack-signing-secret"),
        "Pod zoomslack-test: holds a secret",
    ),
    Broken(
        *(pods.no_secret_in_clear, "production", "_settings.tpl"),
        *('{{ .file | upper | replace "-" "_" }}_FILE', '{{ .file | upper | replace "-" "_" }}'),
        "ZOOMSLACK_TOKEN_KEYS holds its secret itself",
    ),
    Broken(
        pods.mounts_exist, "production", "_pods.tpl", "- name: tls\n", "- name: certificate\n", "which is no volume"
    ),
    Broken(pods.mounts_exist, "production", "_pods.tpl", "- {name: tmp, mountPath: /tmp}\n", "", "does not mount"),
    Broken(
        *(wiring.services_lead_to_ports, "small", "services.yaml"),
        *("  clusterIP: None\n  {{- end }}", "  {{- end }}"),
        "gRPC needs a headless Service",
    ),
    Broken(
        *(wiring.routes_lead_to_services, "linkerd", "services.yaml"),
        *('{{- if ne (include "zoomslack.mesh" $) "linkerd" }}', "{{- if true }}"),
        "GRPCRoute zoomslack-auth: belongs to a headless Service",
    ),
    Broken(
        *(wiring.services_lead_to_ports, "small", "deployments.yaml"),
        *("{name: grpc, containerPort: {{ .is.port }}}", "{name: grpc, containerPort: 50051}"),
        "port grpc is not the container's",
    ),
    Broken(
        *(wiring.deployments_select_themselves, "linkerd", "migrations.yaml"),
        *('dict "root" $root "name" "migrate"', 'dict "root" $root "name" "auth"'),
        "selects",
    ),
    Broken(
        *(wiring.listeners_are_ports, "small", "_settings.tpl"),
        *('(printf "0.0.0.0:%d" (int .is.port))', '(printf "127.0.0.1:%d" (int .is.port))'),
        "listens where nobody reaches it",
    ),
    Broken(
        *(wiring.listeners_are_ports, "laptop", "simulators.yaml"),
        *("--zoom-listen=0.0.0.0:{{ $ports.zoom }}", "--zoom-listen=0.0.0.0:8083"),
        "listens on",
    ),
    Broken(wiring.probes_reach_health, "small", "_pods.tpl", "path: /livez", "path: /readyz", "somebody else's outage"),
    Broken(wiring.probes_reach_health, "small", "_pods.tpl", ", service: live", "", "asks for the wrong name"),
    Broken(
        *(wiring.probes_reach_health, "small", "_pods.tpl"),
        *("grpc: {port: {{ .ports.health }}}", "grpc: {port: {{ .is.port }}}"),
        "not on the port of health",
    ),
    Broken(
        *(wiring.probes_reach_health, "laptop", "simulators.yaml"),
        *("{path: /, port: zoom}", "{path: /control/state, port: zoom}"),
        "its livenessProbe asks what answers on loopback only",
    ),
    Broken(wiring.targets_are_services, "small", "_settings.tpl", '"dns:///%s:%d"', '"%s:%d"', "is no Service"),
    Broken(
        *(wiring.targets_are_services, "small", "certificates.yaml"),
        *('- {{ include "zoomslack.host" (dict "root" $ "name" $name) }}', "- elsewhere.example"),
        "no certificate is for",
    ),
    Broken(
        *(wiring.certificates_say_who_calls, "small", "certificates.yaml"),
        *("- {{ $name }}.zoomslack", "- {{ $context.is.key }}.zoomslack"),
        "Deployment zoomslack-slack-edge: its certificate is for ['slackEdge.zoomslack']",
    ),
    Broken(
        *(wiring.certificates_say_who_calls, "small", "certificates.yaml"),
        *("rotationPolicy: Never", "rotationPolicy: Always"),
        "Certificate zoomslack-authority: its key is renewed Always",
    ),
    Broken(
        *(wiring.routes_lead_to_services, "small", "ingress.yaml"),
        *("port: {name: http}", "port: {name: admin}"),
        "leads to no public port",
    ),
    Broken(
        *(wiring.routes_lead_to_services, "production", "servicemonitor.yaml"),
        *("zoomslack/port: admin", ""),
        "selects Services with the ports",
    ),
    Broken(
        *(wiring.mesh_lets_callers_in, "linkerd", "_pods.tpl"),
        *("linkerd.io/inject: enabled", "linkerd.io/inject: disabled"),
        "lacks a proxy",
    ),
    Broken(
        *(wiring.mesh_lets_callers_in, "istio", "_pods.tpl"),
        *("traffic.sidecar.istio.io/excludeInboundPorts: {{ $aside | quote }}", 'x: "1"'),
        "probes and scrapes go through the proxy",
    ),
    Broken(
        *(settings.known_settings_only, "production", "_settings.tpl"),
        *('"ZOOMSLACK_PHONE_KEEP_DAYS"', '"ZOOMSLACK_PHONE_KEEPS_DAYS"'),
        "ZOOMSLACK_PHONE_KEEPS_DAYS is nothing that phone reads",
    ),
    Broken(
        *(settings.known_settings_only, "linkerd", "migrations.yaml"),
        *("ZOOMSLACK_LOG_FORMAT", "ZOOMSLACK_TOKEN_KEYS"),
        "ZOOMSLACK_TOKEN_KEYS is nothing that migrate reads",
    ),
    Broken(
        *(settings.accepted_by_check, "production", "_components.tpl"),
        *("secrets: [slack-client-secret, zoom-user-client-secret]", "secrets: [slack-client-secret]"),
        "ZOOMSLACK_ZOOM_USER_CLIENT_SECRET: is not set",
    ),
    Broken(
        *(settings.accepted_by_check, "laptop", "_settings.tpl"),
        *('"ZOOMSLACK_ALLOW_PLAINTEXT" "1"', '"ZOOMSLACK_ALLOW_PLAINTEXT" "0"'),
        "leaves this machine in plaintext",
    ),
    Broken(
        *(settings.accepted_by_check, "laptop", "deployments.yaml"),
        *('(include "zoomslack.simulatedNames" .) | toYaml', '"slack-client-secret" | toYaml'),
        "/run/zoomslack/simulated/slack-signing-secret is in none of its volumes",
    ),
)
