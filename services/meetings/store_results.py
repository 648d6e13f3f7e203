"""Results in the database: where the summary and the recordings of a meeting are shown, and to whom.

In a channel each result is one delivery. In a conversation of two people, which an app never enters, each of them and
everybody else who was there and is known in Slack for sure gets her own, in her own conversation with the app.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from mesh.versions import next_version
from services.meetings import store_deliveries
from services.meetings.deliveries import Kind, NoticeKind, is_direct_message
from services.meetings.store_contents import DELETED
from services.meetings.tables import deliveries, meetings, participant_sessions, recordings


def recording_subject(meeting_id: str, zoom_uuid: str) -> str:
    """Returns what names the recording of one run among the deliveries."""
    return f"{meeting_id}:{zoom_uuid}"


async def show(
    connection: AsyncConnection, keys: KeyRing, meeting: Row[Any], kind: Kind, subject: str, now: datetime
) -> None:
    """Has a result shown as it is now: anew where it is shown already, for the first time where it is not."""
    await show_again(connection, meeting.meeting_id, kind, subject, now)
    await add_missing(connection, keys, meeting, kind, subject, now)


async def show_again(connection: AsyncConnection, meeting_id: str, kind: Kind, subject: str, now: datetime) -> None:
    """Marks a result as changed wherever it is shown. One that was deleted before it was shown is due again."""
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.meeting_id == meeting_id,
            deliveries.c.kind == kind.value,
            or_(
                deliveries.c.subject == subject,
                deliveries.c.subject == subject + "@" + deliveries.c.recipient_slack_user_id,
            ),
        )
        .values(
            **next_version(deliveries, now),
            refused_error=case((deliveries.c.refused_error == DELETED, ""), else_=deliveries.c.refused_error),
        )
    )


async def add_missing(
    connection: AsyncConnection, keys: KeyRing, meeting: Row[Any], kind: Kind, subject: str, now: datetime
) -> None:
    """Adds a result for everybody who does not have it yet."""
    for recipient in await _recipients(connection, meeting):
        await store_deliveries.add(
            connection,
            keys,
            kind=kind,
            subject=f"{subject}@{recipient}" if recipient else subject,
            user=_host(meeting),
            channel_id=meeting.channel_id,
            meeting_id=meeting.meeting_id,
            response_url="",
            command_time=now,
            now=now,
            command_origin=meeting.command_origin,
            recipient=recipient,
            slack_thread_ts="" if recipient else meeting.slack_thread_ts,
        )


async def add_for_newly_linked(connection: AsyncConnection, keys: KeyRing, meeting_id: str, now: datetime) -> None:
    """Adds the results of a meeting for those who became known in Slack after them. Repeating adds nothing.

    To be called by whatever finds out who an attendee is, after it stored that.
    """
    meeting = (
        await connection.execute(select(*meetings.c).where(meetings.c.meeting_id == meeting_id).with_for_update())
    ).one_or_none()
    if meeting is None or meeting.erase_time is not None or not is_direct_message(meeting.channel_id):
        return
    if meeting.host_is_basic or meeting.end_time is None:
        return
    await add_missing(connection, keys, meeting, Kind.SUMMARY, meeting_id, now)
    made = await connection.scalars(
        select(recordings.c.zoom_uuid).where(
            recordings.c.meeting_id == meeting_id, recordings.c.digest != "", recordings.c.deleted.is_(False)
        )
    )
    for zoom_uuid in made.all():
        await add_missing(connection, keys, meeting, Kind.RECORDING, recording_subject(meeting_id, zoom_uuid), now)


async def notify_host(
    connection: AsyncConnection, keys: KeyRing, meeting: Row[Any], kind: NoticeKind, now: datetime
) -> None:
    """Tells the host something, once for ever: about her plan once, about a conversation once for each."""
    parts = [kind.value, meeting.slack_user_id]
    if kind is NoticeKind.INVITE_APP:
        parts.append(meeting.channel_id)
    await _tell_host(connection, keys, meeting, Kind.NOTICE, ":".join(parts), now)


async def tell_of_declined_call(
    connection: AsyncConnection, keys: KeyRing, meeting: Row[Any], guest_id: str, now: datetime
) -> None:
    """Tells the host that somebody declined the call of her meeting, once of each person."""
    await _tell_host(connection, keys, meeting, Kind.DECLINED, f"{meeting.meeting_id}:{guest_id}", now)


async def _tell_host(
    connection: AsyncConnection, keys: KeyRing, meeting: Row[Any], kind: Kind, subject: str, now: datetime
) -> None:
    await store_deliveries.add(
        connection,
        keys,
        kind=kind,
        subject=subject,
        user=_host(meeting),
        channel_id=meeting.channel_id,
        meeting_id=meeting.meeting_id,
        response_url="",
        command_time=now,
        now=now,
        command_origin=meeting.command_origin,
        recipient=meeting.slack_user_id,
    )


async def _recipients(connection: AsyncConnection, meeting: Row[Any]) -> list[str]:
    """Returns in whose conversations with the app a result is shown; one empty name stands for the channel."""
    if not is_direct_message(meeting.channel_id):
        return [""]
    linked = await connection.scalars(
        select(participant_sessions.c.slack_user_id)
        .where(
            participant_sessions.c.meeting_id == meeting.meeting_id,
            participant_sessions.c.slack_user_id.not_in(["", meeting.slack_user_id]),
            participant_sessions.c.link_due.is_(False),  # known for sure, so not somebody who was erased meanwhile
        )
        .distinct()
    )
    return [meeting.slack_user_id, *sorted(linked)]


def _host(meeting: Row[Any]) -> SlackUser:
    return SlackUser(meeting.enterprise_id, meeting.team_id, meeting.slack_user_id)
