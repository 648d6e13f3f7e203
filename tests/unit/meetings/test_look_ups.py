"""What of the things that Zoom tells of the past is news."""

from __future__ import annotations

from datetime import UTC, datetime

from services.meetings.attendance import Session
from services.meetings.events import Instance, MeetingStarted, ParticipantJoined, ParticipantLeft
from services.meetings.look_ups import news
from services.meetings.zoom_events import unnamed

NOON = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
RUN = Instance("account", "host", "85012345678", "run==")


def joined(session_id: str, attendee_id: str, name: str) -> ParticipantJoined:
    return ParticipantJoined(RUN, NOON, session_id, attendee_id, name)


def test_what_is_known_is_no_news() -> None:
    known = Session("1", "grace", "Grace", NOON, None)
    left = ParticipantLeft(RUN, NOON, "1", "grace", "Grace")
    assert news([joined("1", "grace", "Grace"), left], [known]) == [left]


def test_who_is_known_by_an_id_of_this_meeting_stays_who_she_is() -> None:
    known = Session("1", "participant-uuid", "Sam Guest", NOON, NOON)
    again = joined("2", unnamed("2", "Sam Guest"), "Sam Guest")
    assert news([again], [known]) == [joined("2", "participant-uuid", "Sam Guest")]


def test_who_is_signed_in_is_not_taken_for_another_one_of_the_same_name() -> None:
    known = Session("1", "participant-uuid", "Sam", NOON, NOON)
    assert news([joined("2", "samZoomId", "Sam")], [known]) == [joined("2", "samZoomId", "Sam")]


def test_what_is_about_no_person_is_left_to_the_meeting() -> None:
    started = MeetingStarted(RUN, NOON)
    assert news([started], []) == [started]
