"""Interactivity: a person presses a button, sends or closes a modal; the app hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from simulators.slack.chat import as_json as message_json
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Json, User, View
from simulators.slack.outgoing import FORM, Answer
from simulators.slack.simulator import Simulator
from simulators.slack.views import as_json as view_json

PATH = "/slack/interactions"


async def click(sim: Simulator, user: User, channel: Channel, ts: str, action_id: str) -> tuple[Answer, str | None]:
    """Press a button in a message. Returns the app's answer and the address that a link button opens.

    Raises SlackError `message_not_found`, `action_not_found`.
    """
    world = sim.world
    message = world.message(channel.id, ts)
    if message is None or message not in world.seen_by(user, channel):
        raise SlackError("message_not_found")
    block_id, element = _element(message.blocks, action_id)
    ephemeral = message.kind == "ephemeral"
    # Buttons are shared where commands are not: an outsider's click goes to the app that posted the message.
    team_id = channel.team_id if world.installation_in(channel.team_id) else world.acting_team(user, channel)
    response_url = world.new_response_url("actions", user, channel, team_id, message.ts)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = {
        **_common(sim, "block_actions", user, team_id),
        "container": container,
        "channel": {"id": channel.id, "name": channel.form_name},
        "response_url": sim.config.public_url + response_url.path,
        "state": {"values": {}},
        "actions": [_action(sim, block_id, element)],
    }
    if not ephemeral:
        payload["message"] = message_json(sim, message)
    return await _send(sim, payload), element.get("url")


async def click_in_view(sim: Simulator, user: User, view: View, action_id: str) -> tuple[Answer, str | None]:
    """Press a button in the person's Home tab or modal; no response URL. Raises SlackError `action_not_found`."""
    block_id, element = _element(view.body["blocks"], action_id)
    payload = {
        **_common(sim, "block_actions", user, view.team_id),
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(sim, view),
        "actions": [_action(sim, block_id, element)],
    }
    return await _send(sim, payload), element.get("url")


async def submit(sim: Simulator, user: User, values: Json) -> Answer:
    """Send the person's modal; `values` is `{block_id: {action_id: {…}}}`. The answer may close, change or fault it.

    Raises SlackError `view_not_found`.
    """
    view = sim.world.modals.get(user.id)
    if view is None:
        raise SlackError("view_not_found")
    body = {**view_json(sim, view), "state": {"values": values}}
    answer = await _send(
        sim, {**_common(sim, "view_submission", user, view.team_id), "view": body, "response_urls": []}
    )
    reply = _reply(answer)
    if answer.status == 200 and reply.get("response_action", "clear") == "clear":
        sim.world.modals.pop(user.id, None)
    elif reply.get("response_action") in ("update", "push") and isinstance(reply.get("view"), dict):
        view.body = reply["view"]
    return answer


def _common(sim: Simulator, kind: str, user: User, team_id: str) -> Json:
    workspace = sim.world.workspaces[team_id]
    enterprise = workspace.enterprise
    installation = sim.world.installation_in(team_id)
    return {
        "type": kind,
        "api_app_id": sim.config.app_id,
        "token": "deprecated-verification-token",
        "team": {"id": team_id, "domain": workspace.domain},
        "enterprise": enterprise and {"id": enterprise.id, "name": enterprise.name},
        "is_enterprise_install": installation is not None and installation.is_org_wide,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
        "trigger_id": sim.world.new_trigger(user, team_id),
    }


def _action(sim: Simulator, block_id: str, element: Json) -> Json:
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": sim.world.new_ts(),
    }
    return action | {name: element[name] for name in ("text", "value", "style", "url") if name in element}


async def _send(sim: Simulator, payload: Json) -> Answer:
    if sim.world.installation_in(payload["team"]["id"]) is None:
        return Answer(None, failure="connection_failed")
    body = urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode()
    return await sim.app.post(PATH, body, FORM, about=payload["type"])


def _reply(answer: Answer) -> Json:
    try:
        reply = json.loads(answer.body)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _element(blocks: list[Json], action_id: str) -> tuple[str, Json]:
    for block, element in _elements(blocks):
        if element.get("action_id") == action_id:
            return str(block["block_id"]), element
    raise SlackError("action_not_found")


def _elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        candidates: list[Any] = [*block.get("elements", []), block.get("accessory")]
        for element in candidates:
            if isinstance(element, dict):
                yield block, element
