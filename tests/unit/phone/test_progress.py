"""How facts about a call come together: in any order, however often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.phone.progress import CallState, Progress, Result

NOON = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


moments = st.none() | st.integers(0, 100).map(at)
facts = st.builds(
    Progress,
    ring_time=moments,
    connect_time=moments,
    answer_time=moments,
    end_time=moments,
    result=st.sampled_from(Result),
    transferred=st.booleans(),
    own_number=st.sampled_from(["", "+12025550101", "+12025550102"]),
    in_history=st.booleans(),
    given_up=st.booleans(),
)


@given(facts, facts, facts)
def test_the_order_and_the_number_of_facts_do_not_matter(one: Progress, two: Progress, three: Progress) -> None:
    assert one.joined(two) == two.joined(one)
    assert one.joined(two).joined(three) == one.joined(two.joined(three))
    assert one.joined(one) == one
    assert one.joined(Progress()) == one


def test_states() -> None:
    assert Progress().state is CallState.PREPARED
    assert Progress(ring_time=at(0)).state is CallState.RINGING
    assert Progress(ring_time=at(0), connect_time=at(3)).state is CallState.CONNECTED
    assert Progress(answer_time=at(3)).state is CallState.CONNECTED
    assert Progress(answer_time=at(3), end_time=at(3)).state is CallState.ENDED
    assert Progress(ring_time=at(0), end_time=at(9), result=Result.NO_ANSWER).state is CallState.ENDED
    assert Progress(answer_time=at(3), given_up=True).state is CallState.ENDED
    assert Progress(end_time=at(5), answer_time=at(8)).state is CallState.CONNECTED, "one of several places gave up"
