"""The state of the simulated Slack and the questions every part asks of it. In memory, gone at exit."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable

from simulators.slack import seed
from simulators.slack.clock import SimulatedClock
from simulators.slack.errors import SlackError
from simulators.slack.model import (
    AuthorizationCode,
    Call,
    Channel,
    Enterprise,
    Installation,
    Json,
    Message,
    MessageKind,
    RefreshToken,
    ResponseUrl,
    Token,
    Trigger,
    User,
    View,
    Workspace,
)

ID_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
TRIGGER_SECONDS = 3
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


class World:
    """Everything that exists: tenants, people, conversations, messages, calls, installations and what was issued."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.workspaces: dict[str, Workspace] = {}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: list[Message] = []
        self.calls: dict[str, Call] = {}
        self.installations: dict[str, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.homes: dict[str, View] = {}
        self.modals: dict[str, View] = {}
        self._last_microsecond = 0
        self.add(seed.acme())

    def add(self, tenant: seed.Tenant) -> None:
        """Add a company with its people and conversations; what is there already stays as it is."""
        self.workspaces = {workspace.id: workspace for workspace in tenant.workspaces} | self.workspaces
        self.users = self.users | {u.id: u for u in tenant.people if u.id not in self.users}
        self.channels = self.channels | {c.id: c for c in tenant.channels if c.id not in self.channels}

    # --- making things -------------------------------------------------------------------------------------------

    @staticmethod
    def new_id(prefix: str) -> str:
        """Return a fresh Slack-like id such as `R0K3…`. Random: an app outliving a restart must not meet old ids."""
        return f"{prefix}0" + "".join(secrets.choice(ID_ALPHABET) for _ in range(9))

    def new_ts(self) -> str:
        """Return a message timestamp: epoch seconds with six decimals, unique and rising."""
        self._last_microsecond = max(int(self.clock.now() * 1_000_000), self._last_microsecond + 1)
        return f"{self._last_microsecond // 1_000_000}.{self._last_microsecond % 1_000_000:06d}"

    def new_trigger(self, user: User, team_id: str) -> str:
        """Return a `trigger_id` for what the person does in a workspace, good for one modal within 3 seconds."""
        value = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[value] = Trigger(value, team_id, user.id, self.clock.now() + TRIGGER_SECONDS)
        return value

    def new_response_url(
        self, kind: str, user: User, channel: Channel, team_id: str, message_ts: str | None = None
    ) -> ResponseUrl:
        """Return a `response_url`; `kind` is `commands` or `actions`, `message_ts` the message that was acted on.

        `team_id` is the workspace whose app hears of the action.
        """
        path = f"/{kind}/{team_id}/{secrets.randbelow(10**12)}/{secrets.token_urlsafe(18)}"
        expires_at = self.clock.now() + RESPONSE_URL_SECONDS
        made = ResponseUrl(path, team_id, channel.id, user.id, expires_at, RESPONSE_URL_USES, message_ts)
        self.response_urls[path] = made
        return made

    # --- finding things ------------------------------------------------------------------------------------------

    def teams_of(self, tenant_id: str) -> set[str]:
        """Return the workspaces of a tenant: itself, or those of the organisation."""
        return {w.id for w in self.workspaces.values() if tenant_id in (w.id, w.enterprise and w.enterprise.id)}

    def enterprise(self, enterprise_id: str) -> Enterprise:
        """Return an organisation. Raises SlackError `enterprise_not_found`."""
        for workspace in self.workspaces.values():
            if workspace.enterprise is not None and workspace.enterprise.id == enterprise_id:
                return workspace.enterprise
        raise SlackError("enterprise_not_found")

    def enterprise_id_of(self, team_id: str) -> str | None:
        """Return the organisation that a workspace belongs to."""
        workspace = self.workspaces.get(team_id)
        return workspace.enterprise.id if workspace and workspace.enterprise else None

    def installation_in(self, team_id: str) -> Installation | None:
        """Return the app as it works in a workspace: installed there, or in its organisation with access to it."""
        own = self.installations.get(team_id)
        return own or next((i for i in self.installations.values() if i.covers(team_id)), None)

    def app_team(self, user: User) -> str:
        """Return that of the person's workspaces in which she has the app to herself: Home tab, Messages tab."""
        return next((team_id for team_id in user.team_ids if self.installation_in(team_id)), user.team_id)

    @staticmethod
    def acting_team(user: User, channel: Channel) -> str:
        """Return the workspace in whose name the person acts in a conversation: an outsider in her own."""
        return channel.team_id if channel.team_id in user.team_ids else user.team_id

    def user_in(self, tenant_id: str, user_id: object) -> User | None:
        """Return the person if she is of this tenant."""
        user = self.users.get(user_id) if isinstance(user_id, str) else None
        return user if user and self.teams_of(tenant_id).intersection(user.team_ids) else None

    def user_named(self, team_id: str, name: str) -> User | None:
        """Return the person with this handle."""
        return next((u for u in self.users.values() if team_id in u.team_ids and u.name == name), None)

    def channel_in(self, tenant_id: str, channel_id: str) -> Channel | None:
        """Return the conversation if it is seen in this tenant, whoever may see it."""
        channel = self.channels.get(channel_id)
        return channel if channel and self.teams_of(tenant_id).intersection(channel.team_ids) else None

    def app_channel(self, user: User, team_id: str | None = None) -> Channel:
        """Return the person's own conversation with the app of a workspace, opening it on first use."""
        team_id = team_id or self.app_team(user)
        for channel in self.channels.values():
            if channel.kind == "app" and channel.members == [user.id] and channel.team_id == team_id:
                return channel
        made = Channel(self.new_id("D"), team_id, "directmessage", "app", [user.id], app_is_member=True)
        self.channels[made.id] = made
        return made

    def accessible(self, caller: Token, team_ids: Iterable[str]) -> str:
        """Return the first of these workspaces in which the token works.

        Raises SlackError `team_access_not_granted`: an org-wide app was not added to any of them.
        """
        installation = self.installations[caller.tenant_id]
        for team_id in team_ids:
            if installation.covers(team_id):
                return team_id
        raise SlackError("team_access_not_granted")

    def person(self, user_id: object) -> User:
        """Return the person. Raises SlackError `user_not_found`."""
        user = self.users.get(user_id) if isinstance(user_id, str) else None
        if user is None:
            raise SlackError("user_not_found")
        return user

    def channel_of(self, user: User, channel_id: object) -> Channel:
        """Return a conversation that the person is in; `app` names her conversation with the app.

        Raises SlackError `channel_not_found`.
        """
        if channel_id == "app":
            return self.app_channel(user)
        channel = self.channels.get(channel_id) if isinstance(channel_id, str) else None
        if channel is None or user.id not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def message(self, channel_id: str, ts: object) -> Message | None:
        """Return the message at `ts` in a conversation."""
        return next((m for m in self.messages if m.channel_id == channel_id and m.ts == ts), None)

    def seen_by(self, user: User, channel: Channel) -> list[Message]:
        """Return what the person sees in a conversation, oldest first."""
        return [m for m in self.messages if m.channel_id == channel.id and m.visible_to in (None, user.id)]

    # --- changing things -----------------------------------------------------------------------------------------

    def post(
        self,
        channel: Channel,
        *,
        text: str,
        author: str | None = None,
        blocks: list[Json] | None = None,
        kind: MessageKind = "message",
        thread_ts: str | None = None,
        visible_to: str | None = None,
        metadata: Json | None = None,
    ) -> Message:
        """Put a message into a conversation; `author` None is the app."""
        message = Message(
            self.new_ts(), channel.id, kind, author, text, with_ids(blocks or []), thread_ts, visible_to, metadata
        )
        self.messages.append(message)
        self.show_calls(message)
        return message

    def show_calls(self, message: Message) -> None:
        """Note in every call that a message shows where it was posted."""
        for call in self.calls_in(message):
            if message.channel_id not in call.channels:
                call.channels.append(message.channel_id)

    def calls_in(self, message: Message) -> list[Call]:
        """Return the calls whose cards a message shows."""
        ids = [block["call_id"] for block in message.blocks if block["type"] == "call"]
        return [self.calls[call_id] for call_id in ids if call_id in self.calls]


def with_ids(blocks: list[Json]) -> list[Json]:
    """Return a copy of checked blocks in which every block and element has the id that Slack would give it."""
    copied: list[Json] = json.loads(json.dumps(blocks))
    for block in copied:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in [*block.get("elements", []), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and element.get("type") not in ("image", "plain_text", "mrkdwn"):
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return copied
