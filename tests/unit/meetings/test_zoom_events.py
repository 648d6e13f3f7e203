"""Reading what Zoom sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.meetings.events import (
    Candidate,
    MeetingEnded,
    MeetingMoved,
    MeetingStarted,
    ParticipantJoined,
    RecordingCompleted,
    RecordingRecovered,
    RecordingRemoved,
    concerns,
)
from services.meetings.zoom_events import UnreadableError, parse, parse_all
from tests.support import zoom_bodies


def test_a_batch_is_one_fact_for_each_run_that_it_names() -> None:
    body = zoom_bodies.batch("recording.batch_deleted", ("run1", ("a", "b")), ("run2", ("c",)))
    facts = parse_all(body)
    assert [(type(f), f.instance.zoom_uuid, getattr(f, "file_ids", None)) for f in facts] == [
        (RecordingRemoved, "run1", ("a", "b")),
        (RecordingRemoved, "run2", ("c",)),
    ]
    whole = parse_all(zoom_bodies.batch("recording.batch_recovered", ("run1", ())))
    assert [(type(f), getattr(f, "file_ids", None)) for f in whole] == [(RecordingRecovered, ())]
    assert parse_all(zoom_bodies.started()) == (parse(zoom_bodies.started()),)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["object", "meetings", "meeting_uuids", "meeting_uuid", "recording_file_ids", "account_id"]
                ),
                inner,
            )
        ),
    )
)
def test_whatever_a_batch_holds_it_is_read_without_an_error(payload: object) -> None:
    body = json.dumps({"event": "recording.batch_deleted", "payload": payload}).encode()
    assert all(fact.instance.zoom_uuid for fact in parse_all(body))


def test_ids_of_meetings_may_be_strings_or_integers() -> None:
    as_text, as_number = parse(zoom_bodies.started(id="85012345678")), parse(zoom_bodies.started(id=85012345678))
    assert isinstance(as_text, MeetingStarted)
    assert as_text == as_number
    assert as_text.instance.zoom_meeting_id == "85012345678"


def test_the_end_is_the_real_one_and_not_the_scheduled_length() -> None:
    event = parse(zoom_bodies.ended())
    assert isinstance(event, MeetingEnded)
    assert event.time == datetime(2026, 10, 30, 12, 34, 15, tzinfo=UTC)
    assert event.instance.start_time == datetime(2026, 10, 30, 12, 0, 5, tzinfo=UTC)


def test_people_are_known_by_zoom_user_then_by_their_id_in_the_meeting_then_by_name() -> None:
    signed_in = parse(zoom_bodies.joined("1", "Grace", "graceZoomId"))
    guest, again = parse(zoom_bodies.joined("2", "Sam Guest")), parse(zoom_bodies.joined("3", "Sam Guest"))
    other = parse(zoom_bodies.joined("4", "Somebody else"))
    assert isinstance(signed_in, ParticipantJoined)
    assert isinstance(guest, ParticipantJoined)
    assert isinstance(again, ParticipantJoined)
    assert isinstance(other, ParticipantJoined)
    assert signed_in.attendee_id == "graceZoomId"
    assert guest.attendee_id == again.attendee_id != other.attendee_id


def test_a_recording_without_share_url_plays_from_its_first_video() -> None:
    event = parse(zoom_bodies.recorded(play_url=""))
    assert isinstance(event, RecordingCompleted)
    assert event.play_url == "https://zoom.example/rec/play/INVENTED"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "zoommtg://x", "https://" + "a" * 3000])
def test_a_recording_link_that_is_no_web_address_is_of_no_use(url: str) -> None:
    assert parse(zoom_bodies.recorded(play_url=url)) is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'{"event": 5}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_event_is_told_apart_from_what_is_of_no_interest(raw: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse(raw)
    assert parse(b'{"event": "meeting.updated", "payload": {"object": {}}}') is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["object", "host_id", "id", "uuid", "participant", "user_id", "start_time", "share_url"]
                ),
                x,
            )
        ),
    )
)
def test_no_payload_breaks_the_reader(payload: object) -> None:
    for name in ("meeting.started", "meeting.ended", "meeting.participant_left", "recording.completed"):
        event = parse(json.dumps({"event": name, "payload": payload}).encode())
        assert event is None or event.instance.zoom_host_id


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["object", "account_id", "host_id", "id", "start_time", "duration", "time_stamp", "operation"]
                ),
                x,
            )
        ),
    )
)
def test_no_payload_about_what_is_planned_breaks_the_reader(payload: object) -> None:
    for name in ("meeting.deleted", "meeting.updated"):
        event = parse(json.dumps({"event": name, "payload": payload}).encode())
        assert event is None or event.instance.zoom_meeting_id


def test_a_change_counts_from_when_it_was_made_and_not_from_when_it_was_sent() -> None:
    event = parse(zoom_bodies.moved(start_time="2026-11-06T18:30:00Z", duration=45))
    assert isinstance(event, MeetingMoved)
    assert event.time == datetime(2026, 10, 30, 12, 2, tzinfo=UTC)
    assert event.scheduled_time == datetime(2026, 11, 6, 18, 30, tzinfo=UTC)
    assert event.scheduled_duration == timedelta(minutes=45)
    assert event.instance.zoom_host_id == zoom_bodies.HOST_ID, "whoever changed it"


@pytest.mark.parametrize("name", ["meeting.participant_joined", "meeting.participant_left"])
@pytest.mark.parametrize("more", [{}, {"participant": None}, {"participant": []}, {"participant": {}}])
def test_an_event_of_a_participant_without_one_is_none(name: str, more: dict[str, object]) -> None:
    payload = {"object": {"host_id": "h", "id": 1, "uuid": "u", **more}}
    assert parse(json.dumps({"event": name, "payload": payload}).encode()) is None


def test_a_meeting_is_bound_to_a_run_by_the_first_event_after_its_creation() -> None:
    event = parse(zoom_bodies.started())
    assert event is not None
    made_before = Candidate("", datetime(2026, 10, 30, 12, 0, 5, 999, tzinfo=UTC))
    made_after = Candidate("", datetime(2026, 10, 30, 12, 0, 6, tzinfo=UTC))
    assert concerns(made_before, event)
    assert not concerns(made_after, event)
    assert concerns(Candidate("s3NjF1H2S6WjZ9L0Qm5bRw==", datetime(2030, 1, 1, tzinfo=UTC)), event)
    assert not concerns(Candidate("another", datetime(2020, 1, 1, tzinfo=UTC)), event)


def test_a_personal_room_that_is_opened_much_later_is_opened_for_something_else() -> None:
    event = parse(zoom_bodies.started())
    assert event is not None
    just_before = datetime(2026, 10, 30, 11, 30, tzinfo=UTC)
    weeks_before = datetime(2026, 10, 9, 12, 0, tzinfo=UTC)
    assert concerns(Candidate("", just_before, in_room=True), event)
    assert not concerns(Candidate("", weeks_before, in_room=True), event)
    assert concerns(Candidate("", weeks_before, in_room=False), event), "a number of its own has no other use"
