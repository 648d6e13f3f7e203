"""Telling Zoom that tokens are no longer wanted.

Whatever is forgotten here would go on working at Zoom, the refresh token for months. Zoom takes an access token that
works and ends the refresh token with it; one that expired has to be renewed first, only to be revoked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import MeshError
from services.auth.detached import Detached
from services.auth.grants import AppLevel, TokenPair
from services.auth.renewals import LAST_RESORT, GrantEndedError

log = logging.getLogger(__name__)


class TokenEndpoint(Protocol):
    """Where tokens are renewed and revoked (`services.auth.zoom_oauth`)."""

    async def refresh(self, refresh_token: str) -> TokenPair: ...
    async def revoke(self, access_token: str) -> None: ...


class Revocations:
    """Revokes pairs that nobody owns any more, in tasks that no caller's end cancels. One per process."""

    def __init__(self, *, zoom: Mapping[AppLevel, TokenEndpoint], clock: Clock, detached: Detached) -> None:
        """`zoom` has the apps that this deployment has: each revokes its own tokens."""
        self._zoom = zoom
        self._clock = clock
        self._detached = detached

    def begin(self, tokens: TokenPair) -> asyncio.Task[None]:
        """Revokes a pair in the background. It is tried once: what Zoom does not take is logged."""
        return self._detached.start(self._revoke(tokens), "revoke tokens")

    def begin_all(self, pairs: Iterable[TokenPair]) -> asyncio.Task[None]:
        """Revokes many pairs in the background, one after the other: Zoom limits how fast it may be asked."""
        return self._detached.start(self._revoke_all(list(pairs)), "revoke tokens")

    async def revoke(self, tokens: TokenPair, limit: float) -> None:
        """Revokes a pair and waits for it at most `limit` seconds; the work goes on after them."""
        try:
            await self._detached.wait(self.begin(tokens), limit)
        except TimeoutError:
            log.info("tokens are forgotten here, Zoom has not answered yet")

    async def _revoke_all(self, pairs: list[TokenPair]) -> None:
        for tokens in pairs:
            await self._revoke(tokens)

    async def _revoke(self, tokens: TokenPair) -> None:
        zoom = self._zoom.get(tokens.level)
        if zoom is None:
            log.warning(
                "tokens are forgotten here; their app is not configured any more", extra={"level": tokens.level}
            )
            return
        try:
            if tokens.expire_time <= self._clock.now() + LAST_RESORT:
                tokens = await zoom.refresh(tokens.refresh_token)
            await zoom.revoke(tokens.access_token)
        except GrantEndedError:
            log.info("tokens to revoke were dead already")
        except MeshError as error:
            log.warning("tokens are forgotten here, Zoom was not told", extra={"reason": error.reason.value})
