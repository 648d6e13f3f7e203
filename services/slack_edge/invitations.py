"""What lets people into meetings that exist already, with one button each. Pure functions, as in `replies`."""

from __future__ import annotations

from services.slack_edge.blocks import Json, link_button, plain, section
from services.slack_edge.joining import MeetingNumber, Target
from services.slack_edge.replies import ephemeral
from services.slack_edge.texts import grouped_meeting_id

JOIN = "zoom_join"
"""The `action_id` of every button that opens a meeting. Slack tells of its presses, and nothing is to be done."""
USAGE = (
    "Which meeting? Type its number, its link or a personal link name: `/zoom join 850 1234 5678`, "
    "`/zoom join https://zoom.us/j/85012345678`, `/zoom join ada.lovelace`. `/zoom join me` starts your own room."
)
START_LINK = (
    "That is a host's start link: whoever opens it is the host. Keep it to yourself, and share the link that begins "
    "with `https://zoom.us/j/` instead."
)


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
