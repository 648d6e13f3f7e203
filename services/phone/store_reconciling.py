"""What is to be looked up in Zoom's call history, in the database, and what was found there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, serialize
from mesh.slack_user import SlackUser
from services.phone import store_shown_calls
from services.phone.facts import CLOCKS_DIFFER, DIALLED_WITHIN, CallFact
from services.phone.progress import CallState, Direction, Progress, Result
from services.phone.reconciling import LONGEST, QUIET, Target
from services.phone.store_events import apply, learn
from services.phone.tables import calls, deliveries, shown_calls

_AT_ONCE = 25
"""Facts in one transaction."""


class ReconcilingStore:
    """Calls that are looked up."""

    def __init__(self, database: Database, clock: Clock, *, quiet: timedelta = QUIET) -> None:
        """`quiet` as in `EventStore`."""
        self._database = database
        self._clock = clock
        self._quiet = quiet

    async def claim(self, lease: timedelta) -> Target | None:
        """Takes what has been due longest; nobody else gets it before the lease ends."""
        now = self._clock.now()
        async with self._database.snapshot("look for calls to look up", traced=False) as connection:
            of_call = await connection.scalar(_due_calls(now, calls.c.reconcile_time))
            of_watcher = await connection.scalar(_due_watchers(now, shown_calls.c.reconcile_time))
        if of_call is None and of_watcher is None:
            return None
        claims = [_claim_call, _claim_watcher]
        if of_call is None or (of_watcher is not None and of_watcher < of_call):
            claims.reverse()
        for claim in claims:
            async with self._database.transaction("claim call to look up") as connection:
                if (target := await claim(connection, now, lease)) is not None:
                    return target
        return None

    async def learn(self, target: Target, facts: Sequence[CallFact]) -> int:
        """Applies what the history of one person says; returns of how many calls that was news."""
        since = target.since - CLOCKS_DIFFER
        recent = [fact for fact in facts if fact.progress.ring_time is not None and fact.progress.ring_time >= since]
        if not recent:
            return 0
        async with self._database.snapshot("look for settled calls") as connection:
            settled = await _settled(connection, target, since)
        news = [fact for fact in recent if (fact.zoom_call_id, fact.direction) not in settled]
        # In parts: an event about the same person waits for each, and Zoom waits for the event.
        return sum([await self._learn_some(target, news[at : at + _AT_ONCE]) for at in range(0, len(news), _AT_ONCE)])

    async def _learn_some(self, target: Target, facts: Sequence[CallFact]) -> int:
        now = self._clock.now()

        async def work(connection: AsyncConnection) -> int:
            repaired = 0
            await serialize(connection, "zoom user", target.zoom_user_id)
            watching = () if target.call_id else (target.user,)
            watchers = await store_shown_calls.still(connection, (target.zoom_user_id,), watching)
            for fact in facts:
                before = await _versions(connection, fact)
                await apply(connection, fact, watchers, now, self._quiet)
                repaired += await _versions(connection, fact) != before
            return repaired

        return await self._database.run("apply what was looked up", work)

    async def plan(self, target: Target, due_time: datetime | None, *, counted: bool = True) -> None:
        """Says when it is looked up next, None for never; what came meanwhile has said so already."""
        values: dict[str, Any] = {"settled": True} if due_time is None else {"reconcile_time": due_time}
        async with self._database.transaction("plan look-up") as connection:
            if not target.call_id:
                await connection.execute(
                    update(shown_calls)
                    .where(
                        shown_calls.c.team_id == target.user.team_id,
                        shown_calls.c.slack_user_id == target.user.user_id,
                        shown_calls.c.reconcile_time == target.due_time,
                    )
                    .values(reconcile_time=due_time)
                )
                return
            if counted:
                values["reconcile_attempts"] = calls.c.reconcile_attempts + 1
            await connection.execute(
                update(calls)
                .where(calls.c.call_id == target.call_id, calls.c.reconcile_time == target.due_time)
                .values(values)
            )

    async def give_up(self, target: Target) -> None:
        """Counts a call as ended, unless something was heard of it since it was claimed."""
        now = self._clock.now()
        query = select(*calls.c).where(calls.c.call_id == target.call_id, calls.c.reconcile_time == target.due_time)
        async with self._database.transaction("give up call") as connection:
            row = (await connection.execute(query.with_for_update())).one_or_none()
            if row is None:
                return
            if row.state != CallState.ENDED.value:
                await learn(connection, row, Progress(given_up=True, result=Result.UNKNOWN), now, self._quiet)
            await connection.execute(update(calls).where(calls.c.call_id == target.call_id).values(settled=True))

    async def put_off_account(self, zoom_account_id: str, until: datetime) -> None:
        """Has nobody of an account looked up before `until`."""

        async def work(connection: AsyncConnection) -> None:
            # The tables in the order in which events lock them.
            await connection.execute(
                update(shown_calls)
                .where(
                    shown_calls.c.show_all,
                    shown_calls.c.zoom_account_id == zoom_account_id,
                    shown_calls.c.reconcile_time < until,
                )
                .values(reconcile_time=until)
            )
            await connection.execute(
                update(calls)
                .where(~calls.c.settled, calls.c.zoom_account_id == zoom_account_id, calls.c.reconcile_time < until)
                .values(reconcile_time=until)
            )

        await self._database.run("put off account", work)


def _due_calls(now: datetime, column: Any) -> Any:
    due = select(column).where(~calls.c.settled, calls.c.reconcile_time <= now)
    return due.order_by(calls.c.reconcile_time).limit(1)


def _due_watchers(now: datetime, *columns: Any) -> Any:
    due = select(*columns).where(shown_calls.c.show_all, shown_calls.c.reconcile_time <= now)
    return due.order_by(shown_calls.c.reconcile_time).limit(1)


async def _claim_call(connection: AsyncConnection, now: datetime, lease: timedelta) -> Target | None:
    call_id = await connection.scalar(_due_calls(now, calls.c.call_id).with_for_update(skip_locked=True))
    if call_id is None:
        return None
    claimed = update(calls).where(calls.c.call_id == call_id).values(reconcile_time=now + lease)
    row = (await connection.execute(claimed.returning(*calls.c))).one()
    return Target(
        user=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        zoom_user_id=row.zoom_user_id,
        zoom_account_id=row.zoom_account_id,
        since=row.ring_time or row.first_open_time or row.create_time,
        call_id=row.call_id,
        state=CallState(row.state),
        attempts=row.reconcile_attempts,
        due_time=row.reconcile_time,
    )


async def _claim_watcher(connection: AsyncConnection, now: datetime, lease: timedelta) -> Target | None:
    oldest = _due_watchers(now, *shown_calls.c).with_for_update(skip_locked=True)
    row = (await connection.execute(oldest)).one_or_none()
    if row is None:
        return None
    await connection.execute(
        update(shown_calls)
        .where(shown_calls.c.team_id == row.team_id, shown_calls.c.slack_user_id == row.slack_user_id)
        .values(reconcile_time=now + lease)
    )
    return Target(
        user=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        zoom_user_id=row.zoom_user_id,
        zoom_account_id=row.zoom_account_id,
        # A call that is still on is not in the history yet: the longest is found when it is over.
        since=max(row.update_time, now - LONGEST),
        call_id="",
        state=CallState.PREPARED,
        attempts=0,
        due_time=now + lease,
    )


async def _settled(connection: AsyncConnection, target: Target, since: datetime) -> set[tuple[str, Direction]]:
    """Returns the calls of one person of which nothing is left to learn."""
    query = select(calls.c.zoom_call_id, calls.c.direction).where(
        calls.c.zoom_user_id == target.zoom_user_id,
        calls.c.team_id == target.user.team_id,
        calls.c.slack_user_id == target.user.user_id,
        calls.c.create_time >= since - DIALLED_WITHIN,
        calls.c.settled,
        calls.c.in_history,
    )
    return {(row.zoom_call_id, Direction(row.direction)) for row in await connection.execute(query)}


async def _versions(connection: AsyncConnection, fact: CallFact) -> int:
    """Returns how often the calls of `fact` were to be shown."""
    raised = (
        select(func.coalesce(func.sum(deliveries.c.desired_version), 0))
        .join(calls, calls.c.call_id == deliveries.c.call_id)
        .where(calls.c.zoom_user_id == fact.zoom_user_id, calls.c.zoom_call_id == fact.zoom_call_id)
    )
    return int(await connection.scalar(raised) or 0)
