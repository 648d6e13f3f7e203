"""What whoever started a meeting can do about it, shown to her alone. Pure functions, as in `replies`.

What is shown to one person has no name at Slack, so nothing changes it when the meeting ends (Slack, "Handling user
interaction"): it says so, and a press gives the address by which it can be changed.
"""

from __future__ import annotations

from services.slack_edge import values
from services.slack_edge.blocks import Json, actions, button, confirmation, context, plain, section
from services.slack_edge.replies import ephemeral
from services.slack_edge.texts import grouped_meeting_id
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

END = "zoom_end_meeting"
END_AT_HOME = "zoom_end_meeting_home"
"""Another id where no message stands around it: each is followed by something else."""

_STAYS = "Slack keeps this message as it is when the meeting ends. The card shows whether it runs."

NAMED = {"meeting": str, "host": str, "team": str}
"""What a button that ends a meeting carries."""


def controls(meeting: pb.Meeting, host_key: str) -> Json:
    """What follows a card, for the host alone. `host_key` is empty where Zoom gave none."""
    number = grouped_meeting_id(meeting.zoom_meeting_id)
    text = f"You started the Zoom meeting {number}. Only you see this."
    key = (
        [section(plain(f"Host key: {host_key}. Who types it in the meeting becomes its host: keep it to yourself."))]
        if host_key
        else []
    )
    return ephemeral(text, section(plain(text)), *key, actions(end_button(meeting, END)), context(plain(_STAYS)))


def end_button(meeting: pb.Meeting, action_id: str) -> Json:
    """A button that ends a meeting, after a question."""
    return button(
        "End for everybody",
        action_id,
        value=values.encode(
            meeting=meeting.meeting_id, host=meeting.host.slack_user_id, team=meeting.host.slack_team_id
        ),
        style="danger",
        confirm=confirmation(
            "End this meeting?", "It ends for everybody who is in it.", "End for everybody", "Keep it running"
        ),
    )


def ending() -> Json:
    """A meeting was ended; stands where the button was."""
    return {"replace_original": True, "text": "The meeting was ended for everybody."}


def over() -> Json:
    """A meeting had ended by itself; stands where the button was."""
    return {"replace_original": True, "text": "This meeting is over already."}


def not_the_host() -> Json:
    """Somebody else pressed."""
    return ephemeral("Only the person who started a meeting can end it from here.")
