"""Phone calls in a person's own conversation with the app: what Slack shows in the end, whatever happens on the way."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge.reports import MAX_ATTEMPTS
from tests.integration.slack_edge.conftest import ADA, GENERAL, GRACE, USER, World
from tests.support.fake_meetings import card, new_meeting
from tests.support.fake_phone import phone_delivery
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


def a_call(**changes: Any) -> pb.PhoneCall:
    fields: dict[str, Any] = {
        "call_id": str(uuid.uuid4()),
        "user": USER,
        "direction": pb.CALL_DIRECTION_OUTBOUND,
        "state": pb.PHONE_CALL_STATE_RINGING,
        "phone_number": "+12025550187",
        "national_number": "(202) 555-0187",
        "contact_name": "Grace <!channel>",
        "create_time": datetime.now(UTC),
        "ring_time": datetime.now(UTC),
        **changes,
    }
    return pb.PhoneCall(**fields)


def ended(call: pb.PhoneCall) -> pb.PhoneCall:
    over = pb.PhoneCall()
    over.CopyFrom(call)
    over.state, over.result = pb.PHONE_CALL_STATE_ENDED, pb.CALL_RESULT_ANSWERED
    over.talk_duration.FromTimedelta(timedelta(seconds=185))
    return over


async def deliver(world: World, delivery: pb.Delivery) -> pb.CompleteDeliveryRequest:
    """Puts `delivery` up and returns the report about it."""
    world.phone.offer(delivery)
    report = await world.phone.outcome()
    assert (report.delivery_id, report.lease_token) == (delivery.delivery_id, delivery.lease_token)
    assert report.user == delivery.user
    return report


async def test_S32_S55_a_call_is_one_message_from_its_ring_to_its_summary(world: World) -> None:
    call = a_call()
    first = (await deliver(world, phone_delivery(call))).delivered
    [ringing] = await world.seen("app")
    assert ringing["text"] == "Calling: (202) 555-0187"
    assert (first.version, first.slack_message_ts) == (1, ringing["ts"])
    assert first.slack_channel_id.startswith("D")

    second = (await deliver(world, phone_delivery(ended(call), version=2, delivered=first))).delivered
    [summary] = await world.seen("app")
    assert (summary["ts"], summary["text"]) == (first.slack_message_ts, "Call ended: (202) 555-0187")
    assert second == pb.Delivered(
        version=2, slack_channel_id=first.slack_channel_id, slack_message_ts=first.slack_message_ts
    )
    for words in (f"Caller: <@{ADA}>", "Callee: Grace <!channel>", "Number: (202) 555-0187", "Duration: 3 min 5 s"):
        assert words in str(summary["blocks"])
    assert await world.seen(GENERAL, GRACE) == []


async def test_nothing_is_unfurled_and_nobody_else_rings(world: World) -> None:
    await deliver(world, phone_delivery(a_call()))
    [request] = await world.requests("chat.postMessage")
    sent = request["arguments"]
    assert (sent["channel"], sent["unfurl_links"], sent["unfurl_media"]) == (ADA, False, False)
    [callee] = [one for block in sent["blocks"] for one in block.get("fields", []) if "<!channel>" in one["text"]]
    assert callee["type"] == "plain_text"


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_message_that_is_gone_gives_way_to_another(world: World, error: str) -> None:
    call = a_call()
    first = (await deliver(world, phone_delivery(call))).delivered
    await world.fault("chat.update", "error", error=error)
    second = (await deliver(world, phone_delivery(ended(call), version=2, delivered=first))).delivered
    assert [message["text"] for message in await world.seen("app")] == [
        "Calling: (202) 555-0187",
        "Call ended: (202) 555-0187",
    ]
    assert second.slack_message_ts != first.slack_message_ts


async def test_S38_a_call_that_nobody_follows_any_more_says_so_where_it_was_shown(world: World) -> None:
    call = a_call()
    first = (await deliver(world, phone_delivery(call))).delivered
    left = pb.PhoneCall(user=USER, state=pb.PHONE_CALL_STATE_UNFOLLOWED)
    await deliver(world, phone_delivery(left, version=2, delivered=first))
    [last] = await world.seen("app")
    assert "not followed any more" in last["text"]
    assert "Type `/zoom` to connect again." in str(last["blocks"])
    assert not {"Calling", "555", "Grace"} & set(str(last["blocks"]).replace("-", " ").split())
    await world.fault("chat.update", "error", error="message_not_found")
    report = await deliver(world, phone_delivery(left, version=3, delivered=first))
    assert report.delivered == pb.Delivered(version=3), "of a message that she deleted nothing comes back"
    assert len(await world.seen("app")) == 1


@pytest.mark.parametrize(
    ("kind", "details", "seconds", "cause"),
    [
        ("ratelimited", {"retry_after": 17}, 17, "ratelimited"),
        ("status", {"status": 503}, 3, "fatal_error"),
        ("error", {"error": "internal_error"}, 3, "internal_error"),
        ("close", {}, 3, "ServerDisconnectedError"),
    ],
)
async def test_what_passes_is_postponed(
    world: World, kind: str, details: dict[str, Any], seconds: int, cause: str
) -> None:
    await world.fault("chat.postMessage", kind, **details)
    report = await deliver(world, phone_delivery(a_call(), failed_attempts=1))
    assert report.postponed.retry_delay.ToTimedelta().total_seconds() == seconds
    assert report.postponed.cause == cause


@pytest.mark.parametrize("error", ["messages_tab_disabled", "channel_not_found", "missing_scope", "word_of_tomorrow"])
async def test_what_slack_will_never_show_ends_with_its_reason(world: World, error: str) -> None:
    await world.fault("chat.postMessage", "error", error=error)
    assert (await deliver(world, phone_delivery(a_call()))).refused.slack_error == error


async def test_what_does_not_pass_within_a_day_expires(world: World) -> None:
    await world.fault("chat.postMessage", "status", status=503)
    report = await deliver(world, phone_delivery(a_call(), failed_attempts=MAX_ATTEMPTS))
    assert report.refused.slack_error == "expired"


async def test_a_workspace_without_the_app(world: World) -> None:
    world.auth.failure = MeshError(Reason.SLACK_NOT_INSTALLED)
    assert (await deliver(world, phone_delivery(a_call()))).refused.slack_error == "not_installed"


async def test_a_state_of_tomorrow_is_left_for_another_edge(world: World) -> None:
    report = await deliver(world, phone_delivery(a_call(state=pb.PHONE_CALL_STATE_UNSPECIFIED)))
    assert report.postponed.cause == "unknown_content"
    assert await world.seen("app") == []


async def test_a_lease_that_ended_on_the_way_is_not_used(world: World) -> None:
    world.phone.offer(phone_delivery(a_call(), lease_expire_time=datetime.now(UTC)))
    await deliver(world, phone_delivery(a_call()))
    assert world.phone.outcomes.empty()
    assert len(await world.seen("app")) == 1


async def test_meetings_are_shown_while_phone_is_down(world: World) -> None:
    await world.stop_service["phone"]()
    world.meetings.offer(card(new_meeting(USER, slack_pb2.SlackConversation(slack_channel_id=GENERAL))))
    assert (await world.meetings.outcome()).HasField("delivered")


async def test_calls_are_shown_while_meetings_are_down(world: World) -> None:
    await world.stop_service["meetings"]()
    assert (await deliver(world, phone_delivery(a_call()))).HasField("delivered")


async def test_a_drain_gives_no_call_away_unfinished(world: World) -> None:
    await world.fault("chat.postMessage", "delay", delay_seconds=0.3)
    await world.stop_service["meetings"]()
    world.phone.offer(phone_delivery(a_call()))
    while not world.auth.asked:  # the delivery is under way: it asks for the token first
        await world.requests("chat.postMessage")
    await world.edge.drain()
    assert (await world.phone.outcome()).HasField("delivered")
