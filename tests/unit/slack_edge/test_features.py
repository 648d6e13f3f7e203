"""Scopes among people: every one that is asked for has words, and a missing one stops its feature alone."""

from __future__ import annotations

import pytest

from services.auth.installations import BOT_SCOPES
from services.slack_edge import features
from services.slack_edge.manifest import manifest
from simulators.zoom.config import ZoomConfig

SLACK = manifest("https://zoom-slack.example.com")["oauth_config"]["scopes"]["bot"]
ZOOM = [scope for app in ZoomConfig().apps for scope in app.scopes]
NEEDED = [scope for feature in features.FEATURES for scope in (*feature.slack_scopes, *feature.zoom_scopes)]


@pytest.mark.parametrize("scope", sorted({*SLACK, *BOT_SCOPES, *ZOOM, *NEEDED}))
def test_every_scope_that_is_asked_for_has_words(scope: str) -> None:
    [words] = features.in_words([scope])
    assert ":" not in words
    assert "_" not in words
    assert words == words.strip(" .")


def test_the_manifest_and_the_install_links_ask_slack_for_the_same() -> None:
    assert sorted(SLACK) == sorted(BOT_SCOPES)


def test_what_is_granted_twice_is_told_once() -> None:
    assert features.in_words(["meeting:write:meeting", "meeting:write:meeting:admin"]) == ["start meetings"]


def test_what_matters_most_is_told_first_and_what_has_no_words_last() -> None:
    words = features.in_words(["zoom:new:thing", "user:read:user", "meeting:write:meeting"])
    assert words == ["start meetings", "know whose Zoom account it is", "zoom:new:thing"]
