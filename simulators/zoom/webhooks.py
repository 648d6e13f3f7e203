"""Delivery of webhooks as Zoom does it: signed, three seconds for the answer, three retries, at least once.

Events of one meeting are first tried one after the other, so that a quiet run is orderly. Nothing else is promised,
and the faults (copies, loss, shuffling, holding) take even that away.
"""

import asyncio
import hmac
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from heapq import heappop, heappush

import aiohttp

from simulators.zoom.changes import Changes
from simulators.zoom.clock import SimulatedClock
from simulators.zoom.config import AppLevel, ZoomApp, ZoomConfig
from simulators.zoom.deliveries import Attempt, Delivery, WebhookFaults
from simulators.zoom.ids import Ids
from simulators.zoom.registry import Registry

RETRY_DELAYS_SECONDS = (5 * 60, 20 * 60, 60 * 60)
MAX_WAITING = 5_000
"""How many webhooks may be held, late, or to be tried again."""
_KEPT_DELIVERIES = 20_000
_ANSWER_LIMIT_BYTES = 64 * 1024
_PARALLEL_REQUESTS = 32


class Outbox:
    """Sends events to the app's endpoint and keeps a record of every attempt."""

    def __init__(
        self, config: ZoomConfig, registry: Registry, clock: SimulatedClock, ids: Ids, changes: Changes
    ) -> None:
        self.faults = WebhookFaults()
        self._changes = changes
        self._config = config
        self._registry = registry
        self._clock = clock
        self._ids = ids
        self._log: deque[Delivery] = deque(maxlen=_KEPT_DELIVERIES)
        self._held: list[Delivery] = []
        self._tails: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._later: list[tuple[float, int, Delivery]] = []
        self._look_again = asyncio.Event()
        self._slots = asyncio.Semaphore(_PARALLEL_REQUESTS)
        self._session: aiohttp.ClientSession | None = None
        self._seq = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the HTTP client and the retry timer; at exit drop what was not delivered."""
        timeout = aiohttp.ClientTimeout(total=self._config.webhook_timeout_seconds)
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            self._session = session
            timer = asyncio.create_task(self._run_later())
            try:
                yield
            finally:
                leftover = [timer, *self._sending]
                for task in leftover:
                    task.cancel()
                await asyncio.gather(*leftover, return_exceptions=True)
                self._session = None

    def emit(self, level: AppLevel, event: str, subject: str, body: bytes) -> None:
        """Queue one event for one app."""
        delivery = self._record(level, event, subject, body)
        if self.faults.hold and self._has_room(delivery):
            delivery.state = "held"
            self._held.append(delivery)
        elif not self.faults.hold:
            self._dispatch(delivery)

    async def release(self) -> int:
        """Send what was held, with copies and shuffling applied, and wait until all were answered once.

        Returns the number of events released, copies not counted.
        """
        held, self._held = self._held, []
        count = len(held)
        if self.faults.shuffle:
            self._ids.shuffle(held)
        for delivery in held:
            delivery.state = "queued"
            self._dispatch(delivery)
        await self.idle()
        return count

    async def idle(self) -> None:
        """Wait until nothing is on its way. What is held, or has its time yet to come, does not count."""
        self.send_due()
        while self._sending:
            await asyncio.wait(self._sending)

    async def send_raw(
        self, app: ZoomApp, body: bytes, *, event: str = "(raw)", signature: str = "good", timestamp: int | None = None
    ) -> Attempt:
        """Send these bytes once, now, with a good, bad or missing signature, and hand back the answer."""
        delivery = self._record(app.level, event, "", body)
        attempt = await self._post(delivery, signature=signature, timestamp=timestamp)
        delivery.attempts.append(attempt)
        delivery.state = "delivered" if attempt.status in {200, 204} else "refused"
        return attempt

    def counts(self) -> dict[str, int]:
        """What is still to do."""
        delayed = sum(not delivery.attempts for _, _, delivery in self._later)
        retrying = len(self._later) - delayed
        return {"sending": len(self._sending), "held": len(self._held), "delayed": delayed, "retrying": retrying}

    def deliveries(self) -> Sequence[Delivery]:
        """Every delivery that is kept, oldest first."""
        return self._log

    def log(self) -> list[dict[str, object]]:
        """Every delivery with its attempts, oldest first. Bodies and answers stay out: they hold passcodes."""
        return [
            {
                "seq": delivery.seq,
                "app": delivery.level,
                "event": delivery.event,
                "subject": delivery.subject,
                "state": delivery.state,
                "attempts": [
                    {
                        "attempt": number,
                        "status": attempt.status,
                        "error": attempt.error,
                        "elapsed_seconds": round(attempt.elapsed_seconds, 4),
                    }
                    for number, attempt in enumerate(delivery.attempts, start=1)
                ],
            }
            for delivery in self._log
        ]

    def forget(self) -> None:
        """Empty the record."""
        self._log.clear()

    def clear(self) -> None:
        """Forget everything: record, faults, held events, retries to come, and what is on its way."""
        for task in self._sending:
            task.cancel()
        self.faults = WebhookFaults()
        self._tails.clear()
        self._log.clear()
        self._held.clear()
        self._later.clear()

    def send_due(self) -> None:
        """Put the delayed events and the retries whose time has come on their way, as after the clock was moved."""
        while self._later and self._later[0][0] <= self._clock.now():
            _, _, delivery = heappop(self._later)
            if delivery.attempts:
                self._spawn(delivery, None)
            else:
                self._send_in_order(delivery)

    def _record(self, level: AppLevel, event: str, subject: str, body: bytes) -> Delivery:
        self._seq += 1
        delivery = Delivery(self._seq, level, event, subject, body, self._clock.now())
        self._log.append(delivery)
        self._changes.note()
        return delivery

    def _dispatch(self, delivery: Delivery) -> None:
        if self._ids.chance(self.faults.drop_percent):
            delivery.state = "dropped"
            return
        for copy in range(self.faults.copies):
            twin = (
                delivery if copy == 0 else self._record(delivery.level, delivery.event, delivery.subject, delivery.body)
            )
            if delay := self.faults.delay_seconds:
                twin.state = "delayed"
                self._keep_until(self._clock.now() + (self._ids.part_of(delay) if self.faults.shuffle else delay), twin)
            else:
                self._send_in_order(twin)

    def _has_room(self, delivery: Delivery) -> bool:
        """Whether it may wait; where too many do, it is not sent any more, and its state says so."""
        if len(self._held) + len(self._later) < MAX_WAITING:
            return True
        delivery.state = "no_room"
        return False

    def _keep_until(self, due: float, delivery: Delivery) -> None:
        if not self._has_room(delivery):
            return
        heappush(self._later, (due, delivery.seq, delivery))
        self._look_again.set()

    def _send_in_order(self, delivery: Delivery) -> None:
        """After what went before it about the same meeting, unless the faults say otherwise."""
        key = (delivery.level, delivery.subject)
        previous = None if self.faults.shuffle else self._tails.get(key)
        self._tails[key] = self._spawn(delivery, previous)

    def _spawn(self, delivery: Delivery, previous: asyncio.Task[None] | None) -> asyncio.Task[None]:
        async def deliver() -> None:
            if previous is not None:
                await asyncio.wait([previous])
            await self._attempt(delivery)

        task = asyncio.create_task(deliver())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return task

    async def _attempt(self, delivery: Delivery) -> None:
        """Try once; a 5xx or no answer comes back later, every other refusal is final."""
        attempt = await self._post(delivery)
        delivery.attempts.append(attempt)
        failures = len(delivery.attempts)
        if attempt.status in {200, 204}:
            delivery.state = "delivered"
        elif attempt.status is not None and attempt.status < 500:
            delivery.state = "refused"
        elif failures > len(RETRY_DELAYS_SECONDS):
            delivery.state = "lost"
        else:
            delivery.state = "retrying"
            delay = RETRY_DELAYS_SECONDS[failures - 1] * self._config.retry_scale
            self._keep_until(self._clock.now() + delay, delivery)
        self._changes.note()

    async def _post(self, delivery: Delivery, *, signature: str = "good", timestamp: int | None = None) -> Attempt:
        if self._session is None:
            raise RuntimeError("the outbox is not running")
        async with self._slots:
            headers, url = self._headers(delivery, signature, timestamp), self._registry.webhook_url(delivery.level)
            began = time.monotonic()
            try:
                sending = self._session.post(url, data=delivery.body, headers=headers, allow_redirects=False)
                async with sending as answer:
                    body = await _read(answer.content)
                    return Attempt(answer.status, None, time.monotonic() - began, body, headers)
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                return Attempt(None, type(error).__name__, time.monotonic() - began, headers=headers)

    def _headers(self, delivery: Delivery, signature: str, timestamp: int | None) -> dict[str, str]:
        """New for every attempt: time, signature (with the secret as it is now) and tracking id."""
        app = self._registry.app(delivery.level)
        sent_at = str(int(self._clock.wall()) if timestamp is None else timestamp)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Zoom Marketplace/1.0a",
            "clientid": app.client_id,
            "x-zm-request-timestamp": sent_at,
            "x-zm-trackingid": f"WEB_{self._ids.guid()}",
        }
        if signature != "missing":
            right = sign(app.webhook_secret, sent_at, delivery.body)
            headers["x-zm-signature"] = right if signature == "good" else "v0=" + "0" * 64
        return headers

    async def _run_later(self) -> None:
        while True:
            self._look_again.clear()
            self.send_due()
            await self._clock.sleep_until(self._later[0][0] if self._later else math.inf, self._look_again)


async def _read(content: aiohttp.StreamReader) -> bytes:
    """The answer's body, cut at the limit."""
    body = b""
    while len(body) < _ANSWER_LIMIT_BYTES and (chunk := await content.read(_ANSWER_LIMIT_BYTES)):
        body += chunk
    return body[:_ANSWER_LIMIT_BYTES]


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The `x-zm-signature` header: HMAC-SHA256 over `v0:<timestamp>:<raw body>`."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, sha256).hexdigest()
