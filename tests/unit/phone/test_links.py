"""Links that dial: they live for fifteen minutes and cannot be made up."""

from __future__ import annotations

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.errors import MeshError, Reason
from mesh.sealing import KeyRing
from services.phone.links import CallLinks
from tests.support.clock import FakeClock

OLD = ("k1", bytes(range(32)))
NEW = ("k2", bytes(range(32, 64)))
CALL = str(uuid.UUID(int=0x1234567890ABCDEF))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def links(*keys: tuple[str, bytes], clock: FakeClock | None = None) -> CallLinks:
    return CallLinks(KeyRing(keys or (OLD,)), "https://zoom.example", clock or FakeClock())


def signed_id(made_by: CallLinks) -> str:
    head, _, tail = made_by.url(CALL).rpartition("/")
    assert head == "https://zoom.example/call"
    return tail


def refused(checked_by: CallLinks, text: str) -> bool:
    try:
        checked_by.call_id(text)
    except MeshError as error:
        return error.reason is Reason.CALL_LINK_INVALID
    return False


def test_a_link_names_its_call_in_letters_that_need_no_escaping() -> None:
    made = signed_id(links())
    assert set(made) <= set(ALPHABET)
    assert len(made) <= 256
    assert links().call_id(made) == CALL


def test_a_link_ends_after_fifteen_minutes() -> None:
    clock = FakeClock()
    made = links(clock=clock)
    text = signed_id(made)
    clock.advance(15 * 60 - 1)
    assert made.call_id(text) == CALL
    clock.advance(1)
    assert refused(made, text)


def test_a_link_outlives_the_key_that_made_it_as_long_as_the_key_is_on_the_ring() -> None:
    text = signed_id(links(OLD))
    assert links(NEW, OLD).call_id(text) == CALL
    assert refused(links(NEW), text)


@pytest.mark.parametrize("place", range(54))
def test_a_link_with_another_letter_anywhere_is_refused(place: int) -> None:
    text = signed_id(links())
    others = (letter for letter in ALPHABET if letter != text[place])
    assert all(refused(links(), text[:place] + letter + text[place + 1 :]) for letter in others)


def test_a_signature_for_another_purpose_is_none_here() -> None:
    body = base64.urlsafe_b64decode(signed_id(links()) + "==")[:24]
    other = KeyRing((OLD,)).signatures(body, "page token")[0][:16]
    assert refused(links(), base64.urlsafe_b64encode(body + other).rstrip(b"=").decode())


@pytest.mark.parametrize("change", ["{}=", "{}==", " {}", "{}\n", "{}A", "{}é", "%41{}", "{0}{0}"])
def test_there_is_one_way_to_write_a_link(change: str) -> None:
    assert refused(links(), change.format(signed_id(links())))


@given(st.text(max_size=256))
def test_made_up_texts_are_refused(text: str) -> None:
    assert refused(links(), text)
