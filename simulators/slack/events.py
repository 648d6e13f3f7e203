"""The Events API: the envelope, delivery with retries, and the events that the simulator sends by itself."""

from __future__ import annotations

import asyncio
import json

from simulators.slack import views
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Installation, Json, User, is_organisation
from simulators.slack.outgoing import JSON, Answer, Prepared
from simulators.slack.simulator import Simulator
from simulators.slack.world import World

PATH = "/slack/events"
RETRY_DELAYS = (0, 60, 300)
MAX_REDIRECTS = 2
MEMBERSHIP_SCOPES = {"public": "channels:read", "private": "groups:read", "mpim": "mpim:read"}


def prepare(
    sim: Simulator, tenant_id: str, event: Json, *, event_id: str | None = None, event_time: int | None = None
) -> Prepared:
    """Put an event of a workspace or organisation into its envelope."""
    event_id = event_id or sim.world.new_id("Ev")
    envelope = _envelope(sim, tenant_id, event, event_id, event_time)
    return Prepared(event_id, str(event.get("type", "event")), json.dumps(envelope, ensure_ascii=False).encode())


async def send(sim: Simulator, tenant_id: str, event: Json) -> int | None:
    """Send an event now. Returns the status of its first attempt."""
    [status] = await deliver(sim, prepare(sim, tenant_id, event))
    return status


async def deliver(sim: Simulator, event: Prepared, *, copies: int = 1) -> list[int | None]:
    """Send a prepared event and wait for its first attempts; retries follow in the background.

    Returns the statuses of the first attempts.
    """
    answers = await asyncio.gather(*(_attempt(sim, event.body, event.about) for _ in range(copies)))
    for answer in answers:
        if _wanted_again(answer):
            _spawn(sim, event.body, event.about, answer)
    return [answer.status for answer in answers]


async def verify_url(sim: Simulator) -> bool:
    """Send `url_verification` and tell whether the app answered with the challenge (text, form or JSON)."""
    challenge = sim.world.new_id("challenge")
    body = json.dumps({"type": "url_verification", "challenge": challenge, "token": "deprecated"}).encode()
    answer = await sim.app.post(PATH, body, JSON, about="url_verification")
    accepted = {challenge, f"challenge={challenge}", json.dumps({"challenge": challenge}, separators=(",", ":"))}
    return answer.status == 200 and answer.body.decode(errors="replace").replace(" ", "").strip() in accepted


async def open_home(sim: Simulator, user: User, tab: str = "home") -> int | None:
    """Tell the app that a person opened its Home or Messages tab. Returns the status of its answer."""
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": sim.world.app_channel(user).id,
        "tab": tab,
        "event_ts": sim.world.new_ts(),
    }
    home = sim.world.homes.get(user.id)
    if home is not None:
        event["view"] = views.as_json(sim, home)
    return await send(sim, sim.world.app_team(user), event)


async def change_membership(sim: Simulator, channel: Channel, *, member: bool, by: str) -> None:
    """Invite the app to a channel or remove it, and tell the app as far as its scopes let it hear.

    Raises SlackError `method_not_supported_for_channel_type`: nobody can be added to an existing direct message;
    `app_not_installed`.
    """
    if channel.kind not in ("public", "private"):
        raise SlackError("method_not_supported_for_channel_type")
    installation = sim.world.installation_in(channel.team_id)
    if installation is None:
        raise SlackError("app_not_installed")
    if channel.app_is_member == member:
        return
    channel.app_is_member = member
    if MEMBERSHIP_SCOPES[channel.kind] not in installation.bot_scopes:
        return
    event: Json = {
        "type": "member_joined_channel" if member else "member_left_channel",
        "user": installation.bot_user_id,
        "channel": channel.id,
        "channel_type": "C" if channel.kind == "public" else "G",
        "team": channel.team_id,
        "event_ts": sim.world.new_ts(),
    }
    await send(sim, channel.team_id, {**event, "inviter": by} if member else event)


async def change_id(sim: Simulator, channel: Channel) -> None:
    """Give a channel another id, and tell the app."""
    world, old = sim.world, channel.id
    channel.id = world.new_id("C")
    world.channels[channel.id] = world.channels.pop(old)
    for message in world.messages:
        message.channel_id = channel.id if message.channel_id == old else message.channel_id
    for url in world.response_urls.values():
        url.channel_id = channel.id if url.channel_id == old else url.channel_id
    for call in world.calls.values():
        call.channels = [channel.id if known_id == old else known_id for known_id in call.channels]
    event: Json = {
        "type": "channel_id_changed",
        "old_channel_id": old,
        "new_channel_id": channel.id,
        "event_ts": world.new_ts(),
    }
    await send(sim, channel.team_id, event)


def begin_chat_with_app(sim: Simulator, channel: Channel) -> Channel:
    """Begin the group message of the same people and the app: nobody is added to the direct message they have.

    The app hears nothing of it: `member_joined_channel` tells of channels only. Raises SlackError `app_not_installed`.
    """
    if sim.world.installation_in(channel.team_id) is None:
        raise SlackError("app_not_installed")
    chat_id = sim.world.new_id("C")
    chat = Channel(chat_id, channel.team_id, f"mpdm-{chat_id.lower()}", "mpim", list(channel.members), True)
    sim.world.channels[chat.id] = chat
    return chat


def _envelope(sim: Simulator, tenant_id: str, event: Json, event_id: str, event_time: int | None) -> Json:
    world = sim.world
    org_wide = is_organisation(tenant_id)
    enterprise_id = tenant_id if org_wide else world.enterprise_id_of(tenant_id)
    # What concerns a whole organisation happens in none of its workspaces.
    team_id = None if org_wide else tenant_id
    installation = world.installations.get(tenant_id) or world.installation_in(tenant_id)
    return {
        "token": "deprecated-verification-token",
        "team_id": team_id,
        **({"enterprise_id": enterprise_id} if enterprise_id else {}),
        "context_team_id": team_id,
        "context_enterprise_id": enterprise_id,
        "api_app_id": sim.config.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(sim.clock.now()) if event_time is None else event_time,
        "event_context": world.new_id("EC"),
        "is_ext_shared_channel": _is_shared(world, event),
        "authorizations": [] if installation is None else [_authorization(installation, enterprise_id)],
    }


def _is_shared(world: World, event: Json) -> bool:
    channel = world.channels.get(str(event.get("channel")))
    return channel is not None and bool(channel.shared_with)


def _authorization(installation: Installation, enterprise_id: str | None) -> Json:
    return {
        "enterprise_id": enterprise_id,
        "team_id": None if installation.is_org_wide else installation.tenant_id,
        "user_id": installation.bot_user_id,
        "is_bot": True,
        "is_enterprise_install": installation.is_org_wide,
    }


async def _attempt(sim: Simulator, body: bytes, about: str, retry: tuple[int, str] | None = None) -> Answer:
    headers = {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]} if retry else {}
    return await sim.app.post(PATH, body, JSON, about=about, headers=headers, redirects=MAX_REDIRECTS)


def _spawn(sim: Simulator, body: bytes, about: str, first: Answer) -> None:
    task = asyncio.create_task(_retry(sim, body, about, first))
    sim.tasks.add(task)
    task.add_done_callback(sim.tasks.discard)


async def _retry(sim: Simulator, body: bytes, about: str, answer: Answer) -> None:
    due = sim.clock.now()
    for number, delay in enumerate(RETRY_DELAYS, start=1):
        due += delay * sim.config.retry_scale
        await sim.clock.sleep_until(due)
        answer = await _attempt(sim, body, about, (number, answer.failure or "http_error"))
        if not _wanted_again(answer):
            return


def _wanted_again(answer: Answer) -> bool:
    delivered = answer.status is not None and 200 <= answer.status < 300
    return not delivered and not answer.no_retry
