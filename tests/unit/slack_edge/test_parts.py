"""The small pure parts: continuations, outcomes, addresses, settings, manifest."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from mesh.errors import MeshError, Reason
from mesh.settings import SettingsError
from mesh.slack_user import SlackUser
from services.slack_edge import continuations
from services.slack_edge.bodies import parse_form, parse_object
from services.slack_edge.commands import Help, Invocation, StartMeeting
from services.slack_edge.continuations import Continuation, Errand
from services.slack_edge.manifest import manifest
from services.slack_edge.reports import outcome_of
from services.slack_edge.settings import EdgeSettings
from services.slack_edge.slack_api import SlackError, is_slacks
from services.slack_edge.slack_errors import Nature
from services.slack_edge.texts import grouped_meeting_id, in_words
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

URL = "https://hooks.slack.com/commands/T0ACME001/1/a"
MANIFEST_SCHEMA = Path(__file__).parents[4] / "shared/specs/slack/manifest/manifest.schema.2.0.0.json"


def invocation(command: StartMeeting | Help) -> Invocation:
    return Invocation(
        SlackUser("", "T1", "U1"), "ada", "acme", "C1", URL, "0b0e6b0e-0000-5000-8000-000000000000", command
    )


def test_a_continuation_survives_the_way() -> None:
    continuation = continuations.of(invocation(StartMeeting("Wöchentlich 👍")))
    assert continuation is not None
    assert continuations.decode(continuations.encode(continuation)).meeting == continuation
    assert "hooks.slack.com" not in repr(continuation)


def test_S28_the_wish_for_the_own_room_survives_the_way() -> None:
    continuation = continuations.of(invocation(StartMeeting(personal_room=True)))
    assert continuation is not None
    again = continuations.decode(continuations.encode(continuation)).meeting
    assert again is not None
    assert again.personal_room


def test_what_cannot_go_on_by_itself_has_no_continuation() -> None:
    assert continuations.of(invocation(Help())) is None
    assert continuations.encode(None) == b""


def test_the_longest_continuation_fits() -> None:
    longest = Continuation("0b0e6b0e-0000-5000-8000-000000000000", "C" * 32, "👍" * 200, "u" * 2048)
    assert continuations.decode(continuations.encode(longest)).meeting == longest


def test_what_was_asked_for_goes_along() -> None:
    asked = ("meeting:write:meeting", "user:read:settings")
    assert continuations.decode(continuations.encode(None, asked)) == Errand(None, asked)
    meeting = continuations.of(invocation(StartMeeting("Weekly sync")))
    assert continuations.decode(continuations.encode(meeting, asked)) == Errand(meeting, asked)


def test_what_was_asked_for_gives_way_to_the_meeting() -> None:
    longest = Continuation("0b0e6b0e-0000-5000-8000-000000000000", "C" * 32, "👍" * 200, "u" * 2048)
    encoded = continuations.encode(longest, ["s" * 100] * 16)
    assert len(encoded) <= continuations.MAX_BYTES
    assert continuations.decode(encoded) == Errand(longest)


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b'{"v":2,"meeting":null,"asked":""}',
        b'{"v":3,"meeting":null}',
        b'{"v":3,"meeting":null,"asked":1}',
        b'{"v":3,"meeting":[],"asked":""}',
        b'{"v":3,"meeting":{"topic":""},"asked":""}',
        b'{"v":3,"asked":"","meeting":{"request_id":"r","channel_id":"C1","topic":"","response_url":"",'
        b'"personal_room":"yes","thread_ts":"","start_another":false}}',
    ],
)
def test_what_is_no_continuation_is_none(encoded: bytes) -> None:
    assert continuations.decode(encoded) == Errand()


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (URL, True),
        ("https://hooks.slack-gov.com/commands/T1/1/a", True),
        ("https://slack.com/callback/T1/1/a", True),
        ("https://hooks.slack.com:443/commands/T1/1/a", True),
        ("http://127.0.0.1:8081/commands/T1/1/a", True),
        ("http://127.0.0.1:8082/commands/T1/1/a", False),
        ("https://127.0.0.1:8081/commands/T1/1/a", False),
        ("http://hooks.slack.com/commands/T1/1/a", False),
        ("https://hooks.slack.com:8443/x", False),
        ("https://hooks.slack.com.evil.example/x", False),
        ("https://evilslack.com/x", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://evil.example#.slack.com", False),
        ("https://hooks.slack.com@evil.example/x", False),
        ("https://user:pw@hooks.slack.com/x", False),
        ("https://hooks.slack.com:99999/x", False),
        ("https://[::1/x", False),
        ("file:///etc/passwd", False),
        ("", False),
        ("https://hooks.slack.com/" + "x" * 2048, False),
    ],
)
def test_only_slacks_addresses_are_called(url: str, allowed: bool) -> None:
    assert is_slacks(url, "http://127.0.0.1:8081/api") is allowed


def postponed(error: Exception, attempts: int) -> tuple[float, str]:
    outcome = outcome_of(error, attempts)
    assert isinstance(outcome, pb.DeliveryPostponed)
    return outcome.retry_delay.ToTimedelta().total_seconds(), outcome.cause


@pytest.mark.parametrize(("attempts", "delay"), [(0, 1), (1, 3), (2, 10), (3, 30), (4, 60), (50, 60)])
def test_what_passes_is_tried_again_later_and_later(attempts: int, delay: float) -> None:
    error = SlackError("chat.postMessage", "internal_error", Nature.PASSING)
    assert postponed(error, attempts) == (delay, "internal_error")


def test_slacks_own_delay_is_obeyed() -> None:
    error = SlackError("calls.add", "ratelimited", Nature.PASSING, retry_after=17.0)
    assert postponed(error, 0) == (17.0, "ratelimited")


def test_what_never_works_is_refused() -> None:
    outcome = outcome_of(SlackError("chat.postMessage", "is_archived", Nature.PLACE), 0)
    assert outcome == pb.DeliveryRefused(slack_error="is_archived")


def test_failures_of_services_pass() -> None:
    error = MeshError(Reason.SERVICE_UNAVAILABLE, retry_delay=timedelta(seconds=5))
    assert postponed(error, 0) == (5.0, "SERVICE_UNAVAILABLE")
    assert postponed(TimeoutError(), 1) == (3.0, "lease_too_short")


def test_a_lost_lease_is_somebody_elses() -> None:
    assert outcome_of(MeshError(Reason.DELIVERY_LEASE_LOST), 0) is None


def test_an_app_that_is_gone_is_final() -> None:
    outcome = outcome_of(MeshError(Reason.SLACK_NOT_INSTALLED), 0)
    assert outcome == pb.DeliveryRefused(slack_error="not_installed")


def test_a_defect_does_not_come_back_for_ever() -> None:
    assert postponed(KeyError("x"), 4) == (60.0, "edge_defect")
    assert outcome_of(KeyError("x"), 5) == pb.DeliveryRefused(slack_error="edge_defect")


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"a=1&b=&a=2&c=%F0%9F%91%8D", {"a": "2", "b": "", "c": "👍"}),
        (b"", {}),
        (b"\xff\xfe=1", None),
        (b"&".join(b"a%d=1" % n for n in range(101)), None),
    ],
)
def test_forms(body: bytes, form: dict[str, str] | None) -> None:
    assert parse_form(body) == form


@pytest.mark.parametrize("body", [b"", b"[1]", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000, b"NaN"])
def test_what_is_no_json_object_is_none(body: bytes) -> None:
    assert parse_object(body) is None


@pytest.mark.parametrize(
    ("number", "shown"),
    [("85012345678", "850 1234 5678"), ("5551234567", "555 123 4567"), ("123456789", "123 456 789"), ("x", "x")],
)
def test_meeting_ids_read_as_zoom_prints_them(number: str, shown: str) -> None:
    assert grouped_meeting_id(number) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "less than a minute"),
        (20, "less than a minute"),
        (60, "1 minute"),
        (2055, "34 minutes"),
        (3600, "1 hour"),
        (7500, "2 hours 5 minutes"),
    ],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


COMPLETE = {"ZOOMSLACK_SLACK_SIGNING_SECRET": "new, old", "ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET": "zoom-user"}


def test_secrets_may_be_lists() -> None:
    settings = EdgeSettings.load({**COMPLETE, "ZOOMSLACK_ZOOM_ACCOUNT_WEBHOOK_SECRET": "zoom-account"})
    assert settings.slack_secrets == ("new", "old")
    assert (settings.zoom_user_secrets, settings.zoom_account_secrets) == (("zoom-user",), ("zoom-account",))
    assert settings.help_url == "http://127.0.0.1:8080/guide/index"
    assert "old" not in repr(settings)


@pytest.mark.parametrize(("value", "valid"), [("59", False), ("60", True), ("86400", True), ("86401", False)])
def test_the_window_for_zoom_has_limits(value: str, valid: bool) -> None:
    environ = {**COMPLETE, "ZOOMSLACK_ZOOM_WEBHOOK_WINDOW_SECONDS": value}
    if valid:
        assert EdgeSettings.load(environ).zoom_webhook_window == int(value)
    else:
        with pytest.raises(SettingsError) as caught:
            EdgeSettings.load(environ)
        assert caught.value.problems[0].startswith("ZOOMSLACK_ZOOM_WEBHOOK_WINDOW_SECONDS:")


def test_every_problem_is_named_at_once() -> None:
    broken = {
        "ZOOMSLACK_PUBLIC_URL": "ftp://x",
        "ZOOMSLACK_SLACK_SIGNING_SECRET": " , ",
        "ZOOMSLACK_EDGE_LISTEN": "nowhere",
    }
    with pytest.raises(SettingsError) as caught:
        EdgeSettings.load(broken)
    named = {problem.partition(":")[0] for problem in caught.value.problems}
    assert named == {*broken, "ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET"}


def test_plaintext_stays_on_this_machine() -> None:
    with pytest.raises(SettingsError) as caught:
        EdgeSettings.load({**COMPLETE, "ZOOMSLACK_MEETINGS_TARGET": "dns:///meetings:50052"})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["ZOOMSLACK_MEETINGS_TARGET"]


def test_the_manifest_names_our_addresses() -> None:
    made = manifest("https://zoom-slack.example.com")
    assert made["features"]["slash_commands"][0]["url"] == "https://zoom-slack.example.com/slack/commands"
    assert made["features"]["slash_commands"][0]["should_escape"] is True
    assert [(shortcut["type"], shortcut["callback_id"]) for shortcut in made["features"]["shortcuts"]] == [
        ("global", "zoom_start"),
        ("message", "zoom_meet_about"),
        ("message", "zoom_call_author"),
    ]
    assert made["features"]["app_home"]["home_tab_enabled"] is True
    assert {"app_home_opened", "member_joined_channel"} <= set(made["settings"]["event_subscriptions"]["bot_events"])
    assert made["settings"]["interactivity"]["request_url"] == "https://zoom-slack.example.com/slack/interactions"
    assert {"channels:read", "groups:read"} <= set(made["oauth_config"]["scopes"]["bot_optional"])
    assert made["oauth_config"]["redirect_urls"] == ["https://zoom-slack.example.com/slack/oauth/callback"]


@pytest.mark.needs_shared
@pytest.mark.skipif(not MANIFEST_SCHEMA.exists(), reason="Slack's schema is not part of this tree")
def test_the_manifest_is_valid() -> None:
    schema = json.loads(MANIFEST_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(manifest("https://zoom-slack.example.com"))
