"""Who is in a meeting, whatever the order of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.meetings.attendance import HOST_SESSION, Attendee, Host, Session, attendees, present

T0 = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
HOST = Host("zoom-ada", "U0ADA")


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def test_a_person_with_two_devices_is_one_attendee_until_both_left() -> None:
    laptop = Session("1", "grace", "Grace", at(0), at(5))
    phone = Session("2", "grace", "Grace", at(1), None)
    assert [p.attendee_id for p in present([laptop, phone], HOST)] == ["grace"]
    assert present([laptop, Session("2", "grace", "Grace", at(1), at(6))], HOST) == ()
    assert len(attendees([laptop, phone], HOST)) == 1


def test_a_leaving_without_its_joining_is_nobody_present_but_somebody_who_was_there() -> None:
    sessions = [Session("1", "grace", "Grace", None, at(5))]
    assert present(sessions, HOST) == ()
    assert attendees(sessions, HOST) == (Attendee("grace", "Grace"),)


def test_the_host_is_present_by_the_start_alone_until_a_session_of_her_own_says_otherwise() -> None:
    implied = Session(HOST_SESSION, "zoom-ada", "", at(0), None)
    assert present([implied], HOST) == (Attendee("zoom-ada", "", "U0ADA"),)
    own = Session("7", "zoom-ada", "Ada", at(0), at(3))
    assert present([implied, own], HOST) == ()
    assert attendees([implied, own], HOST) == (Attendee("zoom-ada", "Ada", "U0ADA"),)


@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    sessions = [
        Session(str(n), f"person-{n % 4}", f"Name {n % 4}", at(n), at(n + 2) if n % 3 == 0 else None) for n in range(6)
    ]
    shuffled = [sessions[n] for n in order]
    assert present(shuffled, HOST) == present(sessions, HOST)
    assert attendees(shuffled, HOST) == attendees(sessions, HOST)
