"""Links and the secrets within them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.grants import AppLevel, TokenPair
from services.auth.links import ConnectLink, challenge, digest, new_secret

NOON = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
USER = SlackUser("", "T0ACME", "U0ADA")


def test_the_challenge_is_that_of_rfc_7636() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_secrets_have_the_length_that_pkce_asks_for_and_never_repeat() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(43 <= len(secret) <= 128 for secret in secrets)


def test_a_digest_is_sha_256_in_hex() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_link_can_be_used_until_its_end() -> None:
    link = ConnectLink("digest", AppLevel.USER, USER, "Ada", "Acme", NOON)
    link.check_unused(NOON - timedelta(microseconds=1))
    with pytest.raises(MeshError) as caught:
        link.check_unused(NOON)
    assert caught.value.reason is Reason.LINK_EXPIRED


def test_used_is_said_before_expired() -> None:
    link = ConnectLink("digest", AppLevel.USER, USER, "Ada", "Acme", NOON, used_time=NOON)
    with pytest.raises(MeshError) as caught:
        link.check_unused(NOON + timedelta(hours=1))
    assert caught.value.reason is Reason.LINK_USED


def test_secrets_are_not_shown() -> None:
    tokens = TokenPair("ACCESS", "REFRESH", NOON, ())
    link = ConnectLink(
        *("digest", AppLevel.USER, USER, "Ada", "Acme", NOON),
        verifier="VERIFIER",
        tokens=tokens,
        continuation=b"WORK",
    )
    for secret in ("ACCESS", "REFRESH", "VERIFIER", "WORK"):
        assert secret not in repr(link)
