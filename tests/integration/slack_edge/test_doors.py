"""The doors and time: bodies that come slowly, answers that leave late. Time stands in a clock that the tests move."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, cast
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from mesh import deadline
from services.slack_edge.answers import Answer
from services.slack_edge.commands import Invocation
from services.slack_edge.interactions import Interactions, Reaction
from services.slack_edge.middleware import observe
from services.slack_edge.payloads import Interaction
from services.slack_edge.routes import LATEST, SlackDoor
from services.slack_edge.signatures import SLACK, ZOOM, SeenSignatures, Verifier
from services.slack_edge.starts import BUDGET
from services.slack_edge.tasks import Tasks
from services.slack_edge.zoom_webhooks import ZoomWebhooks
from tests.integration.slack_edge.conftest import FORM
from tests.support.clock import FakeClock
from tests.support.signing import slack_headers, zoom_headers
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

SECRET = "shared-secret"
COMMAND = b"command=%2Fzoom&text=&team_id=T1&user_id=U1&trigger_id=1.2.x"
EVENT = b'{"event":"meeting.started"}'


class WatchedClock(FakeClock):
    """Tells when it was looked at for the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.read = asyncio.Event()

    def monotonic(self) -> float:
        self.read.set()
        return super().monotonic()


class Handlers:
    """Takes its time over a command, by the clock, and notes how much it was given."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self.given: list[float] = []
        self.lost: asyncio.Queue[str | None] = asyncio.Queue()

    async def handle(self, _invocation: Invocation, seconds: float = BUDGET) -> Answer:
        self.given.append(seconds)
        self._work()
        return Answer({"text": "the card"}, self.lost.put)


async def post(path: str, handler: Any, data: Any, headers: dict[str, str]) -> int:
    """Serves one request by `handler` and returns its status."""
    app = web.Application(middlewares=[observe])
    app.add_routes([web.post(path, handler)])
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as session,
        session.post(server.make_url(path), data=data, headers=headers) as response,
    ):
        await response.read()
        return response.status


async def command(clock: WatchedClock, handlers: Any, data: Any) -> int:
    tasks = Tasks()
    verifier = Verifier(SLACK, [SECRET], clock)
    seen = SeenSignatures(FakeClock())  # a clock of its own: it must not be the one that reads the watched one first
    unused = cast("Any", Unused())
    door = SlackDoor(verifier, seen, handlers, unused, unused, tasks, clock)
    headers = {"Content-Type": FORM, **slack_headers(SECRET, COMMAND, timestamp=int(clock.now().timestamp()))}
    status = await post("/slack/commands", door.command, data, headers)
    await tasks.drain(1.0)
    return status


async def test_the_time_that_a_body_takes_is_not_given_to_the_command() -> None:
    clock = WatchedClock()
    handlers = Handlers(lambda: None)

    async def slowly() -> AsyncIterator[bytes]:
        yield COMMAND[:10]
        async with asyncio.timeout(10):
            await clock.read.wait()
        clock.advance(1.5)
        yield COMMAND[10:]

    assert await command(clock, handlers, slowly()) == 200
    assert handlers.given == [pytest.approx(BUDGET - 1.5)]


@pytest.mark.parametrize(("seconds", "lost"), [(LATEST - 0.1, None), (LATEST + 0.1, "answer_late")])
async def test_an_answer_that_left_late_does_not_count(seconds: float, lost: str | None) -> None:
    clock = WatchedClock()
    handlers = Handlers(lambda: clock.advance(seconds))
    assert await command(clock, handlers, COMMAND) == 200
    assert handlers.lost.get_nowait() == lost


async def test_a_defect_over_a_modal_is_not_acknowledged_so_that_slack_tells_of_it() -> None:
    def broken(_interaction: Interaction) -> None:
        raise LookupError("a defect")

    clock, unused = FakeClock(), cast("Any", Unused())
    table = {("view_submission", "start"): Reaction(answer=broken)}
    interactions = Interactions(table, unused, unused, Tasks())
    verifier, seen = Verifier(SLACK, [SECRET], clock), SeenSignatures(clock)
    door = SlackDoor(verifier, seen, unused, unused, interactions, Tasks(), clock)
    payload = {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "view": {"id": "V1", "callback_id": "start"},
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = {"Content-Type": FORM, **slack_headers(SECRET, body, timestamp=int(clock.now().timestamp()))}
    assert await post("/slack/interactions", door.interaction, body, headers) == 500


class Unused:
    """What must not be needed here."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is asked for")


class Meetings:
    """A stub of meetings that notes how much time it was given."""

    def __init__(self) -> None:
        self.given: list[float | None] = []

    async def RecordZoomEvent(self, *_: Any, **__: Any) -> Any:
        self.given.append(deadline.remaining())
        return pb.RecordZoomEventResponse(disposition=pb.EVENT_DISPOSITION_APPLIED)


async def webhook(meetings: Any, data: Any, **options: float) -> int:
    clock = FakeClock()
    door = ZoomWebhooks(
        Verifier(ZOOM, [SECRET], clock), (), cast("Any", Unused()), meetings, cast("Any", Unused()), **options
    )
    headers = {
        "Content-Type": "application/json",
        **zoom_headers(SECRET, EVENT, timestamp=int(clock.now().timestamp())),
    }
    return await post("/zoom/webhooks", door.handle, data, headers)


async def test_an_event_that_comes_too_slowly_is_asked_for_again() -> None:
    async def never_whole() -> AsyncIterator[bytes]:
        yield EVENT[:5]
        await asyncio.Event().wait()

    meetings = Meetings()
    async with asyncio.timeout(10):
        assert await webhook(meetings, never_whole(), budget_seconds=0.05) == 503
    assert meetings.given == []


async def test_reading_and_storing_share_one_budget() -> None:
    meetings = Meetings()
    assert await webhook(meetings, EVENT, budget_seconds=2.0) == 200
    [given] = meetings.given
    assert given is not None
    assert 0 < given < 2.0
