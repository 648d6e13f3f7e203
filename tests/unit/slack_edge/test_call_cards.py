"""What is shown of phone calls: the card in a person's own conversation with the app, and the reply with the button."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.errors import MeshError, Reason
from services.slack_edge import call_cards, call_replies, dialling, profiles, replies, values
from services.slack_edge.callees import Why
from services.slack_edge.contacts import Known, Uncallable
from services.slack_edge.profiles import Profile
from services.slack_edge.texts import to_the_second
from tests.support.block_kit import markup, problems, texts
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

ADA = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id="U0ADA0001")
RANG = datetime(2026, 10, 30, 13, 0, tzinfo=UTC)
RANG_SHOWN = "<!date^1793365200^{date_short_pretty} at {time}|2026-10-30 13:00 UTC>"


def a_call(**changes: Any) -> pb.PhoneCall:
    fields: dict[str, Any] = {
        "user": ADA,
        "direction": pb.CALL_DIRECTION_OUTBOUND,
        "state": pb.PHONE_CALL_STATE_ENDED,
        "phone_number": "+12025550187",
        "national_number": "(202) 555-0187",
        "create_time": RANG - timedelta(minutes=1),
        "ring_time": RANG,
        **changes,
    }
    return pb.PhoneCall(**fields)


def answered(**changes: Any) -> pb.PhoneCall:
    talk = {"answer_time": RANG + timedelta(seconds=7), "end_time": RANG + timedelta(seconds=200)}  # with a pause
    return a_call(result=pb.CALL_RESULT_ANSWERED, talk_duration=timedelta(seconds=185), **talk, **changes)


def shown(call: pb.PhoneCall) -> dict[str, Any]:
    message = call_cards.message(call)
    assert message is not None
    assert problems(message) == []
    return message


def lines(message: dict[str, Any]) -> list[str]:
    return [line for text in texts(message["blocks"]) for line in text["text"].split("\n")]


def test_S32_S55_the_summary_has_number_caller_callee_start_duration_and_result() -> None:
    message = shown(answered(contact_name="Grace Hopper", contact_slack_user_id="U0GRACE01"))
    assert message["text"] == "Call ended: (202) 555-0187"
    assert lines(message) == [
        "*Call ended*",
        "Caller: <@U0ADA0001>",
        "Callee: <@U0GRACE01>",
        "Number: (202) 555-0187",
        f"Started: {RANG_SHOWN}",
        "Duration: 3 min 5 s",
        "Result: answered",
    ]


def test_S55_who_calls_is_the_other_side_where_she_was_called() -> None:
    message = shown(answered(direction=pb.CALL_DIRECTION_INBOUND, contact_name="Sam Guest"))
    assert lines(message)[1:4] == ["Caller: Sam Guest", "Callee: <@U0ADA0001>", "Number: (202) 555-0187"]


def test_S55_an_extension_and_a_hidden_number_are_told_as_such() -> None:
    inside = shown(a_call(phone_number="", national_number="", extension_number="1234"))
    assert lines(inside)[2] == "Number: extension 1234"
    assert "/zoom call 1234" not in str(inside)  # nobody tells how it ended
    hidden = shown(a_call(phone_number="", national_number="", direction=pb.CALL_DIRECTION_INBOUND))
    assert "Number: not shown" in lines(hidden)
    assert hidden["text"] == "Call ended"


@pytest.mark.parametrize(
    ("direction", "result", "title", "words", "hint"),
    [
        (pb.CALL_DIRECTION_OUTBOUND, pb.CALL_RESULT_NO_ANSWER, "Call not answered", "nobody answered", "Try again"),
        (pb.CALL_DIRECTION_OUTBOUND, pb.CALL_RESULT_BUSY, "Call not answered", "the other side was busy", "Try again"),
        (pb.CALL_DIRECTION_OUTBOUND, pb.CALL_RESULT_DECLINED, "Call declined", "declined by the other side", ""),
        (pb.CALL_DIRECTION_OUTBOUND, pb.CALL_RESULT_VOICEMAIL, "Call not answered", "went to voicemail", "Try again"),
        (pb.CALL_DIRECTION_OUTBOUND, pb.CALL_RESULT_CANCELED, "Call canceled", "canceled before anybody answered", ""),
        (pb.CALL_DIRECTION_OUTBOUND, pb.CALL_RESULT_FAILED, "Call failed", "could not be put through", "Try again"),
        (pb.CALL_DIRECTION_OUTBOUND, pb.CALL_RESULT_UNKNOWN, "Call ended", "Zoom did not tell how it ended", ""),
        (pb.CALL_DIRECTION_INBOUND, pb.CALL_RESULT_NO_ANSWER, "Missed call", "missed", "Call back"),
        (pb.CALL_DIRECTION_INBOUND, pb.CALL_RESULT_CANCELED, "Missed call", "missed; the caller gave up", "Call back"),
        (pb.CALL_DIRECTION_INBOUND, pb.CALL_RESULT_BUSY, "Missed call", "missed; you were busy", "Call back"),
        (
            *(pb.CALL_DIRECTION_INBOUND, pb.CALL_RESULT_VOICEMAIL, "Missed call"),
            *("missed; the caller reached your voicemail", "Call back"),
        ),
        (pb.CALL_DIRECTION_INBOUND, pb.CALL_RESULT_DECLINED, "Call declined", "declined by you", ""),
        (
            *(pb.CALL_DIRECTION_INBOUND, pb.CALL_RESULT_ANSWERED_ELSEWHERE, "Call answered"),
            *("answered by somebody else", ""),
        ),
    ],
)
def test_S55_every_end_has_its_words(
    direction: pb.CallDirection.ValueType, result: pb.CallResult.ValueType, title: str, words: str, hint: str
) -> None:
    message = shown(a_call(direction=direction, result=result, end_time=RANG + timedelta(seconds=20)))
    assert message["text"].startswith(title)
    assert f"Result: {words}" in lines(message)
    assert not any(line.startswith("Duration") for line in lines(message))
    said = [(one["text"]["text"], one["value"]) for block in message["blocks"] for one in block.get("elements", [])]
    value = values.encode(person="", number="+12025550187", team="T0ACME001")
    assert said == ([(hint, value)] if hint else [])


@pytest.mark.parametrize("direction", [pb.CALL_DIRECTION_OUTBOUND, pb.CALL_DIRECTION_INBOUND])
@pytest.mark.parametrize("result", pb.CallResult.values())
@pytest.mark.parametrize("state", pb.PhoneCallState.values())
def test_no_state_is_without_words(
    direction: pb.CallDirection.ValueType, result: pb.CallResult.ValueType, state: pb.PhoneCallState.ValueType
) -> None:
    call = a_call(direction=direction, result=result, state=state)
    if state == pb.PHONE_CALL_STATE_UNSPECIFIED:
        assert call_cards.message(call) is None
    else:
        assert problems(shown(call)) == []


def test_a_call_that_rings_or_lasts() -> None:
    ringing = shown(a_call(state=pb.PHONE_CALL_STATE_RINGING))
    assert (ringing["text"], lines(ringing)[-1]) == ("Calling: (202) 555-0187", "It rings.")
    incoming = shown(a_call(state=pb.PHONE_CALL_STATE_RINGING, direction=pb.CALL_DIRECTION_INBOUND))
    assert incoming["text"] == "Incoming call: (202) 555-0187"
    lasting = shown(a_call(state=pb.PHONE_CALL_STATE_CONNECTED, answer_time=RANG + timedelta(minutes=1)))
    assert lasting["text"] == "In a call: (202) 555-0187"
    assert lines(lasting)[-1].startswith("Connected since: <!date^1793365260^")


def test_what_zoom_does_not_tell_is_left_out_or_worked_out() -> None:
    bare = shown(a_call(result=pb.CALL_RESULT_ANSWERED, ring_time=None))
    assert lines(bare)[-2:] == [
        f"Started: {RANG_SHOWN.replace('365200', '365140').replace('13:00', '12:59')}",
        "Result: answered",
    ]
    times = {"answer_time": RANG, "end_time": RANG + timedelta(hours=1)}
    assert "Duration: 1 h" in lines(shown(a_call(result=pb.CALL_RESULT_ANSWERED, **times)))
    assert "It was put through to somebody else." in lines(shown(answered(transferred=True)))


@given(st.text(max_size=120))
def test_no_name_rings_for_anybody_or_breaks_what_is_around_it(name: str) -> None:
    hostile = f"<!channel> *b* `x` <@U0GRACE01>\n{name}"
    for message in (
        shown(answered(contact_name=hostile)),
        shown(answered(contact_name=hostile, contact_slack_user_id="U1> <!here")),
        call_replies.ready(a_call(contact_name=hostile), "https://x.example/call/a", pb.CALL_WARNING_EMERGENCY),
    ):
        assert problems(message) == []
        assert "<!channel>" not in markup(message)
        assert "<!here" not in markup(message)
        [callee] = [text for text in texts(message["blocks"]) if text["text"].startswith("Callee")]
        assert callee["type"] == "plain_text"
        assert "\n" not in callee["text"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (45, "45 s"), (185, "3 min 5 s"), (180, "3 min"), (3720, "1 h 2 min"), (-3, "0 s")],
)
def test_lengths_to_the_second(seconds: int, words: str) -> None:
    assert to_the_second(timedelta(seconds=seconds)) == words


# --- the reply ---------------------------------------------------------------------------------------------------


def test_S31_S54_the_reply_has_caller_callee_number_and_the_button() -> None:
    message = call_replies.ready(
        a_call(contact_slack_user_id="U0GRACE01"), "https://x.example/call/abc", pb.CALL_WARNING_UNSPECIFIED
    )
    assert message["response_type"] == "ephemeral"
    assert lines(message)[1:4] == ["Caller: <@U0ADA0001>", "Callee: <@U0GRACE01>", "Number: (202) 555-0187"]
    [button] = [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]
    assert (button["action_id"], button["url"]) == ("zoom_call", "https://x.example/call/abc")


@pytest.mark.parametrize(
    ("warning", "words"),
    [
        (pb.CALL_WARNING_EMERGENCY, "may not see where you are"),
        (pb.CALL_WARNING_PREMIUM_RATE, "costs more than others"),
    ],
)
def test_what_she_has_to_know_stands_above_the_button(warning: pb.CallWarning.ValueType, words: str) -> None:
    blocks = call_replies.ready(a_call(), "https://x.example/call/abc", warning)["blocks"]
    kinds = [words in str(block) or block["type"] == "actions" for block in blocks]
    assert [block["type"] for block, kept in zip(blocks, kinds, strict=True) if kept] == ["section", "actions"]


SENTENCES = [
    *(call_replies.whom(why) for why in Why),
    *(call_replies.uncallable(why) for why in Uncallable),
    *(
        call_replies.unreachable(known, inside_only=inside, company_wide=company)
        for known in Known
        for inside in (False, True)
        for company in (False, True)
    ),
    call_replies.author_is_app(),
    call_replies.author_is_herself(in_direct_message=True),
    call_replies.author_is_herself(in_direct_message=False),
]


@pytest.mark.parametrize("message", SENTENCES)
def test_every_no_says_what_to_do_instead(message: dict[str, Any]) -> None:
    assert problems(message) == []
    assert message["response_type"] == "ephemeral"
    assert "`/zoom call" in message["text"]


def test_S30_each_lack_of_zoom_phone_has_its_own_words() -> None:
    lacks = (Reason.PHONE_NOT_AVAILABLE, Reason.PHONE_NO_OUTSIDE_LINE, Reason.PHONE_DISABLED_FOR_ACCOUNT)
    told = {replies.sentence(MeshError(reason)) for reason in lacks}
    assert len(told) == len(lacks)
    assert all("administrator" in sentence for sentence in told)


# --- what is dialled ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "extension", "url"),
    [
        ("+12025550187", "", "zoomphonecall://+12025550187"),
        ("+12025550187", "1234", "zoomphonecall://+12025550187"),
        ("", "1234", "zoomphonecall://1234"),
        ("", "", ""),
        ("+1202?callerid=+1", "1234", ""),
        ("+1202\n", "", ""),
        ("١٢٣٤٥", "", ""),
        ("", "12;ext", ""),
        ("", "+1234", ""),
    ],
)
def test_S31_nothing_but_digits_is_dialled(number: str, extension: str, url: str) -> None:
    assert dialling.client_url(pb.PhoneCall(phone_number=number, extension_number=extension)) == url


# --- who is called -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "profile"),
    [
        (
            {"name": "g", "profile": {"display_name": "Grace", "real_name": "G H", "phone": " +1 "}},
            Profile("Grace", "+1"),
        ),
        ({"name": "g", "profile": {"display_name": "", "real_name": "G\nH"}}, Profile("G H")),
        ({"name": "g"}, Profile("g")),
        ({"profile": {"phone": "1" * 201}}, Profile()),
        ({"profile": {"phone": 12, "display_name": None}, "name": 4}, Profile()),
        ({"is_bot": True}, Profile(is_bot=True)),
        ({"id": "USLACKBOT", "is_bot": False}, Profile(is_bot=True)),
        ({"deleted": True}, Profile(is_gone=True)),
        ({"profile": {"display_name": "a\ud83db"}}, Profile("ab")),
        (None, Profile()),
        ("nobody", Profile()),
    ],
)
def test_a_profile_is_understood_whatever_slack_sends(user: Any, profile: Profile) -> None:
    assert profiles.understand({"user": user}) == profile
