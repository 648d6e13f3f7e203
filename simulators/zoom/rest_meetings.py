"""Create, list, read, change, end and delete meetings."""

from simulators.zoom import scheduling
from simulators.zoom.clock import iso
from simulators.zoom.errors import ZoomError, validation_failed
from simulators.zoom.paging import Page
from simulators.zoom.rest import Answer, Call
from simulators.zoom.simulation import Simulation
from simulators.zoom.world import INSTANT, PERSONAL_ROOM, SCHEDULED, Instance, Meeting

_LIST_TYPES = ("scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")
_LISTED_AGENDA = 250


def create_meeting(call: Call) -> Answer:
    """`POST /users/{userId}/meetings`: 201 with the meeting."""
    host = call.user()
    scheduling.check_host(host)
    scheduling.check_create(call.body)
    simulation = call.simulation
    simulation.limits.count_meeting_write(host.id)
    meeting = scheduling.create(simulation.world, simulation.ids, simulation.clock, host, call.body)
    return Answer(201, _describe(simulation, meeting))


def get_meeting(call: Call) -> Answer:
    """`GET /meetings/{meetingId}`."""
    return Answer(200, _describe(call.simulation, call.meeting()))


def update_meeting(call: Call) -> Answer:
    """`PATCH /meetings/{meetingId}`: counts against the 100 writes a day of the host."""
    meeting = call.meeting()
    scheduling.check_patch(call.body)
    call.simulation.limits.count_meeting_write(meeting.host.id)
    call.simulation.planning.change(meeting, call.body, call.caller(meeting.host))
    return Answer(204)


def update_status(call: Call) -> Answer:
    """`PUT /meetings/{meetingId}/status`: ends the running instance; one that is not running stays as it is."""
    if set(call.body) != {"action"} or call.body["action"] not in {"end", "recover"}:
        raise validation_failed(("action", "Invalid field."))
    meeting = call.meeting()
    scheduling.check_host(meeting.host)
    instance = call.simulation.world.running_instance(meeting)
    if call.body["action"] == "end" and instance is not None:
        call.simulation.life.end(instance)
    return Answer(204)


def delete_meeting(call: Call) -> Answer:
    """`DELETE /meetings/{meetingId}`. A personal room cannot be deleted."""
    meeting = call.meeting()
    if meeting.type == PERSONAL_ROOM:
        raise ZoomError(400, 3018, "Not allowed to delete PMI.")
    call.simulation.planning.delete(meeting, call.caller(meeting.host))
    return Answer(204)


def list_meetings(call: Call) -> Answer:
    """`GET /users/{userId}/meetings`. Instant meetings and the personal room itself are never listed."""
    host = call.user()
    kind = call.query.get("type", "scheduled")
    if kind not in _LIST_TYPES:
        raise validation_failed(("type", "Invalid field."))
    simulation = call.simulation
    if kind == "previous_meetings":
        past = [i for i in simulation.world.instances if i.end_time is not None and i.meeting.host is host]
        items = [_past_item(simulation, i) for i in past if i.meeting.type not in {INSTANT, PERSONAL_ROOM}]
    else:
        mine = [m for m in simulation.world.meetings.values() if m.host is host and is_listed(simulation, m, kind)]
        items = [_item(simulation, meeting) for meeting in mine]
    items = [item for item in items if _within(str(item.get("start_time", "")), call)]
    items.sort(key=lambda item: str(item.get("start_time", "")), reverse=kind == "previous_meetings")
    key = f"meetings|{host.id}|{kind}|{call.query.get('from')}|{call.query.get('to')}"
    return Answer(200, _page_body(simulation.pager.page(items, call.query, key)))


def _page_body(page: Page[dict[str, object]]) -> dict[str, object]:
    return {
        "page_size": page.size,
        "page_count": -(-page.total // page.size),
        "total_records": page.total,
        "next_page_token": page.next_token,
        "meetings": list(page.items),
    }


def is_listed(simulation: Simulation, meeting: Meeting, kind: str) -> bool:
    """Tell whether a meeting is in its host's list of this kind."""
    now = simulation.clock.now()
    if meeting.type in {INSTANT, PERSONAL_ROOM} or meeting.is_gone(now):
        return False
    if kind == "live":
        return simulation.world.running_instance(meeting) is not None
    if kind == "scheduled":
        return True
    return meeting.type != SCHEDULED or (meeting.start_time or now) + meeting.duration * 60 > now


def _within(start_time: str, call: Call) -> bool:
    """`from` and `to` are dates; a meeting without a date is always in."""
    day = start_time[:10]
    first, last = call.query.get("from", ""), call.query.get("to", "")
    return not day or (day >= first and (not last or day <= last))


def _item(simulation: Simulation, meeting: Meeting) -> dict[str, object]:
    item: dict[str, object] = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host.id,
        "topic": meeting.topic,
        "type": meeting.type,
        "duration": meeting.duration,
        "timezone": meeting.timezone,
        "created_at": iso(meeting.created_at),
        "join_url": scheduling.join_url_of(meeting, simulation.config.public_url),
        "agenda": meeting.agenda[:_LISTED_AGENDA],
    }
    if meeting.start_time is not None:
        item["start_time"] = iso(meeting.start_time)
    if meeting.pmi is not None:
        item["pmi"] = str(meeting.pmi)
    return item


def _past_item(simulation: Simulation, instance: Instance) -> dict[str, object]:
    return {**_item(simulation, instance.meeting), "uuid": instance.uuid, "start_time": iso(instance.start_time)}


def _describe(simulation: Simulation, meeting: Meeting) -> dict[str, object]:
    """The answer to create and read. `start_time` is absent for instant meetings, passcode fields without one."""
    public_url = simulation.config.public_url
    running = simulation.world.running_instance(meeting)
    body: dict[str, object] = {
        "id": meeting.id,
        "uuid": running.uuid if running else meeting.uuid,
        "host_id": meeting.host.id,
        "host_email": meeting.host.email,
        "topic": meeting.topic,
        "type": meeting.type,
        "status": "started" if running else "waiting",
        "timezone": meeting.timezone,
        "agenda": meeting.agenda,
        "created_at": iso(meeting.created_at),
        "start_url": f"{public_url}/s/{meeting.id}?zak={meeting.zak}",
        "join_url": scheduling.join_url_of(meeting, public_url),
        "creation_source": "open_api",
        "pre_schedule": False,
        "settings": _settings(meeting),
    }
    if meeting.type != INSTANT:
        body["duration"] = meeting.duration
    if meeting.start_time is not None:
        body["start_time"] = iso(meeting.start_time)
    if meeting.pmi is not None:
        body["pmi"] = str(meeting.pmi)
    if meeting.host_key:
        body["dynamic_host_key"] = meeting.host_key
    if meeting.recurrence is not None:
        body["recurrence"] = meeting.recurrence
    passcode = scheduling.passcode_of(meeting)
    if passcode:
        body["password"] = passcode
        body["h323_password"] = body["pstn_password"] = meeting.h323_password
        body["encrypted_password"] = scheduling.encrypted_passcode_of(meeting)
    return body


def _settings(meeting: Meeting) -> dict[str, object]:
    """The host's own settings, overridden by what the request gave."""
    own = meeting.host.settings
    return {
        "host_video": own.host_video,
        "participant_video": own.participants_video,
        "join_before_host": own.join_before_host,
        "waiting_room": own.waiting_room,
        "mute_upon_entry": False,
        "auto_recording": "none",
        **meeting.settings,
        "use_pmi": meeting.pmi is not None,
    }
