"""What people are told in their own conversation with the app, each thing once. Pure functions, as in `replies`."""

from __future__ import annotations

import re

from services.slack_edge.blocks import Json, mrkdwn, plain, section
from services.slack_edge.texts import clean, grouped_meeting_id
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

_MAX_TOPIC = 200
_USER = re.compile(r"[UW][A-Z0-9]{1,31}", re.ASCII)
_BASIC_PLAN = (
    "Your meeting has ended. Zoom gives no summaries and recordings for Basic accounts, so none are posted in Slack; "
    "with a licensed Zoom account they are. This is told once."
)


def message(notice: pb.Notice) -> Json | None:
    """Returns what to tell; None for a kind that only a newer version knows."""
    match notice.kind:
        case pb.NOTICE_KIND_BASIC_PLAN:
            text = _BASIC_PLAN
        case pb.NOTICE_KIND_INVITE_APP:
            text = _invite(notice.meeting)
        case pb.NOTICE_KIND_CALL_DECLINED if _USER.fullmatch(notice.guest_slack_user_id):
            text = f"<@{notice.guest_slack_user_id}> declined your Zoom call. The meeting goes on."
        case _:
            return None
    return {"text": text, "blocks": [section(mrkdwn(text)), *_about(notice.meeting)]}


def _invite(meeting: pb.Meeting) -> str:
    # Slack shows the name of a channel only to those who may know it.
    where = meeting.conversation.slack_channel_id
    return (
        f"The results of your meeting in <#{where}> wait: Zoom for Slack may not post there. Type `/invite @Zoom` "
        "there, and they are posted. To a direct message nobody can be added. This is told once for each conversation."
    )


def _about(meeting: pb.Meeting) -> list[Json]:
    number = grouped_meeting_id(meeting.zoom_meeting_id)
    topic = clean(meeting.topic, _MAX_TOPIC)
    return [section(plain(f"{topic}\nMeeting ID: {number}" if topic else f"Meeting ID: {number}"))] if number else []
