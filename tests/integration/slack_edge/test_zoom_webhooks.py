"""Events from Zoom, through the real door, to the service that owns them."""

from __future__ import annotations

import hmac
import json

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import ZOOM_SECRETS, World, sign
from zoomslack.auth.v1 import auth_service_pb2 as pb

EVENT = b'{"event":"meeting.started","event_ts":1793361605123,"payload":{"object":{"id":98765432101}}}'
# An escaped emoji beside raw quotes and dashes: nobody can make these bytes again from the parsed value.
MIXED = (
    '{"event":"meeting.started",'
    '"payload":{"object":{"topic":"Ada\u2019s \\ud83d\\udc4d plan \u2013 v2","id":"98765432101"}}}'
).encode()


def headers(body: bytes, secret: str = ZOOM_SECRETS[0], age: int = 0) -> dict[str, str]:
    timestamp, signature = sign(secret, body, age)
    return {"x-zm-request-timestamp": timestamp, "x-zm-signature": signature}


async def send(world: World, body: bytes, **changes: str) -> tuple[int, str]:
    return await world.post(
        "/zoom/webhooks",
        body,
        content_type="application/json; charset=utf-8",
        headers={**headers(body), **changes},
    )


@pytest.mark.parametrize("body", [EVENT, MIXED, EVENT.replace(b"meeting.started", b"recording.completed")])
async def test_an_event_is_stored_as_its_bytes_came(world: World, body: bytes) -> None:
    assert await send(world, body) == (200, "")
    assert world.meetings.events == [body]


async def test_each_of_our_zoom_apps_may_send(world: World) -> None:
    assert (await send(world, EVENT, **headers(EVENT, ZOOM_SECRETS[1])))[0] == 200


async def test_wrong_signatures_are_refused(world: World) -> None:
    good = headers(EVENT)
    for changed in (
        headers(EVENT, "another"),
        headers(EVENT, age=301),
        headers(EVENT, age=-400),
        headers(MIXED),
        {**good, "x-zm-signature": "v0=\u00e9"},
        {**good, "x-zm-request-timestamp": "NaN"},
        {**good, "x-zm-request-timestamp": ""},
    ):
        assert (await send(world, EVENT, **changed))[0] == 401
    assert (await world.post("/zoom/webhooks", EVENT, content_type="application/json"))[0] == 401
    assert world.meetings.events == []


async def test_the_address_is_proven_to_zoom_only(world: World) -> None:
    body = b'{"event":"endpoint.url_validation","event_ts":1,"payload":{"plainToken":"qY7w2nSgTj6Kf0cVbR3xLA"}}'
    status, text = await send(world, body, **headers(body, ZOOM_SECRETS[1]))
    assert status == 200
    answer = json.loads(text)
    assert answer["plainToken"] == "qY7w2nSgTj6Kf0cVbR3xLA"
    assert (
        answer["encryptedToken"] == hmac.new(ZOOM_SECRETS[1].encode(), b"qY7w2nSgTj6Kf0cVbR3xLA", "sha256").hexdigest()
    )
    assert (await send(world, body, **headers(body, "another")))[0] == 401


@pytest.mark.parametrize("reason", [Reason.SERVICE_UNAVAILABLE, Reason.INTERNAL, Reason.DEADLINE_TOO_SHORT])
async def test_what_is_not_stored_is_asked_for_again(world: World, reason: Reason) -> None:
    world.meetings.failure = MeshError(reason)
    assert (await send(world, EVENT))[0] == 503


async def test_what_will_never_be_stored_is_not(world: World) -> None:
    world.meetings.failure = MeshError(Reason.INVALID_REQUEST)
    assert (await send(world, EVENT))[0] == 400


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"{}", b'{"event":1}', b"\xff\xfe", b"[" * 10_000])
async def test_signed_nonsense_is_refused(world: World, body: bytes) -> None:
    assert (await send(world, body))[0] == 400


@pytest.mark.parametrize("name", ["phone.caller_ringing", "phone.callee_call_element_completed"])
async def test_what_concerns_calls_goes_to_phone(world: World, name: str) -> None:
    body = MIXED.replace(b"meeting.started", name.encode())
    assert await send(world, body) == (200, "")
    assert world.phone.events == [body]
    assert world.meetings.events == []


async def test_a_call_that_is_not_stored_is_asked_for_again(world: World) -> None:
    world.phone.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    assert (await send(world, b'{"event":"phone.caller_ended","payload":{}}'))[0] == 503
    world.phone.failure = MeshError(Reason.INVALID_REQUEST)
    assert (await send(world, b'{"event":"phone.callee_ended","payload":{}}'))[0] == 400
    await world.stop_service["phone"]()
    assert (await send(world, b'{"event":"phone.callee_missed","payload":{}}'))[0] == 503


@pytest.mark.parametrize("name", ["phonebook.changed", "word.of_tomorrow"])
async def test_events_that_nobody_wants_are_acknowledged(world: World, name: str) -> None:
    body = json.dumps({"event": name, "payload": {}}).encode()
    assert await send(world, body) == (200, "")
    assert (world.meetings.events, world.phone.events) == ([], [])


@pytest.mark.parametrize("name", ["app_deauthorized", "user.deactivated", "user.updated"])
@pytest.mark.parametrize(
    ("secret", "level"),
    [(ZOOM_SECRETS[0], pb.ZOOM_APP_LEVEL_USER), (ZOOM_SECRETS[1], pb.ZOOM_APP_LEVEL_ACCOUNT)],
    ids=["user-managed", "admin-managed"],
)
async def test_what_concerns_people_goes_to_auth_with_the_app_that_signed_it(
    world: World, name: str, secret: str, level: pb.ZoomAppLevel.ValueType
) -> None:
    body = json.dumps({"event": name, "payload": {}}).encode()
    assert await send(world, body, **headers(body, secret)) == (200, "")
    assert world.auth.events == [pb.RecordZoomEventRequest(body=body, app_level=level)]
    assert world.meetings.events == []


async def test_what_auth_does_not_store_is_asked_for_again(world: World) -> None:
    world.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    assert (await send(world, b'{"event":"app_deauthorized","payload":{}}'))[0] == 503


async def test_a_form_is_no_event(world: World) -> None:
    assert (await world.post("/zoom/webhooks", EVENT, headers=headers(EVENT)))[0] == 415
