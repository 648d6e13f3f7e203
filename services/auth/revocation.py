"""Telling Zoom that tokens are no longer wanted.

Whatever is forgotten here would go on working at Zoom, the refresh token for months. So a pair that nobody uses any
more is recorded where it was taken away, and stays recorded until Zoom has been told, or until it is dead by itself: a
restart forgets none. Zoom takes an access token that works and ends the refresh token with it; one that expired has to
be renewed first, only to be revoked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import MeshError
from services.auth.detached import Detached
from services.auth.grants import AppLevel, TokenPair
from services.auth.renewals import LAST_RESORT, GrantEndedError
from services.auth.saving import save_tokens

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Orphan:
    """A pair that nobody uses any more, as it is recorded."""

    revocation_id: str
    """A UUID; empty where the database did not take it."""
    tokens: TokenPair = field(repr=False)
    sealed: bytes = field(default=b"", repr=False)
    """As the row holds it: a row that somebody else has renewed meanwhile holds another pair."""


class TokenEndpoint(Protocol):
    """Where tokens are renewed and revoked (`services.auth.zoom_oauth`)."""

    async def refresh(self, refresh_token: str) -> TokenPair: ...
    async def revoke(self, access_token: str) -> None: ...


class RevocationStore(Protocol):
    """Where pairs are recorded (`services.auth.store_revocations`)."""

    async def add(self, tokens: TokenPair) -> Orphan: ...
    async def take(self) -> tuple[int, list[Orphan]]: ...
    async def renew(self, orphan: Orphan, fresh: TokenPair) -> Orphan: ...
    async def done(self, orphan: Orphan) -> None: ...


class Revocations:
    """Revokes pairs that nobody owns any more, in tasks that no caller's end cancels. One per process."""

    def __init__(
        self, *, store: RevocationStore, zoom: Mapping[AppLevel, TokenEndpoint], clock: Clock, detached: Detached
    ) -> None:
        """`zoom` has the apps that this deployment has: each revokes its own tokens."""
        self._store = store
        self._zoom = zoom
        self._clock = clock
        self._detached = detached

    def begin(self, orphans: Iterable[Orphan]) -> asyncio.Task[None]:
        """Revokes recorded pairs in the background, one after the other: Zoom limits how fast it may be asked.

        What Zoom does not take now is tried again by `sweep`.
        """
        return self._detached.start(self._revoke_all(list(orphans)), "revoke tokens")

    def forget(self, tokens: TokenPair) -> asyncio.Task[None]:
        """Records a pair that is stored nowhere, and revokes it, in the background."""
        return self._detached.start(self._forget(tokens), "revoke tokens")

    async def revoke(self, orphan: Orphan, limit: float) -> None:
        """Revokes a recorded pair and waits for it at most `limit` seconds; the work goes on after them."""
        try:
            await self._detached.wait(self.begin([orphan]), limit)
        except TimeoutError:
            log.info("tokens are forgotten here, Zoom has not answered yet")

    async def sweep(self) -> tuple[int, int]:
        """Revokes some of the recorded pairs whose time has come. Returns how many were due, and how many it tried."""
        due, orphans = await self._store.take()
        await self._revoke_all(orphans)
        return due, len(orphans)

    async def _forget(self, tokens: TokenPair) -> None:
        try:
            orphan = await save_tokens(lambda: self._store.add(tokens), self._clock)
        except MeshError as error:
            log.warning("tokens to revoke are not recorded; they are tried once", extra={"reason": error.reason.value})
            orphan = Orphan("", tokens)
        await self._revoke(orphan)

    async def _revoke_all(self, orphans: list[Orphan]) -> None:
        for orphan in orphans:
            await self._revoke(orphan)

    async def _revoke(self, orphan: Orphan) -> None:
        try:
            if await self._is_told(orphan) and orphan.revocation_id:
                await self._store.done(orphan)
        except MeshError as error:
            log.warning("Zoom was not told yet that tokens are unwanted", extra={"reason": error.reason.value})

    async def _is_told(self, orphan: Orphan) -> bool:
        """Tells Zoom. Returns whether the pair is dead now. Raises MeshError."""
        zoom = self._zoom.get(orphan.tokens.level)
        if zoom is None:
            log.warning(
                "tokens are not revoked: their app is not configured any more", extra={"level": orphan.tokens.level}
            )
            return False
        try:
            if orphan.tokens.expire_time <= self._clock.now() + LAST_RESORT:
                orphan = await self._renew(orphan, await zoom.refresh(orphan.tokens.refresh_token))
            await zoom.revoke(orphan.tokens.access_token)
        except GrantEndedError:
            log.info("tokens to revoke were dead already")
        return True

    async def _renew(self, orphan: Orphan, fresh: TokenPair) -> Orphan:
        if not orphan.revocation_id:
            return Orphan("", fresh)
        return await save_tokens(lambda: self._store.renew(orphan, fresh), self._clock)
