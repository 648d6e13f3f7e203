"""What the Home tab tells of Zoom Phone: what the person has of it, and which of her calls she sees. Pure functions."""

from __future__ import annotations

import re

from mesh.errors import MeshError, Reason
from services.slack_edge import values
from services.slack_edge.blocks import Json, actions, button, mrkdwn, plain, section
from services.slack_edge.call_replies import COMPANY_WIDE_ONLY, EXTENSION
from services.slack_edge.replies import SENTENCES
from zoomslack.phone.v1 import phone_service_pb2 as pb

SHOWN_CALLS = "zoom_home_shown_calls"
"""The `action_id` of the switch; its `value` says whether all calls are wanted."""
_NUMBER = re.compile(r"\+?[0-9]{1,15}", re.ASCII)

_NUMBER_IN_PROFILE = (
    "A person is called by the number in her Slack profile; who has none there is called by number. "
    f"{COMPANY_WIDE_ONLY}"
)

Phone = pb.GetPhoneProfileResponse | MeshError
"""What a person can do with Zoom Phone, or why that is not known."""


def blocks(phone: Phone | None, *, is_connected: bool | None, offers_phone: bool, company_wide: bool) -> list[Json]:
    """Returns the part of the tab. `phone` is None where nobody asked."""
    if not offers_phone:
        return [section(plain("The owners of this workspace do not offer phone calls here."))]
    if is_connected is False:
        return [section(plain("Connect your Zoom account to see whether you have Zoom Phone."))]
    match phone:
        case pb.GetPhoneProfileResponse():
            return [section(mrkdwn(_access(phone, company_wide=company_wide))), *_switch(phone)]
        case MeshError(reason=Reason.ZOOM_SCOPE_MISSING):
            text = (
                "Zoom for Slack may not see whether you have Zoom Phone. `/zoom permissions` has the link to allow it."
            )
            return [section(mrkdwn(text))]
    return [section(plain("What you can do with Zoom Phone cannot be told at the moment. Open this tab again later."))]


def _access(phone: pb.GetPhoneProfileResponse, *, company_wide: bool) -> str:
    match phone.access:
        case pb.PHONE_ACCESS_FULL:
            by_name = "" if company_wide else f" {_NUMBER_IN_PROFILE}"
            return f"You can call anybody: `/zoom call` and a person or a number.{by_name}{_own(phone)}"
        case pb.PHONE_ACCESS_INTERNAL:
            by_name = "" if company_wide else f" By name nobody can be called yet. {COMPANY_WIDE_ONLY}"
            return (
                f"You can call extensions of your company, as in {EXTENSION}.{by_name} Your plan has no outside line: "
                f"ask the administrator of your Zoom account for one.{_own(phone)}"
            )
        case pb.PHONE_ACCESS_NONE:
            return SENTENCES[Reason.PHONE_NOT_AVAILABLE]
        case pb.PHONE_ACCESS_DISABLED:
            return SENTENCES[Reason.PHONE_DISABLED_FOR_ACCOUNT]
    return f"Zoom does not tell whom you can call. Try it: `/zoom call` and a person or a number.{_own(phone)}"


def _own(phone: pb.GetPhoneProfileResponse) -> str:
    number = phone.phone_number if _NUMBER.fullmatch(phone.phone_number) else ""
    extension = phone.extension_number if _NUMBER.fullmatch(phone.extension_number) else ""
    if number and extension:
        return f"\nYour number is {number}, your extension {extension}."
    if number:
        return f"\nYour number is {number}."
    return f"\nYour extension is {extension}." if extension else ""


def _switch(phone: pb.GetPhoneProfileResponse) -> list[Json]:
    if phone.access in (pb.PHONE_ACCESS_NONE, pb.PHONE_ACCESS_DISABLED):
        return []
    shows_all = phone.shown_calls == pb.SHOWN_CALLS_ALL
    which = "all your calls" if shows_all else "the calls that you place from Slack"
    other = "Show only calls from Slack" if shows_all else "Show all my calls"
    return [
        section(plain(f"Under Messages you see {which}.")),
        actions(button(other, SHOWN_CALLS, value=values.encode(all=not shows_all))),
    ]
