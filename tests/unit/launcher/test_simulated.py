"""The simulators' secrets as files, for pods."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.simulated import main
from simulators.slack.config import SlackConfig
from simulators.zoom.config import ZoomConfig


def test_files_hold_what_the_simulators_are_born_with(tmp_path: Path) -> None:
    slack, zoom = SlackConfig(), ZoomConfig()
    expected = {
        "slack-client-secret": slack.client_secret,
        "slack-signing-secret": slack.signing_secret,
        "zoom-user-client-secret": zoom.user_app.client_secret,
        "zoom-user-webhook-secret": zoom.user_app.webhook_secret,
        "zoom-account-client-secret": zoom.account_app.client_secret,
        "zoom-account-webhook-secret": zoom.account_app.webhook_secret,
    }
    assert main([str(tmp_path), *expected]) == 0
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == expected


def test_an_unknown_file_is_named_with_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "slack-signing-secret", "token-keys"]) == 2
    said = capsys.readouterr().err
    assert "slack-signing-secret" in said
    assert "simulated-" not in said
    assert list(tmp_path.iterdir()) == []
    assert main([]) == 2
