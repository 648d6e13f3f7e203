"""Calls in the database: placing them, opening their links, reading them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.errors import MeshError, Reason
from mesh.origins import origin
from mesh.slack_user import SlackUser
from services.phone.calls import Call, CallCommand
from services.phone.progress import CallState, Direction, Result
from services.phone.reconciling import QUIET
from services.phone.rows import call_from, values_of
from services.phone.tables import calls


@dataclass(frozen=True)
class Filter:
    """Which calls of a person are wanted. None: all."""

    begin_time: datetime | None = None
    end_time: datetime | None = None
    direction: Direction | None = None
    result: Result | None = None


class CallStore:
    """Keeps calls, one per request of a tenant."""

    def __init__(self, database: Database, clock: Clock, *, quiet: timedelta = QUIET) -> None:
        """`quiet` is how long after the last that was heard of a call Zoom is asked about it."""
        self._database = database
        self._clock = clock
        self._quiet = quiet

    async def find(self, command: CallCommand) -> Call | None:
        """Returns the call that this command made earlier, or None.

        Raises MeshError(REQUEST_ID_REUSED) when its request id belongs to another command.
        """
        async with self._database.snapshot("find call") as connection:
            return await _find(connection, command)

    async def add(self, command: CallCommand, call: Call) -> Call:
        """Stores `call`, unless the command has made one meanwhile, and returns the one that counts.

        Raises MeshError as `find` does.
        """
        async with self._database.transaction("add call") as connection:
            await connection.execute(
                insert(connection, calls)
                .values(
                    **values_of(call),
                    request_id=command.request_id,
                    fingerprint=command.fingerprint(),
                    settled=True,
                    command_origin=origin(),
                )
                .on_conflict_do_nothing(index_elements=["team_id", "request_id"])
            )
            stored = await _find(connection, command)
        if stored is None:
            raise LookupError("a call that was just stored is not there")
        return stored

    async def open(self, call_id: str, opening_id: str) -> tuple[Call, bool] | None:
        """Records that the link of a call was opened; returns the call, and whether another opening was before.

        An empty `opening_id` is another one each time. None where there is no such call.

        By its id alone, without a tenant: for links whose signature was checked.
        """
        now = self._clock.now()
        async with self._database.transaction("open call link") as connection:
            query = select(calls.c.first_open_time, calls.c.first_opening_id).where(calls.c.call_id == call_id)
            before = (await connection.execute(query.with_for_update())).one_or_none()
            is_first = before is None or before.first_open_time is None
            opened = await connection.execute(
                update(calls)
                .where(calls.c.call_id == call_id, calls.c.erase_time.is_(None))
                .values(
                    first_open_time=func.coalesce(calls.c.first_open_time, now),
                    first_opening_id=opening_id if is_first else calls.c.first_opening_id,
                    last_open_time=now,
                    reconcile_time=now + self._quiet,
                    reconcile_attempts=0,
                    # One from before it was known who the caller is at Zoom cannot be looked for.
                    settled=calls.c.zoom_user_id == "",
                )
                .returning(*calls.c)
            )
            row = opened.one_or_none()
        if row is None:
            return None
        return call_from(row), not is_first and (not opening_id or row.first_opening_id != opening_id)

    async def get(self, user: SlackUser, call_id: str) -> Call:
        """Returns a call of `user`. Raises MeshError(CALL_NOT_FOUND)."""
        query = select(*calls.c).where(_of(user), calls.c.call_id == call_id)
        async with self._database.snapshot("get call") as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise MeshError(Reason.CALL_NOT_FOUND)
        return call_from(row)

    async def belongs_elsewhere(self, user: SlackUser, call_id: str) -> bool:
        """Tells whether another workspace than that of `user` has this call, and nothing else about it.

        By the call's id alone and not by the tenant first: whose it is, is the question. It is asked for another
        team's program whose answer was CALL_NOT_FOUND, so that reaching for other tenants is refused and noted.
        """
        query = select(calls.c.team_id != user.team_id).where(calls.c.call_id == call_id, calls.c.erase_time.is_(None))
        async with self._database.snapshot("look whose call it is") as connection:
            return bool(await connection.scalar(query))

    async def list_of(
        self, user: SlackUser, wanted: Filter, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Call]:
        """Returns up to `limit` calls of `user`, the newest first, from after the position `before`."""
        query = (
            select(*calls.c)
            .where(_of(user), *_matching(wanted))
            .order_by(calls.c.create_time.desc(), calls.c.call_id.desc())
            .limit(limit)
        )
        if before is not None:
            earlier = and_(calls.c.create_time == before[0], calls.c.call_id < before[1])
            query = query.where(or_(calls.c.create_time < before[0], earlier))
        async with self._database.snapshot("list calls") as connection:
            return [call_from(row) for row in await connection.execute(query)]


def _of(user: SlackUser) -> Any:
    return and_(calls.c.team_id == user.team_id, calls.c.slack_user_id == user.user_id, calls.c.erase_time.is_(None))


def _matching(wanted: Filter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.begin_time is not None:
        conditions.append(calls.c.create_time >= wanted.begin_time)
    if wanted.end_time is not None:
        conditions.append(calls.c.create_time < wanted.end_time)
    if wanted.direction is not None:
        conditions.append(calls.c.direction == wanted.direction.value)
    if wanted.result is not None:
        # While a call goes on again (it rang elsewhere) it has a result and no end.
        conditions += [calls.c.result == wanted.result.value, calls.c.state == CallState.ENDED.value]
    return conditions


async def _find(connection: AsyncConnection, command: CallCommand) -> Call | None:
    query = select(*calls.c).where(calls.c.team_id == command.user.team_id, calls.c.request_id == command.request_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.fingerprint != command.fingerprint():
        raise MeshError(Reason.REQUEST_ID_REUSED)
    return call_from(row)
