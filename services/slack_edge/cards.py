"""What is shown of a meeting: its card, its summary, its recording. Pure functions from protos to Slack's arguments.

The same rule holds as in `replies`: foreign text stands in `plain_text` only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from services.slack_edge import joining
from services.slack_edge.blocks import Json, call, link_button, mrkdwn, plain, section, shortened
from services.slack_edge.texts import clean, date, grouped_meeting_id, in_words
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

MAX_TITLE = 255
MAX_NAME = 80
MAX_TOPIC = 200
MAX_NAMES = 30
"""Names in a summary; the others are counted."""
MAX_PARTICIPANTS = 1_000
"""People on a card. Slack draws a handful and counts the rest; a report of a delivery may hold twice as many."""
_EXTERNAL = "zoom:"
_OURS = "zoomslack"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def call_arguments(meeting: pb.Meeting, host_name: str, failed_attempts: int = 0) -> Json:
    """Returns the arguments of `calls.add`. `host_name` may be empty.

    `external_unique_id` names the meeting within the workspace: Slack wants it unique over all calls of the app. It
    comes back with `call_rejected`, which is to be told to the host. With `failed_attempts` it is another one than in
    any of those.
    """
    parts = [_OURS, meeting.meeting_id, meeting.host.slack_team_id, meeting.host.slack_user_id]
    again = [str(failed_attempts + 1)] if failed_attempts else []
    arguments: Json = {
        "external_unique_id": ":".join(parts + again),
        "external_display_id": grouped_meeting_id(meeting.zoom_meeting_id),
        "join_url": meeting.join_url,
        "desktop_app_join_url": client_url(meeting),
        "date_start": int(began(meeting).timestamp()),
        "title": title(meeting.topic, host_name, "scheduled" if meeting.HasField("scheduled_time") else "started"),
        "created_by": meeting.host.slack_user_id,
    }
    return arguments


def meeting_of_call(external_unique_id: str) -> tuple[str, str] | None:
    """Returns the meeting that a call belongs to and the Slack id of who started it; None for one that is not ours."""
    parts = external_unique_id.split(":")
    return (parts[1], parts[3]) if len(parts) in (4, 5) and parts[0] == _OURS and _UUID.fullmatch(parts[1]) else None


def client_url(meeting: pb.Meeting) -> str:
    """Returns the address that opens a meeting in Zoom's own client."""
    # Zoom's scheme for its own client; `pwd` there is the encrypted passcode of the join link, not the typed one.
    query = {"confno": meeting.zoom_meeting_id}
    if passcode := parse_qs(urlsplit(meeting.join_url).query).get("pwd"):
        query["pwd"] = passcode[0]
    return f"zoommtg://{joining.cloud_of(meeting.join_url)}/join?{urlencode(query)}"


def title(topic: str, host_name: str, deed: str = "started") -> str:
    """Returns the title of a card. `deed` is what its host did."""
    what = clean(topic, MAX_TOPIC) or "Zoom meeting"
    name = clean(host_name, MAX_NAME)
    return shortened(f"{what} {deed} by {name}" if name else what, MAX_TITLE)


def began(meeting: pb.Meeting) -> datetime:
    """Returns when a meeting began; where it has not begun, for when it was scheduled, or when it was made."""
    if meeting.HasField("start_time"):
        return meeting.start_time.ToDatetime(UTC)
    moment = meeting.scheduled_time if meeting.HasField("scheduled_time") else meeting.create_time
    return moment.ToDatetime(UTC)


def was_not_held(meeting: pb.Meeting) -> bool:
    """Tells whether a meeting waited for its time in vain: it was cancelled, or nobody opened it."""
    over = meeting.HasField("scheduled_time") and meeting.HasField("end_time")
    return over and not meeting.HasField("start_time")


def waits(meeting: pb.Meeting) -> bool:
    """Tells whether a meeting waits for the time for which it was scheduled, which may change."""
    begun = meeting.HasField("start_time") or meeting.HasField("end_time")
    return meeting.HasField("scheduled_time") and not begun


def lasted(meeting: pb.Meeting) -> timedelta:
    """Returns how long a meeting that ended took; never negative. One that waited for its time in vain took none."""
    if was_not_held(meeting):
        return timedelta()
    return max(timedelta(), meeting.end_time.ToDatetime(UTC) - began(meeting))


def card_message(meeting: pb.Meeting, call_id: str) -> Json:
    """Returns the message that carries the card.

    Above it stand for when it was scheduled, which stays true when it runs and is over, and the passcode where people
    have to type one. Of one that was not held only that is told.
    """
    number = grouped_meeting_id(meeting.zoom_meeting_id)
    if was_not_held(meeting):
        told = f"Was scheduled for {date(began(meeting))}, and was not held"
        return {"text": f"{told}. Meeting ID {number}", "blocks": [section(mrkdwn(told)), call(call_id)]}
    blocks, said = [], "started"
    if meeting.HasField("scheduled_time"):
        moment = date(meeting.scheduled_time.ToDatetime(UTC))
        length = in_words(meeting.scheduled_duration.ToTimedelta())
        blocks.append(section(mrkdwn(f"Scheduled for {moment}, {length}")))
        said = f"scheduled for {moment}"
    if meeting.passcode:
        blocks.append(section(plain(f"Meeting passcode: {meeting.passcode}")))
    return {"text": f"A Zoom meeting was {said}. Meeting ID {number}", "blocks": [*blocks, call(call_id)]}


def summary_message(summary: pb.MeetingSummary) -> Json:
    """Returns the message that is posted when a meeting has ended."""
    meeting = summary.meeting
    number = grouped_meeting_id(meeting.zoom_meeting_id)
    facts = [f"Meeting ID: {number}", f"Started: {date(began(meeting))}", f"Duration: {in_words(lasted(meeting))}"]
    return {
        "text": f"The Zoom meeting {number} has ended.",
        "blocks": [
            section(mrkdwn("*Zoom meeting ended*")),
            *_topic(meeting),
            section(mrkdwn("\n".join(facts))),
            section(plain(_attendees(summary.attendees))),
        ],
    }


def recording_message(recording: pb.MeetingRecording) -> Json:
    """Returns the message that is posted when a recording can be watched, and what takes its place once it is gone."""
    meeting = recording.meeting
    number = grouped_meeting_id(meeting.zoom_meeting_id)
    if recording.deleted:
        return {
            "text": f"The recording of the Zoom meeting {number} was deleted.",
            "blocks": [
                section(mrkdwn(f"*Recording deleted*\nMeeting ID: {number}, {date(began(meeting))}")),
                *_topic(meeting),
            ],
        }
    passcode = [section(plain(f"Passcode: {recording.passcode}"))] if recording.passcode else []
    return {
        "text": f"The recording of the Zoom meeting {number} is ready.",
        "blocks": [
            section(mrkdwn(f"*Recording ready*\nMeeting ID: {number}, {date(began(meeting))}")),
            *_topic(meeting),
            *passcode,
            link_button("Watch recording", recording.play_url, "zoom_recording"),
        ],
    }


def _topic(meeting: pb.Meeting) -> list[Json]:
    topic = clean(meeting.topic, MAX_TOPIC)
    return [section(plain(topic))] if topic else []


def _attendees(attendees: Sequence[pb.Attendee]) -> str:
    if not attendees:
        return "Nobody joined"
    names = [_name(attendee) for attendee in attendees[:MAX_NAMES]]
    more = f" and {len(attendees) - MAX_NAMES} more" if len(attendees) > MAX_NAMES else ""
    count = "1 attendee" if len(attendees) == 1 else f"{len(attendees)} attendees"
    return f"{count}: {', '.join(names)}{more}"


def _name(attendee: pb.Attendee) -> str:
    # Zoom does not always send the host's own joining, and then nobody tells what she calls herself.
    nameless = "the host" if attendee.slack_user_id else "Somebody"
    return clean(attendee.display_name, MAX_NAME) or nameless


def participant(attendee: pb.Attendee) -> Json:
    """Returns how Slack is told of a person: as one of its own users, else under a name."""
    if attendee.slack_user_id:
        return {"slack_id": attendee.slack_user_id}
    name = clean(attendee.display_name, MAX_NAME) or "Somebody"
    return {"external_id": f"{_EXTERNAL}{attendee.attendee_id}", "display_name": name}


def people(attendees: Iterable[pb.Attendee]) -> list[pb.Attendee]:
    """Returns the people that a card shows, each once: Slack refuses a whole request in which one is twice."""
    chosen: dict[str, pb.Attendee] = {}
    slack_ids: set[str] = set()
    for attendee in attendees:
        if attendee.attendee_id in chosen or len(chosen) == MAX_PARTICIPANTS:
            continue
        again = attendee.slack_user_id in slack_ids  # one person with two devices under two names
        chosen[attendee.attendee_id] = without_slack(attendee) if again else attendee
        if attendee.slack_user_id:
            slack_ids.add(attendee.slack_user_id)
    return list(chosen.values())


def without_slack(attendee: pb.Attendee) -> pb.Attendee:
    """Returns the same person, for a Slack that does not know her."""
    return pb.Attendee(attendee_id=attendee.attendee_id, display_name=attendee.display_name)


def people_of_call(users: Any, known: Iterable[pb.Attendee]) -> list[pb.Attendee]:
    """Returns the people whom Slack lists in a call (`call.users`), by our names of them where `known` has those."""
    by_key = {_key(participant(attendee)): attendee for attendee in known}
    found = []
    for user in users if isinstance(users, list) else []:
        if not isinstance(user, dict) or (key := _key(user)) == "":
            continue
        attendee = by_key.get(key)
        if attendee is None and key.startswith(_EXTERNAL):
            name = clean(str(user.get("display_name", "")), MAX_NAME)
            attendee = pb.Attendee(attendee_id=key.removeprefix(_EXTERNAL), display_name=name)
        elif attendee is None:
            attendee = pb.Attendee(attendee_id=key, slack_user_id=key)
        found.append(attendee)
    return found


def _key(user: Json) -> str:
    key = str(user.get("slack_id") or user.get("external_id") or "")
    return key if _is_text(key) else ""  # JSON can hold half a character, and a proto cannot: nobody we added


def _is_text(value: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in value)


def changes(
    shown: Iterable[pb.Attendee], present: Iterable[pb.Attendee]
) -> tuple[list[pb.Attendee], list[pb.Attendee]]:
    """Returns who has to be added to a card and who removed. People keep the form under which they were added."""
    before = {attendee.attendee_id: attendee for attendee in shown}
    after = {attendee.attendee_id: attendee for attendee in present}
    joined = [attendee for attendee_id, attendee in after.items() if attendee_id not in before]
    left = [attendee for attendee_id, attendee in before.items() if attendee_id not in after]
    return joined, left
