"""Foreign text, made fit to be shown."""

from __future__ import annotations

import pytest

from services.slack_edge import cards
from services.slack_edge.texts import clean
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"
"""A flag that is spelt with tag characters."""


@pytest.mark.parametrize(
    "unseen",
    [
        *("\u3164", "\u115f", "\u1160", "\uffa0", "\u00ad", "\u180e", "\u200b", "\u2800", "\u200d", "\u0301"),
        *("\U000e0041\U000e0042", "\U000e0001", "\ufe0f", "\u2066\u202e", "\x00", " \u3164 \u200d "),
    ],
)
def test_who_is_called_by_nothing_that_is_seen_is_somebody(unseen: str) -> None:
    attendee = pb.Attendee(attendee_id="a", display_name=unseen)
    assert cards.participant(attendee)["display_name"] == "Somebody"


@pytest.mark.parametrize("hidden", ["\u00ad", "\u3164", "\u180e", "\U000e0041", "\u202e", "\u2064"])
def test_what_is_not_seen_stands_between_no_letters(hidden: str) -> None:
    assert clean(f"A{hidden}da {hidden}Love", 80) == "Ada Love"


@pytest.mark.parametrize(
    "seen",
    ["Zoë", "Zoe\u0308", "홍길동", "👩‍👩‍👧", "🏳️‍🌈", "🇬🇧", WALES, f"{WALES} Owen", "لُغَة", "Ada 👍🏽", "\U0001faff"],
)
def test_what_is_seen_stays(seen: str) -> None:
    assert clean(seen, 80) == seen


@pytest.mark.parametrize("limit", range(2, 9))
def test_a_flag_is_shown_whole_or_not_at_all(limit: int) -> None:
    assert clean(f"A{WALES}", limit) == ("A" if limit < 8 else f"A{WALES}")


def test_a_flag_hides_no_message() -> None:
    assert clean("\U0001f3f4" + "\U000e0061" * 50 + "\U000e007f", 80) == "\U0001f3f4"
