"""A service restarts while people and vendors go on: what they do is told in time, comes again, and counts once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.people import GRACE, GRACE_AT_ZOOM, LIN, Office, eventually
from tests.e2e.system import running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

ZOOM_SENDS_AGAIN = 5 * 60
END = "zoom_end_meeting"

Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """The office with Ada and Grace connected."""
    async with running(tmp_path_factory.mktemp("data")) as system:
        made = Office(system)
        await made.connect()
        await made.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
        yield made


async def card(office: Office, channel: str) -> Json:
    [call] = await office.calls(channel=channel)
    return call


async def told(office: Office, channel: str, **who: str) -> str:
    """Returns what a person read last."""
    return str((await office.messages(channel=channel, **who))[-1]["text"])


async def is_up(office: Office) -> None:
    """Waits until the edge reaches meetings and auth again: a first command needs both to be answered with its link."""
    here = await office.conversation("private", LIN)

    async def answer() -> str:
        return str((await office.type("", user=LIN, channel=here))["answer"])

    await eventually(answer, lambda text: "zoom_connect" in text, seconds=40)


async def events_are_waiting(office: Office) -> bool:
    """Tells whether Zoom has events that nobody took."""
    return bool((await office.zoom("GET", "webhooks"))["retrying"])


async def send_again(office: Office) -> None:
    """Lets Zoom repeat what nobody took, as soon as somebody does."""
    await is_up(office)
    await office.zoom("POST", "clock", {"advance_seconds": ZOOM_SENDS_AGAIN})
    await office.zoom("GET", "webhooks/idle?timeout_seconds=10")
    assert not await events_are_waiting(office)


async def test_events_while_meetings_restarts_come_again_and_are_shown_once(office: Office) -> None:
    here = await office.conversation()
    number, _ = await office.fresh_meeting("Events in between", channel=here)
    office.system.kill("meetings")
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Grace Hopper"})
    await office.zoom("POST", f"meetings/{number}/end")
    await office.zoom("POST", f"meetings/{number}/recording", {"password": "Aft3r!"})
    assert await eventually(lambda: events_are_waiting(office), bool)
    await send_again(office)

    async def posts() -> list[Json]:
        return [m for m in await office.messages(channel=here) if m["kind"] == "message"]

    await eventually(lambda: card(office, here), lambda call: bool(call["date_end"]))
    messages = await eventually(posts, lambda found: len(found) == 3)
    assert "2 attendees: Ada Lovelace, Grace Hopper" in str(messages)
    assert "Passcode: Aft3r!" in str(messages)


async def test_a_press_while_meetings_restarts_is_told_and_works_afterwards(office: Office) -> None:
    here = await office.conversation()
    number, _ = await office.fresh_meeting("Pressed in between", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")

    async def controls() -> Json | None:
        found = [m for m in await office.messages(channel=here) if END in str(m["blocks"])]
        return found[-1] if found else None

    buttons = await eventually(controls, bool)
    assert buttons is not None
    office.system.kill("meetings")
    await office.press(END, buttons, channel=here)
    words = await eventually(lambda: told(office, here), lambda text: "restarting" in text or "ended" in text)
    if "restarting" in words:
        assert "try again" in words
        await is_up(office)
        await office.press(END, buttons, channel=here)
    await eventually(lambda: card(office, here), lambda call: bool(call["date_end"]))


async def test_a_first_command_while_auth_restarts_is_answered_in_time_and_the_next_one_has_the_link(
    office: Office,
) -> None:
    here = await office.conversation("private", LIN)
    office.system.kill("auth")
    result = await office.type("", user=LIN, channel=here)
    assert result["error"] is None
    assert result["elapsed_ms"] < 3000
    assert result["answer"]["text"]
    await is_up(office)
    assert all(f":{LIN}" not in call["external_unique_id"] for call in (await office.slack("GET", "calls"))["calls"])


async def test_somebody_who_leaves_zoom_while_auth_restarts_is_signed_out(office: Office) -> None:
    here = await office.conversation("private", GRACE)
    office.system.kill("auth")
    await office.zoom("POST", "uninstall", {"zoom_user_id": GRACE_AT_ZOOM})
    assert await eventually(lambda: events_are_waiting(office), bool)
    await send_again(office)

    async def answer() -> str:
        return str((await office.type("", user=GRACE, channel=here))["answer"])

    await eventually(answer, lambda text: "zoom_connect" in text)
