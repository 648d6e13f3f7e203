"""What spans and logs say of a request, and what they keep to themselves."""

from __future__ import annotations

import logging

import pytest

from mesh.telemetry import extra_fields
from tests.integration.slack_edge.conftest import GENERAL, USER, ZOOM_SECRETS, World, sign
from tests.support.fake_meetings import card, new_meeting
from tests.support.spans import caught_spans, everything_in
from zoomslack.type.v1 import slack_pb2

MEETINGS = "zoomslack.meetings.v1.MeetingsService"


def everything_logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{record.getMessage()} {extra_fields(record)} {record.exc_text}" for record in caplog.records)


async def test_a_command_is_one_tree_without_secrets(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with caught_spans() as caught:
        result = await world.type("meeting Secret topic")
        await world.meetings.outcome()
        spans = await caught.tree(
            "POST /slack/commands",
            f"{MEETINGS}/StartMeeting",
            "Slack calls.add",
            f"{MEETINGS}/RecordDeliveryProgress",
            f"{MEETINGS}/CompleteDelivery",
        )
    secrets = ("INVENTEDPWD", "x7Kp2Q", "Secret topic", world.auth.bot_token, result["response_url"], "simulated-slack")
    for secret in secrets:
        assert secret not in everything_in(spans)
        assert secret not in everything_logged(caplog)


async def test_a_webhook_is_one_tree_without_secrets(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = b'{"event":"meeting.started","payload":{"object":{"topic":"Secret topic","id":"98765432101"}}}'
    timestamp, signature = sign(ZOOM_SECRETS[0], body)
    headers = {"x-zm-request-timestamp": timestamp, "x-zm-signature": signature}
    with caught_spans() as caught:
        await world.post("/zoom/webhooks", body, content_type="application/json", headers=headers)
        spans = await caught.tree("POST /zoom/webhooks", f"{MEETINGS}/RecordZoomEvent")
    for secret in ("Secret topic", ZOOM_SECRETS[0], signature):
        assert secret not in everything_in(spans)
        assert secret not in everything_logged(caplog)


async def test_a_delivery_is_one_tree(world: World) -> None:
    meeting = new_meeting(USER, slack_pb2.SlackConversation(slack_channel_id=GENERAL))
    with caught_spans() as caught:
        world.meetings.offer(card(meeting))
        await world.meetings.outcome()
        spans = await caught.tree(
            "deliver card", "Slack calls.add", "Slack chat.postMessage", f"{MEETINGS}/CompleteDelivery"
        )
    assert "INVENTEDPWD" not in everything_in(spans)


async def test_addresses_with_secrets_are_logged_by_their_route(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with caught_spans() as caught:
        for path in ("/zoom/oauth/callback?code=INVENTED&state=HIDDEN", "/call/HIDDEN", "/nowhere/HIDDEN"):
            async with world.http.get(world.edge_url + path) as response:
                assert response.status in (403, 404)
        for root in ("GET /zoom/oauth/callback", "GET /call/{signed_id}", "GET"):
            await caught.tree(root)
    for secret in ("INVENTED", "HIDDEN"):
        assert secret not in everything_in(caught.all)
        assert secret not in everything_logged(caplog)


async def test_a_trace_from_outside_is_not_continued(world: World) -> None:
    claimed = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with caught_spans() as caught:
        async with world.http.get(f"{world.edge_url}/install", headers={"traceparent": claimed}) as response:
            assert response.status == 200
        spans = await caught.tree("GET /install")
    assert "4bf92f3577b34da6a3ce929d0e0e4736" not in everything_in(spans)
