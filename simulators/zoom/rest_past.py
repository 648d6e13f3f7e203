"""Meetings that are over: details, people, cloud recordings and AI summaries. All need a host with a paid plan."""

from simulators.zoom import events, summary_events
from simulators.zoom.clock import iso
from simulators.zoom.errors import ZoomError, no_such_meeting
from simulators.zoom.rest import Answer, Call
from simulators.zoom.world import Instance, Participant


def get_past_meeting(call: Call) -> Answer:
    """`GET /past_meetings/{meetingId}`: by UUID that instance, by number the latest one that is over."""
    instance = _paid(call.instance(ended=True))
    meeting, end = instance.meeting, _end(instance)
    body: dict[str, object] = {
        "uuid": instance.uuid,
        "id": instance.room_id,
        "host_id": meeting.host.id,
        "type": meeting.type,
        "topic": meeting.topic,
        "user_name": meeting.host.display_name,
        "user_email": meeting.host.email,
        "start_time": iso(instance.start_time),
        "end_time": iso(end),
        "duration": events.minutes_between(instance.start_time, end),
        "total_minutes": sum(events.minutes_between(p.join_time, p.leave_time or end) for p in instance.participants),
        "participants_count": len(instance.participants),
        "dept": "",
        "source": call.simulation.registry.app(call.authorization.level).name,
        "has_meeting_summary": instance.summary is not None and instance.summary.state == "there",
    }
    return Answer(200, body)


def list_past_participants(call: Call) -> Answer:
    """`GET /past_meetings/{meetingId}/participants`: one row per join and per wait; `duration` is in seconds here."""
    instance = _paid(call.instance(ended=True))
    joins = [_participant(instance, person, "in_meeting") for person in instance.participants]
    waits = [_participant(instance, person, "in_waiting_room") for person in instance.waited]
    rows = sorted([*joins, *waits], key=lambda row: str(row["join_time"]))
    page = call.simulation.pager.page(rows, call.query, f"participants|{instance.uuid}")
    body: dict[str, object] = {
        "page_size": page.size,
        "page_count": -(-page.total // page.size),
        "total_records": page.total,
        "next_page_token": page.next_token,
        "participants": list(page.items),
    }
    return Answer(200, body)


def get_recordings(call: Call) -> Answer:
    """`GET /meetings/{meetingId}/recordings`. `type` is a string here, and `share_url` is in the webhook only."""
    instance = _paid(call.instance(ended=False))
    recording = instance.recording
    if recording is None or recording.state != "there":
        raise ZoomError(404, 3301, "There is no recording for this meeting.")
    meeting = instance.meeting
    files = events.recording_files(instance, recording, call.simulation.config.public_url, download="download")
    body: dict[str, object] = {
        "account_id": meeting.host.account_id,
        "host_id": meeting.host.id,
        "id": instance.room_id,
        "uuid": instance.uuid,
        "topic": meeting.topic,
        "type": str(meeting.type),
        "start_time": iso(instance.start_time),
        "duration": events.minutes_between(instance.start_time, recording.end),
        "total_size": sum(file.size for file in recording.files),
        "recording_count": len(files),
        "password": recording.password,
        "recording_files": files,
    }
    return Answer(200, body)


def get_summary(call: Call) -> Answer:
    """`GET /meetings/{meetingId}/meeting_summary`: by UUID only."""
    instance = call.instance_by_uuid()
    if not instance.meeting.host.is_paid:
        raise ZoomError(400, 200, "Only available for Paid account.")
    summary = instance.summary
    if summary is not None and summary.state == "trashed":
        raise ZoomError(403, 2305, "The meeting summary has been moved to Trash and cannot be accessed.")
    if summary is None or summary.state == "deleted":
        raise no_such_meeting(instance.uuid)
    return Answer(200, summary_events.answer(instance, summary))


def _paid(instance: Instance) -> Instance:
    if not instance.meeting.host.is_paid:
        raise ZoomError(400, 200, f"Only available for paid account: {instance.meeting.host.account_id}.")
    return instance


def _end(instance: Instance) -> float:
    return instance.start_time if instance.end_time is None else instance.end_time


def _participant(instance: Instance, person: Participant, status: str) -> dict[str, object]:
    leave_time = _end(instance) if person.leave_time is None else person.leave_time
    user = instance.colleague(person)
    return {
        "id": user.id if user else "",
        "user_id": person.user_id,
        "name": person.name,
        "user_email": user.email if user else "",
        "registrant_id": "",
        "join_time": iso(person.join_time),
        "leave_time": iso(leave_time),
        "duration": int(leave_time - person.join_time),
        "failover": False,
        "status": status,
        "internal_user": user is not None,
    }
