"""What exists in the simulated Slack: plain records without behaviour beyond small questions about themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

ChannelKind = Literal["public", "private", "mpim", "im", "app"]
MessageKind = Literal["message", "ephemeral", "command"]

SLACKBOT = "USLACKBOT"


@dataclass(frozen=True)
class Workspace:
    """A tenant (`T…`)."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True)
class User:
    """A person (`U…`), of exactly one workspace. `name` is the handle typed after `@`."""

    id: str
    team_id: str
    name: str
    real_name: str
    email: str
    is_admin: bool = False
    tz: str = "Europe/London"


@dataclass
class Channel:
    """A conversation. Kind `app` is a person's own conversation with the app (the Messages tab)."""

    id: str
    team_id: str
    name: str
    kind: ChannelKind
    members: list[str]
    app_is_member: bool = False
    is_archived: bool = False

    @property
    def form_name(self) -> str:
        """The name that commands and interactions carry: Slack hides those of DMs and of private channels."""
        return {"im": "directmessage", "app": "directmessage", "private": "privategroup"}.get(self.kind, self.name)


@dataclass
class Message:
    """One entry in a conversation. `author` None is the app; `visible_to` None is everybody in it."""

    ts: str
    channel_id: str
    kind: MessageKind
    author: str | None
    text: str
    blocks: list[Json]
    thread_ts: str | None = None
    visible_to: str | None = None
    metadata: Json | None = None
    edited: bool = False


@dataclass
class Call:
    """What the Calls API knows of one call. Times are epoch seconds."""

    id: str
    team_id: str
    external_unique_id: str
    join_url: str
    date_start: int
    created_by: str
    title: str | None = None
    external_display_id: str | None = None
    desktop_app_join_url: str | None = None
    users: list[Json] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    date_end: int | None = None

    def as_json(self) -> Json:
        """Return the `call` object of API answers; members without a value are left out."""
        values: Json = {
            "id": self.id,
            "date_start": self.date_start,
            "external_unique_id": self.external_unique_id,
            "join_url": self.join_url,
            "external_display_id": self.external_display_id,
            "desktop_app_join_url": self.desktop_app_join_url,
            "title": self.title,
            "date_end": self.date_end,
            "users": list(self.users),
            "channels": list(self.channels),
        }
        return {name: value for name, value in values.items() if value not in (None, [])}

    def as_card(self) -> Json:
        """Return what the drawn card shows: every member present, `duration` in seconds once ended."""
        return {
            "title": None,
            "users": [],
            "channels": [],
            "date_end": None,
            **self.as_json(),
            "duration": None if self.date_end is None else self.date_end - self.date_start,
        }


@dataclass
class Token:
    """An access token. `dead` is the error that a dead token is answered with; None while it is alive."""

    value: str
    team_id: str
    kind: Literal["bot", "user"]
    user_id: str
    scopes: frozenset[str]
    issued_at: float
    expires_at: float | None = None
    dead: str | None = None


@dataclass
class RefreshToken:
    """A single-use refresh token of a bot or a person."""

    value: str
    team_id: str
    kind: Literal["bot", "user"]
    user_id: str
    used: bool = False


@dataclass
class Installation:
    """The app in one workspace. Scopes only ever grow until it is uninstalled."""

    team_id: str
    bot_user_id: str
    bot_id: str
    installed_by: str
    installed_at: float
    bot_scopes: frozenset[str]
    user_scopes: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass
class AuthorizationCode:
    """What was consented to, waiting for `oauth.v2.access`."""

    value: str
    user_id: str
    team_id: str
    bot_scopes: frozenset[str]
    user_scopes: frozenset[str]
    redirect_uri: str | None
    expires_at: float
    used: bool = False


@dataclass
class Trigger:
    """A `trigger_id`: one modal, within 3 seconds."""

    value: str
    team_id: str
    user_id: str
    expires_at: float
    used: bool = False


@dataclass
class ResponseUrl:
    """A `response_url`: 5 uses within 30 minutes. `message_ts` is the message whose button was pressed."""

    path: str
    team_id: str
    channel_id: str
    user_id: str
    expires_at: float
    uses_left: int
    message_ts: str | None = None


@dataclass
class View:
    """A modal or Home tab as shown to one person."""

    id: str
    team_id: str
    user_id: str
    body: Json
    hash: str
