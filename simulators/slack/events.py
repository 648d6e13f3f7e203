"""The Events API: the envelope, delivery with retries, and the events that the simulator sends by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

from simulators.slack import tokens, views
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Installation, Json, User
from simulators.slack.outgoing import JSON, Answer
from simulators.slack.simulator import Simulator

PATH = "/slack/events"
RETRY_DELAYS = (0, 60, 300)
MAX_REDIRECTS = 2
MEMBERSHIP_SCOPES = {"public": "channels:read", "private": "groups:read", "mpim": "mpim:read"}


async def send(
    sim: Simulator, team_id: str, event: Json, *, event_id: str | None = None, copies: int = 1
) -> tuple[str, list[int | None]]:
    """Send an event and wait for its first attempts; retries follow in the background.

    Returns the event id and the statuses of the first attempts.
    """
    event_id = event_id or sim.world.new_id("Ev")
    body = json.dumps(_envelope(sim, team_id, event, event_id), ensure_ascii=False).encode()
    about = str(event.get("type", "event"))
    answers = await asyncio.gather(*(_attempt(sim, body, about) for _ in range(copies)))
    for answer in answers:
        if _wanted_again(answer):
            _spawn(sim, body, about, answer)
    return event_id, [answer.status for answer in answers]


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
    _, statuses = await send(sim, user.team_id, event)
    return statuses[0]


async def change_membership(sim: Simulator, channel: Channel, *, member: bool, by: str) -> None:
    """Invite the app to a channel or remove it, and tell the app as far as its scopes let it hear.

    Raises SlackError `method_not_supported_for_channel_type`: nobody can be added to an existing direct message;
    `app_not_installed`.
    """
    if channel.kind not in ("public", "private"):
        raise SlackError("method_not_supported_for_channel_type")
    installation = sim.world.installations.get(channel.team_id)
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


async def uninstall(sim: Simulator, team_id: str) -> None:
    """Remove the app: its tokens die first, then it hears of it. Raises SlackError `app_not_installed`."""
    world = sim.world
    installation = world.installations.pop(team_id, None)
    if installation is None:
        raise SlackError("app_not_installed")
    tokens.kill_all(world, installation)
    for channel in world.channels.values():
        if channel.team_id == team_id and channel.kind != "app":
            channel.app_is_member = False
    for views_of in (world.homes, world.modals):
        for user_id in [u for u, view in views_of.items() if view.team_id == team_id]:
            del views_of[user_id]
    revoked = {"oauth": sorted(installation.user_scopes), "bot": [installation.bot_user_id]}
    gone: Iterable[Json] = (
        {"type": "app_uninstalled"},
        {"type": "tokens_revoked", "tokens": {kind: users for kind, users in revoked.items() if users}},
    )
    await asyncio.gather(*(send(sim, team_id, event) for event in gone))


def _envelope(sim: Simulator, team_id: str, event: Json, event_id: str) -> Json:
    return {
        "token": "deprecated-verification-token",
        "team_id": team_id,
        "context_team_id": team_id,
        "context_enterprise_id": None,
        "api_app_id": sim.config.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(sim.clock.now()),
        "event_context": sim.world.new_id("EC"),
        "is_ext_shared_channel": False,
        "authorizations": [_authorization(i) for i in [sim.world.installations.get(team_id)] if i],
    }


def _authorization(installation: Installation) -> Json:
    return {
        "enterprise_id": None,
        "team_id": installation.team_id,
        "user_id": installation.bot_user_id,
        "is_bot": True,
        "is_enterprise_install": False,
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
