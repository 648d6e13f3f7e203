"""Pairs that Zoom is to be told of, kept in memory."""

from __future__ import annotations

from mesh.errors import MeshError, Reason
from services.auth.grants import TokenPair
from services.auth.revocation import Orphan


class MemoryRevocations:
    """What is recorded, by id."""

    def __init__(self) -> None:
        self.kept: dict[str, TokenPair] = {}
        self.failures = 0

    async def add(self, tokens: TokenPair) -> Orphan:
        if self.failures:
            self.failures -= 1
            raise MeshError(Reason.SERVICE_UNAVAILABLE)
        orphan = Orphan(f"r{len(self.kept)}", tokens)
        self.kept[orphan.revocation_id] = tokens
        return orphan

    async def take(self) -> tuple[int, list[Orphan]]:
        return len(self.kept), [Orphan(name, tokens) for name, tokens in self.kept.items()]

    async def renew(self, orphan: Orphan, fresh: TokenPair) -> Orphan:
        self.kept[orphan.revocation_id] = fresh
        return Orphan(orphan.revocation_id, fresh)

    async def done(self, orphan: Orphan) -> None:
        del self.kept[orphan.revocation_id]
