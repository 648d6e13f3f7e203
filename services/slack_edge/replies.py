"""What is answered to people, with a sentence for every reason; `cards` has what is shown of meetings.

Pure functions from facts to Slack messages.

Foreign text (topics, names, what was typed) stands in `plain_text` objects, or escaped in verbatim mrkdwn, and never in
a message's own `text`, in which Slack looks for links and mentions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from mesh.errors import MeshError, Reason
from services.slack_edge.blocks import Json, context, link_button, mrkdwn, section
from services.slack_edge.texts import escape

SENTENCES: Mapping[Reason, str] = {
    Reason.INTERNAL: "Something went wrong on our side. It has been noted; please try again.",
    Reason.INVALID_REQUEST: "That could not be understood. Type `/zoom help` to see what works.",
    Reason.REQUEST_ID_REUSED: "That was already done with other details. Type the command again.",
    Reason.DEADLINE_TOO_SHORT: "This takes longer than usual. If nothing appears within a minute, please try again.",
    Reason.CALLER_NOT_ALLOWED: "Zoom for Slack is not set up correctly here. Please tell whoever runs it.",
    Reason.SERVICE_UNAVAILABLE: "Zoom for Slack is restarting. Please try again in a moment.",
    Reason.PAGE_TOKEN_INVALID: "That list has changed. Please start it again.",
    Reason.WORKSPACE_NOT_ALLOWED: "This workspace may not be used from there. Please tell whoever runs Zoom for Slack.",
    Reason.RESUME_TOKEN_INVALID: "What happened meanwhile is not known any more. Please start again.",
    Reason.ZOOM_NOT_CONNECTED: "Your Zoom account is not connected. Type `/zoom` to connect it.",
    Reason.ZOOM_UNAVAILABLE: "Zoom does not answer at the moment. Please try again in a minute.",
    Reason.ZOOM_RATE_LIMITED: "Zoom is getting too many requests. Please try again in a moment.",
    Reason.ZOOM_DAILY_LIMIT: "You have reached Zoom's limit of meetings a day. It ends at midnight GMT.",
    Reason.ZOOM_SCOPE_MISSING: (
        "Your Zoom connection lacks a permission that this needs. Type `/zoom logout`, then `/zoom` to connect again."
    ),
    Reason.ZOOM_REFUSED: "Zoom refused this. If it stays so, ask the administrator of your Zoom account.",
    Reason.ZOOM_HOST_NOT_ALLOWED: (
        "Your Zoom account may not host meetings. Ask the administrator of your Zoom account for a license."
    ),
    Reason.ZOOM_APP_NOT_APPROVED: (
        "This app is not approved in your Zoom account yet. Ask the administrator of your Zoom account to approve it "
        "in the Zoom App Marketplace, then type `/zoom` again."
    ),
    Reason.ZOOM_CLIENT_INVALID: "Zoom does not accept this installation of the app. Please tell whoever runs it.",
    Reason.ZOOM_NOT_FOUND: "Zoom does not know that meeting or person any more.",
    Reason.ZOOM_OUTCOME_UNKNOWN: (
        "Zoom's answer got lost; we are finding out what became of it. If nothing appears within a minute, please try "
        "again."
    ),
    Reason.ZOOM_ADMIN_REQUIRED: (
        "Only an administrator of your Zoom account can install Zoom for the whole company. Please ask your Zoom admin."
    ),
    Reason.COMPANY_INSTALL_NOT_OFFERED: (
        "Installing company-wide is not offered here. You can still add Zoom to your own Slack account."
    ),
    Reason.COMPANY_ALREADY_INSTALLED: (
        "This Slack workspace belongs to another Zoom account, and goes on with it. To change that, an administrator "
        "of that account removes the app in the Zoom App Marketplace first; then install again."
    ),
    Reason.LINK_INVALID: "This link is not valid. Type `/zoom` in Slack for a new one.",
    Reason.LINK_EXPIRED: "This link is older than ten minutes. Type `/zoom` in Slack for a new one.",
    Reason.LINK_USED: (
        "This link was used before. Type `/zoom` in Slack: if you are not connected yet, the answer has a new one."
    ),
    Reason.CONSENT_DENIED: "You did not agree, so nothing was connected. Type `/zoom` in Slack whenever you want to.",
    Reason.AUTHORIZATION_FAILED: "The sign-in could not be completed. Type `/zoom` in Slack for a new link.",
    Reason.SLACK_NOT_INSTALLED: "Zoom is not installed in this workspace. Ask a workspace administrator to add it.",
    Reason.SLACK_UNAVAILABLE: "Slack does not answer at the moment. Please try again in a minute.",
    Reason.DEPARTURE_NOT_FOUND: "That was removed already.",
    Reason.MEETING_NOT_FOUND: "That meeting is not there: it may be over. The app's Home tab shows which meetings run.",
    Reason.PERSONAL_ROOM_DISABLED: (
        "Your Zoom settings do not let you use your personal room. You can turn it on in Zoom, under Settings, Meeting."
    ),
    Reason.DELIVERY_LEASE_LOST: "Your meeting is being shown already.",
    Reason.PHONE_NUMBER_INVALID: (
        "That is neither a phone number nor an extension that can be dialled. Type a number with its country code, "
        "as in `/zoom call +1 202 555 0145`, or an extension alone, as in `/zoom call 1234`."
    ),
    Reason.PHONE_NOT_AVAILABLE: (
        "Your Zoom account has no Zoom Phone for you. Ask the administrator of your Zoom account whether you can get "
        "it."
    ),
    Reason.CALL_LINK_INVALID: (
        "This call link was altered, or it is older than fifteen minutes. Type `/zoom call` in Slack for a new one."
    ),
    Reason.PHONE_NUMBER_EMERGENCY: "Emergency numbers cannot be called from here. Please use a phone.",
    Reason.PHONE_NUMBER_PREMIUM: (
        "Numbers that cost more than others are not dialled from here. Dial it yourself, in Zoom or on a phone."
    ),
    Reason.PHONE_CONTACT_UNREACHABLE: (
        "There is no phone number in that person's Slack profile, and Zoom gave none. Type the number: "
        "`/zoom call +1 202 555 0145`."
    ),
    Reason.PHONE_NO_OUTSIDE_LINE: (
        "Your Zoom Phone plan calls extensions of your company only. Type an extension, as in `/zoom call 1234`, or "
        "ask the administrator of your Zoom account for a plan with outside calls."
    ),
    Reason.PHONE_DISABLED_FOR_ACCOUNT: (
        "Zoom Phone is switched off for your whole Zoom account. Ask its administrator to switch it on."
    ),
    Reason.CALL_NOT_FOUND: "That call is not known here any more. Type `/zoom call` for a new one.",
}

CHOOSE_WHERE = "Choose where the meeting is to be shown."
NO_TOPIC = "A phone call has no topic: clear it, or choose Audio & Video above."
NOBODY_TO_CALL = "In a meeting nobody is called: clear this, or choose Phone above."
TYPE_A_NUMBER = "Type a phone number with its country code, or an extension."
CHOOSE_OR_TYPE = "Choose the person to call, or type a number."
ONE_CALLEE = "Either a person or a number: clear one of the two."
NOT_HERSELF = "That is you. Choose another person, or type a number."


def sentence_for_page(error: MeshError) -> str:
    """Returns the first sentence alone: the page itself says how to try again."""
    return sentence(error).partition(" Type `")[0]


def sentence(error: MeshError) -> str:
    """Returns what to tell a person about an error, in mrkdwn."""
    text = SENTENCES[error.reason]
    if error.reason is Reason.INTERNAL and (trace_id := error.metadata.get("trace_id", "")):
        return f"{text} (Reference: {escape(trace_id[:32])})"
    if error.reason is Reason.ZOOM_RATE_LIMITED and error.retry_delay is not None:
        return f"Zoom is getting too many requests. Please try again in {_seconds(error.retry_delay)}."
    return text


def _seconds(delay: timedelta) -> str:
    count = max(1, round(delay.total_seconds()))
    return "a second" if count == 1 else f"{count} seconds"


def failure(error: MeshError) -> Json:
    """Tells why a command came to nothing."""
    return ephemeral(sentence(error))


def ephemeral(text: str, *blocks: Json) -> Json:
    """A message that only the person sees who typed the command. `text` is ours, in mrkdwn."""
    message: Json = {"response_type": "ephemeral", "text": text}
    if blocks:
        message["blocks"] = list(blocks)
    return message


def starting() -> Json:
    """The meeting is on its way, and its card will follow."""
    return ephemeral("Starting your meeting…")


def already_started() -> Json:
    """This very command was carried out before."""
    return ephemeral("That meeting was already started.")


def already_received() -> Json:
    """This very request was received before."""
    return ephemeral("This command was already received.")


def outdated() -> Json:
    """A button whose message was made by another version of this app."""
    return ephemeral("This button is out of date. Type `/zoom help` to see what works.")


def outsiders() -> Json:
    """Somebody of another company pressed a button in a shared channel."""
    return ephemeral("Only people of the company that added Zoom to this channel can use this.")


def admins_only(*, may_ask: bool) -> Json:
    """Refuses a setting of the workspace; `may_ask`: the app may see who administers it."""
    if may_ask:
        return ephemeral("Only owners and admins of this workspace can choose which calls are offered.")
    return ephemeral(
        "Zoom for Slack may not see who administers this workspace, so nobody can choose here. "
        "Type `/zoom permissions` to allow that."
    )


def calls_configured(offer: str) -> Json:
    """A setting was changed to `offer`, which is ours."""
    return ephemeral(f"In this workspace `/zoom` now offers {offer}.")


def not_offered(what: str) -> Json:
    """Something that the workspace's owners switched off."""
    return ephemeral(
        f"The owners of this workspace do not offer {what} with Zoom here. They can: `/zoom config calls both`."
    )


def my_calls_configured(*, shows_all: bool) -> Json:
    """A person chose which of her calls she sees."""
    which = "all your Zoom Phone calls" if shows_all else "only the calls that you place from Slack"
    other = "slack" if shows_all else "all"
    return ephemeral(
        f"From now on you see {which}, under Messages in the Zoom app. `/zoom config my-calls {other}` changes that."
    )


def logged_out(*, was_connected: bool) -> Json:
    """`/zoom logout`."""
    if not was_connected:
        return ephemeral("You were not signed in to Zoom.")
    return ephemeral(
        "You are signed out of Zoom, in all your channels. Cards of your running meetings are closed, calls are "
        "not followed any more, and what was stored about you here is being erased. Type `/zoom` to connect again."
    )


def cannot_show_card(join_url: str, why: str) -> Json:
    """The meeting exists and Slack will not show its card: the host at least gets in. `why` is ours."""
    opening = "Your meeting is ready, but its card cannot be shown here."
    return ephemeral(
        f"{opening} {why}",
        section(mrkdwn(f"{opening} You can share this link yourself.")),
        context(mrkdwn(why)),
        link_button("Join", join_url, "zoom_join", primary=True),
    )
