"""Zoom's facts in the database: recorded with their effect in one transaction, in whatever order and however often."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.origins import link_current_to
from mesh.slack_user import SlackUser
from services.phone import store_deliveries, store_matches, store_shown_calls
from services.phone.facts import CallFact, Disposition
from services.phone.lines import Line
from services.phone.progress import CallState, Progress
from services.phone.reconciling import QUIET
from services.phone.rows import line_from, line_values, progress_from, progress_values
from services.phone.shown_calls import Watcher
from services.phone.tables import calls, zoom_events

REMEMBER = timedelta(days=7)
"""Longer than Zoom's last retry (85 minutes), and than anybody plays a captured event again."""
_NOBODY = Line()


class EventStore:
    """Events."""

    def __init__(self, database: Database, clock: Clock, *, quiet: timedelta = QUIET) -> None:
        """`quiet` is how long after the last that was heard of a call Zoom is asked about it."""
        self._database = database
        self._clock = clock
        self._quiet = quiet

    async def record(
        self, body: bytes, name: str, facts: Sequence[CallFact], watching: Collection[SlackUser]
    ) -> Disposition:
        """Records an event, with what it says, and what follows from it. Repeating changes nothing.

        `watching` are those who want to see all calls of the Zoom users that it is about, and who they are.
        """
        if not facts:
            return Disposition.IGNORED
        zoom_users = sorted({fact.zoom_user_id for fact in facts})
        async with self._database.snapshot("look for calls") as connection:
            # Most events are of calls that nobody placed from Slack: they leave nothing, and cost no write.
            if not watching and not await _has_calls(connection, zoom_users, self._clock.now()):
                return Disposition.IGNORED
        now, digest = self._clock.now(), hashlib.sha256(body).hexdigest()

        async def work(connection: AsyncConnection) -> Disposition:
            added = await connection.execute(
                insert(connection, zoom_events)
                .values(digest=digest, event=name[:100], receive_time=now)
                .on_conflict_do_nothing()
            )
            if not added.rowcount:
                return Disposition.DUPLICATE
            for zoom_user_id in zoom_users:
                await serialize(connection, "zoom user", zoom_user_id)
            concerned, watchers = False, await store_shown_calls.still(connection, zoom_users, watching)
            for fact in facts:
                found = await apply(connection, fact, watchers, now, self._quiet)
                if not found and fact.direction is None:
                    await _hold_transfer(connection, digest, fact)
                concerned = concerned or found
            return Disposition.APPLIED if concerned else Disposition.IGNORED

        return await self._database.run("record zoom event", work)

    async def forget_old(self) -> None:
        """Deletes what was recorded long ago."""
        now = self._clock.now()
        async with self._database.transaction("forget old events") as connection:
            await connection.execute(delete(zoom_events).where(zoom_events.c.receive_time < now - REMEMBER))


async def apply(
    connection: AsyncConnection, fact: CallFact, watchers: Sequence[Watcher], now: datetime, quiet: timedelta
) -> bool:
    """Applies `fact` to the calls it concerns, which it may make; tells whether there was one.

    The transaction must be alone with the fact's Zoom user (`serialize`).
    """
    rows = await store_matches.known(connection, fact)
    if fact.direction is not None:
        known = len(rows)
        if not any(row.from_slack for row in rows):
            rows = await store_matches.with_dialled(connection, rows, fact, now)
        rows += await store_matches.watched(connection, watchers, rows, fact, now)
        if len(rows) > known or known == 0:
            fact = await _with_held_transfer(connection, fact)
    for row in rows:
        await learn(connection, row, fact.progress, now, quiet, line=fact.line, name=fact.contact_name)
    return bool(rows)


async def _has_calls(connection: AsyncConnection, zoom_users: Sequence[str], now: datetime) -> bool:
    """Tells whether one of these people opened a link in these days."""
    followed = exists().where(calls.c.zoom_user_id.in_(zoom_users), calls.c.last_open_time >= now - REMEMBER)
    return bool(await connection.scalar(select(followed)))


async def learn(
    connection: AsyncConnection,
    row: Row[Any],
    told: Progress,
    now: datetime,
    quiet: timedelta,
    *,
    line: Line = _NOBODY,
    name: str = "",
) -> None:
    """Joins what is known of a call and what was told, and has it shown where that makes a difference."""
    link_current_to(row.command_origin)
    known = progress_from(row)
    progress = known.joined(told)
    line, name = _filled(row, line), _fuller(row, name)
    done = progress.state is CallState.ENDED and progress.in_history
    changed = await connection.execute(
        update(calls)
        # Its person may have left since it was read.
        .where(calls.c.call_id == row.call_id, calls.c.erase_time.is_(None))
        .values(
            **progress_values(progress),
            **line_values(line),
            contact_name=name,
            settled=done,
            reconcile_time=now + quiet,
            reconcile_attempts=0,
        )
    )
    if not changed.rowcount:
        return
    before = (_shown(known), line_from(row), row.contact_name)
    if progress.state is not CallState.PREPARED and (before != (_shown(progress), line, name)):
        await store_deliveries.raise_version(connection, row.team_id, row.call_id, now)


def _shown(progress: Progress) -> Progress:
    """Returns the part of it that people see."""
    return replace(progress, in_history=False, own_number="")


def _filled(row: Row[Any], told: Line) -> Line:
    """Returns the other side with what was told: where two tell different numbers, always the same of the two."""
    known = line_from(row)
    if row.from_slack and known.e164:
        e164, national = known.e164, known.national
    elif told.e164 or known.e164:
        e164, national = min((one.e164, one.national) for one in (known, told) if one.e164)
    else:
        e164, national = "", known.national
    extensions = (known.extension,) if row.from_slack and known.extension else (known.extension, told.extension)
    return Line(e164, national, min(filter(None, extensions), default=""), known.warning)


def _fuller(row: Row[Any], name: str) -> str:
    """Returns the other side's name: as it is known in Slack, else the fullest that Zoom told, whatever came first."""
    if row.contact_slack_user_id or row.contact_erased:
        return str(row.contact_name)
    return max((str(row.contact_name), name), key=lambda text: (len(text), text))


def _transfer_key(fact: CallFact) -> str:
    return f"{fact.zoom_user_id}|{fact.zoom_call_id}"


async def _hold_transfer(connection: AsyncConnection, digest: str, fact: CallFact) -> None:
    """Keeps in mind that a call was put through: what says which call that is may be late."""
    await connection.execute(
        update(zoom_events).where(zoom_events.c.digest == digest).values(transferred_call=_transfer_key(fact))
    )


async def _with_held_transfer(connection: AsyncConnection, fact: CallFact) -> CallFact:
    held = exists().where(zoom_events.c.transferred_call == _transfer_key(fact))
    if not await connection.scalar(select(held)):
        return fact
    return replace(fact, progress=replace(fact.progress, transferred=True))
