"""What people do: type in Slack, click, consent at Zoom, join meetings. Everything over HTTP, as they would."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin

import aiohttp

from tests.e2e.system import Running

ADA, GRACE, LIN, BEN = "U0ADA0001", "U0GRACE01", "U0LIN0001", "U0BEN0001"
GUS, UMA = "U0GUS0001", "U0UMA0001"
"""A guest, and a person who has not confirmed her e-mail address."""
GENERAL, RANDOM, SECRET, GROUP_DM, DM = "C0GENERAL", "C0RANDOM1", "C0SECRET1", "C0MPIM001", "D0ADAGRAC"
ADA_AT_ZOOM, GRACE_AT_ZOOM = "adaZoomUserId000000001", "graceZoomUserId0000002"
BEN_AT_ZOOM = "benZoomUserId000000003"
"""His Zoom account is on the Basic plan, those of the others are licensed."""

T = TypeVar("T")

_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r"<input\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@dataclass(frozen=True)
class Page:
    """What a browser shows."""

    status: int
    url: str
    text: str

    def form(self) -> tuple[str, dict[str, str]]:
        """Returns where the first form leads and its hidden fields."""
        found = _FORM.search(self.text)
        assert found, f"no form on the page: {self.text[:500]}"
        attributes = dict(_ATTRIBUTE.findall(found.group(1)))
        fields = [dict(_ATTRIBUTE.findall(field)) for field in _FIELD.findall(found.group(2))]
        values = {
            field["name"]: html.unescape(field.get("value", "")) for field in fields if field.get("type") == "hidden"
        }
        return urljoin(self.url, html.unescape(attributes.get("action", ""))), values


class Browser:
    """Follows redirects and keeps cookies."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str) -> Page:
        async with self._session.get(url) as response:
            return Page(response.status, str(response.url), await response.text())

    async def post(self, url: str, fields: Mapping[str, str | Sequence[str]]) -> Page:
        pairs = [
            (name, one) for name, given in fields.items() for one in ([given] if isinstance(given, str) else given)
        ]
        async with self._session.post(url, data=pairs) as response:
            return Page(response.status, str(response.url), await response.text())

    async def answer(self, page: Page, **fields: str | Sequence[str]) -> Page:
        """Fills the form of a page in and sends it."""
        action, hidden = page.form()
        return await self.post(action, {**hidden, **fields})

    async def install_company_wide(
        self, edge_url: str, *, admin: str = ADA_AT_ZOOM, user: str = ADA, **consent: str
    ) -> Page:
        """Walks the pages of the company-wide installation to their end; `consent` is for Slack's page."""
        at_zoom = await self.answer(await self.get(f"{edge_url}/install"))
        agreed = await self.answer(at_zoom, zoom_user_id=admin, decision="allow")
        at_slack = await self.answer(agreed)
        return await self.answer(at_slack, user_id=user, decision="allow", **consent)

    async def connect_zoom(self, link: str, zoom_user_id: str, *, decision: str = "allow") -> Page:
        """Follows an "Authorize Zoom" button through Zoom's consent page and back."""
        action, fields = (await self.get(link)).form()
        action, fields = (await self.post(action, fields)).form()
        return await self.post(action, {**fields, "zoom_user_id": zoom_user_id, "decision": decision})

    async def enter(self, join_url: str, name: str, **typed: str) -> Page:
        """Follows a link into a meeting and joins as a guest; `typed` may hold the `passcode`."""
        return await self.answer(await self.get(join_url), name=name, zoom_user_id="guest", **typed)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Yields a fresh browser."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an IP address
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield Browser(session)


class Office:
    """Slack and Zoom as the people of Acme see them."""

    def __init__(self, system: Running) -> None:
        self.system = system

    async def type(self, text: str, *, user: str = ADA, channel: str = GENERAL, trigger_id: str = "") -> dict[str, Any]:
        """Types `/zoom <text>`; returns what came of it: `status`, `answer`, `error`, `elapsed_ms`, …"""
        body = {"user_id": user, "channel_id": channel, "command": "/zoom", "text": text}
        if trigger_id:
            body["trigger_id"] = trigger_id
        result: dict[str, Any] = await self._ok("slack", "POST", "/control/commands", body)
        return result

    async def messages(self, *, user: str = ADA, channel: str = GENERAL) -> list[dict[str, Any]]:
        """Returns what a person sees in a conversation, oldest first."""
        found = await self._ok("slack", "GET", f"/control/messages?channel_id={channel}&user_id={user}")
        messages: list[dict[str, Any]] = found["messages"]
        return messages

    async def calls(self, *, channel: str = GENERAL, user: str = ADA) -> list[dict[str, Any]]:
        """Returns the call cards in a conversation."""
        found = await self.messages(channel=channel, user=user)
        return [call for message in found for call in message.get("calls") or []]

    async def card(self, channel: str) -> dict[str, Any]:
        """Returns the newest card in a conversation; empty where there is none."""
        return next(reversed(await self.calls(channel=channel)), {})

    async def card_when(self, wanted: Callable[[dict[str, Any]], bool], channel: str) -> dict[str, Any]:
        """Waits until the newest card in a conversation is as `wanted`, and returns it."""
        return await eventually(lambda: self.card(channel), wanted)

    async def posts(self, channel: str, user: str = ADA) -> list[dict[str, Any]]:
        """Returns what the app has posted in a conversation beside cards: summaries, recordings, notices."""
        found = await self.messages(channel=channel, user=user)
        return [one for one in found if one["kind"] == "message" and one.get("app") and not one["calls"]]

    async def slack(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Uses the Slack simulator's control API."""
        return await self._ok("slack", method, f"/control/{path}", body)

    async def zoom(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Uses the Zoom simulator's control API."""
        return await self._ok("zoom", method, f"/control/{path}", body)

    async def meetings(self) -> list[dict[str, Any]]:
        """Returns the meetings that were made at Zoom; personal rooms are always there and do not count."""
        found = (await self.zoom("GET", "meetings"))["meetings"]
        return [meeting for meeting in found if meeting["id"] != meeting["pmi"]]

    async def connect(self, *, user: str = ADA, zoom_user_id: str = ADA_AT_ZOOM, channel: str = "") -> Page:
        """Types `/zoom`, clicks "Authorize Zoom" and consents; in a conversation of its own where none is named."""
        answer = await self.type("", user=user, channel=channel or await self.conversation("private", user))
        async with browser() as person:
            return await person.connect_zoom(link_in(answer["answer"]), zoom_user_id)

    async def fresh_meeting(self, topic: str, *, user: str = ADA, channel: str = GENERAL) -> tuple[str, dict[str, Any]]:
        """Starts a meeting; returns its number and the command's result."""
        before = {str(meeting["id"]) for meeting in await self.meetings()}
        result = await self.type(f"meeting {topic}", user=user, channel=channel)
        if is_asked(result["answer"]):
            await self.start_another(user=user, channel=channel)
            await eventually(self.meetings, lambda meetings: len(meetings) > len(before))
        [number] = {str(meeting["id"]) for meeting in await self.meetings()} - before
        return number, result

    async def start_another(self, *, user: str, channel: str) -> None:
        """Answers the question whether to join the meeting that began a moment ago."""
        found = await self.messages(user=user, channel=channel)
        question = next(message for message in reversed(found) if is_asked(message))
        await self.press("zoom_start_another", question, user=user, channel=channel)

    async def press(
        self, action_id: str, message: dict[str, Any], *, user: str = ADA, channel: str = GENERAL
    ) -> dict[str, Any]:
        """Presses a button of a message; returns the `status` of the app's answer and the `url` that is opened."""
        body = {"user_id": user, "channel_id": channel, "ts": message["ts"], "action_id": action_id}
        result: dict[str, Any] = await self.slack("POST", "actions", body)
        assert result["error"] is None, result
        return result

    async def conversation(self, kind: str = "public", *members: str) -> str:
        """Makes a fresh conversation, of Ada and Grace where nobody is named; returns its id."""
        made = await self.slack("POST", "channels", {"kind": kind, "members": members or (ADA, GRACE)})
        return str(made["id"])

    async def fresh_meeting_when_up(self, topic: str, *, channel: str) -> tuple[str, dict[str, Any]]:
        """Starts a meeting as soon as the system answers again."""
        await eventually(lambda: self.type("help", channel=channel), lambda result: result["error"] is None)

        async def ready() -> int:
            try:
                return (await self.system.get("edge", "/readyz"))[0]
            except aiohttp.ClientError:
                return 0

        await eventually(ready, lambda status: status == 200)
        return await self.fresh_meeting(topic, channel=channel)

    async def _ok(self, name: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        status, answer = await self.system.exchange(method, name, path, body)
        assert 200 <= status < 300, f"{method} {path}: {status} {answer}"
        return answer


def names(card: dict[str, Any]) -> set[str]:
    """Returns who is on a card: by Slack id where Slack knows the person, by name where not."""
    return {person.get("slack_id") or person["display_name"] for person in card.get("users") or []}


def ended(card: dict[str, Any]) -> bool:
    """Tells whether a card says that its meeting is over."""
    return bool(card.get("date_end"))


def digits(text: str) -> str:
    """Returns a meeting id without what groups its digits."""
    return re.sub(r"\D", "", text)


def written(message: dict[str, Any]) -> str:
    """Returns everything that a message says."""
    return f"{message['text']}\n{message['blocks']}"


def is_asked(answer: dict[str, Any]) -> bool:
    """Tells whether an answer asks if the meeting that began a moment ago is to be joined instead."""
    return "zoom_start_another" in str(answer)


def is_promised(result: dict[str, Any]) -> bool:
    """Tells whether a command was answered with its meeting, or with word that it comes."""
    answer = result["answer"] or {}
    return answer.get("response_type") == "in_channel" or str(answer.get("text")).startswith("Starting")


def link_in(message: dict[str, Any], action_id: str = "zoom_connect") -> str:
    """Returns the address behind a link button of a message."""
    for block in message.get("blocks", []):
        for element in block.get("elements", []):
            if element.get("action_id") == action_id:
                return str(element["url"])
    raise AssertionError(f"no {action_id} in {message}")


async def eventually(look: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], seconds: float = 15.0) -> T:
    """Looks again and again until what it sees is wanted, and returns it. Raises AssertionError with the last sight."""
    seen = await look()
    for _ in range(int(seconds / 0.1)):
        if wanted(seen):
            return seen
        await asyncio.sleep(0.1)
        seen = await look()
    raise AssertionError(f"not within {seconds} s; last seen: {seen}")
