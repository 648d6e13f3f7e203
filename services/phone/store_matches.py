"""Which of the calls in the database one of Zoom's is, and what is stored of those that are none yet.

The transaction must be alone with the Zoom user that a fact is about (`serialize`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import insert
from services.phone import store_deliveries
from services.phone.calls import Call
from services.phone.facts import CLOCKS_DIFFER, DIALLED_WITHIN, CallFact, Opened, is_dialled, nearness
from services.phone.progress import Direction, Progress
from services.phone.rows import call_from, line_from, progress_from, progress_values, values_of
from services.phone.shown_calls import Watcher
from services.phone.tables import calls


async def known(connection: AsyncConnection, fact: CallFact) -> list[Row[Any]]:
    """Returns the calls that are known to be the one that `fact` is about, locked."""
    query = select(*calls.c).where(
        calls.c.zoom_user_id == fact.zoom_user_id,
        calls.c.zoom_call_id == fact.zoom_call_id,
        calls.c.zoom_call_id != "",
    )
    if fact.direction is not None:
        query = query.where(calls.c.direction == fact.direction.value)
    return list((await connection.execute(query.order_by(calls.c.call_id).with_for_update())).all())


async def with_dialled(
    connection: AsyncConnection, rows: list[Row[Any]], fact: CallFact, now: datetime
) -> list[Row[Any]]:
    """Returns `rows` with the call that was placed from Slack and began with this, where there is one.

    Where several would do, the first that no call of Zoom's is tied to. A link that is tied already was dialled once
    more: that is a call of its own. A call that its person is shown anyway, as it was not known where it came from, is
    known to be that one now.
    """
    opened = await _opened(connection, fact)
    if not opened:
        return rows
    link = next((row for row in opened if not row.zoom_call_id), None)
    placed = link or opened[0]
    shown = [row for row in rows if (row.team_id, row.slack_user_id) == (placed.team_id, placed.slack_user_id)]
    others = [row for row in rows if row not in shown]
    if shown and link is None:
        values = {name: getattr(placed, name) for name in _PLACED}
        return [*others, await _changed(connection, shown[0].call_id, {**values, "from_slack": True})]
    if link is not None:
        told = progress_from(link)
        if shown:
            told = told.joined(progress_from(shown[0]))
            await connection.execute(delete(calls).where(calls.c.call_id == shown[0].call_id))
            await store_deliveries.hand_over(connection, shown[0].call_id, link.call_id, now)
        values = {**progress_values(told), "zoom_call_id": fact.zoom_call_id}
        return [*others, await _changed(connection, link.call_id, values)]
    begun = fact.progress.ring_time or now
    again = replace(call_from(placed), call_id=str(uuid.uuid4()), create_time=begun, progress=Progress())
    opened_then = {name: getattr(placed, name) for name in ("first_open_time", "last_open_time", "command_origin")}
    return [*others, await _add(connection, again, fact, now, opened_then)]


_PLACED = (
    *("channel_id", "contact_name", "contact_slack_user_id", "contact_erased"),
    *("first_open_time", "last_open_time", "command_origin"),
)
"""What a call has from where it was placed."""


async def _opened(connection: AsyncConnection, fact: CallFact) -> list[Row[Any]]:
    """Returns the calls whose opened links fit, locked: the last one that was opened before it began to ring first."""
    begun = fact.progress.ring_time
    if begun is None:
        return []
    query = (
        select(*calls.c)
        .where(
            calls.c.zoom_user_id == fact.zoom_user_id,
            calls.c.from_slack,
            calls.c.direction == Direction.OUTBOUND.value,
            calls.c.last_open_time >= begun - DIALLED_WITHIN,
            calls.c.first_open_time <= begun + CLOCKS_DIFFER,
        )
        .order_by(calls.c.call_id)
        .with_for_update()
    )
    fitting = [
        row
        for row in await connection.execute(query)
        if row.zoom_account_id == fact.zoom_account_id
        and is_dialled(Opened(line_from(row), row.first_open_time, row.last_open_time), fact)
    ]
    return sorted(fitting, key=lambda row: nearness(row.first_open_time, row.last_open_time, begun))


async def _changed(connection: AsyncConnection, call_id: str, values: dict[str, Any]) -> Row[Any]:
    changed = update(calls).where(calls.c.call_id == call_id).values(values)
    return (await connection.execute(changed.returning(*calls.c))).one()


async def watched(
    connection: AsyncConnection, watchers: Sequence[Watcher], rows: Sequence[Row[Any]], fact: CallFact, now: datetime
) -> list[Row[Any]]:
    """Makes a call that was not placed from Slack, for each who wants to see those too and does not see it yet."""
    seen = {(row.team_id, row.slack_user_id) for row in rows}
    return [
        await _add(connection, _watched_call(watcher, fact, now), fact, now, {})
        for watcher in watchers
        if _is_watched(watcher, fact) and (watcher.user.team_id, watcher.user.user_id) not in seen
    ]


def _is_watched(watcher: Watcher, fact: CallFact) -> bool:
    begun, since = fact.progress.ring_time, watcher.since.replace(microsecond=0)  # Zoom tells whole seconds
    return watcher.zoom_user_id == fact.zoom_user_id and begun is not None and begun >= since


def _watched_call(watcher: Watcher, fact: CallFact, now: datetime) -> Call:
    if fact.direction is None:
        raise LookupError("a fact without a direction makes no call")
    return Call(
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


async def _add(
    connection: AsyncConnection, call: Call, fact: CallFact, now: datetime, more: dict[str, Any]
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
            **more,
        )
        .returning(*calls.c)
    )
    return added.one()
