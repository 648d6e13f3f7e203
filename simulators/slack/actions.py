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
from simulators.slack.parsing import parsed
from simulators.slack.simulator import Simulator
from simulators.slack.views import as_json as view_json
from simulators.slack.views import checked as checked_view
from simulators.slack.views import new_hash
from simulators.slack.world import with_ids

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
        **common(sim, "block_actions", user, team_id),
        "container": container,
        "channel": {"id": channel.id, "name": channel.form_name},
        "response_url": sim.config.public_url + response_url.path,
        "state": {"values": {}},
        "actions": [_action(sim, block_id, element)],
    }
    if not ephemeral:
        payload["message"] = message_json(sim, message)
    return await send(sim, team_id, payload), element.get("url")


async def click_in_view(sim: Simulator, user: User, view: View, action_id: str) -> tuple[Answer, str | None]:
    """Press a button in the person's Home tab or modal; no response URL. Raises SlackError `action_not_found`."""
    block_id, element = _element(view.body["blocks"], action_id)
    payload = {
        **common(sim, "block_actions", user, view.team_id),
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(sim, view),
        "actions": [_action(sim, block_id, element)],
    }
    return await send(sim, view.team_id, payload), element.get("url")


async def submit(sim: Simulator, user: User, values: Json) -> Answer:
    """Send the person's modal; `values` is `{block_id: {action_id: {…}}}`. The answer may close, change or fault it.

    Conversations that were chosen in a menu with `response_url_enabled` come with an address that answers there.

    Raises SlackError `view_not_found`, `block_not_found` (no such input in the modal), `channel_not_found`,
    `user_not_found` (chosen, and not of this workspace); and `invalid_arguments`, `view_too_large` for a view in the
    answer that Slack would not show.
    """
    view = sim.world.modals.get(user.id)
    if view is None:
        raise SlackError("view_not_found")
    if values.keys() - {block["block_id"] for block in _inputs(view)}:
        raise SlackError("block_not_found")
    _check_people(sim, view, values)
    payload = {
        **common(sim, "view_submission", user, view.team_id),
        "view": {**view_json(sim, view), "state": {"values": values}},
        "response_urls": _response_urls(sim, user, view, values),
    }
    answer = await send(sim, view.team_id, payload)
    reply = _reply(answer)
    if answer.status == 200 and reply.get("response_action", "clear") == "clear":
        sim.world.modals.pop(user.id, None)
    elif reply.get("response_action") in ("update", "push"):
        body = checked_view(reply.get("view"), "modal")
        view.body, view.hash = {**body, "blocks": with_ids(body["blocks"])}, new_hash(sim.world)
    elif reply.get("response_action") == "errors":
        known = {block["block_id"] for block in _inputs(view)}
        errors = reply.get("errors")
        if not isinstance(errors, dict) or not errors or errors.keys() - known:
            raise SlackError("invalid_arguments", ["[ERROR] errors must name input blocks of the view"])
    return answer


def _inputs(view: View) -> list[Json]:
    return [block for block in view.body["blocks"] if block["type"] == "input"]


def _check_people(sim: Simulator, view: View, values: Json) -> None:
    for block in _inputs(view):
        chosen = values.get(block["block_id"], {}).get(block["element"]["action_id"], {}).get("selected_user")
        if chosen is not None and sim.world.user_in(view.team_id, chosen) is None:
            raise SlackError("user_not_found")


def _response_urls(sim: Simulator, user: User, view: View, values: Json) -> list[Json]:
    made = []
    for block in _inputs(view):
        element, block_id = block["element"], block["block_id"]
        chosen = values.get(block_id, {}).get(element["action_id"], {}).get("selected_conversation")
        if element.get("response_url_enabled") and chosen:
            channel = sim.world.channel_of(user, chosen)
            url = sim.config.public_url + sim.world.new_response_url("actions", user, channel, view.team_id).path
            names = {"block_id": block_id, "action_id": element["action_id"]}
            made.append({**names, "channel_id": channel.id, "response_url": url})
    return made


def common(sim: Simulator, kind: str, user: User, team_id: str) -> Json:
    """Return what every interaction says: who, where, of which app. An org-wide app is not told in which workspace."""
    workspace = sim.world.workspaces[team_id]
    enterprise = workspace.enterprise
    installation = sim.world.installation_in(team_id)
    is_org_wide = installation is not None and installation.is_org_wide
    return {
        "type": kind,
        "api_app_id": sim.config.app_id,
        "token": "deprecated-verification-token",
        "team": None if is_org_wide else {"id": team_id, "domain": workspace.domain},
        "enterprise": enterprise and {"id": enterprise.id, "name": enterprise.name},
        "is_enterprise_install": is_org_wide,
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


async def send(sim: Simulator, team_id: str, payload: Json) -> Answer:
    """Send an interaction to the app, as long as it is installed in the workspace."""
    if sim.world.installation_in(team_id) is None:
        return Answer(None, failure="connection_failed")
    body = urlencode({"payload": json.dumps(payload, ensure_ascii=False)}).encode()
    return await sim.app.post(PATH, body, FORM, about=payload["type"])


def _reply(answer: Answer) -> Json:
    try:
        reply = parsed(answer.body)
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
