"""The way of an event to the app: the envelope, the faults that are ordered, delivery and its retries."""

from __future__ import annotations

import asyncio
import json

from simulators.slack.event_faults import in_another_order
from simulators.slack.model import Installation, Json, is_organisation
from simulators.slack.outgoing import JSON, Answer, Prepared
from simulators.slack.simulator import Simulator
from simulators.slack.world import World

PATH = "/slack/events"
RETRY_DELAYS = (0, 60, 300)
MAX_REDIRECTS = 2


def prepare(
    sim: Simulator, tenant_id: str, event: Json, *, event_id: str | None = None, event_time: int | None = None
) -> Prepared:
    """Put an event of a workspace or organisation into its envelope."""
    event_id = event_id or sim.world.new_id("Ev")
    envelope = _envelope(sim, tenant_id, event, event_id, event_time)
    return Prepared(event_id, str(event.get("type", "event")), json.dumps(envelope, ensure_ascii=False).encode())


async def send(sim: Simulator, tenant_id: str, event: Json) -> int | None:
    """Tell the app of what just happened, if it listens to that. Returns what `publish` does."""
    return await publish(sim, prepare(sim, tenant_id, event))


async def publish(sim: Simulator, event: Prepared) -> int | None:
    """Send an event to which the app has subscribed, as the ordered faults let it come.

    Returns the status of the first attempt; None if there was no answer, or nothing was sent now.
    """
    if event.about not in sim.config.bot_events:
        return None
    faults = sim.event_faults
    if not faults.strike(event.about):
        [status] = await deliver(sim, event)
        return status
    if faults.loses():
        sim.app.note_unsent(PATH, event, "dropped")
        return None
    if (faults.hold or faults.delay_seconds) and not sim.has_room:
        sim.app.note_unsent(PATH, event, "no_room")
        return None
    if faults.hold:
        sim.held_events.append(event)
        return None
    if faults.delay_seconds:
        sim.run(_deliver_late(sim, event, faults.delay(), faults.copies))
        return None
    return (await deliver(sim, event, copies=faults.copies))[0]


async def release(sim: Simulator) -> list[str]:
    """Send what was held back, one after the other, as the faults say now. Returns the types in the order of sending.

    Returns once each was tried for the first time, or when the simulator is reset meanwhile.
    """
    held, sim.held_events, world = sim.held_events, [], sim.world
    faults, released = sim.event_faults, []
    if faults.shuffle:
        held = in_another_order(held)
    for event in held:
        if sim.world is not world:
            break  # of a world that is no more
        await deliver(sim, event, copies=faults.copies)
        released.append(event.about)
    return released


async def _deliver_late(sim: Simulator, event: Prepared, seconds: float, copies: int) -> None:
    await sim.clock.sleep_until(sim.clock.now() + seconds)
    await deliver(sim, event, copies=copies)


async def deliver(sim: Simulator, event: Prepared, *, copies: int = 1) -> list[int | None]:
    """Send a prepared event and wait for its first attempts; retries follow in the background.

    Returns the statuses of the first attempts.
    """
    world = sim.world
    answers = await asyncio.gather(*(_attempt(sim, event.body, event.about) for _ in range(copies)))
    for answer in answers:
        if not _wanted_again(answer) or sim.world is not world:
            continue
        if sim.has_room:
            sim.run(_retry(sim, event.body, event.about, answer))
        else:
            sim.app.note_unsent(PATH, event, "no_room")
    return [answer.status for answer in answers]


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
