"""The Zoom simulator's stream of server-sent events: it says that something changed, and no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest

from simulators.zoom.changes import MAX_LISTENERS
from tests.unit.simulators.zoom_harness import Zoom, running_zoom

HELLO = b"retry: 1000\ndata: changed\n\n"
NEWS = b"data: changed\n\n"


@asynccontextmanager
async def _listening(zoom: Zoom) -> AsyncIterator[aiohttp.StreamReader]:
    async with aiohttp.ClientSession() as session, session.get(f"{zoom.base}/control/stream") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        assert await answer.content.readexactly(len(HELLO)) == HELLO
        yield answer.content


async def _news(stream: aiohttp.StreamReader) -> bool:
    """Tell whether one message comes; False when the stream ends."""
    async with asyncio.timeout(10):
        return await stream.read(len(NEWS)) == NEWS


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def test_whatever_happens_is_told(zoom: Zoom) -> None:
    async with _listening(zoom) as stream:
        await zoom.control("POST", "meetings/5551234567/start")
        assert await _news(stream)
        await zoom.authorize()
        assert await _news(stream)
        await zoom.request("GET", "/v2/users/me")  # a refusal, too, is in the log
        assert await _news(stream)


async def test_much_at_once_is_told_once(zoom: Zoom) -> None:
    async with _listening(zoom) as stream:
        for _ in range(40):
            await zoom.control("POST", "clock", {"advance_seconds": 1})
        told = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while await _news(stream):
                    told += 1
        assert 1 <= told < 20, "forty changes in a moment are a handful of messages"


async def test_a_look_is_no_change(zoom: Zoom) -> None:
    async with _listening(zoom) as stream:
        for path in ("/", "/controls", "/control/state", "/control/log"):
            assert (await zoom.request("GET", path)).status == 200
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await stream.read(1)


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
        assert await stream.content.readexactly(len(HELLO)) == HELLO
        stopping = asyncio.get_running_loop().time()
    assert await stream.content.read() in {b"", NEWS}, "it ended, and was not cut off"
    assert asyncio.get_running_loop().time() - stopping < 5
    await session.close()


async def test_other_sites_may_not_listen(zoom: Zoom) -> None:
    answer = await zoom.request("GET", "/control/stream", headers={"Origin": "https://evil.example"})
    assert answer.status == 403
