"""What Zoom's refusals mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from zoom_api.client import path_segment
from zoom_api.errors import TokenRejectedError, error_for

NOW = datetime(2026, 10, 30, 22, 0, tzinfo=UTC)
DAILY = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular "
    "user. You may resume these requests at GMT 00:00:00."
)


def meant(status: int, body: Any = None, **headers: str) -> MeshError:
    error = error_for(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, now=NOW)
    assert isinstance(error, MeshError)
    return error


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, 3161, Reason.ZOOM_HOST_NOT_ALLOWED),
        (400, 3000, Reason.ZOOM_HOST_NOT_ALLOWED),
        (400, 1010, Reason.ZOOM_HOST_NOT_ALLOWED),
        (400, 1120, Reason.ZOOM_HOST_NOT_ALLOWED),
        (404, 3001, Reason.ZOOM_NOT_FOUND),
        (404, 0, Reason.ZOOM_NOT_FOUND),
        (400, 300, Reason.ZOOM_REFUSED),
        (403, 2031, Reason.ZOOM_REFUSED),
        (500, 0, Reason.ZOOM_UNAVAILABLE),
        (503, 3001, Reason.ZOOM_UNAVAILABLE),
    ],
)
def test_the_status_decides_first_then_the_code(status: int, code: int, reason: Reason) -> None:
    assert meant(status, {"code": code, "message": "text"}).reason is reason


def test_a_missing_scope_is_a_400_and_names_the_scope() -> None:
    message = "Invalid access token, does not contain scopes:[meeting:write:meeting, meeting:write:meeting:admin]."
    error = meant(400, {"code": 4711, "message": message})
    assert error.reason is Reason.ZOOM_SCOPE_MISSING
    assert error.metadata == {"scopes": "meeting:write:meeting meeting:write:meeting:admin"}


def test_401_is_about_the_token() -> None:
    assert isinstance(error_for(401, {}, {"code": 124}, now=NOW), TokenRejectedError)


def test_the_limit_of_a_hundred_a_day_lasts_until_midnight() -> None:
    error = meant(429, {"code": 429, "message": DAILY})
    assert error.reason is Reason.ZOOM_DAILY_LIMIT
    assert error.retry_delay == timedelta(hours=2)


def test_the_limit_per_second_passes_quickly() -> None:
    error = meant(429, {"code": 429, "message": "You have reached the maximum per-second rate limit for this API."})
    assert error.reason is Reason.ZOOM_RATE_LIMITED
    assert error.retry_delay is not None
    assert error.retry_delay <= timedelta(seconds=5)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("2026-10-30T22:00:30Z", 30),
        ("Fri, 30 Oct 2026 22:01:00 GMT", 60),
        ("999999999", 86_400),
    ],
)
def test_retry_after_may_be_seconds_or_a_date(value: str, seconds: int) -> None:
    assert meant(503, None, retry_after=value).retry_delay == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["soon", "-5", "", "2026-99-99", "2026-10-30T21:00:00Z"])
def test_nonsense_in_retry_after_is_not_obeyed(value: str) -> None:
    assert meant(503, None, retry_after=value).retry_delay == timedelta(seconds=30)


@pytest.mark.parametrize("body", [None, [], "text", {"code": "4711"}, {"code": None, "message": None}])
def test_bodies_of_any_shape_are_survived(body: Any) -> None:
    assert meant(400, body).reason is Reason.ZOOM_REFUSED


def test_zooms_text_is_never_repeated() -> None:
    error = meant(404, {"code": 1001, "message": "User does not exist: ada@example.com."})
    assert "ada" not in str(error) + str(error.metadata)


@pytest.mark.parametrize(
    ("uuid", "segment"),
    [
        ("s3NjF1H2S6WjZ9L0Qm5bRw==", "s3NjF1H2S6WjZ9L0Qm5bRw%3D%3D"),
        ("aBc/dEf1gHi2JkL3mNo4Pw==", "aBc%2FdEf1gHi2JkL3mNo4Pw%3D%3D"),
        ("/qrS7tuVQ2aB3cD4eF5gHw==", "%252FqrS7tuVQ2aB3cD4eF5gHw%253D%253D"),
        ("aB//c2dE3fGh4IjKlMnOpQ==", "aB%252F%252Fc2dE3fGh4IjKlMnOpQ%253D%253D"),
    ],
)
def test_uuids_are_encoded_once_or_twice(uuid: str, segment: str) -> None:
    assert path_segment(uuid) == segment
