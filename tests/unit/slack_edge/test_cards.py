"""What is shown of meetings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slack_edge import blocks, cards
from tests.support.block_kit import markup, problems, texts
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

NOON = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
HOSTILE = "<!channel> @everyone <https://evil.example|zoom.us> *b* & `c`"


def meeting(**changes: Any) -> pb.Meeting:
    fields: dict[str, Any] = {
        "meeting_id": "8f14e45f-ceea-467f-a9d5-1b2c3d4e5f60",
        "host": slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id="U0ADA0001"),
        "conversation": slack_pb2.SlackConversation(slack_channel_id="C0GENERAL"),
        "zoom_meeting_id": "85012345678",
        "topic": "Weekly sync",
        "join_url": "https://us05web.zoom.us/j/85012345678?pwd=a%2Bb.1",
        "passcode": "x7Kp2Q",
        "state": pb.MEETING_STATE_CREATED,
        "create_time": NOON,
        **changes,
    }
    return pb.Meeting(**fields)


def attendee(name: str, attendee_id: str = "", slack_user_id: str = "") -> pb.Attendee:
    return pb.Attendee(attendee_id=attendee_id or f"id-{name}", display_name=name, slack_user_id=slack_user_id)


def test_slack_is_told_of_a_call_in_its_own_terms() -> None:
    assert cards.call_arguments(meeting(), "ada") == {
        "external_unique_id": "zoomslack:8f14e45f-ceea-467f-a9d5-1b2c3d4e5f60:T0ACME001:U0ADA0001",
        "external_display_id": "850 1234 5678",
        "join_url": "https://us05web.zoom.us/j/85012345678?pwd=a%2Bb.1",
        "desktop_app_join_url": "zoommtg://zoom.us/join?confno=85012345678&pwd=a%2Bb.1",
        "date_start": 1793361600,
        "title": "Weekly sync started by ada",
        "created_by": "U0ADA0001",
    }


@pytest.mark.parametrize(
    ("host", "cloud"),
    [
        ("acme.zoomgov.com", "zoomgov.com"),
        ("zoomgov.com", "zoomgov.com"),
        ("us05web.zoom.us", "zoom.us"),
        ("evilzoomgov.com", "zoom.us"),
        ("zoomgov.com.evil.example", "zoom.us"),
    ],
)
def test_P72_the_client_opens_a_meeting_in_its_own_cloud(host: str, cloud: str) -> None:
    elsewhere = meeting(join_url=f"https://{host}/j/85012345678")
    assert cards.client_url(elsewhere) == f"zoommtg://{cloud}/join?confno=85012345678"


def test_a_meeting_without_passcode_has_no_line_for_it() -> None:
    open_meeting = meeting(join_url="https://zoom.us/j/85012345678", passcode="")
    assert cards.call_arguments(open_meeting, "")["desktop_app_join_url"] == "zoommtg://zoom.us/join?confno=85012345678"
    assert cards.card_message(open_meeting, "R1")["blocks"] == [{"type": "call", "call_id": "R1"}]


def test_the_card_shows_the_passcode() -> None:
    message = cards.card_message(meeting(), "R1")
    assert message["blocks"][0]["text"]["text"] == "Meeting passcode: x7Kp2Q"
    assert message["blocks"][1] == {"type": "call", "call_id": "R1"}
    assert problems(message) == []


SCHEDULED = {"scheduled_time": NOON + timedelta(days=7), "scheduled_duration": timedelta(minutes=90)}


def test_N12_the_card_of_a_scheduled_meeting_says_for_when() -> None:
    waiting = meeting(**SCHEDULED)
    message = cards.card_message(waiting, "R1")
    moment = "<!date^1793966400^{date_short_pretty} at {time}|2026-11-06 12:00 UTC>"
    assert message["blocks"] == [
        {"type": "section", "text": blocks.mrkdwn(f"Scheduled for {moment}, 1 hour 30 minutes")},
        {"type": "section", "text": blocks.plain("Meeting passcode: x7Kp2Q")},
        {"type": "call", "call_id": "R1"},
    ]
    assert message["text"] == f"A Zoom meeting was scheduled for {moment}. Meeting ID 850 1234 5678"
    assert problems(message) == []
    arguments = cards.call_arguments(waiting, "ada")
    assert (arguments["date_start"], arguments["title"]) == (1793966400, "Weekly sync scheduled by ada")


def test_N12_a_scheduled_meeting_began_when_it_was_opened_and_one_that_never_was_took_no_time() -> None:
    opened = meeting(**SCHEDULED, start_time=NOON, end_time=NOON + timedelta(minutes=5))
    assert (cards.began(opened), cards.lasted(opened)) == (NOON, timedelta(minutes=5))
    unheld = meeting(**SCHEDULED, end_time=NOON + timedelta(days=8))
    assert cards.lasted(unheld) == timedelta()
    moment = "<!date^1793966400^{date_short_pretty} at {time}|2026-11-06 12:00 UTC>"
    message = cards.card_message(unheld, "R1")
    assert message["blocks"][0]["text"]["text"] == f"Was scheduled for {moment}, and was not held"
    assert "x7Kp2Q" not in str(message)
    assert problems(message) == []


@pytest.mark.parametrize(
    ("topic", "host", "title"),
    [
        ("", "ada", "Zoom meeting started by ada"),
        ("", "", "Zoom meeting"),
        ("Plan", "", "Plan"),
        ("a\u202eb\nc", "x\u0000y", "ab c started by xy"),
    ],
)
def test_titles(topic: str, host: str, title: str) -> None:
    assert cards.title(topic, host) == title


@given(st.text(max_size=400), st.text(max_size=400))
def test_titles_are_short_enough(topic: str, host: str) -> None:
    assert 0 < len(cards.title(topic, host)) <= 255


def summary(*attendees: pb.Attendee, **changes: Any) -> pb.MeetingSummary:
    ended = {"state": pb.MEETING_STATE_ENDED, "start_time": NOON, "end_time": NOON + timedelta(minutes=34, seconds=15)}
    return pb.MeetingSummary(meeting=meeting(**{**ended, **changes}), attendees=attendees)


def plain_texts(message: dict[str, Any]) -> list[str]:
    return [text["text"] for text in texts(message) if text["type"] == "plain_text"]


def test_a_summary_tells_id_start_duration_and_attendees() -> None:
    message = cards.summary_message(summary(attendee("Ada"), attendee("Grace")))
    assert "Meeting ID: 850 1234 5678" in markup(message)
    assert "<!date^1793361600^{date_short_pretty} at {time}|2026-10-30 12:00 UTC>" in markup(message)
    assert "Duration: 34 minutes" in markup(message)
    assert plain_texts(message) == ["Weekly sync", "2 attendees: Ada, Grace"]
    assert problems(message) == []


def test_a_summary_of_many_names_thirty() -> None:
    people = [attendee(f"{'n' * 90}{number}") for number in range(42)]
    message = cards.summary_message(summary(*people))
    text = plain_texts(message)[-1]
    assert text.startswith("42 attendees: ")
    assert text.endswith(" and 12 more")
    assert problems(message) == []


def test_a_summary_of_nobody() -> None:
    assert plain_texts(cards.summary_message(summary()))[-1] == "Nobody joined"


def test_a_recording_has_its_link_and_passcode() -> None:
    recording = pb.MeetingRecording(meeting=meeting(), play_url="https://zoom.us/rec/share/x", passcode="&x<1>")
    message = cards.recording_message(recording)
    assert message["blocks"][-1]["elements"][0]["url"] == "https://zoom.us/rec/share/x"
    assert "Passcode: &x<1>" in plain_texts(message)
    assert problems(message) == []


@pytest.mark.parametrize("hostile", [HOSTILE, "x" * 5000, "\u202e\u0000", "👩‍👩‍👧" * 80])
def test_foreign_text_is_never_markup(hostile: str) -> None:
    messages = [
        cards.card_message(meeting(topic=hostile, passcode=hostile[:10] or "p"), "R1"),
        cards.summary_message(summary(attendee(hostile, "a"), topic=hostile)),
        cards.recording_message(
            pb.MeetingRecording(meeting=meeting(topic=hostile), play_url="https://z/", passcode="p")
        ),
    ]
    for message in messages:
        assert problems(message) == []
        for mark in ("<!channel", "@everyone", "evil.example"):
            assert mark not in markup(message)


def test_people_are_told_by_slack_id_or_by_name() -> None:
    assert cards.participant(attendee("Ada", "a", "U0ADA0001")) == {"slack_id": "U0ADA0001"}
    assert cards.participant(attendee("S\u202eam\x00", "a")) == {"external_id": "zoom:a", "display_name": "Sam"}
    assert cards.participant(attendee("\u200b", "a")) == {"external_id": "zoom:a", "display_name": "Somebody"}


def test_nobody_is_on_a_card_twice() -> None:
    people = cards.people(
        [
            attendee("Ada", "a", "U1"),
            attendee("Ada's phone", "b", "U1"),
            attendee("Ada", "a", "U1"),
            attendee("Sam", "c"),
        ]
    )
    assert [cards.participant(person) for person in people] == [
        {"slack_id": "U1"},
        {"external_id": "zoom:b", "display_name": "Ada's phone"},
        {"external_id": "zoom:c", "display_name": "Sam"},
    ]


def test_a_card_of_a_crowd_is_bounded() -> None:
    assert len(cards.people([attendee(str(number)) for number in range(3000)])) == cards.MAX_PARTICIPANTS


def test_changes_are_the_difference() -> None:
    shown = [attendee("Ada"), attendee("Sam")]
    joined, left = cards.changes(shown, [attendee("Sam"), attendee("Lin")])
    assert ([a.display_name for a in joined], [a.display_name for a in left]) == (["Lin"], ["Ada"])
    assert cards.changes(shown, shown) == ([], [])


def test_people_of_a_call_are_recognised() -> None:
    known = [attendee("Ada", "a", "U1"), attendee("Sam", "s")]
    users = [
        {"slack_id": "U1"},
        {"external_id": "zoom:s", "display_name": "Sam"},
        {"external_id": "zoom:x", "display_name": "Old"},
        {"slack_id": "U9"},
        "nonsense",
        {},
    ]
    found = cards.people_of_call(users, known)
    assert [person.attendee_id for person in found] == ["a", "s", "x", "U9"]
    assert cards.participant(found[2]) == {"external_id": "zoom:x", "display_name": "Old"}
    assert cards.participant(found[3]) == {"slack_id": "U9"}
    assert cards.people_of_call(None, known) == []


ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""With NUL, and with lone surrogates, which JSON can bring and a proto cannot hold."""
PROTO_TEXT = st.text()
"""With NUL only."""


@given(topic=ANY_TEXT, name=ANY_TEXT)
def test_no_foreign_text_stops_a_block_or_a_title(topic: str, name: str) -> None:
    assert "\x00" not in cards.title(topic, name)
    cards.title(topic, name).encode()
    shown = [
        blocks.section(blocks.plain(topic)),
        blocks.context(blocks.mrkdwn(name)),
        blocks.link_button(topic, "https://zoom.example/", "zoom_call"),
        cards.call_arguments(meeting(), name),
    ]
    assert json.loads(json.dumps(shown)) is not None


@given(topic=PROTO_TEXT, name=PROTO_TEXT)
def test_no_topic_or_name_stops_a_card_or_a_message(topic: str, name: str) -> None:
    about, somebody = meeting(topic=f"\x00{topic}"), attendee(f"\x00{name}", "zoom-1")
    summary = cards.summary_message(pb.MeetingSummary(meeting=about, attendees=[somebody]))
    recording = cards.recording_message(pb.MeetingRecording(meeting=about, play_url="https://zoom.example/"))
    shown = [summary, recording, cards.call_arguments(about, name), cards.participant(somebody)]
    assert "\\u0000" not in json.dumps(shown)


@given(st.lists(st.fixed_dictionaries({"display_name": ANY_TEXT, "external_id": ANY_TEXT.map("zoom:".__add__)})))
def test_no_name_that_slack_lists_stops_a_card(users: list[dict[str, str]]) -> None:
    for found in cards.people_of_call(users, []):
        assert len(found.display_name) <= cards.MAX_NAME


def test_half_a_character_in_a_list_of_slack_is_nobody_of_ours() -> None:
    users = [
        {"external_id": "zoom:a\ud83d", "display_name": "Ada"},
        {"external_id": "zoom:b", "display_name": "Lin\x00\ud83d"},
        {"slack_id": "U\udfff"},
    ]
    assert cards.people_of_call(users, []) == [pb.Attendee(attendee_id="b", display_name="Lin")]


def test_a_host_whose_name_zoom_never_told_is_called_the_host() -> None:
    host = pb.Attendee(attendee_id="a", slack_user_id="U0ADA")
    assert plain_texts(cards.summary_message(summary(host, attendee("Zed"))))[-1] == "2 attendees: the host, Zed"
