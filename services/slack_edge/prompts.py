"""Messages that ask people for something, each with the one link that gives it. Pure functions, as in `replies`."""

from __future__ import annotations

from collections.abc import Sequence

from mesh.errors import Reason
from services.slack_edge.blocks import Json, context, link_button, mrkdwn, section
from services.slack_edge.features import Feature
from services.slack_edge.replies import SENTENCES, ephemeral
from services.slack_edge.texts import escape

_ONCE = "The link is for you only and works for ten minutes."


def connect(connect_url: str, *, continues: bool) -> Json:
    """Asks the person to connect Zoom; `continues` tells whether the command goes on by itself afterwards."""
    first = "Connect your Zoom account to use `/zoom`."
    second = "Your meeting starts as soon as you have." if continues else "Then type the command again."
    return ephemeral(
        f"{first} {second}",
        section(mrkdwn(f"{first} {second}")),
        link_button("Authorize Zoom", connect_url, "zoom_connect", primary=True),
        context(mrkdwn(_ONCE)),
    )


def connect_after_transition(connect_url: str) -> Json:
    """Asks a person of an older installation for the two consents that make it work again."""
    text = (
        "Zoom for Slack has been renewed. Authorize it once: Zoom asks you to allow it, then Slack asks you to "
        "authorize it, and everything works."
    )
    return ephemeral(
        text,
        section(mrkdwn(text)),
        link_button("Authorize Zoom", connect_url, "zoom_connect", primary=True),
        context(mrkdwn(_ONCE)),
    )


def older_installation(install_url: str, slack_install_url: str, *, is_admin: bool | None) -> Json:
    """Tells what to do about an older installation, by who it is that asks; `is_admin` None is not known."""
    opening = "Zoom in this workspace is an older installation, without Slack's granular permissions."
    admin = (
        "As a workspace admin, remove the Zoom app from this workspace and add it again. Everybody then types `/zoom` "
        "and follows the link."
    )
    person = "Ask a workspace admin to add Zoom to this workspace again; then type `/zoom` and follow the link."
    unknown = f"{person} If you are a workspace admin yourself, remove the Zoom app and add it again."
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
        link_button("Allow in Zoom", connect_url, "zoom_connect", primary=True),
        context(mrkdwn(f"It asks for just that. {_ONCE}")),
    )


def ask_zoom_admin(words: Sequence[str], install_url: str) -> Json:
    """Tells what an administrator of the Zoom account has to allow."""
    text = (
        f"For this, Zoom for Slack needs one more permission in your company's Zoom account: to {_listed(words)}. "
        "Ask an administrator of that account to open the page behind the button."
    )
    return ephemeral(text, section(mrkdwn(text)), link_button("For the Zoom admin", install_url, "zoom_install"))


def permissions(slack: Sequence[Feature], slack_url: str, zoom: Sequence[Feature], zoom_url: str) -> Json:
    """`/zoom permissions`: what is missing at each vendor, and the link that asks for just that."""
    if not slack and not zoom:
        return ephemeral("Zoom for Slack has every permission that it uses.")
    blocks: list[Json] = []
    for vendor, missing, url, button, action in (
        ("Slack", slack, slack_url, "Allow in Slack", "slack_install"),
        ("Zoom", zoom, zoom_url, "Allow in Zoom", "zoom_connect"),
    ):
        if missing:
            lines = "\n".join(f"• {feature.does}" for feature in missing)
            blocks.append(section(mrkdwn(f"Without a permission in {vendor}, Zoom for Slack cannot:\n{lines}")))
            blocks.append(link_button(button, url, action))
    return ephemeral("Some permissions were not granted. Everything else works without them.", *blocks)


def _listed(words: Sequence[str]) -> str:
    return escape(", and to ".join(words))
