"""What is typed after `/zoom`."""

from __future__ import annotations

import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slack_edge.callees import Nobody, Number, Person, Why
from services.slack_edge.commands import (
    MAX_TOPIC,
    Command,
    ConfigureCalls,
    ConfigureMyCalls,
    Help,
    JoinMeeting,
    JoinWhat,
    LogOut,
    ShowConfig,
    StartMeeting,
    Unknown,
    invocation,
    parse,
    plain,
)
from services.slack_edge.joining import MeetingNumber, PersonalLink
from services.slack_edge.texts import escape


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", StartMeeting()),
        ("   \t ", StartMeeting()),
        ("meeting", StartMeeting()),
        ("MEETING  Weekly   sync ", StartMeeting("Weekly sync")),
        ("meeting\tWeekly\nsync", StartMeeting("Weekly sync")),
        ("meeting R&amp;D &lt;3 &gt; 2", StartMeeting("R&D <3 > 2")),
        ("meeting with <@U0GRACE01|grace> in <#C0GENERAL|general>", StartMeeting("with @grace in #general")),
        ("meeting with <@U0GRACE01> in <#C0SECRET1|>", StartMeeting("with @U0GRACE01 in #C0SECRET1")),
        ("meeting <https://x.example/a|the plan> <https://y.example/>", StartMeeting("the plan https://y.example/")),
        ("meeting <!here> <!subteam^S1|@team>", StartMeeting("@here @team")),
        ("meeting &lt;!channel&gt;", StartMeeting("<!channel>")),
        ("meeting &amp;lt;b&amp;gt;", StartMeeting("&lt;b&gt;")),
        ("help", Help()),
        ("Help me please", Help()),
        ("logout", LogOut()),
        ("LogOut ", LogOut()),
        ("logout everybody", Unknown("logout")),
        ("call +1 (202) 555-0145", Number("+1 (202) 555-0145")),
        ("Call <@U0GRACE01|grace>", Person("U0GRACE01")),
        ("call", Nobody(Why.EMPTY)),
        ("config calls video", ConfigureCalls("video")),
        ("config my-calls all", ConfigureMyCalls("all")),
        ("Config My-Calls SLACK", ConfigureMyCalls("slack")),
        ("config", ShowConfig()),
        ("config calls", ShowConfig("calls")),
        ("config Calls video x", ShowConfig("calls", "video x")),
        ("config my-calls none", ShowConfig("my-calls", "none")),
        ("config <!channel|x> y", ShowConfig("", "x")),
        ("foo", Unknown("foo")),
        ("foo bar", Unknown("foo")),
        ("join 850 1234 5678", JoinMeeting(MeetingNumber("85012345678"))),
        ("Join <https://zoom.us/my/ada.lovelace>", JoinMeeting(PersonalLink("ada.lovelace", "zoom.us"))),
        ("join me", StartMeeting(personal_room=True)),
        ("join", JoinWhat()),
        ("join https://evil.example/j/85012345678", JoinWhat()),
        ("join https://zoom.us/s/85012345678?zak=SECRET", JoinWhat(start_link=True)),
        ("x" * 100, Unknown("x" * 40)),
    ],
)
def test_every_text_has_its_command(text: str, command: Command) -> None:
    assert parse(text) == command


@given(st.text(max_size=300))
def test_no_text_is_too_strange(text: str) -> None:
    command = parse(f"meeting {text}")
    assert isinstance(command, StartMeeting)
    assert len(command.topic) <= MAX_TOPIC
    assert command.topic == command.topic.strip()
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in command.topic)
    assert isinstance(parse(text), Command)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs", "Z"]), max_size=200))
def test_what_slack_escapes_comes_back_as_typed(typed: str) -> None:
    assert plain(escape(typed)) == typed


@pytest.mark.parametrize(
    "sign", ["e\u0301", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd"]
)
def test_a_topic_is_not_cut_through_a_sign(sign: str) -> None:
    command = parse("meeting " + "x" * (MAX_TOPIC - len(sign) + 1) + sign)
    assert command == StartMeeting("x" * (MAX_TOPIC - len(sign) + 1))


def test_text_cannot_turn_its_direction() -> None:
    assert parse("meeting a\u202egpj.exe\u2066\u200b") == StartMeeting("agpj.exe")


FORM = {
    "team_id": "T0ACME001",
    "team_domain": "acme",
    "user_id": "U0ADA0001",
    "user_name": "ada",
    "channel_id": "C0GENERAL",
    "trigger_id": "1.2.3",
    "response_url": "https://hooks.slack.com/commands/T0ACME001/1/a",
    "text": "meeting Weekly sync",
}


def test_the_request_id_follows_slacks_id_of_the_command_and_the_workspace() -> None:
    first = invocation(FORM, "v0=1")
    assert uuid.UUID(first.request_id).version == 5
    assert invocation(FORM, "v0=2").request_id == first.request_id
    assert invocation({**FORM, "trigger_id": "1.2.4"}, "v0=1").request_id != first.request_id
    assert invocation({**FORM, "team_id": "T0GLOBEX1"}, "v0=1").request_id != first.request_id


def test_a_form_without_a_trigger_is_still_one_command() -> None:
    form = {name: value for name, value in FORM.items() if name != "trigger_id"}
    assert invocation(form, "v0=1").request_id == invocation(form, "v0=1").request_id
    assert invocation(form, "v0=1").request_id != invocation(form, "v0=2").request_id


def test_the_response_url_is_not_printed() -> None:
    assert "hooks.slack.com" not in repr(invocation(FORM, "v0=1"))
