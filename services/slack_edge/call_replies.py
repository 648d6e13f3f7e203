"""What is answered to people who want to call somebody. Pure functions, as in `replies`."""

from __future__ import annotations

from collections.abc import Mapping

from services.slack_edge import dialling, values
from services.slack_edge.blocks import Json, actions, button, context, fields, mrkdwn, section
from services.slack_edge.call_words import parties
from services.slack_edge.callees import Why
from services.slack_edge.contacts import Known, Uncallable
from services.slack_edge.replies import ephemeral
from zoomslack.phone.v1 import phone_service_pb2 as pb

CALL = "zoom_call"
"""The `action_id` of the button that dials."""
NAMED = {"call": str, "team": str}
"""What it carries."""
EXAMPLE = "`/zoom call +1 202 555 0145`"
EXTENSION = "`/zoom call 1234`"
COMPANY_WIDE_ONLY = (
    "What Zoom knows of a colleague it tells only where Zoom for Slack is installed for your whole company."
)
_NOT_LOOKED_UP = "Whether somebody in your company has this extension Zoom does not tell beforehand."
PHONE = "phone calls"
"""What a workspace may not offer, as `replies.not_offered` takes it."""
_CHOOSE = "Type `/zoom call @` and choose the person from the list that Slack shows"
_OR_NUMBER = f"or type the number: {EXAMPLE}."

_WHOM: Mapping[Why, str] = {
    Why.EMPTY: f"Whom shall I call? {_CHOOSE}, {_OR_NUMBER}",
    Why.NAME: f"Slack did not turn that name into a person. {_CHOOSE}, {_OR_NUMBER}",
    Why.SEVERAL: (
        "Only one person or one number can be called at a time: type `/zoom call` with just one. To talk with several "
        "people, type `/zoom` and start a meeting."
    ),
}
_UNCALLABLE: Mapping[Uncallable, str] = {
    Uncallable.HERSELF: f"That is you. {_CHOOSE}, {_OR_NUMBER}",
    Uncallable.BOT: f"That is an app, and apps have no phone. {_CHOOSE}, {_OR_NUMBER}",
    Uncallable.GONE: f"That person's Slack account was closed. If you know the number, type it: {EXAMPLE}.",
    Uncallable.UNKNOWN: f"Slack does not tell who that is. If you know the number, type it: {EXAMPLE}.",
}
_UNREACHABLE: Mapping[Known, str] = {
    Known.PROFILE: "There is no phone number in that person's Slack profile, and Zoom gave none.",
    Known.NOT_ALLOWED: (
        "Zoom for Slack may not see phone numbers in Slack profiles here, and Zoom gave none for that person. "
        "`/zoom permissions` has the link that allows it."
    ),
    Known.NOT_NOW: (
        "Slack did not tell that person's phone number in time, and Zoom gave none. Please try again in a minute."
    ),
}
_WARNINGS: Mapping[pb.CallWarning.ValueType, str] = {
    pb.CALL_WARNING_EMERGENCY: (
        "*This is an emergency number.* Who answers may not see where you are: say it first. If you can, use a phone "
        "beside you instead."
    ),
    pb.CALL_WARNING_PREMIUM_RATE: "*This number costs more than others.* Press Call only if that is what you want.",
}


def whom(why: Why) -> Json:
    """`/zoom call` with nobody who could be called."""
    return ephemeral(_WHOM[why])


def uncallable(why: Uncallable) -> Json:
    """A person who cannot be called at all."""
    return ephemeral(_UNCALLABLE[why])


def unreachable(known: Known, *, inside_only: bool, company_wide: bool) -> Json:
    """A person of whom nobody tells a number.

    `inside_only`: the caller's plan dials extensions alone. `company_wide` tells how the app is installed.
    """
    what = f"the extension: {EXTENSION}" if inside_only else f"the number: {EXAMPLE}, or the extension: {EXTENSION}"
    why = "" if company_wide else f" {COMPANY_WIDE_ONLY}"
    return ephemeral(f"{_UNREACHABLE[known]}{why} Type {what}.")


def ready(call: pb.PhoneCall, call_url: str, warning: pb.CallWarning.ValueType) -> Json:
    """A prepared phone call: who calls whom under which number, what she has to know, and the button that dials."""
    warned = _WARNINGS.get(warning)
    # An emergency number looks like an extension, and is none.
    number = dialling.extension(call) if warning == pb.CALL_WARNING_EMERGENCY else ""
    is_guess = bool(dialling.extension(call)) and not (number or call.contact_name or call.contact_slack_user_id)
    value = values.encode(call=call.call_id, team=call.user.slack_team_id)
    return ephemeral(
        "Your call is ready: press Call.",
        section(mrkdwn("*Your call is ready*")),
        fields(*parties(call, number)),
        *([section(mrkdwn(warned))] if warned else []),
        actions(button("Call", CALL, url=call_url, value=value, style="primary")),
        *([context(mrkdwn(_NOT_LOOKED_UP))] if is_guess else []),
        context(mrkdwn("Your own Zoom client dials. The button works for fifteen minutes, and only you see it.")),
    )


def gone() -> Json:
    """A call that is not kept any more."""
    return ephemeral(
        "This call is not there any more, as after Zoom was disconnected. Type `/zoom call` and a person or a number "
        "for another."
    )


def author_is_app() -> Json:
    """The shortcut on a message that no person wrote."""
    return ephemeral(f"An app or a workflow wrote that message, and apps have no phone. {_CHOOSE}, {_OR_NUMBER}")


def author_is_herself(*, in_direct_message: bool) -> Json:
    """The shortcut on a message of her own."""
    opening = "You wrote that message yourself. "
    if in_direct_message:
        return ephemeral(f"{opening}Use the shortcut on a message of the other person. {_CHOOSE}, {_OR_NUMBER}")
    return ephemeral(f"{opening}{_CHOOSE}, {_OR_NUMBER}")
