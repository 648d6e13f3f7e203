"""What interactions say, and what buttons carry."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.slack_user import SlackUser
from services.slack_edge import invitations, values
from services.slack_edge.continuations import Continuation
from services.slack_edge.payloads import Interaction, understand
from tests.support.block_kit import markup, problems
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

TEAM = {"id": "T0ACME001", "domain": "acme"}
USER = {"id": "U0ADA0001", "username": "ada", "team_id": "T0ACME001"}
PRESS: dict[str, Any] = {
    "type": "block_actions",
    "team": TEAM,
    "user": USER,
    "enterprise": None,
    "container": {"type": "message", "message_ts": "1760000000.000100", "channel_id": "C0GENERAL"},
    "actions": [{"action_id": "a", "action_ts": "1760000001.000100", "value": "v"}],
}
_WORDS = ["type", "team", "user", "id", "enterprise", "view", "actions", "action_id", "state", "values", "team_id"]
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["T0ACME001", "U0ADA0001", "E1", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=5),
)


def understood(payload: dict[str, Any]) -> Interaction:
    found = understand(payload)
    assert found is not None
    return found


def test_a_press_in_a_message() -> None:
    press = understood(PRESS)
    assert (press.kind, press.key, press.value) == ("block_actions", "a", "v")
    assert press.who.user == SlackUser("", "T0ACME001", "U0ADA0001")
    assert (press.channel_id, press.message_ts, press.is_surely_inside) == ("C0GENERAL", "1760000000.000100", True)


@pytest.mark.parametrize(
    ("changes", "user", "inside"),
    [
        ({"user": {**USER, "team_id": "T0GLOBEX1"}}, SlackUser("", "T0ACME001", "U0ADA0001"), False),
        ({"team": None, "enterprise": {"id": "E1"}}, SlackUser("E1", "T0ACME001", "U0ADA0001"), False),
        ({"user": {"id": "U0ADA0001"}}, SlackUser("", "T0ACME001", "U0ADA0001"), False),
        ({"team": {**TEAM, "enterprise_id": "E1"}}, SlackUser("E1", "T0ACME001", "U0ADA0001"), True),
        ({"view": {"app_installed_team_id": "T9"}}, SlackUser("", "T9", "U0ADA0001"), True),
        ({"view": {"app_installed_team_id": "E9"}, "team": None}, SlackUser("", "T0ACME001", "U0ADA0001"), True),
        ({"view": {"team_id": "T8"}, "team": None, "user": {"id": "W1"}}, SlackUser("", "T8", "W1"), True),
    ],
)
def test_whose_it_is(changes: dict[str, Any], user: SlackUser, inside: bool) -> None:
    interaction = understood({**PRESS, **changes})
    assert interaction.who.user == user
    assert interaction.is_surely_inside is inside


def test_a_modal_is_sent_once_whatever_else_changes() -> None:
    view = {"id": "V1", "callback_id": "start", "state": {"values": {}}}
    sent = {"type": "view_submission", "team": TEAM, "user": USER, "view": view, "trigger_id": "1"}
    again = understood({**sent, "trigger_id": "2"})
    assert understood(sent).request_id == again.request_id
    assert understood({**sent, "view": {**view, "id": "V2"}}).request_id != again.request_id


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": [{"action_id": "a", "action_ts": "1760000002.000100"}]},
        {"actions": [{"action_id": "b", "action_ts": "1760000001.000100"}]},
        {"container": {"message_ts": "1760000000.000200"}},
        {"user": {**USER, "id": "U0GRACE01"}},
        {"team": {"id": "T0GLOBEX1"}},
    ],
)
def test_another_act_has_another_id(changes: dict[str, Any]) -> None:
    assert understood({**PRESS, **changes}).request_id != understood(PRESS).request_id
    assert understood({**PRESS, "response_url": "x"}).request_id == understood(PRESS).request_id


@given(st.dictionaries(st.sampled_from(_WORDS), _VALUES))
def test_no_payload_is_too_strange(payload: dict[str, Any]) -> None:
    found = understand(payload)
    assert found is None or found.who.user.team_id.startswith("T")
    found = understand({**PRESS, **payload})
    assert found is None or found.view.text_of("x") == ""


def test_secrets_are_not_printed() -> None:
    text = repr(understood({**PRESS, "response_url": "https://hooks.slack.com/x", "trigger_id": "1.2.secret"}))
    assert "hooks" not in text
    assert "secret" not in text


@given(st.text(), st.booleans(), st.text(alphabet="0123456789.", max_size=23))
def test_P68_a_question_carries_every_wish_and_breaks_no_rule(topic: str, room: bool, thread: str) -> None:
    meeting = pb.RecentMeeting(
        host=slack_pb2.SlackUser(slack_user_id="U0GRACE01"),
        join_url="https://zoom.us/j/1",
        topic="<!channel>" + "x" * 300,
    )
    wish = Continuation("r", "C1", topic, "", personal_room=room, thread_ts=thread)
    message = invitations.recent(meeting, SlackUser("", "T1", "U1"), wish)
    assert problems(message) == []
    assert "<!" not in markup(message)
    value = message["blocks"][-1]["elements"][1]["value"]
    assert len(value) <= values.MAX_VALUE
    fields = values.decode(value, topic=str, room=bool, thread=str, team=str)
    assert fields is not None
    assert (fields["room"], fields["thread"]) == (room, thread)


@pytest.mark.parametrize("sign", ["<", "&", '"', "\\", "👍"])
def test_P68_the_longest_topic_fits_into_a_button(sign: str) -> None:
    value = values.encode(topic=sign * 200, room=True, thread="1760000000.000100", team="T1")
    assert values.decode(value, topic=str, room=bool, thread=str, team=str) == {
        "topic": sign * 200,
        "room": True,
        "thread": "1760000000.000100",
        "team": "T1",
    }


def test_a_value_that_is_too_long_is_a_defect() -> None:
    with pytest.raises(ValueError, match="too long"):
        values.encode(topic="x" * 2000)


@pytest.mark.parametrize(
    ("message", "author"),
    [
        ({"user": "U0GRACE01", "text": "x"}, "U0GRACE01"),
        ({"user": "U0GRACE01", "subtype": "thread_broadcast"}, "U0GRACE01"),
        ({"user": "U0BOT0001", "bot_id": "B0BOT0001"}, ""),
        ({"subtype": "bot_message", "bot_id": "B0FLOW001", "username": "A workflow"}, ""),
        ({"user": "U0GRACE01", "bot_profile": {"name": "A workflow"}}, ""),
        ({"user": "nobody"}, ""),
        ({"user": {"id": "U0GRACE01"}}, ""),
        ({}, ""),
    ],
)
def test_S35_only_people_are_authors(message: dict[str, Any], author: str) -> None:
    payload = {"type": "message_action", "callback_id": "c", "team": TEAM, "user": USER, "message": message}
    assert understood(payload).author_id == author
