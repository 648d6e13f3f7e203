"""The Zoom simulator's stream of server-sent events: it says that something changed, and no more."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from simulators.zoom.changes import MAX_LISTENERS
from tests.unit.simulators.zoom_harness import Zoom, running_zoom

EVENT = re.compile(rb"id: ([0-9a-f]{8})-(\d+)\ndata: changed\n\n")
RETRY = b"retry: 1000\n"


class Listener:
    """Somebody who reads the stream, and knows how many changes she was told of."""

    def __init__(self, stream: aiohttp.StreamReader) -> None:
        self._stream = stream
        self.run = b""
        self.number = 0
        self.messages = 0

    async def begin(self) -> None:
        assert await self._stream.readexactly(len(RETRY)) == RETRY
        await self.hear()

    async def hear(self) -> int:
        """Waits for one message. Returns how many changes it tells of."""
        async with asyncio.timeout(10):
            event = EVENT.fullmatch(await self._stream.readuntil(b"\n\n"))
        assert event, "an event with its number"
        told, self.number = int(event[2]) - self.number, int(event[2])
        assert self.run in (b"", event[1]), "one run of the simulator"
        self.run = event[1]
        self.messages += 1
        return told

    async def hear_of(self, changes: int) -> None:
        """Waits until she was told of so many changes, and of no more."""
        while changes > 0:
            changes -= await self.hear()
        assert changes == 0

    async def rest(self) -> bytes:
        return await self._stream.read()


@asynccontextmanager
async def _listening(zoom: Zoom) -> AsyncIterator[Listener]:
    async with aiohttp.ClientSession() as session, session.get(f"{zoom.base}/control/stream") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        listener = Listener(answer.content)
        await listener.begin()
        yield listener


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _tick(zoom: Zoom) -> None:
    """A change, which counts as two: when it begins, and when it is done."""
    await zoom.control("POST", "clock", {"advance_seconds": 1})


@pytest.mark.parametrize("path", ["/v2/users/me", "/oauth/authorize"])
async def test_what_the_app_asks_is_told_refused_or_not(zoom: Zoom, path: str) -> None:
    async with _listening(zoom) as listener:
        assert (await zoom.request("GET", path)).status >= 400  # a refusal, too, is in the log
        await listener.hear_of(2)


async def test_what_people_do_is_told_and_the_webhooks_of_it(zoom: Zoom) -> None:
    await zoom.access_token()
    async with _listening(zoom) as listener:
        await _tick(zoom)
        await listener.hear_of(2)
        await zoom.control("POST", "meetings/5551234567/start")
        await zoom.idle()
        # The request as two, each of two webhooks as it is put down and as it was answered.
        await listener.hear_of(6)


async def test_much_at_once_is_told_in_fewer_messages_than_changes(zoom: Zoom) -> None:
    async with _listening(zoom) as listener:
        await asyncio.gather(*(_tick(zoom) for _ in range(40)))
        await listener.hear_of(80)
        assert listener.messages < 40, "one for the begin, and fewer than changes"


async def test_a_look_is_no_change(zoom: Zoom) -> None:
    async with _listening(zoom) as listener:
        for path in ("/", "/controls", "/control/state", "/control/log"):
            assert (await zoom.request("GET", path)).status == 200
        await _tick(zoom)
        await listener.hear_of(2)


async def test_another_run_has_another_name() -> None:
    names = set()
    for _ in range(2):
        async with running_zoom() as zoom, _listening(zoom) as listener:
            names.add(listener.run)
    assert len(names) == 2


async def test_there_is_a_limit_and_who_goes_makes_room(zoom: Zoom) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        url = f"{zoom.base}/control/stream"
        streams = [await session.get(url) for _ in range(MAX_LISTENERS)]
        async with session.get(url) as refused:
            assert refused.status == 503
            assert str(MAX_LISTENERS) in (await refused.json())["error"]
        for stream in streams:
            stream.close()
        async with asyncio.timeout(10):
            while True:
                await zoom.control("POST", "clock", {"advance_seconds": 0})
                async with session.get(url) as again:
                    if again.status == 200:
                        break


async def test_the_stream_ends_with_the_simulator() -> None:
    async with running_zoom() as zoom:
        session = aiohttp.ClientSession()
        stream = await session.get(f"{zoom.base}/control/stream")
        listener = Listener(stream.content)
        await listener.begin()
        stopping = asyncio.get_running_loop().time()
    last = await listener.rest()
    assert last == b"" or EVENT.fullmatch(last), "it ended, and was not cut off"
    assert asyncio.get_running_loop().time() - stopping < 5
    await session.close()


async def test_other_sites_may_not_listen(zoom: Zoom) -> None:
    answer = await zoom.request("GET", "/control/stream", headers={"Origin": "https://evil.example"})
    assert answer.status == 403
