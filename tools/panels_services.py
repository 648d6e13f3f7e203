"""The dashboards of the four services."""

from __future__ import annotations

from tools.panels import (
    Dashboard,
    Panel,
    Row,
    calls_served,
    per_minute,
    process,
    quantile,
    vendor_calls,
    work_and_database,
)

_HTTP = "http_server_request_duration_seconds"
_CALLS = "rpc_client_call_duration_seconds"

_REQUESTS = Row(
    "Requests that it answers",
    (
        Panel(
            "Requests by route",
            "cpm",
            "How much comes in. Routes that nobody has are `unknown`: scanners.",
            "A route that falls to nothing while people work: look at the ingress, then at the vendor's settings.",
            {"{{http_route}}": per_minute(f"{_HTTP}_count", "http_route")},
            stacked=True,
        ),
        Panel(
            "Answers that are no 2xx, by route and status",
            "cpm",
            "401: a signature that does not hold. 499: its sender gave up. 5xx: ours.",
            "For 5xx search the log for `unexpected error`; for 401 see the runbooks.",
            {
                "{{http_route}} {{http_response_status_code}}": per_minute(
                    f"{_HTTP}_count", "http_route, http_response_status_code", 'http_response_status_code!~"[23].."'
                )
            },
            ("ZoomSlackWebhooksRefused", "ZoomSlackSlackRequestsRefused", "ZoomSlackCommandsBurnFast"),
        ),
        Panel(
            "Latency by route (95 %)",
            "s",
            "Slack and Zoom give up after three seconds.",
            "Open an exemplar's trace to see what the time is spent on.",
            {"{{http_route}}": quantile(0.95, _HTTP, "http_route")},
            ("ZoomSlackCommandsBurnFast",),
            limit=3.0,
        ),
    ),
)

_MESH = Row(
    "Calls to the other services",
    (
        Panel(
            "Calls that fail, by status",
            "cpm",
            "As this service sees them: one that is away shows only here, as UNAVAILABLE.",
            "UNAVAILABLE of one service: its pods, then certificates. DEADLINE_EXCEEDED: its own dashboard.",
            {
                "{{rpc_method}} {{rpc_response_status_code}}": per_minute(
                    f"{_CALLS}_count",
                    "rpc_method, rpc_response_status_code",
                    'rpc_response_status_code!="OK"',
                    of="slack_edge",
                )
            },
            ("ZoomSlackMeshUnreachable", "ZoomSlackCallersRefused"),
            width=12,
        ),
        Panel(
            "Latency by method (95 %)",
            "s",
            "Within this time 19 of 20 calls are answered; those that wait for work are left out.",
            "What is slow here and quick at the service itself is the way there: look at connections and CPU.",
            {
                "{{rpc_method}}": quantile(
                    0.95, _CALLS, "rpc_method", 'rpc_method!~".+/(LeaseDeliveries|ListDepartures)"', of="slack_edge"
                )
            },
            width=12,
            limit=2.5,
        ),
    ),
)

_DELIVERIES = Row(
    "Deliveries, and the process",
    (
        Panel(
            "Deliveries by content and outcome",
            "cpm",
            "What Slack is to show, and whether it does.",
            "late and lost ones: leases run out, this edge is too slow or too busy. refused: the log names the error.",
            {"{{content}} {{outcome}}": per_minute("zoomslack_deliveries_total", "content, outcome")},
            ("ZoomSlackDeliveriesWait", "ZoomSlackDeliveriesBurnFast"),
            width=12,
        ),
        Panel(
            "Calls held back, by method",
            "cpm",
            "Requests that were not made, as Slack's wait was not over.",
            "One method alone is one busy channel. Lasting: see the runbook.",
            {"{{url_template}}": per_minute("zoomslack_vendor_calls_held_back_total", "url_template")},
            ("ZoomSlackVendorLimits",),
            width=12,
        ),
        *process("slack_edge"),
    ),
)

EDGE = Dashboard(
    "edge",
    "Zoom for Slack: edge",
    "The only service on the internet: what Slack and Zoom send, and what Slack shows.",
    (_REQUESTS, _MESH, vendor_calls("slack", "slack_edge"), _DELIVERIES),
)

_TOKENS = Row(
    "Tokens",
    (
        Panel(
            "Refreshes by outcome",
            "cpm",
            "renewed; ended: the owner has to connect again; failed: not renewed, the grant is as good as before.",
            "Failures that go on: compare the client secrets with those at the vendors (`refresh failed` in the log).",
            {"{{peer_service}} {{outcome}}": per_minute("zoomslack_token_refreshes_total", "peer_service, outcome")},
            ("ZoomSlackTokensNotRenewed", "ZoomSlackGrantsEnd"),
            width=24,
        ),
    ),
)

AUTH = Dashboard(
    "auth",
    "Zoom for Slack: auth",
    "Who is who, and everybody's tokens.",
    (
        calls_served("auth"),
        _TOKENS,
        vendor_calls("zoom", "auth"),
        vendor_calls("slack", "auth"),
        work_and_database("auth"),
    ),
)


def _repairs(service: str, legend: str, by: str) -> Row:
    return Row(
        "Repairs",
        (
            Panel(
                "Facts that no event told",
                "cpm",
                "What was learned only by asking Zoom, some ten minutes late.",
                "Some a day are normal. Many: Zoom's events do not arrive.",
                {legend: per_minute(f"zoomslack_{service}_repairs_total", by)},
                ("ZoomSlackEventsMissing",),
                width=24,
            ),
        ),
    )


MEETINGS = Dashboard(
    "meetings",
    "Zoom for Slack: meetings",
    "Meetings from the command to the recording.",
    (
        calls_served("meetings"),
        vendor_calls("zoom", "meetings"),
        _repairs("meetings", "{{what}}", "what"),
        work_and_database("meetings"),
    ),
)

PHONE = Dashboard(
    "phone",
    "Zoom for Slack: phone",
    "Phone calls from the first ring to the summary.",
    (calls_served("phone"), vendor_calls("zoom", "phone"), _repairs("phone", "calls", ""), work_and_database("phone")),
)

SERVICES = (EDGE, AUTH, MEETINGS, PHONE)
