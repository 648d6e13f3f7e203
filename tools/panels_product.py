"""The dashboard of the product: what people get, whoever of the services gives it."""

from __future__ import annotations

from tools.panels import HERE, Dashboard, Panel, Row, highest, per_minute, quantile, share

_SLACKS = 'http_route=~"/slack/commands|/slack/interactions|/slack/events"'
_REQUESTS = "http_client_request_duration_seconds_count"


def _kept(promise: str) -> str:
    """Returns which share of commands or deliveries went well in the time that is shown."""
    bad, every = (
        f"sum(avg_over_time(namespace:zoomslack_{name}:rate5m{{{HERE}}}[$__range]))"
        for name in (f"{promise}_bad", promise)
    )
    return f"1 - {bad} / {every}"


_PROMISES = Row(
    "What is promised",
    (
        Panel(
            "Commands in time, and without a fault of ours",
            "percentunit",
            "Of all commands in the time shown. The promise is 99.5 % in 30 days.",
            "Below it: the two panels of commands that fail and of acknowledgements say why.",
            {"commands": _kept("commands")},
            ("ZoomSlackCommandsBurnFast", "ZoomSlackCommandsBurnSlowly"),
            kind="stat",
            limit=0.995,
        ),
        Panel(
            "Deliveries within a minute",
            "percentunit",
            "Of all that Slack shows in the time shown. The promise is 99 % in 30 days.",
            "Below it: see what waits, and whether Slack limits us.",
            {"deliveries": _kept("deliveries")},
            ("ZoomSlackDeliveriesBurnFast", "ZoomSlackDeliveriesBurnSlowly"),
            kind="stat",
            limit=0.99,
        ),
        Panel(
            "Alerts that fire",
            "short",
            "Alerts of this product that fire now.",
            "Each has a runbook; begin with those that are critical.",
            {"{{severity}}": f'sum by (severity) (ALERTS{{{HERE}, alertname=~"ZoomSlack.+", alertstate="firing"}})'},
            kind="stat",
        ),
    ),
)

_COMMANDS = Row(
    "Commands and buttons",
    (
        Panel(
            "Commands by outcome",
            "cpm",
            "done; refused by a rule; failed by us, Slack or Zoom; timed_out; repeated.",
            "Many failed or timed_out: the next panel names the reasons.",
            {"{{outcome}}": per_minute("zoomslack_commands_total", "outcome")},
            ("ZoomSlackCommandsBurnFast",),
            stacked=True,
        ),
        Panel(
            "Why commands come to nothing",
            "cpm",
            "By the reason that docs/errors.md explains.",
            "ZOOM_ and slack_ are the vendors'; INTERNAL, SERVICE_UNAVAILABLE, ZOOM_CLIENT_INVALID are ours to mend.",
            {
                "{{command}} {{error_type}}": per_minute(
                    "zoomslack_commands_total", "command, error_type", 'outcome=~"refused|failed|timed_out"'
                )
            },
            ("ZoomSlackCommandsBurnFast", "ZoomSlackVendorRefuses"),
        ),
        Panel(
            "Commands by kind",
            "cpm",
            "What people ask for.",
            "Many unknown: people look for something; read /zoom help as they do.",
            {"{{command}}": per_minute("zoomslack_commands_total", "command")},
            stacked=True,
        ),
        Panel(
            "Acknowledgement of Slack's requests",
            "s",
            "Time until Slack has its answer. It gives up after three seconds.",
            "Near the line: an exemplar's trace shows who takes the time: Zoom, the database, or too few replicas.",
            {
                "50 %": quantile(0.5, "http_server_request_duration_seconds", "", _SLACKS),
                "95 %": quantile(0.95, "http_server_request_duration_seconds", "", _SLACKS),
                "99 %": quantile(0.99, "http_server_request_duration_seconds", "", _SLACKS),
            },
            ("ZoomSlackCommandsBurnFast",),
            limit=3.0,
        ),
        Panel(
            "Requests that Slack or Zoom gave up, or that ended in 5xx",
            "percentunit",
            "Status 499: its sender did not wait any longer. 5xx: we failed.",
            "499 is slowness, as in the panel beside; for 5xx search the edge's log for `unexpected error`.",
            {
                "{{http_route}}": share(
                    "http_server_request_duration_seconds_count", "http_route", 'http_response_status_code=~"499|5.."'
                )
            },
            ("ZoomSlackCommandsBurnFast",),
        ),
        Panel(
            "Buttons, shortcuts and modals that come to nothing",
            "cpm",
            "By what was used, and the reason.",
            "As for commands: the vendors' reasons begin with ZOOM_ and slack_, the others are ours to mend.",
            {
                "{{interaction}} {{error_type}}": per_minute(
                    "zoomslack_interactions_total", "interaction, error_type", 'outcome=~"failed|timed_out"'
                )
            },
        ),
    ),
)

_RESULTS = Row(
    "What Slack shows",
    (
        Panel(
            "Delivery lag (95 %)",
            "s",
            "From being recorded to being shown, by what it is. The promise is a minute.",
            "Everything late: no edge takes deliveries, or Slack limits us. One kind late: its own method at Slack.",
            {"{{content}}": quantile(0.95, "zoomslack_delivery_lag_seconds", "content")},
            ("ZoomSlackDeliveriesBurnFast",),
            limit=60.0,
        ),
        Panel(
            "Deliveries by outcome",
            "cpm",
            "postponed ones are tried again; refused ones are not, or not before the app is let in.",
            "Many refused: the edge's log names the error and the workspace (`Slack will not show a delivery`).",
            {"{{outcome}}": per_minute("zoomslack_deliveries_total", "outcome")},
            ("ZoomSlackDeliveriesBurnSlowly",),
            stacked=True,
        ),
        Panel(
            "How long the oldest has waited",
            "s",
            "By queue. Deliveries and start requests are what people wait for.",
            "Each queue's runbook says which age is too much, and whom to look at.",
            {"{{queue}}": highest("zoomslack_queue_age_seconds", "queue")},
            (
                "ZoomSlackDeliveriesWait",
                "ZoomSlackStartsWait",
                "ZoomSlackErasureOverdue",
                "ZoomSlackReconcilingOverdue",
            ),
        ),
    ),
)

_VENDORS = Row(
    "Zoom and Slack",
    (
        Panel(
            "Requests that fail",
            "percentunit",
            "Which share gets no usable answer, by vendor.",
            "Look at www.zoomstatus.com and slack-status.com, then at egress.",
            {"{{peer_service}}": share(_REQUESTS, "peer_service", 'outcome=~"failed|timed_out"')},
            ("ZoomSlackVendorFails",),
            limit=0.2,
        ),
        Panel(
            "Requests that are limited",
            "percentunit",
            "Which share is answered that we ask too often.",
            "The dashboards of the services show which operation; the runbook what then.",
            {"{{peer_service}}": share(_REQUESTS, "peer_service", 'outcome="limited"')},
            ("ZoomSlackVendorLimits",),
            limit=0.05,
        ),
        Panel(
            "Requests that are refused",
            "percentunit",
            "Which share is answered with a no: a meeting that is gone, a channel that is closed, an expired token.",
            "A jump means tokens, scopes, client secrets, or a change at the vendor.",
            {"{{peer_service}}": share(_REQUESTS, "peer_service", 'outcome="refused"')},
            ("ZoomSlackVendorRefuses",),
            limit=0.3,
        ),
        Panel(
            "For how long vendors want to be left alone (95 %)",
            "s",
            "What Retry-After says. Hours mean Zoom's daily limit.",
            "Seconds are daily business. Hours: see the runbook for what still works.",
            {"{{peer_service}}": quantile(0.95, "zoomslack_vendor_limit_wait_seconds", "peer_service")},
            ("ZoomSlackVendorLimits",),
        ),
        Panel(
            "Token refreshes by outcome",
            "cpm",
            "ended: the owner has to connect again. failed: not renewed; the grant is as good as before.",
            "Failures that go on end everybody's tokens within hours: compare the client secret.",
            {"{{peer_service}} {{outcome}}": per_minute("zoomslack_token_refreshes_total", "peer_service, outcome")},
            ("ZoomSlackTokensNotRenewed", "ZoomSlackGrantsEnd"),
        ),
        Panel(
            "Calls held back",
            "cpm",
            "Requests that were not even made, as Slack's wait was not over.",
            "They come late. See which method is limited on the edge's dashboard.",
            {"{{url_template}}": per_minute("zoomslack_vendor_calls_held_back_total", "url_template")},
            ("ZoomSlackVendorLimits",),
        ),
    ),
)

_DOORS = Row(
    "What comes in",
    (
        Panel(
            "Requests refused",
            "cpm",
            "Requests in a vendor's name whose signature does not hold, by cause.",
            "mismatch: a secret was changed there. stale: a clock. missing: somebody tries, and nothing is to be done.",
            {"{{vendor}} {{cause}}": per_minute("zoomslack_requests_refused_total", "vendor, cause")},
            ("ZoomSlackWebhooksRefused", "ZoomSlackSlackRequestsRefused"),
        ),
        Panel(
            "Events by outcome",
            "cpm",
            "stored, of no interest, refused, or not stored (and sent again).",
            "None at all while people meet: the event subscriptions. Failed ones: the service that stores them.",
            {"{{vendor}} {{outcome}}": per_minute("zoomslack_events_total", "vendor, outcome")},
            ("ZoomSlackEventsNotStored", "ZoomSlackEventsMissing"),
        ),
        Panel(
            "Facts that no event told",
            "cpm",
            "What was learned only by asking Zoom, ten minutes late.",
            "Some a day are normal. Many: Zoom's events do not arrive.",
            {
                "meetings: {{what}}": per_minute("zoomslack_meetings_repairs_total", "what"),
                "phone calls": per_minute("zoomslack_phone_repairs_total", ""),
            },
            ("ZoomSlackEventsMissing",),
        ),
    ),
)

PRODUCT = Dashboard(
    "product",
    "Zoom for Slack",
    "What people get: commands, results, and what Zoom and Slack make of it. Begin here.",
    (_PROMISES, _COMMANDS, _RESULTS, _VENDORS, _DOORS),
)
