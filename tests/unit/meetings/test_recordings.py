"""Whether a recording is there, from news of its files in any order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.meetings.recordings import Files, changed, is_deleted

NOON = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
News = tuple[tuple[str, ...], int, bool]


def after(*news: News) -> Files:
    """Returns what is known after news of (files, seconds after noon, whether they are there)."""
    files: Files = {}
    for file_ids, seconds, there in news:
        files = changed(files, file_ids, NOON + timedelta(seconds=seconds), there=there)
    return files


def test_nothing_is_known_of_nothing() -> None:
    assert is_deleted({})


def test_it_is_there_as_long_as_one_file_is() -> None:
    assert not is_deleted(after((("a", "b"), 0, True), (("a",), 1, False)))
    assert is_deleted(after((("a", "b"), 0, True), (("a",), 1, False), (("b",), 2, False)))


def test_news_without_files_is_about_all_of_them() -> None:
    assert is_deleted(after((("a", "b"), 0, True), ((), 1, False)))
    assert not is_deleted(after((("a", "b"), 0, True), ((), 1, False), (("b",), 2, True)))
    assert not is_deleted(after((("a",), 0, True), ((), 1, False), ((), 2, True)))


def test_at_the_same_moment_what_takes_away_counts() -> None:
    for news in itertools.permutations([(("a",), 0, True), (("a",), 0, False)]):
        assert is_deleted(after(*news))


@given(
    st.lists(
        st.tuples(st.sampled_from([("a",), ("b",), ("a", "b"), ()]), st.integers(0, 5), st.booleans()), max_size=5
    ),
    st.randoms(),
)
def test_the_order_does_not_matter(news: list[News], chance: object) -> None:
    shuffled = list(news)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert after(*news) == after(*shuffled)
