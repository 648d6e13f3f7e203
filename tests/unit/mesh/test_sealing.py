"""Secrets at rest."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mesh.sealing import KeyRing, SealError, load_or_create

OLD, NEW = ("old", b"o" * 32), ("new", b"n" * 32)
PLACE = ("connections.access_token", "T0ACME", "U0ADA")


def test_a_value_opens_in_its_place_only() -> None:
    ring = KeyRing((OLD,))
    sealed = ring.seal(b"secret", *PLACE)
    assert b"secret" not in sealed
    assert ring.open(sealed, *PLACE) == b"secret"
    for elsewhere in (
        ("connections.access_token", "T0ACME", "U0EVE"),
        PLACE[:2],
        ("connections.access_tokenT0ACME", "U0ADA"),
    ):
        with pytest.raises(SealError):
            ring.open(sealed, *elsewhere)


def test_every_bit_counts() -> None:
    ring = KeyRing((OLD,))
    sealed = ring.seal(b"secret", *PLACE)
    for position in range(len(sealed)):
        altered = bytes(b ^ (1 if n == position else 0) for n, b in enumerate(sealed))
        with pytest.raises(SealError):
            ring.open(altered, *PLACE)
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            ring.open(sealed[:length], *PLACE)


def test_a_new_first_key_seals_while_the_old_one_still_opens() -> None:
    sealed = KeyRing((OLD,)).seal(b"secret", *PLACE)
    both = KeyRing((NEW, OLD))
    assert both.open(sealed, *PLACE) == b"secret"
    again = both.seal(b"secret", *PLACE)
    assert KeyRing((NEW,)).open(again, *PLACE) == b"secret"
    with pytest.raises(SealError):
        KeyRing((NEW,)).open(sealed, *PLACE)


def test_the_same_value_is_never_sealed_alike() -> None:
    ring = KeyRing((OLD,))
    assert len({ring.seal(b"secret", *PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text", ["", "k1", "k1:", "k1:c2hvcnQ=", "k!:" + "A" * 43 + "=", f"a:{'A' * 43}=,a:{'A' * 43}="]
)
def test_a_ring_that_is_none_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="key") as refusal:
        KeyRing.parse(text)
    assert "AAAA" not in str(refusal.value)


def test_the_laptops_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "token-keys"
    first = load_or_create(path)
    assert load_or_create(path) == first
    assert KeyRing.parse(first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["token-keys"]


def test_a_ring_does_not_show_its_keys() -> None:
    assert "oooo" not in repr(KeyRing((OLD,)))
