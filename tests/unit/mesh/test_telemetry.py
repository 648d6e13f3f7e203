"""What looks like a secret does not leave by a log line."""

from __future__ import annotations

import io
import json
import logging

import pytest

from mesh.telemetry import JsonFormatter, redact

SECRETS = [
    "xoxb-1234567890-abcdefghijkl",
    "xoxe.xoxb-1-Mi0yLTEyMzQ1Njc4",
    "xapp-1-A0AB12-345-abcdef",
    "https://us02web.zoom.example/j/85012345678?pwd=Qk1nR2pVd3hTb0E9.1",
    "https://app.example/zoom/oauth/callback?code=abcDEF123&state=xyz789",
    "Authorization: Bearer abc.def-ghi",
    "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
    "https://hooks.slack.example/commands/T0AB12CD3/111/aaaBBBccc",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_masked_wherever_they_stand(secret: str) -> None:
    masked = redact(f"before {secret} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert "[redacted]" in masked
    for part in ("abcdefghijkl", "Mi0yLT", "345-abcdef", "Qk1nR2", "abcDEF123", "xyz789", "abc.def", "c2lnb", "aaaBBB"):
        assert part not in masked


def test_what_is_no_secret_stays() -> None:
    text = "GET /slack/install?team=T1 answered 302 in 12 ms for U0AB12CD3 at sql reserve start request"
    assert redact(text) == text


def test_a_line_of_json_carries_fields_and_a_masked_exception() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("auth"))
    logger = logging.Logger("test")  # noqa: LOG001 (apart from the process's own)
    logger.addHandler(handler)
    try:
        int("token xoxb-1234567890-abcdefghijkl")
    except ValueError:
        logger.exception("it failed", extra={"team_id": "T1"})
    line = json.loads(stream.getvalue())
    assert line["service"] == "auth"
    assert line["team_id"] == "T1"
    assert "ValueError" in line["exception"]
    assert "abcdefghijkl" not in stream.getvalue()


@pytest.mark.parametrize(
    "hostile",
    ['GET /?code=a","level":"critical","forged":"yes', "cookie zoomslack_state=abcDEF123; x", "/call/" + "a" * 54],
)
def test_masking_never_breaks_the_line_and_hostile_text_forges_nothing(hostile: str) -> None:
    formatter = JsonFormatter("edge")
    record = logging.makeLogRecord({"msg": hostile, "levelname": "ERROR", "detail": hostile})
    line = json.loads(formatter.format(record))
    assert line["level"] == "error"
    assert "forged" not in line
    assert "abcDEF123" not in str(line)
    assert "a" * 54 not in str(line)
