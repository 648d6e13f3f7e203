"""The buttons about phone calls: the reply that says once its call is over, and calling once more."""

from __future__ import annotations

import json
from typing import Any

from services.slack_edge import call_cards, call_replies, values
from tests.integration.slack_edge.conftest import ADA, DIRECT, GENERAL, GRACE, World, until
from tests.support.fake_phone import phone_delivery
from zoomslack.phone.v1 import phone_service_pb2 as pb


def over(call: pb.PhoneCall, result: pb.CallResult.ValueType = pb.CALL_RESULT_ANSWERED) -> pb.PhoneCall:
    """Returns a call as it is when it has ended."""
    ended = pb.PhoneCall()
    ended.CopyFrom(call)
    ended.state, ended.result, ended.direction = pb.PHONE_CALL_STATE_ENDED, result, pb.CALL_DIRECTION_OUTBOUND
    return ended


async def end(world: World, call: pb.PhoneCall) -> None:
    """Has the edge show that a call is over."""
    world.phone.offer(phone_delivery(call))
    assert (await world.phone.outcome()).HasField("delivered")


async def replies(world: World) -> list[str]:
    return [json.dumps(message["blocks"]) for message in await world.seen(GENERAL)]


async def pressed(world: World, count: int = 1) -> None:
    """Presses Call in the newest reply, and waits until the edge has asked what became of the call."""
    await world.press("zoom_call", channel=GENERAL)

    async def asked() -> bool:
        await world.seen()
        return len(world.phone.looked_up) == count

    await until(asked)


async def until_over(world: World) -> str:
    async def there() -> str:
        [only] = [one for one in await replies(world) if "+12025550145" in one or "555-0145" in one]
        return only if "Call ended" in only else ""

    return await until(there)


async def test_S31_the_reply_says_once_its_call_is_over_and_offers_another(world: World) -> None:
    await world.type("call +1 202 555 0145")
    await pressed(world)
    assert "Your call is ready" in (await replies(world))[-1], "while it lasts the button may be pressed again"
    await end(world, over(world.phone.stored[0]))
    said = await until_over(world)
    assert "Result: answered" in said
    assert "Your call is ready" not in said
    assert '"zoom_call"' not in said, "no button that dials by itself is left"
    await world.press("zoom_call_again", channel=GENERAL)
    await until(lambda: _placed(world, 2))
    assert world.phone.placed[1].phone_number == "+12025550145"


async def test_S31_where_another_edge_showed_the_end_the_next_press_tells(world: World) -> None:
    await world.type("call +1 202 555 0145")
    world.phone.stored[0].CopyFrom(over(world.phone.stored[0]))
    await world.press("zoom_call", channel=GENERAL)
    await until_over(world)


async def test_S31_a_reply_that_nobody_pressed_or_whose_address_is_too_old_stays(world: World) -> None:
    await world.type("call +1 202 555 0145")
    await end(world, over(world.phone.stored[0]))
    await world.type("call +1 202 555 0145")
    await pressed(world)
    world.clock.jump(30 * 60)
    await end(world, over(world.phone.stored[1]))
    await world.type("call +1 202 555 0145")
    await pressed(world, 2)
    await end(world, over(world.phone.stored[2]))
    await until(lambda: _said(world, "Call ended"))
    assert sum("Your call is ready" in one for one in await replies(world)) == 2


async def test_S31_a_slack_that_refuses_leaves_the_reply(world: World) -> None:
    await world.type("call +1 202 555 0145")
    await pressed(world)
    await world.fault("response_url", "status", status=404)
    await end(world, over(world.phone.stored[0]))

    async def refused() -> bool:
        return any(request["http_status"] == 404 for request in await world.requests("response_url"))

    await until(refused)
    assert "Your call is ready" in (await replies(world))[-1]


async def test_S38_the_reply_of_a_call_that_was_erased_says_how_to_place_another(world: World) -> None:
    await world.type("call +1 202 555 0145")
    world.phone.stored.clear()
    await pressed(world)
    await until(lambda: _said(world, "This call is not there any more"))
    assert "Your call is ready" not in str(await replies(world))
    assert '"zoom_call"' not in str(await replies(world))


async def test_S38_the_reply_of_a_call_whose_person_left_says_that_it_is_not_followed(world: World) -> None:
    await world.type("call +1 202 555 0145")
    await pressed(world)
    call = world.phone.stored[0]
    left = pb.PhoneCall(call_id=call.call_id, user=call.user, state=pb.PHONE_CALL_STATE_UNFOLLOWED)
    await end(world, left)
    await until(lambda: _said(world, "it is not followed any more"))
    assert "Your call is ready" not in str(await replies(world))


async def test_S55_who_was_not_reached_is_tried_again_by_a_button(world: World) -> None:
    await world.type("call @grace", channel=DIRECT)
    await end(world, over(world.phone.stored[0], pb.CALL_RESULT_BUSY))
    await world.press("zoom_call_again", channel="app")

    async def ready() -> bool:
        return 'zoom_call"' in json.dumps(await world.seen("app"))

    await until(ready)
    assert [request.contact.slack_user_id for request in world.phone.placed] == [GRACE, GRACE]
    assert world.phone.placed[0].request_id != world.phone.placed[1].request_id


async def test_a_button_of_another_version_says_so_and_places_nothing(world: World) -> None:
    await world.type("call +1 202 555 0145")
    message: dict[str, Any] = (await world.seen(GENERAL))[-1]
    for action_id in (call_cards.CALL_AGAIN, call_replies.CALL):
        status, _ = await world.interact(
            {
                "type": "block_actions",
                "user": {"id": ADA, "team_id": "T0ACME001"},
                "team": {"id": "T0ACME001"},
                "container": {"message_ts": message["ts"], "channel_id": GENERAL},
                "actions": [{"action_id": action_id, "value": values.encode(other=True), "action_ts": "1.2"}],
            }
        )
        assert status == 200
    await until(lambda: _said(world, "out of date", "app"))
    assert len(world.phone.placed) == 1
    assert world.phone.looked_up == []


async def _placed(world: World, count: int) -> bool:
    await world.seen()
    return len(world.phone.placed) == count


async def _said(world: World, words: str, channel: str = GENERAL) -> bool:
    return words in json.dumps(await world.seen(channel))
