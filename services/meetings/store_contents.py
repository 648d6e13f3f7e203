"""What a delivery shows, read from the database at the moment at which it is leased."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.errors import MeshError, Reason
from mesh.sealing import KeyRing
from services.meetings.attendance import Host, attendees, present
from services.meetings.deliveries import Card, Content, Failure, Kind, Notice, NoticeKind, Recording, Summary
from services.meetings.meeting import Meeting
from services.meetings.rows import host_key_from, meeting_from, sessions_of
from services.meetings.tables import deliveries, meetings, recordings

GONE, DELETED = "gone", "deleted"


class NothingToShowError(Exception):
    """There is nothing to show: GONE where it was erased, DELETED where its owner deleted it before it was shown."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


async def failure_told(connection: AsyncConnection, team_id: str, request_id: str) -> MeshError | None:
    """Returns why a request came to nothing, as its person is told; None where nothing is kept of it any more."""
    row = (
        await connection.execute(
            select(deliveries.c.failure_reason, deliveries.c.failure_metadata).where(
                deliveries.c.team_id == team_id,
                deliveries.c.kind == Kind.FAILURE.value,
                deliveries.c.subject == request_id,
            )
        )
    ).one_or_none()
    return None if row is None else MeshError(Reason(row.failure_reason), json.loads(row.failure_metadata))


async def content_of(connection: AsyncConnection, keys: KeyRing, row: Row[Any]) -> Content:
    """Returns what the delivery in `row` shows as it is now. Raises NothingToShowError, SealError."""
    kind = Kind(row.kind)
    if kind is Kind.FAILURE:
        return Failure(row.failure_reason, json.loads(row.failure_metadata))
    found = (await connection.execute(select(*meetings.c).where(meetings.c.meeting_id == row.meeting_id))).one_or_none()
    if found is None:
        raise NothingToShowError(GONE)
    meeting = meeting_from(found, keys)
    if kind is Kind.NOTICE:
        return Notice(NoticeKind(row.subject.partition(":")[0]), meeting)
    if kind is Kind.DECLINED:
        return Notice(NoticeKind.CALL_DECLINED, meeting, row.subject.removeprefix(f"{row.meeting_id}:"))
    if kind is Kind.RECORDING:
        return await _recording(connection, keys, row, meeting)
    sessions = await sessions_of(connection, row.meeting_id)
    host = Host(found.zoom_host_id, found.slack_user_id)
    if kind is Kind.SUMMARY:
        return Summary(meeting, attendees(sessions, host))
    return Card(
        meeting,
        () if meeting.end_time is not None else present(sessions, host),
        "" if row.delivered_version else host_key_from(found, keys),
    )


async def _recording(connection: AsyncConnection, keys: KeyRing, row: Row[Any], meeting: Meeting) -> Recording:
    run = row.subject.removeprefix(f"{row.meeting_id}:").removesuffix(f"@{row.recipient_slack_user_id}")
    found = (
        await connection.execute(
            select(*recordings.c).where(recordings.c.meeting_id == row.meeting_id, recordings.c.zoom_uuid == run)
        )
    ).one_or_none()
    if found is None:
        raise NothingToShowError(GONE)
    if found.deleted:
        if not row.delivered_version:
            raise NothingToShowError(DELETED)
        return Recording(meeting, "", "", deleted=True)
    place = (row.team_id, row.meeting_id)
    return Recording(
        meeting,
        keys.open_text(found.play_url_sealed, "recordings.play_url", *place),
        keys.open_text(found.passcode_sealed, "recordings.passcode", *place),
    )
