"""What is answered to people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.errors import MeshError, Reason
from services.slack_edge import prompts, replies, usage
from services.slack_edge.blocks import Json
from services.slack_edge.slack_errors import REFUSALS, Nature
from tests.support.block_kit import markup, problems
from zoomslack.errors.v1.error_reason_pb2 import ErrorReason

HELP = "https://zoom-slack.example.com/"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    message = replies.failure(MeshError(reason))
    assert message["response_type"] == "ephemeral"
    assert message["text"].endswith((".", "`."))
    assert problems(message) == []


def test_the_sentences_cover_the_protos() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 (an enum, not a dict)
    assert {reason.value for reason in replies.SENTENCES} == names


def test_a_defect_is_told_with_its_trace_and_nothing_else() -> None:
    text = replies.sentence(MeshError(Reason.INTERNAL, {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}))
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in text


def test_a_rate_limit_says_when() -> None:
    error = MeshError(Reason.ZOOM_RATE_LIMITED, retry_delay=timedelta(seconds=2))
    assert "in 2 seconds" in replies.sentence(error)


UNKNOWN = MeshError(Reason.ZOOM_UNAVAILABLE)

MESSAGES = [
    usage.config(None, None, UNKNOWN, of="calls", wrong="`<!channel>` *b*"),
    usage.help_message(HELP, None, None, UNKNOWN),
    usage.unknown_command("foo", HELP),
    replies.starting(),
    replies.already_started(),
    replies.already_received(),
    prompts.connect("https://x.example/zoom/connect?link=s", continues=True),
    prompts.connect("https://x.example/zoom/connect?link=s", continues=False),
    replies.logged_out(was_connected=True),
    replies.logged_out(was_connected=False),
    replies.not_offered("phone calls"),
    replies.my_calls_configured(shows_all=True),
    replies.cannot_show_card("https://zoom.us/j/1?pwd=x", REFUSALS[Nature.PLACE].sentence),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_answers_keep_slacks_rules_and_are_for_one_person(message: Json) -> None:
    assert problems(message) == []
    assert message["response_type"] == "ephemeral"


def test_help_lists_every_command_that_works() -> None:
    text = usage.help_message(HELP, None, None, UNKNOWN)["text"]
    for command in (
        "/zoom",
        "/zoom meeting [topic]",
        "/zoom call &lt;@person or number&gt;",
        "/zoom logout",
        "/zoom help",
    ):
        assert f"`{command}`" in text
    assert HELP in markup(usage.help_message(HELP, None, None, UNKNOWN))


def test_an_unknown_word_is_named_and_help_follows() -> None:
    text = usage.unknown_command("foo", HELP)["text"]
    assert text.startswith("I don't know `foo`.")
    assert "/zoom help" in text


@given(st.text(max_size=40))
def test_an_unknown_word_stays_a_word(word: str) -> None:
    message = usage.unknown_command(f"`<!channel>{word}", HELP)
    assert problems(message) == []
    assert "<!" not in markup(message)
