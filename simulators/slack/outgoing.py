"""HTTP from Slack to the app: signed, with a deadline, and noted in the journal of deliveries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import aiohttp

from simulators.slack import exchange
from simulators.slack.clock import SimulatedClock
from simulators.slack.journal import Journal
from simulators.slack.registration import Registration
from simulators.slack.signing import signature_headers

MAX_ANSWER_BYTES = 1_048_576
FORM = exchange.FORM
JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What the app answered. `failure` is Slack's word for why there was no answer (`http_timeout`, …)."""

    status: int | None
    body: bytes = b""
    content_type: str = ""
    no_retry: bool = False
    failure: str | None = None
    elapsed_ms: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """An event that has happened and was not sent yet; `body` says when it happened."""

    event_id: str
    about: str
    body: bytes


class AppClient:
    """Sends signed requests to the app under test."""

    def __init__(self, registration: Registration, clock: SimulatedClock, journal: Journal) -> None:
        self._registration = registration
        self._clock = clock
        self._journal = journal
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self,
        path: str,
        body: bytes,
        content_type: str,
        *,
        about: str,
        headers: Mapping[str, str] | None = None,
        redirects: int = 0,
    ) -> Answer:
        """POST a signed body to a path of the app; `about` names the thing in the journal. Never raises."""
        signed = {
            **signature_headers(self._registration.config.signing_secret, body, self._clock.unmoved()),
            **(headers or {}),
        }
        begun = time.monotonic()
        answer = await self._send(path, body, {"Content-Type": content_type, **signed}, redirects)
        elapsed_ms = int((time.monotonic() - begun) * 1000)
        sent = {"Content-Type": content_type, **(headers or {})}
        self._note(path, about, body, sent, replace(answer, elapsed_ms=elapsed_ms))
        return replace(answer, elapsed_ms=elapsed_ms)

    def note_unsent(self, path: str, event: Prepared, why: str) -> None:
        """Note an event that is not sent: it was `dropped` by a fault, or there was `no_room` for it to wait."""
        self._note(path, event.about, event.body, {"Content-Type": JSON}, Answer(None, failure=why))

    def _note(self, path: str, about: str, body: bytes, headers: Mapping[str, str], answer: Answer) -> None:
        got = answer.status and exchange.answer(answer.status, answer.headers, answer.body)
        members = {
            "time": self._clock.now(),
            "path": path,
            "about": about,
            "status": answer.status,
            "failure": answer.failure,
            "elapsed_ms": answer.elapsed_ms,
            "retry_num": headers.get("X-Slack-Retry-Num"),
            "retry_reason": headers.get("X-Slack-Retry-Reason"),
        }
        sent = exchange.request("POST", path, headers, body, {})
        self._journal.add(about, members, {"request": sent, "response": got}, trouble=answer.failure)

    async def _send(self, path: str, body: bytes, headers: Mapping[str, str], redirects: int) -> Answer:
        url = self._registration.config.app_url.rstrip("/") + path
        try:
            async with asyncio.timeout(self._registration.config.answer_deadline_seconds):
                async with self._open().post(
                    url,
                    data=body,
                    headers=headers,
                    allow_redirects=redirects > 0,
                    max_redirects=redirects + 1,
                ) as response:
                    content = await _read(response)
                    return Answer(
                        response.status,
                        content,
                        response.content_type if content else "",
                        no_retry=response.headers.get("X-Slack-No-Retry") == "1",
                        headers=response.headers,
                    )
        except TimeoutError:
            return Answer(None, failure="http_timeout")
        except aiohttp.TooManyRedirects:
            return Answer(None, failure="too_many_redirects")
        except aiohttp.ClientSSLError:
            return Answer(None, failure="ssl_error")
        except (aiohttp.ClientError, OSError):
            return Answer(None, failure="connection_failed")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No cookies: Slack has none for the app either.
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "Slackbot 1.0 (simulated)"}
            )
        return self._session

    async def close(self) -> None:
        """Close the connections to the app."""
        if self._session is not None:
            await self._session.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = b""
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError("answer too long")
    return content
