"""Whom a person wants to call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slack_edge.callees import MAX_PHONE_NUMBER, Callee, Nobody, Number, Person, Why, understand

GRACE = Person("U0GRACE01")


@pytest.mark.parametrize(
    ("text", "callee"),
    [
        ("+1 202 555 0187", Number("+1 202 555 0187")),
        ("(202) 555-0187", Number("(202) 555-0187")),
        ("1234", Number("1234")),
        ("0049 30 12345678", Number("0049 30 12345678")),
        ("+1 202 555 0187 ext. 12345", Number("+1 202 555 0187 ext. 12345")),
        ("1-800-FLOWERS", Number("1-800-FLOWERS")),
        ("<tel:+12025550187|+1 202 555 0187>", Number("+12025550187")),
        ("<tel:+12025550187>", Number("+12025550187")),
        ("tel:+12025550187", Number("tel:+12025550187")),
        ("  +1&nbsp;202", Number("+1&nbsp;202")),
        ("1\u202e2\u200b34", Number("1234")),
        ("<@U0GRACE01>", GRACE),
        ("<@U0GRACE01|grace>", GRACE),
        ("<@U0GRACE01|>", GRACE),
        ("<@W0GRACE01|+1 202 555 0187>", Person("W0GRACE01")),
        ("<@U0GRACE01|grace> about lunch", GRACE),
        ("<@U0GRACE01> <@U0GRACE01|grace>", GRACE),
    ],
)
def test_S29_a_person_or_a_number_is_understood(text: str, callee: Callee) -> None:
    assert understand(text) == callee


@pytest.mark.parametrize("text", ["@ada", "@ada.lovelace please", "@12025550187", "@ada, thanks"])
def test_S29_a_name_that_slack_did_not_turn_into_a_person_is_none(text: str) -> None:
    assert understand(text) == Nobody(Why.NAME)


@pytest.mark.parametrize(
    "text",
    [
        "@zoe @ada",
        "@zoe <@U0ADA0001|ada>",
        "<@U0ZOE0001|zoe> <@U0ADA0001|ada>",
        "<@U0ADA0001|ada> +1 202 555 0187",
        "<@U0ADA0001|ada> 1234",
        "@ada 1234",
        "+1 202 555 0187 +1 202 555 0143",
        "+12025550187, +12025550143",
        "+49 30 123 +49 30 124",
        "(202) 555-0187 (202) 555-0143",
        "202 555 0187 202 555 0143",
        "2025550187 2025550143",
        "<tel:+12025550187> <tel:+12025550143|x>",
        "<tel:+12025550187> 1234",
        "<!here>",
        "<!subteam^S0TEAM001|@team>",
        "<@U0ADA0001|ada> <!channel>",
    ],
)
def test_S29_more_than_one_is_not_chosen_among(text: str) -> None:
    assert understand(text) == Nobody(Why.SEVERAL)


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "grace", "+", "ring my mother", "1" * 65, "ada@acme.example", "<#C0GENERAL|general>"),
        *("<mailto:ada@acme.example|ada@acme.example>", "<@>", "<@u0ada0001>"),
    ],
)
def test_S29_neither_is_nobody(text: str) -> None:
    assert understand(text) == Nobody(Why.EMPTY)


def test_a_number_is_never_cut() -> None:
    assert understand("+" + "1" * (MAX_PHONE_NUMBER - 1)) == Number("+" + "1" * (MAX_PHONE_NUMBER - 1))
    assert understand("+" + "1" * MAX_PHONE_NUMBER) == Nobody(Why.EMPTY)


@given(st.text(max_size=200) | st.text(alphabet="<@U0A>|tel:+1 ,()", max_size=80))
def test_no_text_is_too_strange(text: str) -> None:
    callee = understand(text)
    if isinstance(callee, Number):
        assert 0 < len(callee.phone_number) <= MAX_PHONE_NUMBER
        assert callee.phone_number == callee.phone_number.strip()
        assert any(char.isdecimal() for char in callee.phone_number)
    elif isinstance(callee, Person):
        assert f"<@{callee.user_id}" in text
