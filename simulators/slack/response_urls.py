"""`response_url`: answers to a person's action, wherever she was, without token: 5 uses within 30 minutes."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulators.slack import exchange
from simulators.slack.arguments import Arg, RawArguments, check
from simulators.slack.checks import Checker
from simulators.slack.content import POST_ARGS, Content, check_content
from simulators.slack.errors import SlackError
from simulators.slack.faults import RESPONSE_URL, answer_with
from simulators.slack.limits import LimitedError
from simulators.slack.model import Channel, Json, Message, ResponseUrl
from simulators.slack.parsing import parsed
from simulators.slack.simulator import SIMULATOR, Simulator
from simulators.slack.world import World, with_ids

ANSWER_ARGS = {
    **POST_ARGS,
    "response_type": Arg(),
    "replace_original": Arg("boolean"),
    "delete_original": Arg("boolean"),
}
STATUS = {"expired_url": 404, "used_url": 404, "channel_is_archived": 410}


async def handle(request: web.Request) -> web.Response:
    """`POST /commands/…` and `POST /actions/…`: the text `ok`, or an error word with status 400, 404, 410 or 429."""
    sim = request.app[SIMULATOR]
    body = await request.read()

    async def work() -> web.Response:
        try:
            use(sim, request.path, request.content_type, body)
        except LimitedError as refusal:
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": str(refusal.retry_after)})
        except SlackError as refusal:
            return web.Response(status=STATUS.get(refusal.code, 400), text="\n".join([refusal.code, *refusal.messages]))
        finally:
            sim.changed()
        return web.Response(text="ok")

    fault = sim.faults.take(RESPONSE_URL)
    response = await answer_with(fault, request, work)
    closed = fault is not None and fault.kind == "close"
    sim.requests.add(
        RESPONSE_URL,
        {
            "time": sim.clock.now(),
            "method": RESPONSE_URL,
            "arguments": _readable(body),
            "in": "json",
            "token_scopes": None,
            "http_status": 0 if closed else response.status,
            "answer": response.text,
            "fault": fault.kind if fault else None,
        },
        exchange.pair(request, body, None if closed else response),
        trouble=f"fault: {fault.kind}" if fault else None,
    )
    return response


def use(sim: Simulator, path: str, content_type: str, body: bytes) -> None:
    """Use a response URL once.

    Raises SlackError `expired_url`, `used_url`, `invalid_payload`, `channel_is_archived`, or what is wrong with the
    message, and LimitedError where it was used a moment ago. A refused message does not use the URL up.
    """
    world = sim.world
    url = world.response_urls.get(path)
    installation = world.installation_in(url.team_id) if url else None
    if url is None or installation is None or world.clock.now() >= url.expires_at:
        raise SlackError("expired_url")
    if url.uses_left <= 0:
        raise SlackError("used_url")
    if sim.config.enforce_rate_limits:
        sim.limits.count_answer(path)
    if content_type != "application/json":
        raise SlackError("invalid_payload")
    try:
        values = parsed(body)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(values, dict):
        raise SlackError("invalid_payload")
    _apply(world, installation.tenant_id, url, values)
    url.uses_left -= 1


def check_answer(world: World, tenant_id: str, channel: Channel, values: Json) -> tuple[Json, Content | None]:
    """Check a message that answers an action. Returns its arguments and its content, if it has any.

    Raises SlackError: `invalid_arguments` or what is wrong with the message.
    """
    args = check(RawArguments(values, "json"), ANSWER_ARGS)
    if args.get("response_type", "ephemeral") not in ("ephemeral", "in_channel"):
        raise SlackError("invalid_arguments", ["[ERROR] must be ephemeral or in_channel [json-pointer:/response_type]"])
    if not args.get("text") and not args.get("blocks") and not args.get("markdown_text"):
        return args, None
    return args, check_content(world, tenant_id, channel, args)


def check_opening(values: Json) -> None:
    """Check an answer of `response_type` `call` or `audio`, after which Slack opens the call for the caller alone.

    Raises SlackError `invalid_arguments`.
    """
    checker, desktop = Checker(), "desktop_protocol_call_initiation_url"
    if checker.object(values, "", required=("response_type", "call_initiation_url"), optional=(desktop,)):
        checker.url(values["call_initiation_url"], "/call_initiation_url")
        if desktop in values:
            checker.url(values[desktop], f"/{desktop}", schemes=())
    if checker.messages:
        raise SlackError("invalid_arguments", checker.messages)


def _apply(world: World, tenant_id: str, url: ResponseUrl, values: Json) -> None:
    if url.opens_calls and values.get("response_type") in ("call", "audio"):
        check_opening(values)
        return
    channel = world.channels[url.channel_id]
    if channel.is_archived:
        raise SlackError("channel_is_archived")
    args, content = check_answer(world, tenant_id, channel, values)
    original = world.message(channel.id, url.message_ts) if url.message_ts else None
    if args.get("delete_original"):
        if original is not None:
            world.messages.remove(original)
        return
    if content is None:
        raise SlackError("no_text")
    if args.get("replace_original") and original is not None:
        _replace(world, original, content)
        return
    # The answer to a command has no original: what the person typed is not the app's to replace.
    ephemeral = args.get("response_type", "ephemeral") == "ephemeral"
    show(world, channel, content, visible_to=url.user_id if ephemeral else None)


def show(world: World, channel: Channel, content: Content, *, visible_to: str | None) -> Message:
    """Post the app's answer: to everybody, or to one person only."""
    return world.post(
        channel,
        kind="message" if visible_to is None else "ephemeral",
        text=content.text,
        blocks=content.blocks,
        thread_ts=content.thread_ts,
        visible_to=visible_to,
        metadata=content.metadata if visible_to is None else None,
    )


def _replace(world: World, original: Message, content: Content) -> None:
    # It stays as visible as it was: a message never changes between ephemeral and in_channel.
    original.text, original.blocks, original.edited = content.text, with_ids(content.blocks), True
    world.show_calls(original)


def _readable(body: bytes) -> Any:
    try:
        return parsed(body)
    except ValueError:
        return body[:2000].decode(errors="replace")
