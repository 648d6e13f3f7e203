"""`python -m services.slack_edge probe URL`: does the whole mesh behind an edge work? Asked with signed requests.

It sends what Slack and Zoom send, signed with their secrets, about a workspace and people that do not exist: each
request is answered from the databases of the services behind the edge, and nothing is kept of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
from pydantic import Field

from mesh.clock import Clock, SystemClock
from mesh.process import EXIT_SETTINGS
from mesh.settings import Secrets, Settings, SettingsError, listed
from services.slack_edge.signatures import SLACK, ZOOM, Scheme, sign

PATIENCE = 60.0
"""Seconds in which everything has to work: a roll-out may still go on."""
_PAUSE = 1.0
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_MAX_ANSWER = 64 * 1024
_NOBODY = "T0PROBE00/U0PROBE00/C0PROBE00"


class ProbeSettings(Settings):
    """What the probe signs with. Of a list of secrets the first one is used."""

    slack_signing_secrets: Secrets = Field(alias="ZOOMSLACK_SLACK_SIGNING_SECRET")
    zoom_user_webhook_secrets: Secrets = Field(alias="ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET")


@dataclass(frozen=True)
class Check:
    """One question: what it shows, and what to look at when the answer is no."""

    shows: str
    otherwise: str
    passes: Callable[[], Awaitable[bool]]


class Probe:
    """Asks an edge at `url`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, settings: ProbeSettings, clock: Clock) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._settings = settings
        self._clock = clock

    def checks(self, person: str) -> Sequence[Check]:
        """Returns the questions. `person` is team, user and channel with slashes between, or empty for nobody."""
        found = [
            Check("the edge refuses what nobody signed", "is this URL the edge's?", self._refuses),
            Check(
                "a command of Slack's gets to auth and its database",
                "401: another signing secret than the edge's. Else: auth's log",
                lambda: self._answers(_NOBODY, {("action_id", "zoom_install")}),
            ),
            Check(
                "an event of Zoom's gets to meetings and its database",
                "401: another webhook secret than the edge's. Else: meetings' log",
                lambda: self._records(_meeting_ended()),
            ),
            Check(
                "an event of Zoom's gets to phone and its database",
                "phone's log",
                lambda: self._records(_call_ended()),
            ),
        ]
        if person:
            shows = "a person's command gets through meetings to auth, and is answered"
            shown = {("action_id", "zoom_connect"), ("type", "call")}  # a question, or the card of the meeting
            found.append(Check(shows, "the logs of meetings and auth", lambda: self._answers(person, shown)))
        return found

    async def run(self, person: str, patience: float = PATIENCE) -> bool:
        """Asks everything, again until `patience` seconds are over; prints a line each. True when all passed."""
        end, passed = self._clock.monotonic() + patience, True
        for check in self.checks(person):
            while not (ok := await check.passes()) and self._clock.monotonic() < end:
                await self._clock.sleep(_PAUSE)
            passed = passed and ok
            print(f"ok      {check.shows}" if ok else f"FAILED  {check.shows}: {check.otherwise}")  # noqa: T201
        return passed

    async def _refuses(self) -> bool:
        status, _ = await self._send("/slack/commands", _command(_NOBODY), "application/x-www-form-urlencoded", {})
        return status == 401

    async def _answers(self, person: str, expected: Set[tuple[str, str]]) -> bool:
        """Sends `/zoom meeting` of a person; the answer has to hold one of `expected`, fields with their values."""
        body = _command(person)
        headers = self._signed(SLACK, self._settings.slack_signing_secrets, body)
        status, answer = await self._send("/slack/commands", body, "application/x-www-form-urlencoded", headers)
        return status == 200 and bool(_fields(answer) & expected)

    async def _records(self, event: Mapping[str, object]) -> bool:
        body = json.dumps(event).encode()
        headers = self._signed(ZOOM, self._settings.zoom_user_webhook_secrets, body)
        status, _ = await self._send("/zoom/webhooks", body, "application/json", headers)
        return status == 200

    def _signed(self, scheme: Scheme, keys: Secrets, body: bytes) -> dict[str, str]:
        return sign(scheme, listed(keys)[0], body, self._clock.now())

    async def _send(self, path: str, body: bytes, content_type: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            async with self._session.post(
                self._url + path, data=body, headers={**headers, "Content-Type": content_type}, allow_redirects=False
            ) as response:
                return response.status, await response.content.read(_MAX_ANSWER)
        except (aiohttp.ClientError, TimeoutError):
            return 0, b""


def _command(person: str) -> bytes:
    team, user, channel = person.split("/")
    form = {"command": "/zoom", "text": "meeting Probe", "trigger_id": f"probe.{secrets.token_hex(8)}"}
    form |= {"team_id": team, "team_domain": "probe", "is_enterprise_install": "false"}
    form |= {"user_id": user, "user_name": "probe", "channel_id": channel, "channel_name": "probe"}
    return urlencode({**form, "response_url": "https://hooks.slack.com/commands/probe"}).encode()


def _meeting_ended() -> dict[str, object]:
    """Returns an event of a host whom nobody knows: it is looked for, and leaves nothing."""
    thing = {"id": "1", "uuid": secrets.token_hex(8), "host_id": "probe", "start_time": "2020-01-01T00:00:00Z"}
    return {"event": "meeting.ended", "event_ts": 0, "payload": {"account_id": "probe", "object": thing}}


def _call_ended() -> dict[str, object]:
    caller = {"user_id": "probe", "phone_number": "+12025550100"}
    times = {"ringing_start_time": "2020-01-01T00:00:00Z", "call_end_time": "2020-01-01T00:00:01Z"}
    thing = {"call_id": secrets.token_hex(8), "caller": caller, "callee": {"phone_number": "+12025550101"}, **times}
    return {"event": "phone.caller_ended", "event_ts": 0, "payload": {"account_id": "probe", "object": thing}}


def _fields(answer: bytes) -> set[tuple[str, str]]:
    """Returns every field of an answer of Slack's form that holds a text, however deep it stands."""
    found: set[tuple[str, str]] = set()
    try:
        json.loads(answer, object_pairs_hook=lambda pairs: found.update(pair for pair in pairs if _is_text(pair[1])))
    except ValueError:
        return set()
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def run(arguments: Sequence[str]) -> int:
    """Runs the command. Returns the exit code: 1 where something does not work, 2 for unusable settings."""
    parser = argparse.ArgumentParser(prog="python -m services.slack_edge probe")
    parser.add_argument("url", help="where the edge is, such as http://127.0.0.1:8080")
    parser.add_argument("--as", dest="person", default="", metavar="TEAM/USER/CHANNEL", help="also /zoom meeting, as")
    parser.add_argument("--patience", type=float, default=PATIENCE, metavar="SECONDS", help="for all of it to work")
    options = parser.parse_args(arguments)
    if options.person and len(options.person.split("/")) != 3:
        parser.error("--as: should be three ids of Slack's with slashes between")
    try:
        settings = ProbeSettings.load(os.environ)
    except SettingsError as error:
        print(*error.problems, sep="\n", file=sys.stderr)  # noqa: T201 (for the person at the terminal)
        return EXIT_SETTINGS
    return 0 if asyncio.run(_probe(options, settings)) else 1


async def _probe(options: argparse.Namespace, settings: ProbeSettings) -> bool:
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        return await Probe(session, options.url, settings, SystemClock()).run(options.person, options.patience)
