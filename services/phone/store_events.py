"""Zoom's facts in the database: recorded with their effect in one transaction, in whatever order and however often."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.slack_user import SlackUser
from services.phone import store_deliveries, store_shown_calls
from services.phone.calls import Call
from services.phone.facts import CLOCKS_DIFFER, DIALLED_WITHIN, CallFact, Disposition, Opened, is_dialled
from services.phone.lines import Line
from services.phone.progress import CallState, Direction, Progress
from services.phone.reconciling import QUIET
from services.phone.rows import call_from, line_from, line_values, progress_from, progress_values, values_of
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
            if not watching and not await _has_calls(connection, zoom_users):
                return Disposition.IGNORED
        now, digest = self._clock.now(), hashlib.sha256(body).hexdigest()
        async with self._database.transaction("record zoom event") as connection:
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

    async def forget_old(self) -> None:
        """Deletes what was recorded long ago, and calls that were prepared and never dialled."""
        now = self._clock.now()
        async with self._database.transaction("forget old events") as connection:
            await connection.execute(delete(zoom_events).where(zoom_events.c.receive_time < now - REMEMBER))
            await connection.execute(
                delete(calls).where(
                    calls.c.state == CallState.PREPARED.value, calls.c.create_time < now - REMEMBER, calls.c.settled
                )
            )


async def apply(
    connection: AsyncConnection, fact: CallFact, watchers: Sequence[Watcher], now: datetime, quiet: timedelta
) -> bool:
    """Applies `fact` to the calls it concerns, which it may make; tells whether there was one.

    The transaction must be alone with the fact's Zoom user (`serialize`).
    """
    rows = await _known(connection, fact)
    if fact.direction is not None:
        new = []
        if not any(row.from_slack for row in rows) and (dialled := await _dialled(connection, fact, now)) is not None:
            new.append(dialled)
        seen = {(row.team_id, row.slack_user_id) for row in [*rows, *new]}
        new += [
            await _watched(connection, watcher, fact, now)
            for watcher in watchers
            if _is_watched(watcher, fact) and (watcher.user.team_id, watcher.user.user_id) not in seen
        ]
        if new:
            fact = await _with_held_transfer(connection, fact)
        rows += new
    for row in rows:
        await learn(connection, row, fact.progress, now, quiet, line=fact.line, name=fact.contact_name)
    return bool(rows)


async def _has_calls(connection: AsyncConnection, zoom_users: Sequence[str]) -> bool:
    followed = exists().where(calls.c.zoom_user_id.in_(zoom_users), calls.c.last_open_time.is_not(None))
    return bool(await connection.scalar(select(followed)))


async def _known(connection: AsyncConnection, fact: CallFact) -> list[Row[Any]]:
    query = select(*calls.c).where(
        calls.c.zoom_user_id == fact.zoom_user_id,
        calls.c.zoom_call_id == fact.zoom_call_id,
        calls.c.zoom_call_id != "",
    )
    if fact.direction is not None:
        query = query.where(calls.c.direction == fact.direction.value)
    return list((await connection.execute(query.order_by(calls.c.call_id).with_for_update())).all())


async def _dialled(connection: AsyncConnection, fact: CallFact, now: datetime) -> Row[Any] | None:
    """Returns the call that was placed from Slack and began with this; None where there is none.

    Where several would do, the first that no call of Zoom's is tied to, the last opened one before others. A link that
    is tied already was dialled once more: that is a call of its own.
    """
    begun = fact.progress.ring_time
    if begun is None:
        return None
    query = (
        select(*calls.c)
        .where(
            calls.c.zoom_user_id == fact.zoom_user_id,
            calls.c.from_slack,
            calls.c.direction == Direction.OUTBOUND.value,
            calls.c.last_open_time >= begun - DIALLED_WITHIN,
            calls.c.first_open_time <= begun + CLOCKS_DIFFER,
        )
        .order_by(calls.c.last_open_time.desc(), calls.c.call_id)
        .with_for_update()
    )
    opened = [
        row
        for row in await connection.execute(query)
        if row.zoom_account_id == fact.zoom_account_id
        and is_dialled(Opened(line_from(row), row.first_open_time, row.last_open_time), fact)
    ]
    row = next((row for row in opened if not row.zoom_call_id), None)
    if row is not None:
        bound = update(calls).where(calls.c.call_id == row.call_id).values(zoom_call_id=fact.zoom_call_id)
        return (await connection.execute(bound.returning(*calls.c))).one()
    if not opened:
        return None
    again = replace(call_from(opened[0]), call_id=str(uuid.uuid4()), create_time=begun, progress=Progress())
    times = {"first_open_time": opened[0].first_open_time, "last_open_time": opened[0].last_open_time}
    return await _add(connection, again, fact, now, times)


def _is_watched(watcher: Watcher, fact: CallFact) -> bool:
    begun, since = fact.progress.ring_time, watcher.since.replace(microsecond=0)  # Zoom tells whole seconds
    return watcher.zoom_user_id == fact.zoom_user_id and begun is not None and begun >= since


async def _watched(connection: AsyncConnection, watcher: Watcher, fact: CallFact, now: datetime) -> Row[Any]:
    """Makes a call that was not placed from Slack, for who wants to see those too."""
    if fact.direction is None:
        raise LookupError("a fact without a direction makes no call")
    call = Call(
        call_id=str(uuid.uuid4()),
        user=watcher.user,
        channel_id="",
        line=fact.line,
        contact_name=fact.contact_name,
        contact_user_id="",
        zoom_user_id=fact.zoom_user_id,
        zoom_account_id=fact.zoom_account_id,
        direction=fact.direction,
        from_slack=False,
        create_time=fact.progress.ring_time or now,
    )
    return await _add(connection, call, fact, now, {})


async def _add(
    connection: AsyncConnection, call: Call, fact: CallFact, now: datetime, times: dict[str, datetime]
) -> Row[Any]:
    added = await connection.execute(
        insert(connection, calls)
        .values(
            **values_of(call),
            request_id=call.call_id,
            fingerprint="",
            zoom_call_id=fact.zoom_call_id,
            reconcile_time=now,
            settled=False,
            **times,
        )
        .returning(*calls.c)
    )
    return added.one()


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
    known = progress_from(row)
    progress = known.joined(told)
    line, name = _filled(line_from(row), line), _fuller(row, name)
    done = progress.state is CallState.ENDED and progress.in_history
    await connection.execute(
        update(calls)
        .where(calls.c.call_id == row.call_id)
        .values(
            **progress_values(progress),
            **line_values(line),
            contact_name=name,
            settled=done,
            reconcile_time=now + quiet,
            reconcile_attempts=0,
        )
    )
    before = (_shown(known), line_from(row), row.contact_name)
    if progress.state is not CallState.PREPARED and (before != (_shown(progress), line, name)):
        await store_deliveries.raise_version(connection, row.team_id, row.call_id, now)


def _shown(progress: Progress) -> Progress:
    """Returns the part of it that people see."""
    return replace(progress, in_history=False, own_number="")


def _filled(known: Line, told: Line) -> Line:
    number = (known.e164, known.national) if known.e164 else (told.e164, told.national)
    return Line(*number, known.extension or told.extension, known.warning)


def _fuller(row: Row[Any], name: str) -> str:
    """Returns the other side's name: as it is known in Slack, else the fullest that Zoom told, whatever came first."""
    if row.contact_slack_user_id:
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
