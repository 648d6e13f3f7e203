"""What can be typed, and how things stand here. Pure functions, as in `replies`."""

from __future__ import annotations

from collections.abc import Sequence

from mesh.errors import MeshError, Reason
from services.slack_edge import commands, features
from services.slack_edge.blocks import Json, context, mrkdwn, section
from services.slack_edge.home_phone import Phone
from services.slack_edge.replies import SENTENCES, ephemeral
from services.slack_edge.standings import Standing, is_connected
from services.slack_edge.texts import escape
from services.slack_edge.workspaces import Workspace
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb

COMMANDS = (
    ("/zoom", "start a meeting"),
    ("/zoom meeting [topic]", "start a meeting about something"),
    ("/zoom join <number, link or name>", "join a meeting, by the name of its personal link too"),
    ("/zoom join me", "start your own room"),
    ("/zoom call <@person or number>", "call somebody with Zoom Phone"),
    ("/zoom permissions", "see what Zoom for Slack may not do, and allow it"),
    ("/zoom config calls both|video|phone", "choose what is offered here (workspace admins)"),
    ("/zoom config my-calls all|slack", "choose which of your phone calls you see in the Zoom app"),
    ("/zoom logout", "sign out of Zoom"),
    ("/zoom help", "show this list"),
)
OLDER_FOR_ADMINS = "remove the Zoom app from this workspace and add it again"
"""What mends an older installation, everywhere in the same words."""
OLDER_FOR_EVERYBODY = "type `/zoom` and follow the link"

_PLANS = {
    pb.ZOOM_PLAN_BASIC: " (Basic)",
    pb.ZOOM_PLAN_LICENSED: " (licensed)",
    pb.ZOOM_PLAN_UNASSIGNED: " (without a license for meetings)",
}
_ACCESSES = {
    phone_pb.PHONE_ACCESS_FULL: "you can call anybody",
    phone_pb.PHONE_ACCESS_INTERNAL: "you can call extensions of your company",
    phone_pb.PHONE_ACCESS_NONE: "you have none",
    phone_pb.PHONE_ACCESS_DISABLED: "it is switched off for your whole Zoom account",
}
_LACKS = {
    phone_pb.PHONE_ACCESS_NONE: Reason.PHONE_NOT_AVAILABLE,
    phone_pb.PHONE_ACCESS_DISABLED: Reason.PHONE_DISABLED_FOR_ACCOUNT,
}
_OFFERS = {
    (True, True): "meetings and phone calls",
    (True, False): "meetings only",
    (False, True): "phone calls only",
    (False, False): "nothing",
}


def offer(*, meetings: bool, phone: bool) -> str:
    """Returns what a workspace offers, in words."""
    return _OFFERS[meetings, phone]


def help_message(
    help_url: str, workspace: Workspace | MeshError | None, standing: Standing | None, phone: Phone | None
) -> Json:
    """`/zoom help`. `workspace` is the installation, or why there is none; None where that is not known now.

    `phone` is None where nobody asked, as phone calls are not offered.
    """
    about = [
        *_installation(workspace, standing),
        *_zoom(workspace, standing),
        *_phone(standing, phone),
        *_offered(workspace),
    ]
    message = ephemeral(f"What you can do with Zoom here:\n{_commands()}", *_list(help_url))
    if about:
        message["blocks"].insert(1, section(mrkdwn("\n".join(about))))
        message["text"] = "\n".join([message["text"], *about])
    return message


def unknown_command(word: str, help_url: str) -> Json:
    """Answers what is no command, or has something after it although it takes nothing."""
    shown = escape(word.replace("`", "'")) or "?"
    alone = word.casefold()
    opening = f"`/zoom {alone}` takes nothing after it." if alone in commands.ALONE else f"I don't know `{shown}`."
    return ephemeral(
        f"{opening} What you can do with Zoom here:\n{_commands()}", section(mrkdwn(opening)), *_list(help_url)
    )


def config(
    workspace: Workspace | MeshError | None,
    shown: phone_pb.ShownCalls.ValueType | None,
    phone: Phone | None,
    *,
    of: str = "",
    wrong: str = "",
) -> Json:
    """`/zoom config`, alone or with something else: what is wrong with that, what holds now, what can be chosen.

    `shown` is which of her calls she chose to see, None where that is not known now; `phone` is as for help. `of` and
    `wrong` are as in `ShowConfig`.
    """
    word = escape(wrong.replace("`", "'"))
    choices = {"calls": _either(commands.CALL_OPTIONS), "my-calls": _either(commands.SHOWN_CALLS)}
    opening = []
    if wrong:
        known = f"`/zoom config {of}` takes {choices[of]}" if of else "`/zoom config` takes `calls` or `my-calls`"
        opening.append(f"I don't know `{word}` there: {known}.")
    return ephemeral("\n".join([*opening, *_offer_now(workspace), *_shown_now(shown, phone)]))


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(f'`{word}`' for word in words[:-1])} or `{words[-1]}`"


def _offer_now(workspace: Workspace | MeshError | None) -> list[str]:
    how = "Type `/zoom config calls both`, `/zoom config calls video` or `/zoom config calls phone`."
    if not isinstance(workspace, Workspace):
        return [f"*What is offered here:* for owners and admins to choose. {how}"]
    now = offer(meetings=workspace.offers_meetings, phone=workspace.offers_phone)
    return [f"*What is offered here:* {now}. Owners and admins can change that. {how}"]


def _shown_now(shown: phone_pb.ShownCalls.ValueType | None, phone: Phone | None) -> list[str]:
    how = "Type `/zoom config my-calls all` or `/zoom config my-calls slack`."
    if shown is None:
        return [f"*Which of your phone calls you see in the Zoom app:* yours to choose. {how}"]
    which = "all of them" if shown == phone_pb.SHOWN_CALLS_ALL else "those that you place from Slack"
    access = phone.access if isinstance(phone, phone_pb.GetPhoneProfileResponse) else phone_pb.PHONE_ACCESS_UNSPECIFIED
    lacks = SENTENCES[_LACKS[access]] if access in _LACKS else ""
    return [f"*Which of your phone calls you see in the Zoom app:* {which}. {how} {lacks}".strip()]


def plan(connection: pb.Connection) -> str:
    """Returns what Zoom lets the person do, in words that follow whom it is about."""
    return _PLANS.get(connection.zoom_plan, "")


def _installation(workspace: Workspace | MeshError | None, standing: Standing | None) -> list[str]:
    """Tells an older installation from a newer one, as the guide promises."""
    match workspace:
        case None:
            return []
        case MeshError():
            return [f"*Installation:* none that works. {SENTENCES[workspace.reason]}"]
    if workspace.is_older:
        return [
            "*Installation:* older. It was made before Slack's granular permissions, so meetings cannot be shown. "
            f"Workspace admins {OLDER_FOR_ADMINS}; then {OLDER_FOR_EVERYBODY}."
        ]
    if not workspace.company_wide:
        return ["*Installation:* newer. Each person connects Zoom once."]
    company = "*Installation:* newer, for your whole company."
    if features.EMAILS not in workspace.scopes:
        return [
            f"{company} Zoom for Slack may not see e-mail addresses in Slack, so it finds nobody by itself: each "
            "person connects once. `/zoom permissions` has the link that allows it."
        ]
    if _is_served_by_company(standing):  # else nothing proves that the company's grant lives
        return [f"{company} Who has the same e-mail address in Slack and in Zoom need not connect."]
    return [company]


def _zoom(workspace: Workspace | MeshError | None, standing: Standing | None) -> list[str]:
    connected = None if standing is None else is_connected(standing)
    if connected is None or isinstance(workspace, MeshError):
        return []
    if isinstance(standing, pb.Connection):
        way = " by your company's installation" if _is_served_by_company(standing) else ""
        return [f"*Zoom:* you are connected{way}{plan(standing)}. `/zoom logout` signs you out."]
    return ["*Zoom:* you are not connected. Type `/zoom` to connect."]


def _phone(standing: Standing | None, phone: Phone | None) -> list[str]:
    """Tells whether the person has Zoom Phone, where that is known and calls are offered."""
    if not isinstance(standing, pb.Connection) or not isinstance(phone, phone_pb.GetPhoneProfileResponse):
        return []
    return [f"*Zoom Phone:* {_ACCESSES[phone.access]}."] if phone.access in _ACCESSES else []


def _offered(workspace: Workspace | MeshError | None) -> list[str]:
    if not isinstance(workspace, Workspace) or workspace.is_older:
        return []
    return [f"*Offered here:* {offer(meetings=workspace.offers_meetings, phone=workspace.offers_phone)}."]


def _is_served_by_company(standing: Standing | None) -> bool:
    return isinstance(standing, pb.Connection) and standing.app_level == pb.ZOOM_APP_LEVEL_ACCOUNT


def _list(help_url: str) -> tuple[Json, Json]:
    return (
        section(mrkdwn(f"*What you can do with Zoom here*\n{_commands()}")),
        context(mrkdwn(f"<{escape(help_url)}|Help and support>")),
    )


def _commands() -> str:
    return "\n".join(f"• `{escape(command)}`: {does}" for command, does in COMMANDS)
