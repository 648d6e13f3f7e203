"""What auth can be told, and what it answers to nonsense."""

from __future__ import annotations

import pytest

from mesh.settings import SettingsError
from services.auth.settings import AuthSettings

COMPLETE = {
    "ZOOMSLACK_SLACK_CLIENT_ID": "1.2",
    "ZOOMSLACK_SLACK_CLIENT_SECRET": "slack-secret",
    "ZOOMSLACK_ZOOM_USER_CLIENT_ID": "zoomApp",
    "ZOOMSLACK_ZOOM_USER_CLIENT_SECRET": "zoom-secret",
}


def problems(**changes: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        AuthSettings.load({**COMPLETE, **changes})
    return caught.value.problems


def test_defaults_are_the_vendors_and_the_laptops() -> None:
    settings = AuthSettings.load(COMPLETE)
    assert settings.slack_api_url == "https://slack.com/api"
    assert settings.slack_authorize_url == "https://slack.com/oauth/v2/authorize"
    assert settings.zoom_api_url == "https://api.zoom.us/v2"
    assert settings.zoom_oauth_url == "https://zoom.us/oauth"
    assert settings.listen == "127.0.0.1:50051"
    assert settings.database_url == "sqlite+aiosqlite:///var/auth.db"


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        AuthSettings.load({"ZOOMSLACK_PUBLIC_URL": "ftp://x", "ZOOMSLACK_AUTH_LISTEN": "nowhere"})
    assert {problem.partition(":")[0] for problem in caught.value.problems} == {
        "ZOOMSLACK_PUBLIC_URL",
        "ZOOMSLACK_AUTH_LISTEN",
        *COMPLETE,
    }


def test_the_admin_managed_app_comes_whole_or_not_at_all() -> None:
    [problem] = problems(ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_ID="adminApp")
    assert problem.startswith("ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_SECRET: ")


def test_plaintext_stays_on_the_machine() -> None:
    [problem] = problems(ZOOMSLACK_AUTH_LISTEN="10.0.0.1:50051")
    assert problem.startswith("ZOOMSLACK_AUTH_LISTEN: ")


def test_secrets_are_not_shown() -> None:
    shown = repr(AuthSettings.load(COMPLETE))
    assert "slack-secret" not in shown
    assert "zoom-secret" not in shown
