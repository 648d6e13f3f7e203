"""Every error that Slack lists for every method that the edge calls: somebody learns why, and the work is settled."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from services.slack_edge.presenter import PATIENCE_WITH_PEOPLE
from services.slack_edge.reports import MAX_ATTEMPTS
from services.slack_edge.slack_errors import CALL_OVER, NATURES, REFUSALS, Nature, nature_of
from services.slack_edge.workspaces import LIFE
from tests.integration.slack_edge.conftest import ADA, GRACE, USER, World, running_edge, until
from tests.integration.slack_edge.test_deliveries import SAM, deliver, ended
from tests.support.fake_meetings import card, leased, new_meeting
from tests.support.slack_methods import METHODS, UNLISTED, listed
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALWAYS = 1_000
"""Times for which a fault lasts: whoever tried for ever would be seen to."""
JOIN = "https://zoom.example/j/85012345678"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge() -> AsyncIterator[World]:
    async with running_edge({}, enforce_rate_limits=False) as made:  # hundreds of cases within a minute
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def world(edge: World) -> World:
    """The edge, with nothing left of the case before."""
    await edge.control("DELETE", "faults")
    await edge.control("DELETE", "requests")
    return edge


def pairs(*methods: str) -> list[tuple[str, str]]:
    """Returns each of some methods with each error that Slack says of it."""
    return [(method, error) for method, errors in listed(*methods).items() for error in [*errors, *UNLISTED]]


async def place(world: World) -> str:
    """Returns a fresh public channel."""
    return str((await world.control("POST", "channels", kind="public", members=[ADA, GRACE]))["id"])


async def a_meeting(world: World, **changes: Any) -> pb.Meeting:
    return new_meeting(USER, slack_pb2.SlackConversation(slack_channel_id=await place(world)), **changes)


async def shown(world: World, *present: pb.Attendee) -> tuple[pb.Meeting, pb.Delivered]:
    """Shows a card, and forgets how."""
    meeting = await a_meeting(world)
    report = await deliver(world, card(meeting, *present))
    await world.control("DELETE", "requests")
    return meeting, report.delivered


# --- Scenes: each brings the edge to call its method ----------------------------------------------------------------


async def a_new_card(world: World) -> pb.Delivery:
    return card(await a_meeting(world))


async def a_card_that_somebody_began(world: World) -> pb.Delivery:
    meeting, delivered = await shown(world)
    return card(meeting, slack_call_id=delivered.slack_call_id)


async def a_card_that_somebody_joins(world: World) -> pb.Delivery:
    meeting, delivered = await shown(world)
    return card(ended(meeting), SAM, version=2, delivered=delivered)


async def a_card_that_somebody_left(world: World) -> pb.Delivery:
    meeting, delivered = await shown(world, SAM)
    return card(ended(meeting), version=2, delivered=delivered)


async def a_card_that_ends(world: World) -> pb.Delivery:
    meeting, delivered = await shown(world)
    return card(ended(meeting), version=2, delivered=delivered)


async def a_summary(world: World) -> pb.Delivery:
    meeting = ended(await a_meeting(world))
    return leased(meeting, summary=pb.MeetingSummary(meeting=meeting, attendees=[SAM]))


async def a_summary_that_grew(world: World) -> pb.Delivery:
    first = await a_summary(world)
    delivered = (await deliver(world, first)).delivered
    await world.control("DELETE", "requests")
    return leased(first.summary.meeting, version=2, summary=first.summary, delivered=delivered)


Scene = Callable[[World], Awaitable[pb.Delivery]]
DELIVERIES: dict[str, Scene] = {
    "calls.add": a_new_card,
    "calls.info": a_card_that_somebody_began,
    "calls.participants.add": a_card_that_somebody_joins,
    "calls.participants.remove": a_card_that_somebody_left,
    "calls.end": a_card_that_ends,
    "chat.postMessage": a_summary,
    "chat.update": a_summary_that_grew,
}
OTHERS = ("users.info", "views.open", "views.publish")
SCENES = (*DELIVERIES, *OTHERS)

PEOPLE = frozenset({"calls.participants.add", "calls.participants.remove"})
SEEN_TO = {"calls.info": {"invalid_call_id"}, "calls.end": CALL_OVER}
"""Errors that change nothing of what is to be shown."""


def expected(method: str, error: str) -> str:
    """Returns what becomes of a delivery."""
    if nature_of(error) is Nature.PASSING or (method in PEOPLE and error == "bad_users"):
        return "postponed"
    # A card does without its people, and ends all the same.
    return "delivered" if method in PEOPLE or error in SEEN_TO.get(method, ()) else "refused"


@pytest.mark.needs_shared
@pytest.mark.skipif(not METHODS.exists(), reason="Slack's list of errors is not part of this tree")
async def test_every_error_that_slack_lists_has_a_nature() -> None:
    errors = {error for of_method in listed(*SCENES).values() for error in of_method}
    assert set(listed(*SCENES)) == set(SCENES)
    assert errors - NATURES.keys() == set()
    assert nature_of("a_word_of_tomorrow") is Nature.OURS


@pytest.mark.needs_shared
@pytest.mark.parametrize(("method", "error"), pairs(*DELIVERIES))
async def test_a_delivery_that_slack_refuses_is_settled_and_somebody_learns_why(
    world: World, caplog: pytest.LogCaptureFixture, method: str, error: str
) -> None:
    caplog.set_level(logging.INFO)
    delivery = await DELIVERIES[method](world)
    meeting = getattr(delivery, str(delivery.WhichOneof("content"))).meeting
    here = meeting.conversation.slack_channel_id
    before = len(await world.seen("app"))
    await world.fault(method, "error", error=error, times=ALWAYS)
    report = await deliver(world, delivery)

    assert 1 <= len(await world.requests(method)) <= 2, "nothing loops"
    assert len((await world.control("GET", "requests"))["requests"]) <= 6
    await world.control("DELETE", "faults")
    assert report.WhichOneof("outcome") == expected(method, error)
    assert error in written(caplog) or error in SEEN_TO.get(method, ()) or error in CALL_OVER
    if report.HasField("postponed"):
        assert 0 < report.postponed.retry_delay.ToTimedelta().total_seconds() <= 60
        report = await deliver(world, next_attempt(world, delivery))
        assert report.HasField("delivered"), "Slack is well again"
    if report.HasField("delivered"):
        await is_shown_once(world, method, here, is_over=error not in CALL_OVER)
    else:
        assert report.refused.slack_error == error
        assert REFUSALS[nature_of(error)].advice in written(caplog) or nature_of(error) is Nature.GONE
        told = (await world.seen("app"))[before:]
        if method in {"calls.add", "calls.info"}:  # nobody saw the card: its host gets the way in, and reads why
            [message] = told
            assert JOIN in str(message["blocks"])
            assert REFUSALS[nature_of(error)].sentence in str(message["blocks"])


def next_attempt(world: World, delivery: pb.Delivery) -> pb.Delivery:
    """Returns what meetings would lease next: what is known of the call by now, and one attempt more."""
    following = pb.Delivery()
    following.CopyFrom(delivery)
    following.failed_attempts += 1
    progress = [p.slack_call_id for p in world.meetings.progress if p.delivery_id == delivery.delivery_id]
    if progress:
        following.slack_call_id = progress[-1]
    return following


async def is_shown_once(world: World, method: str, channel: str, *, is_over: bool) -> None:
    """Checks that one message shows what the delivery was about; a card that was to end, as ended."""
    [message] = await world.seen(channel)
    if method.startswith("calls."):
        [call] = message["calls"]
        assert bool(call.get("date_end")) is (is_over and (method in PEOPLE or method == "calls.end"))


def written(caplog: pytest.LogCaptureFixture) -> str:
    """Returns everything that was logged, with its fields."""
    return "\n".join(str(vars(record)) for record in caplog.records)


async def test_people_that_slack_never_takes_keep_no_card_from_ending(world: World) -> None:
    delivery = await a_card_that_somebody_joins(world)
    delivery.failed_attempts = PATIENCE_WITH_PEOPLE
    await world.fault("calls.participants.add", "error", error="bad_users", times=ALWAYS)
    assert (await deliver(world, delivery)).delivered.ended


async def test_the_host_of_a_card_that_was_given_up_after_a_day_gets_in(world: World) -> None:
    delivery = await a_new_card(world)
    delivery.failed_attempts = MAX_ATTEMPTS
    before = len(await world.seen("app"))
    await world.fault("calls.add", "status", status=503, times=ALWAYS)
    assert (await deliver(world, delivery)).refused.slack_error == "expired"
    [message] = (await world.seen("app"))[before:]
    assert JOIN in str(message["blocks"])


# --- What no delivery is about ---------------------------------------------------------------------------------------


@pytest.mark.needs_shared
@pytest.mark.parametrize(("method", "error"), pairs("calls.add"))
async def test_a_command_whose_card_slack_refuses_is_answered_with_what_to_do(
    world: World, method: str, error: str
) -> None:
    await world.fault(method, "error", error=error)
    answer = (await world.type("", channel=await place(world)))["answer"]
    report = await world.meetings.outcome()
    assert answer["response_type"] == "ephemeral"
    if nature_of(error) is Nature.PASSING:
        assert answer["text"] == "Starting your meeting…"
        assert report.HasField("postponed")
    else:
        assert report.refused.slack_error == error
        assert JOIN in str(answer["blocks"])
        assert REFUSALS[nature_of(error)].sentence in answer["text"]


async def test_a_refusal_that_comes_after_the_answer_is_told_where_she_typed(world: World) -> None:
    here, good = await place(world), world.auth.bot_token
    await world.type("help", channel=here)
    await world.fault("calls.add", "delay", delay_seconds=2.6)
    world.auth.bot_token = "xoxb-dead"
    world.clock.jump(LIFE)  # so that the edge asks for it
    try:
        assert (await world.type("", channel=here))["answer"]["text"] == "Starting your meeting…"
        assert (await world.meetings.outcome()).refused.slack_error == "invalid_auth"
    finally:
        world.auth.bot_token = good
    told = (await world.seen(here))[-1]
    assert told["kind"] == "ephemeral"
    assert JOIN in str(told["blocks"])
    assert REFUSALS[Nature.WORKSPACE].sentence in str(told["blocks"])


@pytest.mark.needs_shared
@pytest.mark.parametrize(("method", "error"), pairs("users.info"))
async def test_a_card_does_without_the_name_that_slack_does_not_tell(
    world: World, caplog: pytest.LogCaptureFixture, method: str, error: str
) -> None:
    caplog.set_level(logging.INFO)
    await world.fault(method, "error", error=error, times=ALWAYS)
    meeting = await a_meeting(world)
    assert (await deliver(world, card(meeting))).HasField("delivered")
    [message] = await world.seen(meeting.conversation.slack_channel_id)
    assert message["calls"][0]["title"] == "Zoom meeting"
    assert len(await world.requests(method)) == 1
    assert error in written(caplog)
    assert "Slack refuses a call" not in caplog.text, "the scope is optional: nobody has to mend it"


@pytest.mark.needs_shared
@pytest.mark.parametrize(("method", "error"), pairs("views.open"))
async def test_a_modal_that_slack_does_not_open_is_told(
    world: World, caplog: pytest.LogCaptureFixture, method: str, error: str
) -> None:
    caplog.set_level(logging.INFO)
    before = len(await world.seen("app"))
    await world.fault(method, "error", error=error, times=ALWAYS)
    await world.use("zoom_start")

    async def told() -> list[str]:
        return (await world.texts("app"))[before:]

    assert await until(told) == [REFUSALS[nature_of(error)].sentence]
    assert len(await world.requests(method)) == 1
    assert error in written(caplog)


@pytest.mark.needs_shared
@pytest.mark.parametrize(("method", "error"), pairs("views.publish"))
async def test_a_home_tab_that_slack_does_not_show_is_logged(
    world: World, caplog: pytest.LogCaptureFixture, method: str, error: str
) -> None:
    caplog.set_level(logging.INFO)
    await world.fault(method, "error", error=error, times=ALWAYS)
    await world.control("POST", "events", event={"type": "app_home_opened", "user": ADA, "tab": "home"})

    async def given_up() -> list[Any]:
        asked = await world.requests(method)
        return asked if "a Home tab is not shown" in caplog.text else []

    assert len(await until(given_up)) == 1
    assert error in written(caplog)
