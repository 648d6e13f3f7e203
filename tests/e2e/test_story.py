"""One meeting's story in the traces that leave by OTLP: from the command to the recording, hours later (N14)."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.e2e import views
from tests.e2e.calling import dials, does, newest
from tests.e2e.people import Office, eventually
from tests.e2e.system import running
from tests.support.collector import Collector, Received, collecting

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

EDGE, AUTH, MEETINGS, PHONE = (f"zoomslack-{name}" for name in ("slack_edge", "auth", "meetings", "phone"))
COMMAND, WEBHOOK = "POST /slack/commands", "POST /zoom/webhooks"
TOPIC, GUEST, PASSCODE = "Topic that no trace tells", "Name that no trace tells", "Rec0rdSecret"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> AsyncIterator[Office]:
    otlp = {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "ZOOMSLACK_LOG_FORMAT": "json",
    }
    async with running(tmp_path_factory.mktemp("data"), otlp) as system:
        office = Office(system)
        await office.connect()
        yield office
        assert collector.leaks(await system.secrets()) == []


async def arrived(collector: Collector, name: str, *, since: int = 0, linked_to: str = "") -> Received:
    """Waits for the newest root of this name that began `since`, and links to a trace where one is named."""

    async def look() -> list[Received]:
        found = [one for one in collector.roots(name) if one.span.start_time_unix_nano >= since]
        return [one for one in found if not linked_to or linked_to in one.linked]

    return (await eventually(look, bool))[-1]


async def test_P90_nothing_that_went_well_is_marked_as_failed_and_what_failed_is(
    office: Office, collector: Collector
) -> None:
    await office.fresh_meeting("Renews the token", channel=await office.conversation("public"))
    began = time.time_ns()
    await office.fresh_meeting("All is well", channel=await office.conversation("public"))
    well = (await arrived(collector, COMMAND, since=began)).trace_id

    async def completed() -> list[str]:
        return [one.name for one in collector.trace(well)]

    await eventually(completed, lambda names: sum(name.endswith("CompleteDelivery") for name in names) == 2)
    assert [one.name for one in collector.trace(well) if one.failed] == []
    broken = {"method": "POST", "path": "/v2/users/*/meetings", "kind": "status", "status": 400}
    await office.zoom("POST", "faults", broken)
    await office.slack("POST", "faults", {"method": "calls.add", "kind": "error", "error": "internal_error"})
    await office.type("meeting Refused", channel=await office.conversation("public"))
    await office.type("meeting Shown late", channel=await office.conversation("public"))

    async def failed() -> set[str]:
        new = [one for one in collector.spans if one.span.start_time_unix_nano >= began]
        return {one.name for one in new if one.failed}

    await eventually(
        failed,
        lambda names: names >= {"Zoom POST /users/{userId}/meetings", "Slack calls.add"},
    )


async def test_N14_a_call_leads_back_to_its_command_through_the_fourth_service(
    office: Office, collector: Collector
) -> None:
    began = time.time_ns()
    call = await dials(office, "+1 202 555 0143")
    command = (await arrived(collector, COMMAND, since=began)).trace_id
    await does(office, call, "answer", "hang-up")
    await newest(office, "Result: ")
    shown = await arrived(collector, "deliver phone_call", linked_to=command)
    [change] = shown.linked - {command}

    async def services() -> set[str]:
        return collector.services(command, change, shown.trace_id)

    await eventually(services, lambda found: found >= {EDGE, PHONE})


async def by_command(office: Office, here: str) -> str:
    return (await office.fresh_meeting(TOPIC, channel=here))[0]


async def from_home(office: Office, here: str) -> str:
    before = {one["id"] for one in await office.meetings()}
    await views.home(office)
    await views.press(office, "zoom_home_start")
    assert await views.send(office, where=here, topic=TOPIC) == {}
    await office.card_when(bool, here)
    [number] = {one["id"] for one in await office.meetings()} - before
    return str(number)


# A command that starts a meeting touches three of the four services. Home, which lists it then, asks phone, too.
@pytest.mark.parametrize(
    ("starts", "root", "touched"),
    [
        (by_command, COMMAND, {EDGE, MEETINGS, AUTH}),
        (from_home, "POST /slack/interactions", {EDGE, MEETINGS, AUTH, PHONE}),
    ],
)
async def test_N14_the_recording_hours_later_leads_back_to_what_started_the_meeting(
    office: Office,
    collector: Collector,
    starts: Callable[[Office, str], Awaitable[str]],
    root: str,
    touched: set[str],
) -> None:
    here = await office.conversation("public")
    await office.zoom("POST", "clock", {"advance_seconds": 2 * 3600})  # her token is over: auth has to renew it
    began = time.time_ns()
    number = await starts(office, here)
    start = await starting(collector, root, since=began)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": GUEST})
    await office.zoom("POST", f"meetings/{number}/end")
    ended = await arrived(collector, "deliver summary", linked_to=start)
    await office.zoom("POST", "clock", {"advance_seconds": 3 * 3600})
    await office.zoom("POST", f"meetings/{number}/recording", {"password": PASSCODE})
    shown = await arrived(collector, "deliver recording", linked_to=start)
    await eventually(lambda: office.posts(here), lambda posts: PASSCODE in str(posts))
    # The delivery links to the webhook that told of the recording, too, and that to the start.
    [webhook] = shown.linked - {start}
    story = {start, ended.trace_id, webhook, shown.trace_id}
    assert len(story) == 4
    assert [one.name for one in collector.trace(webhook) if not one.span.parent_span_id] == [WEBHOOK]

    async def services() -> set[str]:
        return collector.services(*story)

    await eventually(services, lambda found: found == touched)

    async def linking() -> list[str]:
        return [one.service for one in collector.trace(webhook) if start in one.linked]

    await eventually(linking, lambda found: found == [MEETINGS])
    assert collector.services(webhook) == {EDGE, MEETINGS}


async def test_N14_what_ends_a_meeting_leads_back_to_its_start(office: Office, collector: Collector) -> None:
    began = time.time_ns()
    await by_command(office, await office.conversation("public"))
    start = await starting(collector, COMMAND, since=began)
    await views.home(office)
    await views.press(office, "zoom_end_meeting_home")

    async def linking() -> list[tuple[str, str]]:
        return [(one.service, one.name.rpartition("/")[2]) for one in collector.spans if start in one.linked]

    await eventually(linking, lambda found: (MEETINGS, "EndMeeting") in found)


async def starting(collector: Collector, root: str, *, since: int) -> str:
    """Waits for the trace under a root of this name that began `since` and in which a meeting was started."""

    async def look() -> list[str]:
        roots = [one for one in collector.roots(root) if one.span.start_time_unix_nano >= since]
        return [
            one.trace_id
            for one in roots
            if any(span.name.endswith("/StartMeeting") for span in collector.trace(one.trace_id))
        ]

    [found] = await eventually(look, bool)
    return found


async def test_no_secret_and_no_name_is_in_any_exported_span(office: Office, collector: Collector) -> None:
    sent = b"".join(collector.bodies)
    assert len(collector.spans) > 50
    assert collector.leaks([TOPIC, GUEST, PASSCODE, "2025550143", "zoom.us/j/", "/commands/T"]) == []
    assert collector.leaks(await office.system.secrets()) == []
    assert b"zoomslack.outcome" in sent  # what may be told is


async def test_lines_of_log_about_acts_name_their_trace_also_in_the_background(
    office: Office, collector: Collector
) -> None:
    found = [line[line.index("{") :] for line in office.system.lines if "│ {" in line]
    entries = [entry for entry in map(json.loads, found) if entry["level"] != "debug"]
    acts = {"request", "event", "zoom event", "meeting created", "tokens renewed", "a delivery is postponed"}
    about_acts = [entry for entry in entries if entry["message"] in acts]
    assert {entry["message"] for entry in about_acts} == acts
    assert [entry for entry in about_acts if "trace_id" not in entry] == []
    known = {one.trace_id for one in collector.spans}
    deliveries = [entry for entry in about_acts if entry["message"] == "a delivery is postponed"]
    assert {entry["trace_id"] for entry in deliveries} <= known
