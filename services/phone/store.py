"""Calls in the database. With `store_departures`: the only SQL of this service."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import Database, insert
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.phone.calls import Call, CallCommand, CallState, PhoneNumber
from services.phone.tables import calls


class CallStore:
    """Keeps calls, one per request of a tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
                    call_id=call.call_id,
                    team_id=call.caller.team_id,
                    enterprise_id=call.caller.enterprise_id,
                    slack_user_id=call.caller.user_id,
                    channel_id=call.channel_id,
                    request_id=command.request_id,
                    fingerprint=command.fingerprint(),
                    phone_number=call.number.e164,
                    national_number=call.number.national,
                    state=call.state.value,
                    create_time=call.create_time,
                )
                .on_conflict_do_nothing(index_elements=["team_id", "request_id"])
            )
            stored = await _find(connection, command)
        if stored is None:
            raise LookupError("a call that was just stored is not there")
        return stored

    async def get(self, call_id: str) -> Call | None:
        """Returns a call by its id alone: the one lookup without a tenant, for links whose signature was checked."""
        async with self._database.snapshot("get call") as connection:
            row = (await connection.execute(select(calls).where(calls.c.call_id == call_id))).one_or_none()
        return None if row is None else _call(row)


async def _find(connection: AsyncConnection, command: CallCommand) -> Call | None:
    query = select(calls).where(calls.c.team_id == command.user.team_id, calls.c.request_id == command.request_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.fingerprint != command.fingerprint():
        raise MeshError(Reason.REQUEST_ID_REUSED)
    return _call(row)


def _call(row: Row[Any]) -> Call:
    return Call(
        call_id=row.call_id,
        caller=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        channel_id=row.channel_id,
        number=PhoneNumber(e164=row.phone_number, national=row.national_number),
        state=CallState(row.state),
        create_time=row.create_time,
    )
