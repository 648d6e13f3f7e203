"""What a person sees and does in Slack. The page uses it below `/ui`, tests use it below `/control`."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from simulators.slack import actions, call_icon, commands, events, shortcuts
from simulators.slack.errors import SlackError
from simulators.slack.guard import json_body
from simulators.slack.model import Channel, Json, Message, User
from simulators.slack.simulator import SIMULATOR, Simulator
from simulators.slack.stream import stream
from simulators.slack.views import as_json as view_json

MAX_TYPED = 12_000


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes below `/ui` or `/control`."""
    return [
        web.get(f"{prefix}/stream", stream),
        web.get(f"{prefix}/state", state),
        web.get(f"{prefix}/messages", messages),
        web.get(f"{prefix}/views", views),
        web.post(f"{prefix}/commands", command),
        web.post(f"{prefix}/type", type_text),
        web.post(f"{prefix}/actions", action),
        web.post(f"{prefix}/shortcuts", shortcut),
        web.post(f"{prefix}/call_icon", press_call_icon),
        web.post(f"{prefix}/submit", submit),
        web.post(f"{prefix}/dismiss", dismiss),
        web.post(f"{prefix}/home", home),
    ]


async def state(request: web.Request) -> web.Response:
    """`GET …/state`: workspaces, people, conversations with members, installations."""
    sim = request.app[SIMULATOR]
    world = sim.world
    return web.json_response(
        {
            "now": sim.clock.now(),
            "app": {
                "id": sim.config.app_id,
                "name": sim.config.app_name,
                "command": sim.config.command,
                "command_description": sim.config.command_description,
                "command_usage_hint": sim.config.command_usage_hint,
                "shortcuts": [asdict(one) for one in sim.config.shortcuts],
            },
            "install_url": f"{sim.config.app_url.rstrip('/')}/slack/install",
            "zoom_page_url": sim.config.zoom_page_url,
            "workspaces": [
                {"id": w.id, "name": w.name, "domain": w.domain, "enterprise_id": w.enterprise and w.enterprise.id}
                for w in world.workspaces.values()
            ],
            "users": [{**asdict(user), "team_ids": user.team_ids} for user in world.users.values()],
            "channels": [channel_json(channel) for channel in world.channels.values()],
            "installs": [
                {
                    # An org-wide installation is of no workspace; it covers those that it was added to.
                    "team_id": None if i.is_org_wide else i.tenant_id,
                    "enterprise_id": i.tenant_id if i.is_org_wide else None,
                    "covers": sorted(team_id for team_id in world.workspaces if i.covers(team_id)),
                    "app_id": sim.config.app_id,
                    "bot_user_id": i.bot_user_id,
                    "scopes": sorted(i.bot_scopes),
                    "user_scopes": {user_id: sorted(scopes) for user_id, scopes in i.user_scopes.items()},
                    "installed_by": i.installed_by,
                    "installed_at": i.installed_at,
                }
                for i in world.installations.values()
            ],
        }
    )


async def messages(request: web.Request) -> web.Response:
    """`GET …/messages?channel_id=…&user_id=…`: what that person sees there, oldest first."""
    sim = request.app[SIMULATOR]
    user, channel = _where(sim, dict(request.query))
    found = [_message_json(sim, message) for message in sim.world.seen_by(user, channel)]
    return web.json_response({"channel_id": channel.id, "messages": found})


async def views(request: web.Request) -> web.Response:
    """`GET …/views?user_id=…`: the person's Home tab and open modal, null where there is none."""
    sim = request.app[SIMULATOR]
    user = sim.world.person(request.query.get("user_id"))
    shown = {"home": sim.world.homes.get(user.id), "modal": sim.world.modals.get(user.id)}
    return web.json_response({name: view and view_json(sim, view) for name, view in shown.items()})


async def command(request: web.Request) -> web.Response:
    """`POST …/commands`: type a slash command and wait for what comes of it."""
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id", "channel_id")
    user, channel = _writable(sim, body)
    typed = _text(body.get("command", sim.config.command))
    result = await commands.run(
        sim, user, channel, typed, _text(body.get("text", "")), trigger_id=body.get("trigger_id")
    )
    return web.json_response(commands.as_json(result))


async def type_text(request: web.Request) -> web.Response:
    """`POST …/type`: what the composer sends: a slash command, `/invite` or `/remove` of the app, or plain text.

    Inviting the app to a direct message begins another chat, whose id is answered as `channel_id`.
    """
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id", "channel_id", "text")
    user, channel = _writable(sim, body)
    text = _text(body["text"]).strip()
    word, _, rest = text.partition(" ")
    if not text:
        raise SlackError("no_text")
    if word in ("/invite", "/remove") and rest.strip().lower() == f"@{sim.config.app_name.lower()}":
        if word == "/invite" and channel.kind in ("im", "mpim"):
            return web.json_response({"ts": None, "channel_id": events.begin_chat_with_app(sim, channel).id})
        await events.change_membership(sim, channel, member=word == "/invite", by=user.id)
        return web.json_response({"ts": None})
    if word.startswith("/"):
        return web.json_response(commands.as_json(await commands.run(sim, user, channel, word, rest.strip())))
    posted = sim.world.post(
        channel, author=user.id, text=commands.escape(sim.world, sim.world.acting_team(user, channel), text)
    )
    return web.json_response({"ts": posted.ts})


async def action(request: web.Request) -> web.Response:
    """`POST …/actions`: press a button in a message (`channel_id`, `ts`) or in a `view` (`home` or `modal`)."""
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id", "action_id")
    action_id = str(body["action_id"])
    if "view" in body:
        user = sim.world.person(body["user_id"])
        view = (sim.world.homes if body["view"] == "home" else sim.world.modals).get(user.id)
        if view is None:
            raise SlackError("view_not_found")
        answer, url = await actions.click_in_view(sim, user, view, action_id)
    else:
        user, channel = _where(sim, body)
        answer, url = await actions.click(sim, user, channel, str(body.get("ts")), action_id)
    return web.json_response({"status": answer.status, "url": url, "error": answer.failure})


async def shortcut(request: web.Request) -> web.Response:
    """`POST …/shortcuts`: use a shortcut (`callback_id`), with `channel_id` and `ts` on that message."""
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id", "callback_id")
    callback_id = str(body["callback_id"])
    if "ts" in body:
        user, channel = _where(sim, body)
        answer = await shortcuts.use_on_message(sim, user, channel, str(body["ts"]), callback_id)
    else:
        answer = await shortcuts.use(sim, sim.world.person(body["user_id"]), callback_id)
    return web.json_response({"status": answer.status, "error": answer.failure})


async def press_call_icon(request: web.Request) -> web.Response:
    """`POST …/call_icon`: press the Call icon in a conversation, for `type` `video` or `audio` (`phone_number`)."""
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id", "channel_id", "type")
    if body["type"] not in call_icon.KINDS:
        raise SlackError("invalid_arguments", ["[ERROR] type must be video or audio"])
    user, channel = _writable(sim, body)
    answer = await call_icon.press(sim, user, channel, body["type"], _text(body.get("phone_number", "")))
    return web.json_response({"status": answer.status, "error": answer.failure})


async def submit(request: web.Request) -> web.Response:
    """`POST …/submit`: send the open modal; `values` is `{block_id: {action_id: {…}}}`."""
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id", "values")
    if not isinstance(body["values"], dict):
        raise SlackError("invalid_arguments", ["[ERROR] values must be an object"])
    answer = await actions.submit(sim, sim.world.person(body["user_id"]), body["values"])
    return web.json_response({"status": answer.status, "answer": answer.body.decode(errors="replace")})


async def dismiss(request: web.Request) -> web.Response:
    """`POST …/dismiss`: close the open modal without sending it."""
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id")
    sim.world.modals.pop(sim.world.person(body["user_id"]).id, None)
    return web.json_response({"ok": True})


async def home(request: web.Request) -> web.Response:
    """`POST …/home`: open the app's Home tab (`tab`: `home` or `messages`); the app hears of it."""
    sim = request.app[SIMULATOR]
    body = await json_body(request, "user_id")
    user = sim.world.person(body["user_id"])
    if sim.world.installation_in(sim.world.app_team(user)) is None:
        raise SlackError("app_not_installed")
    return web.json_response({"status": await events.open_home(sim, user, str(body.get("tab", "home")))})


def _where(sim: Simulator, values: Json) -> tuple[User, Channel]:
    user = sim.world.person(values.get("user_id"))
    return user, sim.world.channel_of(user, values.get("channel_id"))


def _writable(sim: Simulator, values: Json) -> tuple[User, Channel]:
    user, channel = _where(sim, values)
    if channel.is_archived:
        raise SlackError("is_archived")
    return user, channel


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TYPED:
        raise SlackError("invalid_arguments", [f"[ERROR] text must be a string of at most {MAX_TYPED} characters"])
    return value


def channel_json(channel: Channel) -> Json:
    """Return what the page is told of a conversation."""
    return {
        "id": channel.id,
        "team_id": channel.team_id,
        "name": channel.name,
        "kind": channel.kind,
        "members": channel.members,
        "shared_with": channel.shared_with,
        "app_is_member": channel.app_is_member,
        "is_archived": channel.is_archived,
    }


def _message_json(sim: Simulator, message: Message) -> Json:
    by: Json = {"app": True} if message.author is None else {"user_id": message.author}
    return {
        **by,
        "ts": message.ts,
        "kind": message.kind,
        "text": message.text,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts,
        "visible_to": None if message.visible_to is None else [message.visible_to],
        "edited": message.edited,
        "calls": [call.as_card() for call in sim.world.calls_in(message)],
    }
