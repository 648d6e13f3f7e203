"""What dashboards are made of: panels, the queries in them, and the panels that several services have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HERE = 'namespace=~"$namespace"'
"""Every query is of the installation that was chosen. Where Prometheus adds no namespace, the choice is All."""
_WAITING = 'rpc_method!~".+/(LeaseDeliveries|ListDepartures)"'
"""Calls that wait for work, for up to 20 seconds: they say nothing about latencies."""
RATE = "[$__rate_interval]"


@dataclass(frozen=True)
class Panel:
    """One picture. `does` is what to do about it, and `runbooks` the alerts whose pages say more."""

    title: str
    unit: str
    shows: str
    does: str
    queries: Mapping[str, str]
    """By legend, which may hold labels as `{{outcome}}`."""
    runbooks: Sequence[str] = ()
    kind: str = "timeseries"
    width: int = 8
    limit: float | None = None
    """A line: above it, it is bad. Of a `stat`: below it."""
    stacked: bool = False


@dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """One page."""

    name: str
    title: str
    about: str
    rows: Sequence[Row] = field(default_factory=tuple)


def per_minute(metric: str, by: str, *conditions: str, of: str = "") -> str:
    """Returns how often a minute something happens. `of` is the service that counts it, where several do."""
    every = "sum" if not by else f"sum by ({by})"
    return f"60 * {every} ({_of(f'rate({metric}{_braces(conditions)}{RATE})', of)})"


def share(metric: str, by: str, part: str, *conditions: str, of: str = "") -> str:
    """Returns which share of what happens has the condition `part`."""
    some, every = (
        f"sum by ({by}) ({_of(f'rate({metric}{_braces(one)}{RATE})', of)})" for one in ((*conditions, part), conditions)
    )
    return f"({some} or 0 * {every}) / {every}"


def quantile(share_below: float, histogram: str, by: str, *conditions: str, of: str = "") -> str:
    """Returns the time within which this share is done."""
    labels = f"le, {by}" if by else "le"
    rate = _of(f"rate({histogram}_bucket{_braces(conditions)}{RATE})", of)
    return f"histogram_quantile({share_below}, sum by ({labels}) ({rate}))"


def highest(metric: str, by: str, *conditions: str, of: str = "") -> str:
    """Returns the highest of what replicas say of something that they have in common."""
    return f"max by ({by}) ({_of(f'{metric}{_braces(conditions)}', of)})"


def _braces(conditions: Sequence[str]) -> str:
    return "{" + ", ".join((HERE, *conditions)) + "}"


def _of(series: str, service: str) -> str:
    """Returns of a series what one service exports: no metric but target_info says whose it is."""
    return (
        f'{series} and on (job, instance) target_info{{{HERE}, service_name="zoomslack-{service}"}}'
        if service
        else series
    )


def calls_served(service: str) -> Row:
    """The calls that a service of the mesh answers."""
    mine = f'rpc_method=~"zoomslack.{service}.+"'
    count = "rpc_server_call_duration_seconds_count"
    return Row(
        "Calls that it answers",
        (
            Panel(
                "Calls by method",
                "cpm",
                "How often each method is called.",
                "A method that grows without people doing more is a loop: look for its caller in a trace.",
                {"{{rpc_method}}": per_minute(count, "rpc_method", mine)},
            ),
            Panel(
                "Calls that fail, by status",
                "cpm",
                "INTERNAL is a defect or a client secret, UNAVAILABLE a vendor or the database, "
                "DEADLINE_EXCEEDED slowness. FAILED_PRECONDITION and NOT_FOUND are answers that people act on.",
                "For INTERNAL search the log for `unexpected error`; for the others see vendors and database below.",
                {
                    "{{rpc_method}} {{rpc_response_status_code}}": per_minute(
                        count, "rpc_method, rpc_response_status_code", mine, 'rpc_response_status_code!="OK"'
                    )
                },
                ("ZoomSlackMeshUnreachable", "ZoomSlackCallersRefused"),
            ),
            Panel(
                "Latency by method (95 %)",
                "s",
                "Within this time 19 of 20 calls are answered. Calls that wait for work are left out.",
                "Commands have 2.5 seconds for everything. Open an exemplar's trace to see what the time is spent on.",
                {"{{rpc_method}}": quantile(0.95, "rpc_server_call_duration_seconds", "rpc_method", mine, _WAITING)},
                ("ZoomSlackCommandsBurnFast",),
                limit=2.5,
            ),
        ),
    )


def vendor_calls(vendor: str, service: str) -> Row:
    """What a service asks of Zoom or Slack."""
    name, count = vendor.title(), "http_client_request_duration_seconds_count"
    theirs = f'peer_service="{vendor}"'
    return Row(
        f"{name}, as this service sees it",
        (
            Panel(
                f"Requests to {name} by outcome",
                "cpm",
                "ok; limited: asked too often; refused: a no; failed and timed_out: no usable answer.",
                f"Many failures: look at {name}'s status page, then at egress. Many refusals: see the next panel.",
                {"{{outcome}}": per_minute(count, "outcome", theirs, of=service)},
                ("ZoomSlackVendorFails", "ZoomSlackVendorRefuses"),
                stacked=True,
            ),
            Panel(
                f"What {name} does not do, by operation",
                "cpm",
                "Which operations are limited, refused or failed.",
                "One operation alone: a scope or a plan that is missing. All at once: tokens, or the vendor.",
                {
                    "{{url_template}} {{outcome}}": per_minute(
                        count, "url_template, outcome", theirs, 'outcome!="ok"', of=service
                    )
                },
                ("ZoomSlackVendorLimits", "ZoomSlackVendorRefuses"),
            ),
            Panel(
                f"{name}'s latency by operation (95 %)",
                "s",
                f"Within this time {name} answers 19 of 20 requests.",
                "Above two seconds commands run out of time: nothing here helps, but tell people.",
                {
                    "{{url_template}}": quantile(
                        0.95, "http_client_request_duration_seconds", "url_template", theirs, of=service
                    )
                },
                ("ZoomSlackVendorFails",),
                limit=2.0,
            ),
        ),
    )


def work_and_database(service: str) -> Row:
    """What a service does beside calls, and how its database is."""
    pool = f'db_client_connection_pool_name="{service}"'
    return Row(
        "Work, database and process",
        (
            Panel(
                "What waits",
                "short",
                "How many things wait to be done, by queue; retrying ones were tried before.",
                "A queue that only grows has nobody who works on it: see its age, and the work that fails.",
                {"{{queue}} {{state}}": highest("zoomslack_queue_size", "queue, state", of=service)},
                ("ZoomSlackDeliveriesWait", "ZoomSlackErasureOverdue", "ZoomSlackReconcilingOverdue"),
            ),
            Panel(
                "How long the oldest has waited",
                "s",
                "The age of the oldest thing in each queue.",
                "The runbook of each queue says which age is too much.",
                {"{{queue}}": highest("zoomslack_queue_age_seconds", "queue", of=service)},
                ("ZoomSlackDeliveriesWait", "ZoomSlackStartsWait"),
            ),
            Panel(
                "Background work that fails",
                "cpm",
                "Runs that ended with an exception.",
                "Search the log for `a background task failed; it will run again`: it has the exception.",
                {"{{work}}": per_minute("zoomslack_background_runs_total", "work", 'outcome="failed"', of=service)},
                ("ZoomSlackBackgroundWorkFails",),
            ),
            Panel(
                "Connections to the database",
                "short",
                "Used connections of all replicas, and how many they may hold.",
                "Used near the most: see how long transactions take before making the pool larger.",
                {
                    "{{db_client_connection_state}}": "sum by (db_client_connection_state) "
                    f"(db_client_connection_count{{{HERE}, {pool}}})",
                    "most": f"sum (db_client_connection_max{{{HERE}, {pool}}})",
                },
                ("ZoomSlackDatabasePoolExhausted",),
            ),
            Panel(
                "Waiting for a connection (99 %), and transactions (95 %)",
                "s",
                "How long a transaction waits for a connection, and how long it takes itself.",
                "Long transactions: look at PostgreSQL (locks, disk). Long waits alone: a larger pool, or replicas.",
                {
                    "wait": quantile(0.99, "db_client_connection_wait_time_seconds", "", pool),
                    "transaction": quantile(0.95, "db_client_operation_duration_seconds", "", of=service),
                },
                ("ZoomSlackDatabasePoolExhausted",),
            ),
            Panel(
                "Transactions that fail",
                "cpm",
                "By the exception that ended them. MeshError is an answer of ours, such as a lease that is lost.",
                "OperationalError, InterfaceError and TimeoutError: the database is away, or the pool is used up.",
                {
                    "{{error_type}}": per_minute(
                        "db_client_operation_duration_seconds_count", "error_type", 'error_type!=""', of=service
                    )
                },
                ("ZoomSlackDatabasePoolExhausted",),
            ),
            *process(service),
        ),
    )


def process(service: str) -> tuple[Panel, ...]:
    """What the processes of a service need."""
    return (
        Panel(
            "Memory by replica",
            "bytes",
            "Resident memory.",
            "Steady growth over days is a leak: report it. At the limit Kubernetes ends the pod, and nothing is lost.",
            {"{{instance}}": _of(f"process_resident_memory_bytes{{{HERE}}}", service)},
        ),
        Panel(
            "CPU by replica",
            "percentunit",
            "Share of one core.",
            "A service has one event loop: near 100 % latencies grow. Add replicas.",
            {"{{instance}}": _of(f"rate(process_cpu_seconds_total{{{HERE}}}{RATE})", service)},
            limit=0.8,
        ),
        Panel(
            "Time since start, by replica",
            "s",
            "Short again and again: the process is ended, or ends itself.",
            "`kubectl describe pod` says why it ended. Exit code 2 means settings: `check` lists what is wrong.",
            {"{{instance}}": _of(f"time() - process_start_time_seconds{{{HERE}}}", service)},
            ("ZoomSlackServiceAbsent",),
        ),
    )
