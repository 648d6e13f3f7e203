"""Recordings in the database: one row for each run, filled in by whatever is heard of it, in any order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import insert
from mesh.sealing import KeyRing
from services.meetings import store_results
from services.meetings.deliveries import Kind
from services.meetings.events import RecordingCompleted, RecordingEvent, RecordingRecovered, RecordingRemoved
from services.meetings.recordings import FileNews, Files, changed, is_deleted
from services.meetings.tables import recordings


async def apply(
    connection: AsyncConnection, keys: KeyRing, meeting: Row[Any], event: RecordingEvent, now: datetime
) -> bool:
    """Applies what is heard of a recording to a meeting that the caller locked; tells whether Slack has to show it."""
    known = await _known(connection, meeting.meeting_id, event.instance.zoom_uuid)
    there = not isinstance(event, RecordingRemoved)
    files = changed(_files(known), event.file_ids, event.send_time, there=there)
    row: dict[str, Any] = {"files": json.dumps({i: asdict(news) for i, news in files.items()})}
    row["deleted"] = is_deleted(files)
    row |= _content(keys, meeting, known, event)
    await _save(connection, meeting.meeting_id, event.instance.zoom_uuid, row)
    if (row["digest"], row["deleted"]) == (_digest(known), known is not None and known.deleted) or not row["digest"]:
        return False
    subject = store_results.recording_subject(meeting.meeting_id, event.instance.zoom_uuid)
    if row["deleted"]:
        await store_results.show_again(connection, meeting.meeting_id, Kind.RECORDING, subject, now)
    elif not meeting.host_is_basic:
        await store_results.show(connection, keys, meeting, Kind.RECORDING, subject, now)
    return True


async def _known(connection: AsyncConnection, meeting_id: str, zoom_uuid: str) -> Row[Any] | None:
    rows = await connection.execute(
        select(*recordings.c).where(recordings.c.meeting_id == meeting_id, recordings.c.zoom_uuid == zoom_uuid)
    )
    return rows.one_or_none()


def _files(known: Row[Any] | None) -> Files:
    return {} if known is None else {i: FileNews(**news) for i, news in json.loads(known.files).items()}


def _digest(known: Row[Any] | None) -> str:
    return "" if known is None else str(known.digest)


def _content(keys: KeyRing, meeting: Row[Any], known: Row[Any] | None, event: RecordingEvent) -> dict[str, Any]:
    """Returns link and passcode, the newest that Zoom sent. One that came back lacks its passcode: the last resort."""
    match event:
        case RecordingCompleted():
            older = known is not None and known.content_time is not None and known.content_time > event.send_time
            fresh, play_url, passcode = not older, event.play_url, event.passcode
        case RecordingRecovered() if event.play_url:
            fresh, play_url, passcode = not _digest(known), event.play_url, ""
        case _:
            fresh, play_url, passcode = False, "", ""
    if not fresh:
        columns = ("play_url_sealed", "passcode_sealed", "digest", "content_time")
        empty = {"play_url_sealed": b"", "passcode_sealed": b"", "digest": "", "content_time": None}
        return empty if known is None else {column: getattr(known, column) for column in columns}
    place = (meeting.team_id, meeting.meeting_id)
    return {
        "play_url_sealed": keys.seal_text(play_url, "recordings.play_url", *place),
        "passcode_sealed": keys.seal_text(passcode, "recordings.passcode", *place),
        "digest": hashlib.sha256(f"{play_url}\x00{passcode}".encode()).hexdigest(),
        "content_time": event.send_time if isinstance(event, RecordingCompleted) else None,
    }


async def _save(connection: AsyncConnection, meeting_id: str, zoom_uuid: str, row: dict[str, Any]) -> None:
    statement = insert(connection, recordings).values(meeting_id=meeting_id, zoom_uuid=zoom_uuid, **row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["meeting_id", "zoom_uuid"], set_=row))
