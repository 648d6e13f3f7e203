"""Broken networks, meshes, times, hooks and scaling."""

from __future__ import annotations

from tests.deploy.broken.row import Broken
from tests.deploy.policies import firewall, hooks, mesh, network, scaling, time, wiring

BROKEN = (
    Broken(
        *(network.metrics_are_for_who_scrapes, "production", "networkpolicies.yaml"),
        *("from: {{- toYaml . | nindent 8 }}\n    {{- end }}\n  egress:", "from: []\n    {{- end }}\n  egress:"),
        "/metrics is for [[]]",
    ),
    Broken(
        *(network.metrics_are_for_who_scrapes, "production", "servicemonitor.yaml"),
        *('range $name, $_ := include "zoomslack.components" . | fromYaml', 'range $name := list "slack-edge"'),
        "a ServiceMonitor is there for ['slack-edge'] alone",
    ),
    Broken(
        *(network.network_is_the_call_graph, "production", "_components.tpl"),
        *("calls: [auth]", "calls: [auth, phone]"),
        "meetings -> phone:50053 is allowed",
    ),
    Broken(
        *(network.network_is_the_call_graph, "production", "networkpolicies.yaml"),
        *("{{- if has $name $other.calls }}", '{{- if eq $caller "slack-edge" }}'),
        "meetings -> auth:50051 is refused",
    ),
    Broken(
        *(network.network_is_the_call_graph, "laptop", "networkpolicies.yaml"),
        *("{{- if has $vendor $other.vendors }}", "{{- if true }}"),
        "simulators:8081 lets meetings in",
    ),
    Broken(
        *(network.egress_is_what_is_needed, "production", "networkpolicies.yaml"),
        *(
            '{{- if .is.grpc }}\n    {{- include "zoomslack.egressPostgresql"',
            '{{- if true }}\n    {{- include "zoomslack.egressPostgresql"',
        ),
        "Deployment zoomslack-slack-edge: egress to port 5432 is allowed",
    ),
    Broken(
        *(network.egress_is_what_is_needed, "production", "networkpolicies.yaml"),
        *("- {port: 443, protocol: TCP}", "- {port: 444, protocol: TCP}"),
        "egress to port 443 is refused",
    ),
    Broken(
        *(network.everything_is_denied_first, "production", "networkpolicies.yaml"),
        *("policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"),
        "Egress is open",
    ),
    Broken(
        time.grace_periods_add_up,
        "small",
        "_components.tpl",
        "ends: 25",
        "ends: 10",
        "Deployment zoomslack-auth: needs",
    ),
    Broken(
        *(time.grace_periods_add_up, "everything", "_pods.tpl"),
        *("add (int .root.Values.preStopSeconds) ", "add "),
        "Deployment zs-phone: needs 43.0 s to end and gets 35 s",
    ),
    Broken(
        *(time.rollouts_lose_nobody, "production", "deployments.yaml"),
        *("maxUnavailable: 0", "maxUnavailable: 1"),
        "takes away before it adds",
    ),
    Broken(
        *(time.rollouts_lose_nobody, "production", "deployments.yaml"),
        *("minReadySeconds: {{ $.Values.minReadySeconds }}", ""),
        "goes before clients know",
    ),
    Broken(
        *(time.rollouts_lose_nobody, "small", "deployments.yaml"),
        *("{{- if $alone }}", "{{- if false }}"),
        "two pods would share a world",
    ),
    Broken(
        *(time.rollouts_lose_nobody, "small", "availability.yaml"),
        *("(gt (int .values.replicas) 1)", "(gt (int .values.replicas) 0)"),
        "1 pods and a disruption budget",
    ),
    Broken(
        *(time.migrations_may_wait, "production", "migrations.yaml"),
        *("activeDeadlineSeconds: {{ $.Values.database.migrationJob.deadlineSeconds }}", "activeDeadlineSeconds: 600"),
        "is ended before it has tried for 600.0 s",
    ),
    Broken(
        *(time.pools_fit_the_database, "production", "_settings.tpl"),
        *("(int .values.autoscaling.maxReplicas) (int .values.replicas)", "2 2"),
        "18 pools of 15 for 60 connections",
    ),
    Broken(
        *(time.changes_roll_pods, "production", "deployments.yaml"),
        *('{{ include "zoomslack.settings" . | sha256sum }}', "constant"),
        "checksums of settings",
    ),
    Broken(
        *(time.changes_roll_pods, "everything", "deployments.yaml"),
        *("zoomslack/secrets-revision: {{ . | quote }}", ""),
        "Deployment zs-auth: carries the revision '' of Secrets",
    ),
    Broken(
        *(time.changes_roll_pods, "everything", "_pods.tpl"),
        *('set $annotations "zoomslack/secrets-revision"', 'set $annotations "zoomslack/revision"'),
        "Job zs-auth-migrate-",
    ),
    Broken(
        *(wiring.services_lead_to_ports, "small", "services.yaml"),
        *("targetPort: grpc,", "targetPort: grpc, protocol: UDP,"),
        "Service zoomslack-auth: port grpc is not TCP",
    ),
    Broken(
        *(time.grace_periods_add_up, "linkerd", "_pods.tpl"),
        *('{{ include "zoomslack.proxyEndsAfter" . | quote }}', '"600"'),
        "Deployment zoomslack-auth: its proxy goes on for [600.0] s",
    ),
    Broken(
        *(time.grace_periods_add_up, "istio", "_pods.tpl"),
        *('{{ include "zoomslack.proxyEndsAfter" . }}s', "5s"),
        "Deployment zoomslack-auth: its proxy goes on for [5.0] s",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "production", "networkpolicies.yaml"),
        *("ingress:\n    {{- if .is.grpc }}", "ingress:\n    - {}\n    {{- if .is.grpc }}"),
        "phone: may ingress everybody any any",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "laptop", "networkpolicies.yaml"),
        *("ingress:\n    {{- $ports", "ingress:\n    - {}\n    {{- $ports"),
        "simulators: may ingress everybody any any",
    ),
    *(
        Broken(
            *(firewall.allowed_is_the_table, "production", "networkpolicies.yaml"),
            *(
                "policyTypes: [Ingress, Egress]\n  egress:",
                "policyTypes: [Ingress, Egress]\n  ingress: [{}]\n  egress:",
            ),
            f"{component}: may ingress everybody any any",
        )
        for component in ("migrate", "test")
    ),
    Broken(
        *(firewall.allowed_is_the_table, "production", "networkpolicies.yaml"),
        *("policyTypes: [Ingress, Egress]\n{{- range", "policyTypes: [Ingress, Egress]\n  ingress: [{}]\n{{- range"),
        "NetworkPolicy zoomslack-deny-all: is for",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "production", "networkpolicies.yaml"),
        *("to: {{- toYaml $policy.vendorsTo | nindent 8 }}", ""),
        "auth: may egress everybody TCP 443",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "production", "networkpolicies.yaml"),
        *("{{- with .Values.networkPolicy.postgresqlTo }}", "{{- with false }}"),
        "migrate: may egress everybody TCP 5432",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "production", "networkpolicies.yaml"),
        *("{{- with .Values.networkPolicy.dnsTo }}", "{{- with false }}"),
        "test: may egress everybody UDP 53",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "production", "networkpolicies.yaml"),
        *("- {port: 53, protocol: UDP}", "- {port: 53, protocol: SCTP}"),
        "auth: may not egress",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "everything", "networkpolicies.yaml"),
        *('(ternary "443" "80" (eq $url.scheme "https"))', '"4318"'),
        "auth: may egress everybody TCP 4318",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "linkerd", "networkpolicies.yaml"),
        *("{port: 4143, protocol: TCP}", "{port: 4144, protocol: TCP}"),
        "auth: may not ingress slack-edge TCP 4143",
    ),
    Broken(
        *(firewall.allowed_is_the_table, "linkerd", "networkpolicies.yaml"),
        *("{port: 8090, protocol: TCP}", "{port: 8091, protocol: TCP}"),
        '{"kubernetes.io/metadata.name": "linkerd"}}} TCP 8090',
    ),
    Broken(
        *(mesh.mesh_authorizes_the_call_graph, "linkerd", "mesh.yaml"),
        *("{{- if has $name $other.calls }}", "{{- if true }}"),
        "Deployment zoomslack-phone: lets in",
    ),
    Broken(
        *(mesh.mesh_authorizes_the_call_graph, "istio", "mesh.yaml"),
        *("{{- if has $name $other.calls }}", "{{- if true }}"),
        "Deployment zoomslack-phone: lets in",
    ),
    Broken(
        *(mesh.mesh_authorizes_the_call_graph, "linkerd", "mesh.yaml"),
        "requiredAuthenticationRefs:\n    - {group: policy.linkerd.io, kind: MeshTLSAuthentication,"
        " name: {{ $context.fullname }}-callers}",
        "requiredAuthenticationRefs: []",
        "Deployment zoomslack-auth: 1 rules ask for 0 authentications",
    ),
    Broken(
        *(mesh.mesh_authorizes_the_call_graph, "istio", "mesh.yaml"),
        *("mtls: {mode: STRICT}", "mtls: {mode: PERMISSIVE}"),
        "Deployment zoomslack-auth: takes plaintext",
    ),
    Broken(
        *(mesh.mesh_authorizes_the_call_graph, "istio", "mesh.yaml"),
        *("  portLevelMtls:\n    {{ $edge.is.port }}: {mode: PERMISSIVE}\n", ""),
        "Deployment zoomslack-slack-edge: takes plaintext as [{'mtls': {'mode': 'STRICT'}}]",
    ),
    Broken(
        *(mesh.mesh_authorizes_the_call_graph, "linkerd", "mesh.yaml"),
        *("port: http", "port: admin"),
        "Deployment zoomslack-slack-edge: its Servers are",
    ),
    Broken(
        *(scaling.scalers_count_what_is_requested, "production", "availability.yaml"),
        *("kind: Deployment, name: {{ .fullname }}", "kind: Deployment, name: zoomslack-auth"),
        "HorizontalPodAutoscaler zoomslack-phone: scales zoomslack-auth",
    ),
    Broken(
        *(scaling.scalers_count_what_is_requested, "production", "availability.yaml"),
        *("container: {{ .name }}", "container: server"),
        "HorizontalPodAutoscaler zoomslack-phone: counts what no container requests",
    ),
    Broken(
        *(scaling.budgets_protect_their_pods, "production", "availability.yaml"),
        *('{{- include "zoomslack.selector" . | nindent 6 }}', "{app: nobody}"),
        "PodDisruptionBudget zoomslack-auth: protects []",
    ),
    Broken(
        *(scaling.replicas_are_spread, "production", "deployments.yaml"),
        *("topologyKey: {{ . }}", "topologyKey: x"),
        "Deployment zoomslack-auth: is spread over ['x', 'x']",
    ),
    Broken(
        *(hooks.hooks_come_in_order, "production", "migrations.yaml"),
        *("helm.sh/hook: pre-install,pre-upgrade", "helm.sh/hook: post-install,post-upgrade"),
        "runs at ['post-install', 'post-upgrade']",
    ),
    Broken(
        *(hooks.hooks_come_in_order, "production", "migrations.yaml"),
        *('helm.sh/hook-weight: "-10"', 'helm.sh/hook-weight: "10"'),
        "ServiceAccount zoomslack-migrate: comes after Job",
    ),
    Broken(
        *(hooks.hooks_come_in_order, "production", "networkpolicies.yaml"),
        *('{{- with include "zoomslack.beforeMigrations" . }}', "{{- with false }}"),
        "NetworkPolicy zoomslack-migrate: is not there at the time of Job",
    ),
    Broken(
        *(hooks.hooks_come_in_order, "production", "migrations.yaml"),
        *('"-10"\nhelm.sh/hook-delete-policy: before-hook-creation,hook-succeeded', '"-10"'),
        "ServiceAccount zoomslack-migrate: stays behind",
    ),
    Broken(
        *(hooks.hooks_come_in_order, "linkerd", "migrations.yaml"),
        *('{{- if eq .Values.database.migrations "hook" -}}', "{{- if true -}}"),
        "is not there at the time of Job",
    ),
)
