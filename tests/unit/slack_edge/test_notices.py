"""What people are told in their own conversation with the app."""

from __future__ import annotations

import pytest

from services.slack_edge import notices
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

MEETING = pb.Meeting(zoom_meeting_id="85012345678", topic="Weekly <!channel>")


def test_who_declined_a_call_is_named_and_the_meeting_beside_it() -> None:
    notice = pb.Notice(kind=pb.NOTICE_KIND_CALL_DECLINED, meeting=MEETING, guest_slack_user_id="U0GRACE01")
    told = notices.message(notice)
    assert told is not None
    assert told["text"] == "<@U0GRACE01> declined your Zoom call. The meeting goes on."
    assert told["blocks"][1]["text"] == {
        "type": "plain_text",
        "text": "Weekly <!channel>\nMeeting ID: 850 1234 5678",
        "emoji": False,
    }


@pytest.mark.parametrize("guest", ["", "<!channel>", "U0GRACE01> <!here"])
def test_nobody_is_named_who_is_no_person_of_slack(guest: str) -> None:
    notice = pb.Notice(kind=pb.NOTICE_KIND_CALL_DECLINED, meeting=MEETING, guest_slack_user_id=guest)
    assert notices.message(notice) is None


def test_what_only_a_newer_version_knows_is_not_told() -> None:
    assert notices.message(pb.Notice(kind=99, meeting=MEETING)) is None  # type: ignore[arg-type]
