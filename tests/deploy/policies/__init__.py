"""What has to hold for whatever the chart renders. Each policy yields a sentence for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.deploy.policies import firewall, hooks, mesh, network, pods, scaling, schemas, settings, time, wiring
from tests.deploy.rendering import Rendered

Policy = Callable[[Rendered], Iterator[str]]

POLICIES: tuple[Policy, ...] = (
    schemas.valid_objects,
    schemas.well_named,
    pods.restricted,
    pods.without_tokens,
    pods.no_secret_in_clear,
    pods.mounts_exist,
    wiring.services_lead_to_ports,
    wiring.deployments_select_themselves,
    wiring.listeners_are_ports,
    wiring.probes_reach_health,
    wiring.targets_are_services,
    wiring.certificates_say_who_calls,
    wiring.routes_lead_to_services,
    wiring.mesh_lets_callers_in,
    network.network_is_the_call_graph,
    network.egress_is_what_is_needed,
    network.everything_is_denied_first,
    network.metrics_are_for_who_scrapes,
    settings.known_settings_only,
    settings.accepted_by_check,
    time.grace_periods_add_up,
    time.rollouts_lose_nobody,
    time.pools_fit_the_database,
    time.migrations_may_wait,
    time.changes_roll_pods,
    hooks.hooks_come_in_order,
    firewall.allowed_is_the_table,
    mesh.mesh_authorizes_the_call_graph,
    scaling.scalers_count_what_is_requested,
    scaling.budgets_protect_their_pods,
    scaling.replicas_are_spread,
)
