"""Slash commands: what a person types, on its way to the app, and what she sees of the answer."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from simulators.slack.errors import SlackError
from simulators.slack.model import SLACKBOT, Channel, Json, User
from simulators.slack.outgoing import FORM, Answer
from simulators.slack.parsing import parsed
from simulators.slack.response_urls import check_answer, show
from simulators.slack.simulator import Simulator
from simulators.slack.world import World

logger = logging.getLogger(__name__)

PATH = "/slack/commands"
URL = re.compile(r"https?://[^\s<>]+")
MENTION = re.compile(r"(?<![\w@#])([@#])([a-z0-9][a-z0-9._-]*)")


@dataclass(frozen=True)
class CommandResult:
    """What came of a command. `answer` is the app's JSON or text; `error` Slack's word when she sees a failure."""

    status: int | None
    elapsed_ms: int
    trigger_id: str
    response_url: str
    answer: Any
    error: str | None


async def run(
    sim: Simulator, user: User, channel: Channel, command: str, text: str, *, trigger_id: str | None = None
) -> CommandResult:
    """Send a command as Slack does and show its answer. `trigger_id` repeats an earlier one, as a replay would.

    Commands are not shared: an outsider in a shared channel reaches the app of her own workspace, if it has it.
    """
    team_id = sim.world.acting_team(user, channel)
    trigger_id = trigger_id or sim.world.new_trigger(user, team_id)
    installation = sim.world.installation_in(team_id)
    if command != sim.config.command or installation is None:
        _failed(sim.world, user, channel, f"{command} is not a valid command.")
        return CommandResult(None, 0, trigger_id, "", None, "unknown_command")
    world = sim.world
    workspace = world.workspaces[team_id]
    escaped = escape(world, team_id, text)
    response_url = sim.config.public_url + world.new_response_url("commands", user, channel, team_id).path
    form = {
        # Slack's deprecated verification token is still sent; an app must not look at it.
        "token": "deprecated-verification-token",
        "team_id": team_id,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": channel.form_name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": escaped,
        "api_app_id": sim.config.app_id,
        # In this form it is a string.
        "is_enterprise_install": "true" if installation.is_org_wide else "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }
    if workspace.enterprise is not None:
        form |= {"enterprise_id": workspace.enterprise.id, "enterprise_name": workspace.enterprise.name}
    reply = await sim.app.post(PATH, urlencode(form).encode(), FORM, about="command")
    answer, error = _show(world, installation.tenant_id, user, channel, f"{command} {escaped}".strip(), reply)
    if error is not None:
        _failed(world, user, channel, f"{command} failed with the error {error}")
    return CommandResult(reply.status, reply.elapsed_ms, trigger_id, response_url, answer, error)


def _show(
    world: World, tenant_id: str, user: User, channel: Channel, typed: str, reply: Answer
) -> tuple[Any, str | None]:
    """Show the answer of the app. Returns the answer, and the error when there is nothing that can be shown."""
    if reply.failure is not None:
        return None, "operation_timeout" if reply.failure == "http_timeout" else "dispatch_failed"
    if reply.status != 200:
        kind = (reply.status or 0) // 100
        return None, {4: "http_client_error", 5: "http_service_error"}.get(kind, "dispatch_failed")
    if not reply.body.strip():
        return None, None
    if reply.content_type != "application/json":
        try:
            text = reply.body.decode()
        except UnicodeDecodeError:
            return None, "invalid_command_response"
        world.post(channel, kind="ephemeral", text=text, visible_to=user.id)
        return text, None
    try:
        answer = parsed(reply.body)
        if not isinstance(answer, dict):
            return answer, "invalid_command_response"
        args, content = check_answer(world, tenant_id, channel, answer)
    except ValueError:
        return None, "invalid_command_response"
    except SlackError as refusal:
        logger.warning("the answer to a command was refused: %s %s", refusal.code, refusal.messages)
        return {"refused": refusal.answer(), "sent": answer}, refusal.code
    in_channel = args.get("response_type") == "in_channel"
    if in_channel:
        world.post(channel, kind="command", author=user.id, text=typed)
    if content is not None:
        show(world, channel, content, visible_to=None if in_channel else user.id)
    return answer, None


def _failed(world: World, user: User, channel: Channel, text: str) -> None:
    world.post(channel, kind="ephemeral", author=SLACKBOT, text=text, visible_to=user.id)


def escape(world: World, team_id: str, text: str) -> str:
    """Return typed text as it travels: entities for `&`, `<`, `>`, addresses in angle brackets, names as mentions."""
    escaped: list[str] = []
    end = 0
    for match in URL.finditer(text):
        escaped += [_escape_words(world, team_id, text[end : match.start()]), f"<{_entities(match[0])}>"]
        end = match.end()
    escaped.append(_escape_words(world, team_id, text[end:]))
    return "".join(escaped)


def _escape_words(world: World, team_id: str, text: str) -> str:
    def mention(match: re.Match[str]) -> str:
        sign, name = match[1], match[2]
        if sign == "@":
            user = world.user_named(team_id, name)
            return f"<@{user.id}|{name}>" if user else match[0]
        named = [c for c in world.channels.values() if team_id in c.team_ids and c.name == name]
        if not named or named[0].kind not in ("public", "private"):
            return match[0]
        # The name of a private channel is not given away.
        return f"<#{named[0].id}|{name if named[0].kind == 'public' else ''}>"

    return MENTION.sub(mention, _entities(text))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_json(result: CommandResult) -> Json:
    """Return the result in the form of the control API."""
    return dict(result.__dict__)
