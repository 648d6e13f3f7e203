"""The signatures of both vendors, with the vectors of their documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slack_edge.signatures import SLACK, ZOOM, SeenSignatures, SignatureError, Verifier, hex_hmac
from tests.support.clock import FakeClock

SLACK_SECRET = "0123456789abcdef0123456789abcdef"
SLACK_TIME = 1760000000
ZOOM_SECRET = "it-is-a-secret-token"
ZOOM_BODY = (
    b'{"event":"meeting.started","event_ts":1793361605123,"payload":{"account_id":"AccT0y2mQ1",'
    b'"object":{"id":"98765432101"}}}'
)
ZOOM_SIGNATURE = "v0=7b070cc4102c5b387dc80c80e4610d157784d0e3f7ac1bf86f82bb940d7d7aed"


def clock_at(seconds: float) -> FakeClock:
    return FakeClock(datetime.fromtimestamp(seconds, UTC))


def slack_headers(signature: str, timestamp: str = str(SLACK_TIME)) -> dict[str, str]:
    return {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": timestamp}


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (
            b"command=%2Fzoom&text=help",
            "v0=ede47ac2047ada015bc263daa09109200630ad9012e1c499b0d5017b4ab14fda",
        ),
        (
            b'{"type":"url_verification","challenge":"abc123"}',
            "v0=686e86efc9ee4229986c877c77694f8c2375afac09c323d193ddffd877b468ab",
        ),
    ],
)
def test_slacks_vectors(body: bytes, signature: str) -> None:
    verifier = Verifier(SLACK, [SLACK_SECRET], clock_at(SLACK_TIME))
    assert verifier.verify(slack_headers(signature), body) == SLACK_SECRET


def test_zooms_vector() -> None:
    verifier = Verifier(ZOOM, [ZOOM_SECRET], clock_at(1793361605))
    headers = {"x-zm-signature": ZOOM_SIGNATURE, "x-zm-request-timestamp": "1793361605"}
    assert verifier.verify(headers, ZOOM_BODY) == ZOOM_SECRET


def test_zooms_vector_of_the_address_check() -> None:
    assert hex_hmac(ZOOM_SECRET, b"qY7w2nSgTj6Kf0cVbR3xLA") == (
        "5303ff45cc0ae52e88bf5badf62f7da3900bb537bd2fb73327ef28885c5572e1"
    )


def signed(secret: str, body: bytes, timestamp: str = str(SLACK_TIME)) -> dict[str, str]:
    return slack_headers("v0=" + hex_hmac(secret, f"v0:{timestamp}:".encode() + body), timestamp)


def test_each_secret_in_force_is_accepted_and_named() -> None:
    verifier = Verifier(SLACK, ["new", "old"], clock_at(SLACK_TIME))
    assert verifier.verify(signed("old", b"x"), b"x") == "old"
    assert verifier.verify(signed("new", b"x"), b"x") == "new"
    with pytest.raises(SignatureError, match="mismatch"):
        verifier.verify(signed("older", b"x"), b"x")


@pytest.mark.parametrize(("offset", "accepted"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_a_request_is_good_for_five_minutes(offset: int, accepted: bool) -> None:
    verifier = Verifier(SLACK, ["s"], clock_at(SLACK_TIME + offset))
    if accepted:
        assert verifier.verify(signed("s", b"x"), b"x") == "s"
    else:
        with pytest.raises(SignatureError, match="stale"):
            verifier.verify(signed("s", b"x"), b"x")


@pytest.mark.parametrize(("offset", "accepted"), [(3600, True), (-3600, True), (3601, False), (-3601, False)])
def test_the_window_can_be_wider(offset: int, accepted: bool) -> None:
    verifier = Verifier(SLACK, ["s"], clock_at(SLACK_TIME + offset), window=3600)
    if accepted:
        assert verifier.verify(signed("s", b"x"), b"x") == "s"
    else:
        with pytest.raises(SignatureError, match="stale"):
            verifier.verify(signed("s", b"x"), b"x")


@pytest.mark.parametrize(
    "timestamp", ["NaN", "inf", "1e9", "-1760000000", "1760000000.0", " 1760000000", "١٧٦", "9" * 400]
)
def test_a_time_is_digits(timestamp: str) -> None:
    verifier = Verifier(SLACK, ["s"], clock_at(SLACK_TIME))
    with pytest.raises(SignatureError, match="malformed_timestamp"):
        verifier.verify(signed("s", b"x", timestamp), b"x")


@pytest.mark.parametrize("missing", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
def test_both_headers_are_needed(missing: str) -> None:
    headers = signed("s", b"x")
    del headers[missing]
    with pytest.raises(SignatureError, match="missing"):
        Verifier(SLACK, ["s"], clock_at(SLACK_TIME)).verify(headers, b"x")


@given(st.text(min_size=1), st.binary())
def test_a_hostile_signature_is_refused_and_nothing_else(signature: str, body: bytes) -> None:
    # Undecodable bytes of a header arrive as lone surrogates.
    verifier = Verifier(SLACK, ["s"], clock_at(SLACK_TIME))
    with pytest.raises(SignatureError):
        verifier.verify(slack_headers(signature + "\udcff"), body)


def test_one_changed_byte_is_noticed() -> None:
    with pytest.raises(SignatureError, match="mismatch"):
        Verifier(SLACK, ["s"], clock_at(SLACK_TIME)).verify(signed("s", b"text=help"), b"text=hell")


def test_a_signature_is_new_once() -> None:
    seen = SeenSignatures(FakeClock())
    assert seen.add("a")
    assert not seen.add("a")
    assert seen.add("b")


def test_signatures_are_forgotten_when_they_are_stale_anyway() -> None:
    clock = FakeClock()
    seen = SeenSignatures(clock)
    seen.add("a")
    clock.advance(599)
    assert not seen.add("a")
    clock.advance(2)
    assert seen.add("a")


def test_memory_is_bounded() -> None:
    seen = SeenSignatures(FakeClock(), capacity=2)
    assert [seen.add(name) for name in ("a", "b", "c")] == [True, True, True]
    assert not seen.add("c")
    assert seen.add("a")  # the oldest went first
