"""Messages that ask people for something, each with the one link that gives it. Pure functions, as in `replies`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mesh.errors import Reason
from services.slack_edge import link_names
from services.slack_edge.blocks import Json, actions, button, context, link_button, mrkdwn, section
from services.slack_edge.features import Feature
from services.slack_edge.replies import SENTENCES, ephemeral
from services.slack_edge.texts import escape
from services.slack_edge.usage import OLDER_FOR_ADMINS, OLDER_FOR_EVERYBODY

CONNECT = "zoom_connect"
"""The `action_id` of every button whose link connects, and works once; its `value` names the link."""
ZOOM_ADMINS_ONLY = "Only an administrator of your company's Zoom account can allow that."
_ONCE = "The link is for you only and works for ten minutes."
_SOME_MISSING = "Some permissions were not granted. Everything else works without them."


def connect(connect_url: str, *, continues: bool) -> Json:
    """Asks the person to connect Zoom; `continues` tells whether the command goes on by itself afterwards."""
    first = "Connect your Zoom account to use `/zoom`."
    second = "Your meeting starts as soon as you have." if continues else "Then type the command again."
    return ephemeral(
        f"{first} {second}",
        section(mrkdwn(f"{first} {second}")),
        _connect_button("Authorize Zoom", connect_url),
        context(mrkdwn(_ONCE)),
    )


def connect_after_transition(connect_url: str) -> Json:
    """Asks a person of an older installation for the two consents that make it work again."""
    text = (
        "Zoom for Slack has been renewed. Authorize it once: Zoom asks you to allow it, then Slack asks you to "
        "authorize it, and everything works."
    )
    note = f"{_ONCE} Where Slack does not let you authorize apps, ask a workspace admin to {OLDER_FOR_ADMINS}."
    return ephemeral(
        text,
        section(mrkdwn(text)),
        _connect_button("Authorize Zoom", connect_url),
        context(mrkdwn(note)),
    )


def older_installation(install_url: str, slack_install_url: str, *, is_admin: bool | None) -> Json:
    """Tells what to do about an older installation, by who it is that asks; `is_admin` None is not known."""
    opening = "Zoom in this workspace is an older installation, without Slack's granular permissions."
    admin = f"As a workspace admin, {OLDER_FOR_ADMINS}. Everybody then can {OLDER_FOR_EVERYBODY}."
    person = f"Ask a workspace admin to {OLDER_FOR_ADMINS}; then {OLDER_FOR_EVERYBODY}."
    unknown = f"{person} If you are a workspace admin yourself, do that now."
    text = f"{opening} {unknown if is_admin is None else admin if is_admin else person}"
    button = (
        link_button("Authorize in Slack", slack_install_url, "slack_install", primary=True)
        if is_admin is False
        else link_button("Add Zoom again", install_url, "zoom_install", primary=True)
    )
    note = "Where Slack lets you authorize apps yourself, the button is enough." if is_admin is False else ""
    return ephemeral(text, section(mrkdwn(text)), button, *([context(mrkdwn(note))] if note else []))


def not_installed(install_url: str) -> Json:
    """Tells how the app gets into a workspace of whose installation nothing is known here."""
    text = (
        f"{SENTENCES[Reason.SLACK_NOT_INSTALLED]} If you are one, add it by the button: in Slack's App Directory that "
        'is "App Homepage", then "Add to Slack".'
    )
    return ephemeral(
        text, section(mrkdwn(text)), link_button("Add to Slack", install_url, "zoom_install", primary=True)
    )


def ask_for_scopes(words: Sequence[str], connect_url: str, *, continues: bool) -> Json:
    """Asks the person for one more permission at Zoom."""
    then = " It goes on by itself once you did." if continues else " Then type the command again."
    text = f"For this, Zoom for Slack needs one more permission in your Zoom account: to {_listed(words)}.{then}"
    return ephemeral(
        text,
        section(mrkdwn(text)),
        _connect_button("Allow in Zoom", connect_url),
        context(mrkdwn(f"It asks for just that. {_ONCE}")),
    )


def ask_zoom_admin(words: Sequence[str], install_url: str) -> Json:
    """Tells what an administrator of the Zoom account has to allow."""
    text = (
        f"For this, Zoom for Slack needs one more permission in your company's Zoom account: to {_listed(words)}. "
        "Ask an administrator of that account to open the page behind the button."
    )
    return ephemeral(text, section(mrkdwn(text)), link_button("For the Zoom admin", install_url, "zoom_install"))


@dataclass(frozen=True)
class Lacking:
    """What one vendor did not grant, and the address that asks for just that."""

    features: Sequence[Feature]
    url: str
    takes_zoom_admin: bool = False


def permissions(slack: Lacking, zoom: Lacking) -> Json:
    """`/zoom permissions` of a person who is connected."""
    if not slack.features and not zoom.features:
        return ephemeral("Zoom for Slack has every permission that it uses.")
    return ephemeral(_SOME_MISSING, *_lacking_in_slack(slack), *_lacking_in_zoom(zoom))


def permissions_before_connecting(slack: Lacking, connect_url: str) -> Json:
    """The same of a person who is not connected: what Zoom grants is asked once she connects."""
    text = "*Zoom:* you are not connected yet. Zoom asks for its permissions when you connect."
    return ephemeral(
        _SOME_MISSING if slack.features else "Connect your Zoom account to see its permissions, too.",
        *_lacking_in_slack(slack),
        section(mrkdwn(text)),
        _connect_button("Authorize Zoom", connect_url),
        context(mrkdwn(_ONCE)),
    )


def permissions_in_slack(slack: Lacking) -> Json:
    """The same where nothing can be known of Zoom now."""
    text = "*Zoom:* what is missing there cannot be told at the moment. Type `/zoom permissions` again in a minute."
    return ephemeral(
        _SOME_MISSING if slack.features else "Zoom's permissions cannot be told at the moment.",
        *_lacking_in_slack(slack),
        section(mrkdwn(text)),
    )


def _lacking_in_slack(slack: Lacking) -> list[Json]:
    text = _lacking("Slack", slack)
    return [text, link_button("Allow in Slack", slack.url, "slack_install")] if slack.features else [text]


def _lacking_in_zoom(zoom: Lacking) -> list[Json]:
    text = _lacking("Zoom", zoom)
    if not zoom.features:
        return [text]
    if zoom.takes_zoom_admin:
        button = link_button("Allow in Zoom", zoom.url, "zoom_install")
        return [text, button, context(mrkdwn(ZOOM_ADMINS_ONLY))]
    return [text, _connect_button("Allow in Zoom", zoom.url)]


def _lacking(vendor: str, lacking: Lacking) -> Json:
    if not lacking.features:
        return section(mrkdwn(f"*{vendor}:* nothing is missing."))
    lines = "\n".join(f"• {feature.does}" for feature in lacking.features)
    return section(mrkdwn(f"*{vendor}:* without a permission there, Zoom for Slack cannot:\n{lines}"))


def go_on_in_browser() -> Json:
    """Takes the place of a button that was pressed: its link works once."""
    text = "Go on in your browser, where the page to connect Zoom has opened. If it did not, type the command again."
    return {"replace_original": True, "text": text}


def connected(*, starts: bool) -> Json:
    """Takes the place of that, once its link has connected the person; `starts` tells of her meeting."""
    then = "Your meeting starts." if starts else "Type the command again."
    return {"replace_original": True, "text": f"Zoom is connected. {then}"}


_NOT_CONNECTED = {
    Reason.CONSENT_DENIED: "You did not agree at Zoom, so nothing was connected. Type the command again if you like.",
    Reason.LINK_EXPIRED: "The link behind this button worked for ten minutes only. Type the command again for another.",
    Reason.ZOOM_APP_NOT_APPROVED: (
        "This app is not approved in your Zoom account yet, so nothing was connected. Ask the administrator of your "
        "Zoom account to approve it in the Zoom App Marketplace, then type the command again."
    ),
}


def not_connected(reason: Reason) -> Json:
    """Takes the place of that where nothing came of the link, for this reason."""
    text = _NOT_CONNECTED.get(reason, "The sign-in at Zoom did not work. Type the command again whenever you want to.")
    return {"replace_original": True, "text": text}


def _connect_button(text: str, connect_url: str) -> Json:
    return actions(button(text, CONNECT, url=connect_url, value=link_names.of_link(connect_url), style="primary"))


def _listed(words: Sequence[str]) -> str:
    return escape(", and to ".join(words))
