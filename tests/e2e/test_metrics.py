"""docs/telemetry.md lists exactly the metrics that running services export."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.calling import dials, does
from tests.e2e.people import GRACE, GRACE_AT_ZOOM, Office, eventually
from tests.e2e.system import ROOT, free_ports, running
from tests.support.metrics import Scraped, scrape

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICES = ("edge", "auth", "meetings", "phone")
EVERYBODYS = ("process_", "python_")
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)


class Documented:
    """A row of the list."""

    def __init__(self, name: str, kind: str, labels: str, exporters: str) -> None:
        self.name, self.kind = name, kind
        self.labels = set(re.findall(r"`(\w+)`", labels))
        self.exporters = set(re.findall(r"\w+", exporters))


def documented() -> dict[str, Documented]:
    """Returns the list by name."""
    text = (ROOT / "docs/telemetry.md").read_text(encoding="utf-8")
    rows = [Documented(*row) for row in _ROW.findall(text)]
    assert len(rows) == len({row.name for row in rows}) > 20
    return {row.name: row for row in rows}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    admin = {
        f"ZOOMSLACK_{name.upper()}_ADMIN_LISTEN": f"127.0.0.1:{port}"
        for name, port in zip(SERVICES, free_ports(len(SERVICES)), strict=True)
    }
    healing = {"ZOOMSLACK_RECONCILE_INTERVAL_SECONDS": "5", "ZOOMSLACK_RECONCILE_QUIET_SECONDS": "10"}
    async with running(tmp_path_factory.mktemp("data"), {**admin, **healing}) as system:
        yield Office(system)


async def scraped(office: Office, service: str) -> Scraped:
    """Scrapes a service."""
    return await scrape(office.system.environ[f"ZOOMSLACK_{service.upper()}_ADMIN_LISTEN"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(office: Office) -> dict[str, Scraped]:
    """What each service exports after a day on which everything happened once."""
    await office.connect()
    # The vendors want to be left alone: while a code is exchanged, at a meeting, at a call, and at a card.
    limited = {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 1}
    await office.zoom("POST", "faults", {"method": "POST", "path": "/oauth/token", **limited})
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
    await office.zoom("POST", "faults", {"method": "GET", "path": "/v2/phone/*", **limited})
    await office.type("call +1 202 555 0143")
    await office.zoom("POST", "faults", {"method": "POST", "path": "/v2/users/*/meetings", **limited})
    assert "too many requests" in str(await office.type("meeting Limited"))
    await office.slack("POST", "faults", {"method": "calls.add", "kind": "ratelimited", "retry_after": 3, "times": 1})
    here, there = await office.conversation("public"), await office.conversation("public")
    for place in (here, there):  # the second one during the pause
        await office.type("meeting Held back", channel=place)
    # A token that Zoom takes no more.
    await office.zoom(
        "POST", "faults", {"method": "POST", "path": "/v2/users/*/meetings", "kind": "status", "status": 401}
    )
    await office.fresh_meeting("Fresh token", channel=await office.conversation("public"))
    await office.fresh_meeting("Asked first", channel=here)
    await eventually(lambda: office.card(there), bool)
    # Events: of a meeting and of a call that are heard of, and of others that are not.
    assert (await office.system.post("edge", "/zoom/webhooks", {}))[0] == 401
    for drop in (0, 100):
        await office.zoom("POST", "webhooks/faults", {"drop_percent": drop})
        number, _ = await office.fresh_meeting("Told", channel=await office.conversation("public"))
        await office.zoom("POST", f"meetings/{number}/start")
        await does(office, await dials(office, "+1 202 555 0143"), "answer", "hang-up")
        await office.zoom("POST", f"meetings/{number}/end")

    async def look() -> dict[str, Scraped]:
        return {service: await scraped(office, service) for service in SERVICES}

    def is_whole(found: dict[str, Scraped]) -> bool:
        repaired = found["meetings"].value("zoomslack_meetings_repairs_total")
        return repaired > 0 and found["phone"].value("zoomslack_phone_repairs_total") > 0

    return await eventually(look, is_whole, seconds=60)


async def test_everything_that_is_exported_is_documented(day: dict[str, Scraped]) -> None:
    listed = documented()
    for service, found in day.items():
        for name, family in found.families.items():
            if name.startswith(EVERYBODYS):
                continue
            assert name in listed, f"{service} exports {name}"
            row = listed[name]
            assert service in row.exporters, f"{name} is exported by {service}"
            assert found.labels(name) == row.labels, f"{name} of {service}"
            kind = "gauge" if family.type == "info" else family.type
            assert kind == row.kind, name


async def test_everything_that_is_documented_is_exported(day: dict[str, Scraped]) -> None:
    missing = [
        f"{row.name} of {service}"
        for row in documented().values()
        for service in row.exporters
        if row.name not in day[service].families
    ]
    assert missing == []


async def test_metrics_answer_what_the_list_says_they_answer(day: dict[str, Scraped]) -> None:
    edge, auth, meetings, phone = (day[service] for service in SERVICES)
    assert edge.value("zoomslack_commands_total", command="start_meeting", outcome="done") >= 4
    assert (
        edge.value(
            "zoomslack_commands_total", outcome="failed", error_type="ZOOM_RATE_LIMITED", command="start_meeting"
        )
        == 1
    )
    acknowledged = {"http_route": "/slack/commands", "http_response_status_code": "200"}
    within, took = (
        edge.value("http_server_request_duration_seconds_bucket", le=le, **acknowledged) for le in ("3.0", "+Inf")
    )
    assert within == took >= 8
    assert edge.value("zoomslack_requests_refused_total", vendor="zoom", cause="missing") == 1
    assert edge.value("zoomslack_events_total", vendor="zoom", event="meeting", outcome="stored") >= 2
    assert edge.value("zoomslack_events_total", vendor="zoom", event="phone", outcome="stored") >= 2
    assert edge.value("zoomslack_interactions_total", interaction="zoom_start_another", outcome="done") >= 1
    assert edge.value("zoomslack_vendor_calls_held_back_total", url_template="/calls.add") >= 1
    assert edge.value("zoomslack_deliveries_total", content="card", outcome="delivered") >= 3
    assert edge.value("zoomslack_deliveries_total", content="card", outcome="postponed") >= 1
    assert edge.value("zoomslack_delivery_lag_seconds_count", content="card") == edge.value(
        "zoomslack_deliveries_total", content="card", outcome="delivered"
    )
    asked = "http_client_request_duration_seconds_count"
    assert edge.value(asked, peer_service="slack", url_template="/calls.add", outcome="limited") == 1
    create = {"peer_service": "zoom", "url_template": "/users/{userId}/meetings", "http_request_method": "POST"}
    assert {o: meetings.value(asked, outcome=o, **create) for o in ("limited", "refused")} == {
        "limited": 1,
        "refused": 1,
    }
    assert meetings.value(asked, outcome="ok", **create) >= 4
    assert auth.value(asked, url_template="/oauth/token", outcome="limited") == 1
    assert auth.value("zoomslack_token_refreshes_total", peer_service="zoom", outcome="renewed") == 1
    assert meetings.value("zoomslack_vendor_limit_wait_seconds_sum", peer_service="zoom") == 1
    for one in (auth, meetings, phone):
        assert one.value("zoomslack_background_runs_total", outcome="done") > 0
        assert one.value("zoomslack_background_runs_total", outcome="failed") == 0
        assert one.value("db_client_connection_max") == 5
        assert one.samples("zoomslack_queue_size")
        assert one.value("db_client_operation_duration_seconds_count", error_type="") > 0


async def test_no_label_holds_an_id_a_name_or_an_address(day: dict[str, Scraped]) -> None:
    values = {
        (sample.name, label): value
        for found in day.values()
        for family in found.families.values()
        for sample in family.samples
        for label, value in sample.labels.items()
    }
    ids = re.compile(r"\b[TUCEDGW]0[A-Z0-9]{6,}|\b\d{9,}|://|@|[0-9a-f]{8}-[0-9a-f]{4}|ZoomUserId")
    assert {key: value for key, value in values.items() if ids.search(value)} == {}


async def test_exemplars_lead_to_traces_of_the_same_process(office: Office, day: dict[str, Scraped]) -> None:
    await office.fresh_meeting("Exemplary", channel=await office.conversation("public"))
    found = await scraped(office, "edge")
    buckets = found.samples("http_server_request_duration_seconds_bucket", http_route="/slack/commands")
    [exemplar] = [sample.exemplar for sample in buckets if sample.exemplar]
    trace_id = exemplar.labels["trace_id"]
    await office.system.until(lambda output: '"name": "POST /slack/commands"' in output and trace_id in output)
