"""Forgetting what nobody needs: links, tokens that nothing will use, people and accounts left behind, old receipts."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

log = logging.getLogger(__name__)

BATCH = 500
"""Rows that one statement forgets: it holds its locks for a moment only."""


class ConnectLinks(Protocol):
    """The connect links (`services.auth.store_links`)."""

    async def give_up_tokens(self) -> int: ...
    async def purge_links(self) -> int: ...


class InstallLinks(Protocol):
    """The install links (`services.auth.store_installations`)."""

    async def purge_links(self) -> int: ...


class Receipts(Protocol):
    """The receipts of departures (`services.auth.store_receipts`)."""

    async def purge(self) -> int: ...


class Sweeps(Protocol):
    """What nothing serves any more (`services.auth.store_sweeps`)."""

    async def unserved(self) -> int: ...
    async def left_behind(self) -> int: ...
    async def abandoned(self) -> int: ...


class Revoker(Protocol):
    """Ends pairs that nobody owns (`services.auth.revocation`)."""

    async def sweep(self) -> tuple[int, int]: ...


class Purge:
    """One round of forgetting. It ends when nothing is left to forget, however much came since the last one."""

    def __init__(
        self,
        connect_links: ConnectLinks,
        install_links: InstallLinks,
        receipts: Receipts,
        sweeps: Sweeps,
        revocations: Revoker,
    ) -> None:
        self._connect_links = connect_links
        self._install_links = install_links
        self._receipts = receipts
        self._sweeps = sweeps
        self._revocations = revocations

    async def __call__(self) -> None:
        """Forgets, and then revokes what nothing will use any more."""
        await _all(self._connect_links.give_up_tokens)
        links = await _all(self._connect_links.purge_links) + await _all(self._install_links.purge_links)
        await _all(self._receipts.purge)
        people = await _all(self._sweeps.unserved) + await _all(self._sweeps.left_behind)
        accounts = await _all(self._sweeps.abandoned)
        pairs = await self._revoke()
        if links or people or accounts or pairs:
            told = {"links": links, "people": people, "accounts": accounts, "token_pairs": pairs}
            log.info("what nobody needs was forgotten", extra=told)

    async def _revoke(self) -> int:
        """Revokes what is due. A pair that Zoom does not take now is not due again in this round."""
        due, tried = await self._revocations.sweep()
        while due:
            due, more = await self._revocations.sweep()
            tried += more
        return tried


async def _all(purge: Callable[[], Awaitable[int]]) -> int:
    """Repeats `purge` until it finds fewer than a batch. Returns the sum."""
    total = purged = await purge()
    while purged >= BATCH:
        purged = await purge()
        total += purged
    return total
