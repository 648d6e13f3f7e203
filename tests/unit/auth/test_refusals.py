"""What Zoom's token endpoint means by its answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.zoom_oauth import Refusal, refusal


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (400, {"reason": "Invalid Token!", "error": "invalid_grant"}, Refusal.GRANT),
        (400, {"error": "invalid_grant"}, Refusal.GRANT),
        (401, {"reason": "Invalid Token!", "error": "invalid_grant"}, Refusal.GRANT),
        (400, {"errorCode": 4733, "errorMessage": "Code is expired."}, Refusal.GRANT),
        (400, {"errorCode": "4741"}, Refusal.GRANT),
        (400, {"error": "invalid_request", "reason": "The authorization was not found (4,737)."}, Refusal.GRANT),
        (400, {"error_description": "The token has been disabled. 4738"}, Refusal.ADMIN),
        (400, {"code": 4717}, Refusal.ADMIN),
        (401, {"error": "invalid_client"}, Refusal.CLIENT),
        (400, {"error": "invalid_client"}, Refusal.CLIENT),
        (400, {"error": "unsupported_grant_type"}, Refusal.CLIENT),
        (400, {"errorCode": 4709}, Refusal.CLIENT),
        (401, None, Refusal.CLIENT),
        (400, {"errorCode": 4700}, Refusal.OTHER),
        (400, {"error": "invalid_request"}, Refusal.OTHER),
        (403, None, Refusal.OTHER),
        (400, {"reason": "ticket 147331"}, Refusal.OTHER),
        (429, {"error": "invalid_grant"}, Refusal.PASSING),
        (500, {"error": "invalid_grant"}, Refusal.PASSING),
        (503, None, Refusal.PASSING),
        (408, None, Refusal.PASSING),
        (302, None, Refusal.PASSING),
    ],
)
def test_refusals(status: int, answer: dict[str, Any] | None, kind: Refusal) -> None:
    assert refusal(status, answer) is kind


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error", "reason", "code"]), inner),
)


@given(st.integers(100, 599), _JSON)
def test_every_answer_is_of_some_kind(status: int, answer: Any) -> None:
    assert isinstance(refusal(status, answer), Refusal)


@given(_JSON)
def test_a_server_that_is_broken_never_ends_a_grant(answer: Any) -> None:
    assert {refusal(status, answer) for status in (429, 500, 502, 503, 504)} == {Refusal.PASSING}
