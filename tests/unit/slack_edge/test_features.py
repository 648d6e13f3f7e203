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


@pytest.mark.parametrize(
    ("missing", "features_lost"),
    [
        ("phone:read:user", ["tell your own phone number, and whom your Zoom Phone plan calls"]),
        ("phone:read:call", ["show phone calls while they ring and last"]),
        ("phone:read:call_log", ["tell all about how a phone call ended"]),
        ("phone:read:list_call_logs", ["look for phone calls that it did not hear of"]),
        ("user:read:settings", ["start your own room"]),
        ("user:read:settings phone:read:user", ["start your own room", "place phone calls", "tell your own phone"]),
    ],
)
def test_N9_each_scope_of_phone_that_is_missing_stops_its_feature_alone(missing: str, features_lost: list[str]) -> None:
    every = {scope for app in ZoomConfig().apps for scope in app.scopes}
    for suffix in ("", features.ACCOUNT_SUFFIX):
        granted = [scope for scope in every if scope.removesuffix(features.ACCOUNT_SUFFIX) not in missing.split()]
        granted = [scope for scope in granted if scope.endswith(features.ACCOUNT_SUFFIX) is bool(suffix)]
        lost = [feature.does for feature in features.without_zoom(granted)]
        assert [one.startswith(words) for one, words in zip(lost, features_lost, strict=True)] == [True] * len(lost)
        assert sorted(features.lacking_in_zoom(granted)) == sorted(missing.split())


def test_N9_the_classic_scopes_of_older_apps_hold_those_of_phone() -> None:
    classic = ["meeting:write", "meeting:read", "recording:read", "user:read"]
    phone = {scope for scope in features.lacking_in_zoom(classic) if scope.startswith("phone:")}
    assert phone == {"phone:read:user", "phone:read:call", "phone:read:call_log", "phone:read:list_call_logs"}
    assert features.lacking_in_zoom([*classic, "phone:read"]) == ["phone:read:call_log", "phone:read:list_call_logs"]
    assert features.lacking_in_zoom([*classic, "phone:read", "phone_call_log:read"]) == []
