"""What typed phone numbers mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.errors import MeshError, Reason
from services.phone.lines import CallWarning, Line, Policy
from services.phone.phone_numbers import PhoneNumbers, is_region, region_of

NUMBERS = PhoneNumbers("US")
REFUSALS = {Reason.PHONE_NUMBER_INVALID, Reason.PHONE_NUMBER_EMERGENCY, Reason.PHONE_NUMBER_PREMIUM}


@pytest.mark.parametrize(
    ("text", "region", "e164", "national"),
    [
        ("+1 (202) 555-0143", "", "+12025550143", "(202) 555-0143"),
        ("202.555.0143", "", "+12025550143", "(202) 555-0143"),
        ("tel:+1-202-555-0143", "", "+12025550143", "(202) 555-0143"),
        ("TEL:2025550143", "", "+12025550143", "(202) 555-0143"),
        ("  +44 20 7183 8750 ", "", "+442071838750", "020 7183 8750"),
        ("020 7183 8750", "GB", "+442071838750", "020 7183 8750"),
        ("+39 02 3661 8300", "", "+390236618300", "02 3661 8300"),
        ("0800 123 4567", "GB", "+448001234567", "0800 123 4567"),
    ],
)
def test_numbers_are_read_as_their_countries_write_them(text: str, region: str, e164: str, national: str) -> None:
    number = NUMBERS.read(text, region)
    assert (number.e164, number.national) == (e164, national)


def test_the_country_of_the_request_goes_before_the_deployments() -> None:
    assert PhoneNumbers("GB").read("020 7183 8750", "").e164 == "+442071838750"
    assert PhoneNumbers("GB").read("202 555 0143", "US").e164 == "+12025550143"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("911", "US"),
        ("9-1-1", "US"),
        ("tel:911", "US"),
        ("112", "US"),
        ("911", "GB"),
        ("112", "ZZ"),
        ("999", "GB"),
        ("000", "AU"),
        ("110", "DE"),
        ("+1911", "US"),
        ("+44 999", "US"),
        ("+49 110", "US"),
    ],
)
def test_emergency_numbers_are_refused_as_such(text: str, region: str) -> None:
    with pytest.raises(MeshError) as failure:
        NUMBERS.read(text, region)
    assert failure.value.reason is Reason.PHONE_NUMBER_EMERGENCY


@pytest.mark.parametrize(
    "text",
    [
        "999 555 01",
        "12",
        "12 34",  # an extension is written in one
        "1234567",
        "1-800-FLOWERS",
        "+12025550143x99",
        "+12025550143;ext=5",
        "+12025550143,,123#",
        "*67 202 555 0143",
        "+1+2025550143",
        "2025550143+",
        "tel:tel:+12025550143",
        "\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0664\u0663",  # Arabic-Indic digits
        "\uff0b12025550143",  # fullwidth plus
        "+1202555\n0143",
        "javascript:alert(1)",
        "+",
        "()",
        "tel:",
        "+999 123 4567",
        "1" * 64,
    ],
)
def test_everything_else_is_no_number(text: str) -> None:
    with pytest.raises(MeshError) as failure:
        NUMBERS.read(text, "")
    assert failure.value.reason is Reason.PHONE_NUMBER_INVALID


@pytest.mark.parametrize("text", ["100", "1234", "411", "tel:1002", " 100123 "])
def test_short_ones_are_extensions(text: str) -> None:
    assert NUMBERS.read(text, "") == Line(extension=text.strip().removeprefix("tel:"))


def test_what_costs_more_is_refused_or_comes_with_a_warning() -> None:
    with pytest.raises(MeshError) as failure:
        NUMBERS.read("+1 900 555 1234", "")
    assert failure.value.reason is Reason.PHONE_NUMBER_PREMIUM
    line = PhoneNumbers("US", premium=Policy.WARN).read("+1 900 555 1234", "")
    assert (line.e164, line.warning) == ("+19005551234", CallWarning.PREMIUM_RATE)
    assert PhoneNumbers("US", premium=Policy.WARN).read("+1 202 555 0143", "").warning is CallWarning.NONE


@pytest.mark.parametrize(("text", "region"), [("911", ""), ("112", "DE"), ("110", "DE"), ("999", "GB")])
def test_emergency_numbers_come_with_a_warning_where_they_are_let_through(text: str, region: str) -> None:
    numbers = PhoneNumbers("US", emergency=Policy.WARN)
    numbers.check(text)
    assert numbers.read(text, region) == Line(national=text, extension=text, warning=CallWarning.EMERGENCY)


def test_what_no_country_makes_a_number_needs_no_country() -> None:
    NUMBERS.check("020 7183 8750")
    for text, reason in (("ring", Reason.PHONE_NUMBER_INVALID), ("9-1-1", Reason.PHONE_NUMBER_EMERGENCY)):
        with pytest.raises(MeshError) as failure:
            NUMBERS.check(text)
        assert failure.value.reason is reason


def test_the_country_of_a_number() -> None:
    assert region_of("+4930123456") == "DE"
    assert region_of("+12025550143") == "US"
    assert region_of("") == ""


def test_a_country_nobody_knows_leaves_only_numbers_with_a_plus() -> None:
    assert NUMBERS.read("+12025550143", "ZZ").e164 == "+12025550143"
    with pytest.raises(MeshError) as failure:
        NUMBERS.read("2025550143", "ZZ")
    assert failure.value.reason is Reason.PHONE_NUMBER_INVALID


@given(st.one_of(st.text(max_size=64), st.text("0123456789 ()-.+tel:", max_size=64)), st.sampled_from(["", "DE", "ZZ"]))
def test_whatever_is_typed_gives_a_dialable_number_or_a_reason(text: str, region: str) -> None:
    try:
        number = NUMBERS.read(text, region)
    except MeshError as error:
        assert error.reason in REFUSALS  # noqa: PT017 (either is right)
        return
    if number.extension:
        assert re.fullmatch("[0-9]{3,6}", number.extension)
        assert number.e164 == ""
    else:
        assert number.e164[0] == "+"
        assert number.e164[1:].isascii()
        assert number.e164[1:].isdecimal()
        assert 5 <= len(number.e164) <= 18


def test_regions() -> None:
    assert is_region("US")
    assert not is_region("us")
    assert not is_region("ZZ")
    assert not is_region("")
