"""Calling with Zoom Phone, as people do it: type, press the button, let Zoom dial, look at one's own conversation."""

from __future__ import annotations

import re
from typing import Any

from tests.e2e.people import ADA, ADA_AT_ZOOM, GENERAL, Office, browser, eventually, link_in, written

Json = dict[str, Any]
CALL = "zoom_call"
"""The `action_id` of the button that dials."""


async def ready(office: Office, whom: str, *, user: str = ADA, channel: str = GENERAL) -> Json:
    """Types `/zoom call`; returns the reply, which has a button."""
    answer: Json = (await office.type(f"call {whom}", user=user, channel=channel))["answer"]
    assert answer["response_type"] == "ephemeral", "whom somebody calls is nobody else's business"
    assert CALL in str(answer), answer
    return answer


async def opened(reply: Json) -> str:
    """Presses Call; returns what the page hands to Zoom."""
    async with browser() as person:
        page = await person.get(link_in(reply, CALL))
    assert page.status == 200
    return page.text.split('href="zoomphonecall://', 1)[1].split('"', 1)[0]


async def dials(office: Office, whom: str, *, user: str = ADA, at_zoom: str = ADA_AT_ZOOM) -> str:
    """Types `/zoom call`, presses the button and lets Zoom dial; returns the id of the call."""
    to = await opened(await ready(office, whom, user=user))
    call = await office.zoom("POST", "phone/calls", {"caller": at_zoom, "to": to})
    return str(call["call_id"])


async def does(office: Office, call_id: str, *actions: str) -> None:
    """Has the people of a call do something."""
    for action in actions:
        await office.zoom("POST", f"phone/calls/{call_id}/{action}", {})


async def own(office: Office, user: str = ADA) -> list[Json]:
    """Returns what a person's own conversation with the app shows of calls."""
    return [post for post in await office.posts("app", user) if re.search("Calle[er]: ", written(post))]


async def newest(office: Office, *words: str, user: str = ADA) -> str:
    """Waits until the newest call in somebody's own conversation says all `words`; returns everything it says."""

    async def look() -> str:
        posts = await own(office, user)
        return written(posts[-1]) if posts else ""

    return await eventually(look, lambda text: all(word in text for word in words))
