"""Leaving: who goes, what goes with them, and the proof.

Whatever the way out (a logout, a removal at Zoom, a removal at Slack), auth deletes what it holds and records a
departure in the same transaction. The services that hold personal data work departures off and report how much they
erased; the record with these reports is the receipt. Events come late and in any order: what is newer than the event
stays, as somebody may have come back meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from mesh.departed import Departed
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.grants import ZoomPlan
from services.auth.revocation import Orphan, Revocations

log = logging.getLogger(__name__)


class Cause(StrEnum):
    """Why somebody left."""

    LOGGED_OUT = "logged_out"
    ZOOM_DEAUTHORIZED = "zoom_deauthorized"
    ZOOM_USER_GONE = "zoom_user_gone"
    SLACK_UNINSTALLED = "slack_uninstalled"


class Eraser(StrEnum):
    """The services that hold personal data beside auth."""

    MEETINGS = "meetings"
    PHONE = "phone"


@dataclass(frozen=True)
class Erasure:
    """What one service erased."""

    eraser: Eraser | None
    """None is auth itself."""
    erased_rows: int
    complete_time: datetime | None
    """None while it is still to come."""


@dataclass(frozen=True)
class Receipt:
    """The proof of a departure."""

    departed: Departed
    cause: Cause
    record_time: datetime
    erasures: tuple[Erasure, ...]


@dataclass(frozen=True)
class ZoomUserLeft:
    """A person removed the user-managed app, or is no user of her account any more."""

    zoom_user_id: str
    time: datetime
    cause: Cause


@dataclass(frozen=True)
class ZoomAccountLeft:
    """An administrator removed the admin-managed app."""

    zoom_account_id: str
    time: datetime


@dataclass(frozen=True)
class ZoomPlanChanged:
    """A Zoom user got another plan."""

    zoom_user_id: str
    plan: ZoomPlan
    time: datetime


ZoomFact = ZoomUserLeft | ZoomAccountLeft | ZoomPlanChanged


@dataclass(frozen=True)
class SlackLeft:
    """The app was removed from a workspace or an organisation, or lost its access to a workspace of one."""

    enterprise_id: str
    team_id: str
    """Empty for a whole organisation."""
    time: datetime
    """By Slack's clock, in whole seconds."""
    access_only: bool = False
    """The organisation keeps the app; only this workspace is out."""


@dataclass(frozen=True)
class Left:
    """What a fact came to. `orphans` are pairs that nobody uses any more, recorded until Zoom knows."""

    departures: int = 0
    orphans: list[Orphan] = field(default_factory=list, repr=False)


class DepartureStore(Protocol):
    """Where departures are recorded (`services.auth.store_departures`), each with what goes in one transaction."""

    async def zoom_user_left(self, fact: ZoomUserLeft) -> Left: ...
    async def zoom_account_left(self, fact: ZoomAccountLeft) -> Left: ...
    async def zoom_plan_changed(self, fact: ZoomPlanChanged) -> None: ...
    async def slack_left(self, fact: SlackLeft) -> Left: ...


class ReceiptStore(Protocol):
    """Where receipts are kept (`services.auth.store_receipts`)."""

    async def pending(self, eraser: Eraser, limit: int, but: Sequence[str]) -> list[Departed]: ...
    async def complete(self, eraser: Eraser, departure_id: str, erased_rows: int) -> bool: ...
    async def receipts(self, user: SlackUser, *, before: tuple[datetime, str] | None, limit: int) -> list[Receipt]: ...


class Departures:
    """Departures and their receipts. One per process."""

    def __init__(self, store: DepartureStore, receipts: ReceiptStore, revocations: Revocations) -> None:
        self._store = store
        self._receipts = receipts
        self._revocations = revocations

    async def from_zoom(self, fact: ZoomFact | None) -> int:
        """Carries out what Zoom told. Returns how many departures it recorded; None is of no interest."""
        match fact:
            case ZoomUserLeft():
                return self._done(await self._store.zoom_user_left(fact))
            case ZoomAccountLeft():
                return self._done(await self._store.zoom_account_left(fact))
            case ZoomPlanChanged():
                await self._store.zoom_plan_changed(fact)
        return 0

    async def from_slack(self, facts: list[SlackLeft]) -> int:
        """Carries out what Slack told. Returns how many departures it recorded."""
        return sum([self._done(await self._store.slack_left(fact)) for fact in facts])

    async def pending(self, eraser: Eraser, limit: int, but: Sequence[str] = ()) -> list[Departed]:
        """Returns what one service has not erased yet, the oldest first, without the departures `but`."""
        return await self._receipts.pending(eraser, limit, but)

    async def complete(self, eraser: Eraser, departure_id: str, erased_rows: int) -> None:
        """Records one service's erasure; the first report counts. Raises MeshError(DEPARTURE_NOT_FOUND)."""
        if not await self._receipts.complete(eraser, departure_id, erased_rows):
            raise MeshError(Reason.DEPARTURE_NOT_FOUND)

    async def receipts(self, user: SlackUser, *, before: tuple[datetime, str] | None, limit: int) -> list[Receipt]:
        """Returns the receipts of the person's workspace, the newest first, after the position `before`."""
        return await self._receipts.receipts(user, before=before, limit=limit)

    def _done(self, left: Left) -> int:
        if left.departures:
            log.info("left", extra={"departures": left.departures, "token_pairs": len(left.orphans)})
        if left.orphans:
            self._revocations.begin(left.orphans)
        return left.departures
