"""How the Zoom simulator delivers webhooks: bytes, signature, retries, faults."""

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiohttp import web

from simulators.zoom import events
from simulators.zoom.config import ZoomConfig
from simulators.zoom.webhooks import MAX_WAITING, sign
from tests.unit.simulators.zoom_harness import ADA, NOON, OTHERS_MAY_BEGIN, Zoom, running_zoom


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _raise_event(zoom: Zoom, topic: str = "Weekly sync") -> None:
    meeting = await zoom.create(await zoom.access_token(), topic=topic)
    await zoom.control("POST", f"meetings/{meeting['id']}/start", {"host_joins": False})
    await zoom.idle()


async def _delivery(zoom: Zoom) -> tuple[str, list[int | None]]:
    log = (await zoom.control("GET", "webhooks"))["deliveries"]
    assert len(log) == 1
    return log[0]["state"], [attempt["status"] for attempt in log[0]["attempts"]]


def test_signature_vector() -> None:
    body = (
        b'{"event":"meeting.started","event_ts":1793361605123,'
        b'"payload":{"account_id":"AccT0y2mQ1","object":{"id":"98765432101"}}}'
    )
    wanted = "v0=7b070cc4102c5b387dc80c80e4610d157784d0e3f7ac1bf86f82bb940d7d7aed"
    assert sign("it-is-a-secret-token", "1793361605", body) == wanted


def test_bytes_are_raw_utf8_with_escaped_emoji() -> None:
    raw = events.encode({"topic": "Ada’s – café 🎉 a/b"})
    assert raw == '{"topic":"Ada’s – café \\uD83C\\uDF89 a/b"}'.encode()
    assert json.loads(events.encode({"half": "\ud83c"})) == {"half": "\ud83c"}


async def test_headers_and_signature_over_the_raw_bytes(zoom: Zoom) -> None:
    await _raise_event(zoom, topic="Ada’s – café 🎉")
    [webhook] = zoom.app.received
    assert "Ada’s – café \\uD83C\\uDF89".encode() in webhook.raw
    assert webhook.is_signed_with(zoom.config.user_app.webhook_secret)
    assert webhook.headers["x-zm-request-timestamp"] == str(int(NOON))
    assert webhook.headers["Content-Type"] == "application/json; charset=utf-8"
    assert webhook.headers["x-zm-trackingid"]
    assert webhook.headers["clientid"] == zoom.config.user_app.client_id


async def test_server_errors_come_back_after_5_20_and_60_minutes(zoom: Zoom) -> None:
    zoom.app.answers = [web.Response(status=500), web.Response(status=503), web.Response(status=500)]
    await _raise_event(zoom)
    assert await _delivery(zoom) == ("retrying", [500])
    for minutes, attempts in ((4, 1), (1, 2), (19, 2), (1, 3), (59, 3), (1, 4)):
        await zoom.control("POST", "clock", {"advance_seconds": minutes * 60})
        await zoom.idle()
        assert len(zoom.app.received) == attempts
    assert await _delivery(zoom) == ("delivered", [500, 503, 500, 200])
    assert len({webhook.headers["x-zm-trackingid"] for webhook in zoom.app.received}) == 4
    assert len({webhook.raw for webhook in zoom.app.received}) == 1


async def test_fourth_failure_loses_the_event(zoom: Zoom) -> None:
    zoom.app.answers = [web.Response(status=500) for _ in range(4)]
    await _raise_event(zoom)
    for minutes in (5, 20, 60, 600):
        await zoom.control("POST", "clock", {"advance_seconds": minutes * 60})
        await zoom.idle()
    assert await _delivery(zoom) == ("lost", [500] * 4)


async def test_retry_scale_shortens_the_wait_and_signs_anew() -> None:
    async with running_zoom(ZoomConfig(enforce_rate_limits=False, retry_scale=0.1)) as zoom:
        zoom.app.answers = [web.Response(status=500)]
        await _raise_event(zoom)
        zoom.clock.value += 30
        await zoom.control("POST", "clock", {"advance_seconds": 0})
        await zoom.idle()
        first, second = zoom.app.received
        assert int(second.headers["x-zm-request-timestamp"]) - int(first.headers["x-zm-request-timestamp"]) == 30
        assert first.headers["x-zm-signature"] != second.headers["x-zm-signature"]
        assert second.is_signed_with(zoom.config.user_app.webhook_secret)


@pytest.mark.parametrize("status", [202, 302, 400, 401, 404, 429])
async def test_other_answers_are_final(zoom: Zoom, status: int) -> None:
    zoom.app.answers = [web.Response(status=status, headers={"Location": "/zoom/webhooks"})]
    await _raise_event(zoom)
    await zoom.control("POST", "clock", {"advance_seconds": 86_400})
    await zoom.idle()
    assert await _delivery(zoom) == ("refused", [status])


async def test_204_is_success(zoom: Zoom) -> None:
    zoom.app.answers = [web.Response(status=204)]
    await _raise_event(zoom)
    assert await _delivery(zoom) == ("delivered", [204])


async def test_no_answer_in_time_counts_as_failure() -> None:
    config = ZoomConfig(enforce_rate_limits=False, webhook_timeout_seconds=0.000_001)
    async with running_zoom(config) as zoom:
        await _raise_event(zoom)
        assert await _delivery(zoom) == ("retrying", [None])


async def test_hold_copies_and_shuffle(zoom: Zoom) -> None:
    await zoom.control("POST", "webhooks/faults", {"copies": 4, "shuffle": True, "hold": True})
    meeting = await zoom.create(await zoom.access_token(), settings=OTHERS_MAY_BEGIN)
    for name in ("A", "B", "C"):
        await zoom.control("POST", f"meetings/{meeting['id']}/join", {"name": name})
    await zoom.idle()
    assert zoom.app.received == []
    assert await zoom.control("POST", "webhooks/release") == {"released": 4}
    assert len(zoom.app.received) == 16
    assert {zoom.app.received.count(webhook) for webhook in zoom.app.received} == {1}
    assert len({webhook.raw for webhook in zoom.app.received}) == 4


async def test_delayed_events_come_in_order_when_their_time_has_come(zoom: Zoom) -> None:
    await zoom.control("POST", "webhooks/faults", {"delay_seconds": 90})
    await _raise_event(zoom)
    assert await _delivery(zoom) == ("delayed", [])
    await zoom.control("POST", "meetings/5551234567/start")
    assert (await zoom.control("GET", "webhooks"))["delayed"] == 3
    for seconds, count in ((89, 0), (1, 3)):
        await zoom.control("POST", "clock", {"advance_seconds": seconds})
        await zoom.idle()
        assert len(zoom.app.received) == count
    of_the_room = [hook.name for hook in zoom.app.received if hook.object["id"] == "5551234567"]
    assert of_the_room == ["meeting.started", "meeting.participant_joined"]
    assert (await zoom.control("GET", "webhooks"))["delayed"] == 0


async def test_shuffled_events_wait_a_part_of_the_delay_and_overtake_each_other(zoom: Zoom) -> None:
    await zoom.control("POST", "webhooks/faults", {"delay_seconds": 100, "shuffle": True})
    await zoom.access_token()
    names = [f"Guest {number}" for number in range(12)]
    await zoom.control("POST", "meetings/5551234567/start")
    for name in names:
        await zoom.control("POST", "meetings/5551234567/join", {"name": name})
    came: list[int] = []
    for _ in range(10):
        await zoom.control("POST", "clock", {"advance_seconds": 10})
        await zoom.idle()
        came.append(len(zoom.app.received))
    assert came[-1] == len(names) + 2
    assert len(set(came)) > 2, "some wait longer than others"
    joined = [hook.object["participant"]["user_name"] for hook in zoom.app.received if "participant" in hook.object]
    assert sorted(joined) == sorted([*names, "Ada Lovelace"])
    assert joined != ["Ada Lovelace", *names]


@pytest.mark.parametrize(("fault", "waits"), [({"hold": True}, "held"), ({"delay_seconds": 60}, "delayed")])
async def test_only_so_many_wait_and_the_rest_is_reported(zoom: Zoom, fault: dict[str, object], waits: str) -> None:
    await zoom.access_token()
    await zoom.control("POST", "webhooks/faults", {"copies": 20, **fault})
    for turn in range(MAX_WAITING + 2 if waits == "held" else MAX_WAITING // 20 + 1):
        await zoom.control("POST", f"users/{ADA}", {"verified": turn % 2, "host_video": turn % 2 == 0})
    told = await zoom.control("GET", "webhooks")
    states = Counter(delivery["state"] for delivery in told["deliveries"])
    assert states == {waits: MAX_WAITING, "no_room": 2 if waits == "held" else 20}
    assert told[waits] == MAX_WAITING
    assert zoom.app.received == []


async def test_drop_loses_everything_at_100_percent(zoom: Zoom) -> None:
    await zoom.control("POST", "webhooks/faults", {"drop_percent": 100})
    await _raise_event(zoom)
    assert zoom.app.received == []
    assert await _delivery(zoom) == ("dropped", [])


async def test_send_any_event_or_bytes(zoom: Zoom) -> None:
    zoom.app.answers = [web.Response(status=200, text="thanks"), web.Response(status=401)]
    good = await zoom.control("POST", "webhooks/send", {"event": {"event": "user.updated"}, "app": "account"})
    raw = base64.b64encode(b"\xff\x00").decode()
    bad = await zoom.control("POST", "webhooks/send", {"raw_base64": raw, "signature": "bad", "timestamp": 1})
    await zoom.control("POST", "webhooks/send", {"raw_base64": raw, "signature": "missing"})
    assert (good["status"], good["body"], bad["status"]) == (200, "thanks", 401)
    first, second, third = zoom.app.received
    assert first.is_signed_with(zoom.config.account_app.webhook_secret)
    assert (second.raw, second.headers["x-zm-request-timestamp"]) == (b"\xff\x00", "1")
    assert not second.is_signed_with(zoom.config.user_app.webhook_secret)
    assert "x-zm-signature" not in third.headers
    nonsense = await zoom.request("POST", "/control/webhooks/send", json={"raw_base64": "%"})
    assert nonsense.status == 400


async def test_endpoint_validation(zoom: Zoom) -> None:
    async def answer(request: web.Request, secret: str) -> web.Response:
        plain = (await request.json())["payload"]["plainToken"]
        encrypted = hmac.new(secret.encode(), plain.encode(), hashlib.sha256).hexdigest()
        return web.json_response({"plainToken": plain, "encryptedToken": encrypted})

    user, account = zoom.config.user_app.webhook_secret, zoom.config.account_app.webhook_secret
    for app, secret, ok in (("user", user, True), ("account", account, True), ("user", account, False)):
        zoom.app.answer = partial(answer, secret=secret)
        result = await zoom.control("POST", "webhooks/validate", {"app": app})
        assert result["ok"] is ok
    zoom.app.answer = None
    assert (await zoom.control("POST", "webhooks/validate"))["problem"] == "the answer is not JSON"
