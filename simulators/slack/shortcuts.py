"""Shortcuts: global ones from the search field, message ones from a message's menu; the app hears of them."""

from __future__ import annotations

from simulators.slack.actions import common, send
from simulators.slack.chat import as_json as message_json
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, User
from simulators.slack.outgoing import Answer
from simulators.slack.simulator import Simulator


async def use(sim: Simulator, user: User, callback_id: str) -> Answer:
    """Use a global shortcut: it says neither where the person is nor how to answer there.

    Raises SlackError `app_not_installed`.
    """
    team_id = sim.world.app_team(user)
    _installed(sim, team_id)
    payload = common(sim, "shortcut", user, team_id)
    return await send(sim, team_id, {**payload, "callback_id": callback_id, "action_ts": sim.world.new_ts()})


async def use_on_message(sim: Simulator, user: User, channel: Channel, ts: str, callback_id: str) -> Answer:
    """Use a message shortcut. Like commands these are not shared: an outsider reaches the app of her own workspace.

    Raises SlackError `message_not_found`, `app_not_installed`.
    """
    world = sim.world
    message = world.message(channel.id, ts)
    if message is None or message not in world.seen_by(user, channel):
        raise SlackError("message_not_found")
    team_id = world.acting_team(user, channel)
    _installed(sim, team_id)
    response_url = world.new_response_url("actions", user, channel, team_id)
    payload = {
        **common(sim, "message_action", user, team_id),
        "callback_id": callback_id,
        "action_ts": world.new_ts(),
        "channel": {"id": channel.id, "name": channel.form_name},
        "message_ts": message.ts,
        "message": message_json(sim, message),
        "response_url": sim.config.public_url + response_url.path,
    }
    return await send(sim, team_id, payload)


def _installed(sim: Simulator, team_id: str) -> None:
    if sim.world.installation_in(team_id) is None:
        raise SlackError("app_not_installed")
