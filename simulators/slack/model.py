"""What exists in the simulated Slack: plain records without behaviour beyond small questions about themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

ChannelKind = Literal["public", "private", "mpim", "im", "app"]
MessageKind = Literal["message", "ephemeral", "command"]

SLACKBOT = "USLACKBOT"


@dataclass(frozen=True)
class Enterprise:
    """An organisation (`E…`) of several workspaces: Enterprise Grid."""

    id: str
    name: str


@dataclass(frozen=True)
class Workspace:
    """A workspace (`T…`), on its own or of an organisation."""

    id: str
    name: str
    domain: str
    enterprise: Enterprise | None = None


@dataclass(frozen=True)
class User:
    """A person (`U…`). `name` is the handle typed after `@`, `phone` what she typed into her profile.
    `email` is empty where Slack knows no address of her.

    She belongs to one workspace, `team_id`; within an organisation her id is good in the workspaces of `also_in` too.
    """

    id: str
    team_id: str
    name: str
    real_name: str
    email: str
    is_admin: bool = False
    tz: str = "Europe/London"
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    is_email_confirmed: bool = True
    deleted: bool = False
    is_org_admin: bool = False
    is_org_owner: bool = False
    phone: str = ""
    also_in: tuple[str, ...] = ()

    @property
    def team_ids(self) -> tuple[str, ...]:
        """The workspaces that she is a member of."""
        return (self.team_id, *self.also_in)


@dataclass
class Channel:
    """A conversation. Kind `app` is a person's own conversation with the app (the Messages tab).

    `shared_with` are the workspaces of other companies that the host's, `team_id`, shares it with by Slack Connect.
    `app_is_member` tells of the app as the host installed it.
    """

    id: str
    team_id: str
    name: str
    kind: ChannelKind
    members: list[str]
    app_is_member: bool = False
    is_archived: bool = False
    shared_with: tuple[str, ...] = ()

    @property
    def is_general(self) -> bool:
        """Whether it is the channel that everybody in a workspace is in."""
        return self.kind == "public" and self.name == "general"

    @property
    def team_ids(self) -> tuple[str, ...]:
        """The workspaces in which it is seen."""
        return (self.team_id, *self.shared_with)

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
    tenant_id: str
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
    """An access token. `dead` is the error that a dead token is answered with; None while it is alive.

    Like everything that an installation issues it carries the installation's `tenant_id`: the workspace (`T…`), or the
    organisation (`E…`) if the app was installed for all of it.
    """

    value: str
    tenant_id: str
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
    tenant_id: str
    kind: Literal["bot", "user"]
    user_id: str
    used: bool = False


@dataclass
class Installation:
    """The app in one workspace or organisation. Scopes only ever grow until it is uninstalled.

    `granted_teams` are the workspaces to which an org-wide app was added; at first none.
    """

    tenant_id: str
    bot_user_id: str
    bot_id: str
    installed_by: str
    installed_at: float
    bot_scopes: frozenset[str]
    user_scopes: dict[str, frozenset[str]] = field(default_factory=dict)
    granted_teams: set[str] = field(default_factory=set)

    @property
    def is_org_wide(self) -> bool:
        """Whether it was made for an organisation."""
        return is_organisation(self.tenant_id)

    def covers(self, team_id: str) -> bool:
        """Tell whether the app works in this workspace."""
        return team_id == self.tenant_id or team_id in self.granted_teams


@dataclass
class AuthorizationCode:
    """What was consented to, waiting for `oauth.v2.access`."""

    value: str
    user_id: str
    tenant_id: str
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
    """A `response_url`: 5 uses within 30 minutes. `message_ts` is the message whose button was pressed.

    One of the Call icon (`opens_calls`) may also be answered with the address that opens the call for the caller.
    """

    path: str
    team_id: str
    channel_id: str
    user_id: str
    expires_at: float
    uses_left: int
    message_ts: str | None = None
    opens_calls: bool = False


@dataclass
class View:
    """A modal or Home tab as shown to one person."""

    id: str
    team_id: str
    user_id: str
    body: Json
    hash: str


def is_organisation(tenant_id: str) -> bool:
    """Tell whether a tenant is an organisation rather than a workspace."""
    return tenant_id.startswith("E")
