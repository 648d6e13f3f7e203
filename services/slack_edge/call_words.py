"""Who calls whom, in words that Slack shows: shared by the reply to a command and the card of a call. Pure functions.

The same rule holds as in `replies`: names and numbers stand in `plain_text`, and people of Slack as mentions.
"""

from __future__ import annotations

import re

from services.slack_edge import dialling
from services.slack_edge.blocks import Json, mrkdwn, plain
from services.slack_edge.texts import clean
from zoomslack.phone.v1 import phone_service_pb2 as pb

MAX_NAME = 80
_MAX_NUMBER = 40
_USER = re.compile(r"[UW][A-Z0-9]{1,31}", re.ASCII)


def parties(call: pb.PhoneCall, number: str = "") -> list[Json]:
    """Returns caller and callee, as far as they are known, and the other side's number, each a text of its own.

    `number` is for what is written in another way than `number_in_words`.
    """
    herself, other = ("", call.user.slack_user_id), (call.contact_name, call.contact_slack_user_id)
    caller, callee = (other, herself) if call.direction == pb.CALL_DIRECTION_INBOUND else (herself, other)
    shown = number or number_in_words(call) or "not shown"
    return [*_person("Caller", *caller), *_person("Callee", *callee), plain(f"Number: {shown}")]


def number_in_words(call: pb.PhoneCall) -> str:
    """Returns the other side's number as the person reads it, or its extension; empty for neither."""
    if dialling.number(call):
        return clean(call.national_number, _MAX_NUMBER) or call.phone_number
    extension = dialling.extension(call)
    # What only looks like an extension, an emergency number, is written as it is.
    return (clean(call.national_number, _MAX_NUMBER) or f"extension {extension}") if extension else ""


def is_person(slack_user_id: str) -> bool:
    """Tells whether an id is one of a person in Slack."""
    return bool(_USER.fullmatch(slack_user_id))


def _person(role: str, name: str, slack_user_id: str) -> list[Json]:
    """Returns who it is; nothing where only the number is known, which stands beside it."""
    if is_person(slack_user_id):
        return [mrkdwn(f"{role}: <@{slack_user_id}>")]
    known = clean(name, MAX_NAME)
    return [plain(f"{role}: {known}")] if known else []
