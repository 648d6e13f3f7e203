"""Types to protos. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_protos import user_message
from services.meetings.attendance import Attendee
from services.meetings.changes import Change, ChangeKind, Snapshot
from services.meetings.deliveries import (
    Card,
    Delivered,
    Delivery,
    Failure,
    Notice,
    NoticeKind,
    Recording,
    Summary,
)
from services.meetings.events import Disposition
from services.meetings.meeting import Meeting, MeetingState
from services.meetings.meetings import Started
from services.meetings.requests import RecentMeeting
from services.meetings.schedules import DEFAULT_DURATION, Schedule
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

_STATES = {
    MeetingState.CREATED: pb.MEETING_STATE_CREATED,
    MeetingState.STARTED: pb.MEETING_STATE_STARTED,
    MeetingState.ENDED: pb.MEETING_STATE_ENDED,
}
_NOTICES = {
    NoticeKind.BASIC_PLAN: pb.NOTICE_KIND_BASIC_PLAN,
    NoticeKind.INVITE_APP: pb.NOTICE_KIND_INVITE_APP,
    NoticeKind.CALL_DECLINED: pb.NOTICE_KIND_CALL_DECLINED,
}
DISPOSITIONS = {
    Disposition.APPLIED: pb.EVENT_DISPOSITION_APPLIED,
    Disposition.DUPLICATE: pb.EVENT_DISPOSITION_DUPLICATE,
    Disposition.HELD: pb.EVENT_DISPOSITION_HELD,
    Disposition.IGNORED: pb.EVENT_DISPOSITION_IGNORED,
}


def meeting_message(meeting: Meeting) -> pb.Meeting:
    """Returns the proto of a meeting."""
    return pb.Meeting(
        meeting_id=meeting.meeting_id,
        host=user_message(meeting.host),
        conversation=slack_pb2.SlackConversation(slack_channel_id=meeting.channel_id),
        zoom_meeting_id=meeting.zoom_meeting_id,
        topic=meeting.topic,
        join_url=meeting.join_url,
        passcode=meeting.passcode,
        state=_STATES[meeting.state],
        create_time=timestamp(meeting.create_time),
        start_time=timestamp(meeting.start_time),
        end_time=timestamp(meeting.end_time),
        scheduled_time=None if meeting.schedule is None else timestamp(meeting.schedule.scheduled_time),
        scheduled_duration=None if meeting.schedule is None else duration(meeting.schedule.scheduled_duration),
    )


def started_message(started: Started) -> pb.StartMeetingResponse:
    """Returns the proto of what became of a command by now."""
    return pb.StartMeetingResponse(
        meeting=None if started.meeting is None else meeting_message(started.meeting),
        delivery=None if started.delivery is None else delivery_message(started.delivery),
        pending=started.pending,
        recent=None if started.recent is None else recent_message(started.recent),
    )


def scheduled_message(started: Started) -> pb.ScheduleMeetingResponse:
    """Returns the proto of what became of a command for a time to come by now."""
    return pb.ScheduleMeetingResponse(
        meeting=None if started.meeting is None else meeting_message(started.meeting), pending=started.pending
    )


def schedule_from(request: pb.ScheduleMeetingRequest) -> Schedule:
    """Returns for when a request is. Raises MeshError(INVALID_REQUEST) for a moment that no calendar has."""
    try:
        moment = request.scheduled_time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        violation = FieldViolation("scheduled_time", "is no moment")
        raise MeshError(Reason.INVALID_REQUEST, violations=(violation,)) from None
    given = request.HasField("scheduled_duration")
    length = timedelta(seconds=request.scheduled_duration.seconds) if given else DEFAULT_DURATION
    return Schedule(moment, length)


def recent_message(recent: RecentMeeting) -> pb.RecentMeeting:
    """Returns the proto of a meeting that was started seconds ago."""
    return pb.RecentMeeting(host=user_message(recent.host), join_url=recent.join_url, topic=recent.topic)


def attendee_message(attendee: Attendee) -> pb.Attendee:
    """Returns the proto of a person in a meeting."""
    return pb.Attendee(
        attendee_id=attendee.attendee_id,
        display_name=attendee.display_name,
        slack_user_id=attendee.slack_user_id,
    )


def snapshot_message(snapshot: Snapshot, resume_token: str) -> pb.WatchMeetingResponse:
    """Returns the proto of a meeting where a stream begins."""
    return pb.WatchMeetingResponse(
        resume_token=resume_token,
        meeting=meeting_message(snapshot.meeting),
        snapshot=pb.MeetingSnapshot(present=map(attendee_message, snapshot.present)),
    )


def change_message(meeting: Meeting, change: Change, resume_token: str) -> pb.WatchMeetingResponse:
    """Returns the proto of a change of a meeting."""
    message = pb.WatchMeetingResponse(
        resume_token=resume_token, change_time=timestamp(change.change_time), meeting=meeting_message(meeting)
    )
    attendee = None if change.attendee is None else attendee_message(change.attendee)
    match change.kind:
        case ChangeKind.STARTED:
            message.started.SetInParent()
        case ChangeKind.JOINED:
            message.joined.CopyFrom(pb.AttendeeJoined(attendee=attendee))
        case ChangeKind.LEFT:
            message.left.CopyFrom(pb.AttendeeLeft(attendee=attendee))
        case ChangeKind.ENDED:
            message.ended.SetInParent()
    return message


def delivery_message(delivery: Delivery) -> pb.Delivery:
    """Returns the proto of a leased delivery."""
    message = pb.Delivery(
        delivery_id=delivery.delivery_id,
        lease_token=delivery.lease_token,
        lease_expire_time=timestamp(delivery.lease_expire_time),
        user=user_message(delivery.user),
        conversation=slack_pb2.SlackConversation(slack_channel_id=delivery.channel_id),
        version=delivery.version,
        failed_attempts=delivery.failed_attempts,
        delivered=None if delivery.delivered is None else delivered_message(delivery.delivered),
        slack_call_id=delivery.slack_call_id,
        slack_response_url=delivery.response_url,
        recipient_slack_user_id=delivery.recipient,
        slack_thread_ts=delivery.slack_thread_ts,
        refused_before=delivery.refused_before,
        origins=delivery.origins,
    )
    if delivery.lag_time is not None:
        message.lag_time.FromDatetime(delivery.lag_time)
    match delivery.content:
        case Card(meeting, present, host_key):
            message.card.CopyFrom(
                pb.MeetingCard(
                    meeting=meeting_message(meeting), present=map(attendee_message, present), host_key=host_key
                )
            )
        case Summary(meeting, attendees):
            message.summary.CopyFrom(
                pb.MeetingSummary(meeting=meeting_message(meeting), attendees=map(attendee_message, attendees))
            )
        case Recording(meeting, play_url, passcode, deleted):
            message.recording.CopyFrom(
                pb.MeetingRecording(
                    meeting=meeting_message(meeting), play_url=play_url, passcode=passcode, deleted=deleted
                )
            )
        case Notice(kind, meeting, guest_id):
            message.notice.CopyFrom(
                pb.Notice(kind=_NOTICES[kind], meeting=meeting_message(meeting), guest_slack_user_id=guest_id)
            )
        case Failure(reason, metadata):
            message.failure.CopyFrom(pb.CommandFailure(reason=reason, metadata=metadata))
    return message


def delivered_message(shown: Delivered) -> pb.Delivered:
    """Returns the proto of what Slack shows."""
    return pb.Delivered(
        version=shown.version,
        slack_call_id=shown.slack_call_id,
        slack_channel_id=shown.slack_channel_id,
        slack_message_ts=shown.slack_message_ts,
        attendees=map(attendee_message, shown.attendees),
        ended=shown.ended,
    )


def delivered_from(message: pb.Delivered) -> Delivered:
    """Returns what an edge says that Slack shows."""
    return Delivered(
        version=message.version,
        slack_call_id=message.slack_call_id,
        slack_channel_id=message.slack_channel_id,
        slack_message_ts=message.slack_message_ts,
        attendees=tuple(Attendee(a.attendee_id, a.display_name, a.slack_user_id) for a in message.attendees),
        ended=message.ended,
    )


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Returns the proto of a moment; None stays absent."""
    if moment is None:
        return None
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def duration(length: timedelta) -> Duration:
    """Returns the proto of a duration."""
    message = Duration()
    message.FromTimedelta(length)
    return message
