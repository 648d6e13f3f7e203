"""How an app goes: it is removed from a tenant, or an organisation takes a workspace away from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Literal

from simulators.slack import delivery, tokens
from simulators.slack.errors import SlackError
from simulators.slack.model import Json
from simulators.slack.simulator import Simulator
from simulators.slack.world import World


async def uninstall(sim: Simulator, tenant_id: str, *, late: bool = False) -> None:
    """Remove the app from a workspace or organisation: its tokens die first, then it hears of it.

    `late` keeps what it hears until `release`, so that it can come after a new installation. Raises SlackError
    `app_not_installed`.
    """
    world = sim.world
    installation = world.installations.pop(tenant_id, None)
    if installation is None:
        raise SlackError("app_not_installed")
    tokens.kill_all(world, installation)
    _leave(world, {team_id for team_id in world.teams_of(tenant_id) if world.installation_in(team_id) is None})
    revoked = {"oauth": sorted(installation.user_scopes), "bot": [installation.bot_user_id]}
    gone: Iterable[Json] = (
        {"type": "app_uninstalled"},
        {"type": "tokens_revoked", "tokens": {kind: users for kind, users in revoked.items() if users}},
    )
    prepared = [delivery.prepare(sim, tenant_id, event) for event in gone]
    if late:
        sim.late_departures.extend(prepared)
    else:
        await asyncio.gather(*(delivery.publish(sim, event) for event in prepared))


async def revoke(sim: Simulator, tenant_id: str, user_id: str | None) -> int:
    """Revoke the bot's tokens, or those of one person, and tell the app. Returns how many died.

    The app stays installed: whether Slack removes it with its bot's token, its documentation says both. Raises
    SlackError `app_not_installed`, `no_token` (there is none that lives).
    """
    installation = sim.world.installations.get(tenant_id)
    if installation is None:
        raise SlackError("app_not_installed")
    kind: Literal["bot", "user"] = "bot" if user_id is None else "user"
    whose = user_id or installation.bot_user_id
    alive = tokens.live_tokens(sim.world, tenant_id, kind, whose)
    if not alive:
        raise SlackError("no_token")
    tokens.kill(sim.world, tenant_id, kind, whose)
    revoked = {"bot" if user_id is None else "oauth": [whose]}
    await delivery.send(sim, tenant_id, {"type": "tokens_revoked", "tokens": revoked})
    return len(alive)


async def release(sim: Simulator) -> int:
    """Send what late removals held back. Returns how many events that were."""
    held, sim.late_departures = sim.late_departures, []
    await asyncio.gather(*(delivery.publish(sim, event) for event in held))
    return len(held)


async def change_team_access(sim: Simulator, enterprise_id: str, team_ids: Sequence[str], *, grant: bool) -> int | None:
    """Add an org-wide app to workspaces or take it out of them. Returns the status of the app's answer.

    Raises SlackError `app_not_installed`, `team_not_found`.
    """
    world = sim.world
    installation = world.installations.get(enterprise_id)
    if installation is None:
        raise SlackError("app_not_installed")
    if not team_ids or not world.teams_of(enterprise_id).issuperset(team_ids):
        raise SlackError("team_not_found")
    if grant:
        installation.granted_teams.update(team_ids)
    else:
        installation.granted_teams.difference_update(team_ids)
        _leave(world, set(team_ids))
    kind = "team_access_granted" if grant else "team_access_revoked"
    return await delivery.send(
        sim, enterprise_id, {"type": kind, "team_ids": list(team_ids), "event_ts": world.new_ts()}
    )


def _leave(world: World, team_ids: set[str]) -> None:
    """Take the app out of the conversations of these workspaces, and its views from their people."""
    for channel in world.channels.values():
        if channel.team_id in team_ids and channel.kind != "app":
            channel.app_is_member = False
    for views_of in (world.homes, world.modals):
        for user_id in [u for u, view in views_of.items() if view.team_id in team_ids]:
            del views_of[user_id]
