"""Forgetting links, the tokens that were kept with links nobody completed, and receipts after a year."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from services.auth.grants import TokenPair

log = logging.getLogger(__name__)

BATCH = 500
"""Links that one statement forgets: it holds its locks for a moment only."""
TOKEN_BATCH = 20
"""Pairs that are revoked at once: what is taken from the database and not yet revoked is lost with the process."""


class ConnectLinks(Protocol):
    """The connect links (`services.auth.store_links`)."""

    async def take_tokens(self) -> tuple[int, list[TokenPair]]: ...
    async def purge_links(self) -> int: ...


class InstallLinks(Protocol):
    """The install links (`services.auth.store_installations`)."""

    async def purge_links(self) -> int: ...


class Receipts(Protocol):
    """The receipts of departures (`services.auth.store_departures`)."""

    async def purge(self) -> int: ...


class Revoker(Protocol):
    """Ends pairs that nobody owns (`services.auth.revocation`)."""

    def begin(self, tokens: TokenPair) -> asyncio.Task[None]: ...


class Purge:
    """One round of forgetting. It ends when nothing is left to forget, however much came since the last one."""

    def __init__(
        self, connect_links: ConnectLinks, install_links: InstallLinks, receipts: Receipts, revocations: Revoker
    ) -> None:
        self._connect_links = connect_links
        self._install_links = install_links
        self._receipts = receipts
        self._revocations = revocations

    async def __call__(self) -> None:
        """Revokes what no link will use, then forgets links and receipts."""
        revoked = await _all(self._revoke_some, TOKEN_BATCH)
        links = await _all(self._connect_links.purge_links, BATCH) + await _all(self._install_links.purge_links, BATCH)
        await _all(self._receipts.purge, BATCH)
        if revoked or links:
            log.info("old links forgotten", extra={"links": links, "token_pairs": revoked})

    async def _revoke_some(self) -> int:
        taken, pairs = await self._connect_links.take_tokens()
        tasks = [self._revocations.begin(pair) for pair in pairs]
        if tasks:
            await asyncio.wait(tasks)
        return taken


async def _all(purge: Callable[[], Awaitable[int]], batch: int) -> int:
    """Repeats `purge` until it finds fewer than `batch`. Returns the sum."""
    total = purged = await purge()
    while purged >= batch:
        purged = await purge()
        total += purged
    return total
