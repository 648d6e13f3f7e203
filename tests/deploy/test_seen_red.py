"""Each policy finds what it is for: a copy of the chart with one thing broken has to be refused."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import helm_python
import pytest

from tests.deploy.policies import POLICIES, Policy, hooks, network, pods, schemas, settings, time, wiring
from tests.deploy.policies.settings import differences
from tests.deploy.rendering import CHART, VALUES, load, render


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong in a file of the chart, and what the policy says of it."""

    policy: Policy
    values: str
    file: str
    right: str
    wrong: str
    complaint: str


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
        *("activeDeadlineSeconds: 900", "activeDeadlineSeconds: 600"),
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


def broken(folder: Path, file: str, right: str, wrong: str) -> Path:
    """Returns a copy of the chart in which one thing is wrong."""
    chart = folder / "chart"
    shutil.copytree(CHART, chart)
    template = chart / "templates" / file
    text = template.read_text(encoding="utf-8")
    assert right in text
    template.write_text(text.replace(right, wrong), encoding="utf-8")
    return chart


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: f"{one.policy.__name__}-{one.complaint[:30]}")
def test_P89_a_broken_chart_is_refused(one: Broken, tmp_path: Path) -> None:
    chart = broken(tmp_path, one.file, one.right, one.wrong)
    found = list(one.policy(render(load(VALUES[one.values]), chart)))
    assert any(one.complaint in complaint for complaint in found), found


def test_every_policy_was_seen_red() -> None:
    assert {one.policy for one in BROKEN} == set(POLICIES)


@pytest.mark.parametrize(
    ("right", "wrong", "complaints"),
    [
        (
            '"ZOOMSLACK_PHONE_KEEP_DAYS"',
            '"ZOOMSLACK_PHONE_KEPT_DAYS"',
            {
                "phone reads ZOOMSLACK_PHONE_KEEP_DAYS, and the chart never sets it",
                "phone does not read ZOOMSLACK_PHONE_KEPT_DAYS",
            },
        ),
        ("if $own.helpUrl", "if false", {"slack-edge reads ZOOMSLACK_HELP_URL, and the chart never sets it"}),
    ],
)
def test_P89_settings_that_differ_are_found(right: str, wrong: str, complaints: set[str], tmp_path: Path) -> None:
    chart = broken(tmp_path, "_settings.tpl", right, wrong)
    assert set(differences(render(load(file), chart) for file in VALUES.values())) == complaints


def test_P89_helm_lint_finds_what_is_no_template_and_no_object(tmp_path: Path) -> None:
    for number, (right, wrong) in enumerate((("{{- end }}", "{{- end"), ("kind: Service\n", "kind: [Service\n"))):
        chart = broken(tmp_path / str(number), "services.yaml", right, wrong)
        report = helm_python.lint(chart, load(VALUES["laptop"]), strict=True)
        assert [one for one in report["messages"] if one["severity"] == 3]
