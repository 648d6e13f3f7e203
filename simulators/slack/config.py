"""Every knob of the Slack simulator. The same values must be configured in the app under test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KNOWN_BOT_SCOPES = frozenset(
    {
        "commands",
        "calls:read",
        "calls:write",
        "chat:write",
        "chat:write.public",
        "users:read",
        "users:read.email",
        "links:read",
        "links:write",
        "channels:read",
        "groups:read",
        "mpim:read",
        "im:read",
        "im:write",
        "team:read",
    }
)
KNOWN_USER_SCOPES = frozenset({"users.profile:write"})


@dataclass(frozen=True)
class Shortcut:
    """A shortcut that the app registered: `global` ones stand at the composer, `message` ones at every message."""

    type: Literal["global", "message"]
    name: str
    callback_id: str


@dataclass(frozen=True, kw_only=True)
class SlackConfig:
    """One registered Slack app and the simulator that plays Slack for it."""

    app_url: str = "http://127.0.0.1:8080"
    """Base URL of the app under test; commands, interactions and events go to paths below it."""
    public_url: str = "http://127.0.0.1:8081"
    """Base URL at which the app and browsers reach this simulator; response URLs are made from it."""
    zoom_page_url: str = "http://127.0.0.1:8082/"
    """Where the page's link to the Zoom simulator leads."""
    client_id: str = "1000000000001.1000000000002"
    client_secret: str = "simulated-slack-client-secret"
    signing_secret: str = "simulated-slack-signing-secret"
    app_id: str = "A0ZOOMSIM1"
    app_name: str = "Zoom"
    command: str = "/zoom"
    """The one slash command that the app registered, with `should_escape` on."""
    command_description: str = "Start a Zoom meeting or a phone call"
    command_usage_hint: str = "help | meeting [topic] | join [id, link, name, me] | call [person, number] | logout"
    """What Slack shows of the command while it is typed (the manifest's `description` and `usage_hint`)."""
    bot_events: tuple[str, ...] = (
        *("app_home_opened", "app_uninstalled", "call_rejected", "channel_id_changed", "member_joined_channel"),
        *("team_access_revoked", "tokens_revoked"),
    )
    """The events to which the app subscribed (the manifest's `bot_events`): Slack sends no others."""
    shortcuts: tuple[Shortcut, ...] = (
        Shortcut("global", "Start a Zoom meeting", "zoom_start"),
        Shortcut("message", "Meet about this", "zoom_meet_about"),
        Shortcut("message", "Call the author", "zoom_call_author"),
    )
    """What the page offers as shortcuts, in this order."""
    optional_bot_scopes: tuple[str, ...] = (
        *("users:read.email", "chat:write.public", "users:read"),
        *("channels:read", "groups:read"),
    )
    """Those of the scopes asked for that a person may decline (the manifest's `bot_optional`)."""
    redirect_urls: tuple[str, ...] = ()
    """Registered redirect URLs; empty means `{app_url}/slack/oauth/callback`."""
    token_rotation: bool = False
    """On: access tokens live 12 hours and come with single-use refresh tokens."""
    duplicate_external_id: Literal["same", "error"] = "error"
    """What `calls.add` does with a repeated `external_unique_id`: Slack does not say. Unkind unless told."""
    enforce_rate_limits: bool = True
    """Off for what makes many requests within a moment that tells nothing about them."""
    answer_deadline_seconds: float = 3.0
    """How long the app may take to answer a command, a click or an event (Slack: 3 s)."""
    retry_scale: float = 1.0
    """Factor on the delays of event retries (Slack: at once, 1 minute, 5 minutes)."""

    @property
    def allowed_redirects(self) -> tuple[str, ...]:
        """The registered redirect URLs; a request may name one of them or a path below one."""
        return self.redirect_urls or (f"{self.app_url.rstrip('/')}/slack/oauth/callback",)
