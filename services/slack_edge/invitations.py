"""What lets people into meetings that exist already, with one button each. Pure functions, as in `replies`."""

from __future__ import annotations

from mesh.slack_user import SlackUser
from services.slack_edge import values
from services.slack_edge.blocks import Json, actions, button, link_button, mrkdwn, plain, section
from services.slack_edge.continuations import Continuation
from services.slack_edge.joining import MeetingNumber, Target
from services.slack_edge.replies import ephemeral
from services.slack_edge.texts import clean, grouped_meeting_id
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

START_ANOTHER = "zoom_start_another"
JOIN = "zoom_join"
"""The `action_id` of every button that opens a meeting. Slack tells of its presses, and nothing is to be done."""
_MAX_TOPIC = 200
USAGE = (
    "Which meeting? Type its number, its link or a personal link name: `/zoom join 850 1234 5678`, "
    "`/zoom join https://zoom.us/j/85012345678`, `/zoom join ada.lovelace`. `/zoom join me` starts your own room."
)
START_LINK = (
    "That is a host's start link: whoever opens it is the host. Keep it to yourself, and share the link that begins "
    "with `https://zoom.us/j/` instead."
)
NOT_JOINABLE = "That is no meeting number, no link to a Zoom meeting and no personal link name."
OWN_ROOM_ELSEWHERE = "Your own room is started by typing /zoom join me in the conversation that is to see it."


def join(target: Target, url: str) -> Json:
    """`/zoom join`: the way into a meeting."""
    return ephemeral("Your way into the meeting: press Join.", *join_blocks(target, url))


def join_blocks(target: Target, url: str) -> list[Json]:
    """The same, where there is no message around it."""
    if isinstance(target, MeetingNumber):
        what = f"Zoom meeting {grouped_meeting_id(target.number)}"
    else:
        what = f"Personal room {target.name}"
    return [section(plain(what)), link_button("Join", url, JOIN, primary=True)]


def join_what(*, start_link: bool) -> Json:
    """`/zoom join` with nothing that can be joined, or with a link that is nobody else's."""
    return ephemeral(START_LINK if start_link else USAGE)


def recent(meeting: pb.RecentMeeting, user: SlackUser, wanted: Continuation) -> Json:
    """Asks `user` whether she wants to join what was started a moment ago instead of what she `wanted`."""
    hers = meeting.host.slack_user_id == user.user_id
    # The id comes from the services, whose rules let nothing else be one.
    text = f"{'You' if hers else f'<@{meeting.host.slack_user_id}>'} started a meeting here seconds ago."
    topic = clean(meeting.topic, _MAX_TOPIC)
    value = values.encode(
        topic=clean(wanted.topic, _MAX_TOPIC), room=wanted.personal_room, thread=wanted.thread_ts, team=user.team_id
    )
    join_it = [button("Join it", JOIN, url=meeting.join_url, style="primary")] if meeting.join_url else []
    return ephemeral(
        text,
        section(mrkdwn(text)),
        *([section(plain(topic))] if topic else []),
        actions(*join_it, button("Start another", START_ANOTHER, value=value)),
    )


def another_starts() -> Json:
    """Another meeting is on its way; stands where the question was, so that it is not answered twice."""
    return {"replace_original": True, "text": "Starting another meeting…"}
