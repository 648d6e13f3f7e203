"""What can be joined, and what only looks like it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slack_edge.joining import (
    MeetingNumber,
    Nothing,
    OwnRoom,
    PersonalLink,
    StartLink,
    Wish,
    join_url,
    understand,
)

ZOOM = "https://zoom.us"
PWD = (("pwd", "INVENTEDpwd.1"),)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("85012345678", MeetingNumber("85012345678")),
        ("  850 1234 5678 ", MeetingNumber("85012345678")),
        ("850-1234-5678", MeetingNumber("85012345678")),
        ("555\u2011123\u20134567", MeetingNumber("5551234567")),
        ("850\u00a01234\u00a05678", MeetingNumber("85012345678")),
        ("123456789", MeetingNumber("123456789")),
        ("<tel:85012345678|850 1234 5678>", MeetingNumber("85012345678")),
        ("https://zoom.us/j/85012345678", MeetingNumber("85012345678", "zoom.us")),
        (
            "https://us02web.zoom.us/j/85012345678?pwd=INVENTEDpwd.1",
            MeetingNumber("85012345678", "us02web.zoom.us", PWD),
        ),
        (
            "<https://acme.zoom.us/j/85012345678?omn=1&amp;pwd=INVENTEDpwd.1|https://evil.example/j/1>",
            MeetingNumber("85012345678", "acme.zoom.us", PWD),
        ),
        ("https://acme.zoomgov.com/j/1612345678#success", MeetingNumber("1612345678", "acme.zoomgov.com")),
        ("HTTPS://Zoom.US/j/85012345678", MeetingNumber("85012345678", "zoom.us")),
        ("https://zoom.us/wc/85012345678/join?pwd=INVENTEDpwd.1", MeetingNumber("85012345678", "zoom.us", PWD)),
        ("https://zoom.us/wc/join/85012345678", MeetingNumber("85012345678", "zoom.us")),
        ("https://zoom.us/w/85012345678?tk=t", MeetingNumber("85012345678", "zoom.us", (("tk", "t"),))),
        ("https://zoom.us/my/ada.lovelace", PersonalLink("ada.lovelace", "zoom.us")),
        ("https://zoom.us/my/ada.lovelace?pwd=INVENTEDpwd.1", PersonalLink("ada.lovelace", "zoom.us", PWD)),
        ("ada.lovelace", PersonalLink("ada.lovelace")),
        ("a1234", PersonalLink("a1234")),
        ("a" * 40, PersonalLink("a" * 40)),
        ("me", OwnRoom()),
        (" ME ", OwnRoom()),
        ("https://zoom.us/s/85012345678?zak=SECRET", StartLink()),
        ("<https://us02web.zoom.us/s/85012345678>", StartLink()),
        ("https://zoom.us/wc/85012345678/start", StartLink()),
    ],
)
def test_S26_S27_what_can_be_joined(text: str, wish: Wish) -> None:
    assert understand(text) == wish


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "12345678",
        "123456789012",
        "850 1234 567x",
        "+85012345678",
        "٨٥٠١٢٣٤٥٦٧٨",
        "ada",
        "a" * 41,
        "1ada.lovelace",
        "ada_lovelace",
        "ada lovelace",
        "ädalovelace",
        "<@U0GRACE01|grace>",
        "http://zoom.us/j/85012345678",
        "ftp://zoom.us/j/85012345678",
        "zoommtg://zoom.us/join?confno=85012345678",
        "javascript:alert(1)//zoom.us/j/85012345678",
        "//zoom.us/j/85012345678",
        "zoom.us/j/85012345678",
        "https:zoom.us/j/85012345678",
        "https:///zoom.us/j/85012345678",
        "https://zoom.us:443/j/85012345678",
        "https://zoom.us:/j/85012345678",
        "https://ada@zoom.us/j/85012345678",
        "https://zoom.us@evil.example/j/85012345678",
        "https://zoom.us%40evil.example/j/85012345678",
        "https://zoom.us.evil.example/j/85012345678",
        "https://evilzoom.us/j/85012345678",
        "https://evil-zoom.us/j/85012345678",
        "https://zoom.us./j/85012345678",
        "https://.zoom.us/j/85012345678",
        "https://a..zoom.us/j/85012345678",
        "https://-a.zoom.us/j/85012345678",
        "https://zoom.com/j/85012345678",
        "https://evil.example/https://zoom.us/j/85012345678",
        "https://evil.example/?zoom.us/j/85012345678",
        "https://evil.example#.zoom.us/j/85012345678",
        "https://evil.example\\.zoom.us/j/85012345678",
        "https://evil.example/\\zoom.us/j/85012345678",
        "https://zооm.us/j/85012345678",  # Cyrillic letters
        "https://ｚoom.us/j/85012345678",  # a full-width letter, which browsers read as `z`
        "https://zoom。us/j/85012345678",  # a full stop of Chinese
        "https://xn--zom-toa.us/j/85012345678",
        "https://zoom.us/j/85012345678/../../s/1",
        "https://zoom.us/j/1",
        "https://zoom.us/j/",
        "https://zoom.us/",
        "https://zoom.us/signin?next=/j/85012345678",
        "https://zoom.us/my/x",
        "https://zoom.us/rec/play/INVENTED",
        "https://zoom.us/j/850123\n45678",
        "https://zoom.us/j/85012345678 https://evil.example/",
        "https://[zoom.us/j/85012345678",
        "<https://zoom.us/j/85012345678",
        "<https://evil.example/|https://zoom.us/j/85012345678>",
        "<https://zoom.us/j/85012345678|x> and more",
        "https://zoom.us/j/85012345678?" + "x" * 3000,
    ],
)
def test_S26_what_only_looks_like_it(text: str) -> None:
    assert understand(text) == Nothing()


@given(st.text(max_size=200))
def test_every_text_is_understood(text: str) -> None:
    assert isinstance(understand(text), MeetingNumber | PersonalLink | OwnRoom | StartLink | Nothing)


_PIECES = (
    *("https:", "http:", "//", "/", "\\", "@", ":", ".", "#", "?", "zoom.us", "zoomgov.com", "evil.example", "j", "my"),
    *("s", "85012345678", "ada.lovelace", "pwd=x", "%2f", "<", ">", "|", "\u3002", "\u043e"),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_S26_whatever_is_joined_is_zooms(text: str) -> None:
    wish = understand(text)
    if isinstance(wish, MeetingNumber | PersonalLink):
        parts = urlsplit(join_url(wish, ZOOM))
        assert parts.scheme == "https"
        assert parts.netloc == parts.hostname
        assert f".{parts.hostname}".endswith((".zoom.us", ".zoomgov.com"))
        assert parts.path.startswith(("/j/", "/my/"))


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=100))
def test_S26_the_passcode_of_a_link_survives(pwd: str) -> None:
    link = join_url(MeetingNumber("85012345678", "acme.zoom.us", (("pwd", pwd),)), ZOOM)
    again = understand(f"<{link.replace('&', '&amp;')}>")
    assert isinstance(again, MeetingNumber)
    assert dict(again.secrets) == {"pwd": pwd}
    assert parse_qs(urlsplit(join_url(again, ZOOM)).query)["pwd"] == [pwd]


def test_P72_what_names_no_host_is_joined_where_the_setting_says() -> None:
    assert join_url(MeetingNumber("85012345678"), "https://zoomgov.com") == "https://zoomgov.com/j/85012345678"
    assert join_url(PersonalLink("ada.lovelace"), ZOOM) == "https://zoom.us/my/ada.lovelace"
    assert join_url(MeetingNumber("1612345678", "acme.zoomgov.com"), ZOOM) == "https://acme.zoomgov.com/j/1612345678"


def test_the_passcode_is_not_printed() -> None:
    assert "INVENTED" not in repr(understand("https://zoom.us/j/85012345678?pwd=INVENTED"))
