"""The Web API: one table of methods, and the way every request takes through it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from simulators.slack import calls, chat, exchange, oauth, people, users, views
from simulators.slack.arguments import Arg, RawArguments, check, read
from simulators.slack.content import CONTENT_ARGS, POST_ARGS
from simulators.slack.errors import SlackError
from simulators.slack.faults import answer_with
from simulators.slack.limits import LimitedError
from simulators.slack.model import Json, Token
from simulators.slack.simulator import SIMULATOR, Simulator
from simulators.slack.tokens import authenticate, listed, missing_scope

OF_EVERY_METHOD = frozenset({"token", "team_id"})
"""What may stand beside a method's own arguments: Slack's kit sends the workspace each time, and Slack lets it pass."""
REQUIRED = Arg(required=True)
USERS = Arg("array", required=True)


@dataclass(frozen=True)
class Method:
    """One method: what it does, its arguments, the scope it needs, whether it reads JSON bodies, and its tier."""

    run: Callable[[Simulator, Token, Json], Json]
    arguments: Mapping[str, Arg] = field(default_factory=dict)
    scope: str | None = None
    json: bool = True
    tier: int | None = None


METHODS: Mapping[str, Method] = {
    "auth.test": Method(people.auth_test),
    "auth.revoke": Method(people.auth_revoke, {"test": Arg("boolean")}, json=False, tier=3),
    "team.info": Method(people.team_info, {"team": Arg()}, "team:read", tier=3),
    "users.info": Method(
        users.users_info, {"user": REQUIRED, "include_locale": Arg("boolean")}, "users:read", json=False, tier=4
    ),
    "conversations.info": Method(
        people.conversations_info,
        {"channel": REQUIRED, "include_locale": Arg("boolean"), "include_num_members": Arg("boolean")},
        json=False,
        tier=3,
    ),
    "chat.postMessage": Method(
        chat.post_message, {"channel": REQUIRED, "reply_broadcast": Arg("boolean"), **POST_ARGS}, "chat:write"
    ),
    "chat.postEphemeral": Method(
        chat.post_ephemeral,
        {"channel": REQUIRED, "user": REQUIRED, "thread_ts": Arg("ts"), **CONTENT_ARGS},
        "chat:write",
        tier=4,
    ),
    "chat.update": Method(
        chat.update, {"channel": REQUIRED, "ts": Arg("ts", required=True), **CONTENT_ARGS}, "chat:write", tier=3
    ),
    "calls.add": Method(
        calls.add,
        {
            "external_unique_id": REQUIRED,
            "join_url": REQUIRED,
            "external_display_id": Arg(),
            "desktop_app_join_url": Arg(),
            "date_start": Arg("integer"),
            "title": Arg(),
            "created_by": Arg(),
            "users": Arg("array"),
        },
        "calls:write",
        tier=3,
    ),
    "calls.update": Method(
        calls.update,
        {"id": REQUIRED, "title": Arg(), "join_url": Arg(), "desktop_app_join_url": Arg()},
        "calls:write",
        tier=3,
    ),
    "calls.end": Method(calls.end, {"id": REQUIRED, "duration": Arg("integer")}, "calls:write", tier=3),
    "calls.info": Method(calls.info, {"id": REQUIRED}, "calls:read", tier=3),
    "calls.participants.add": Method(calls.add_participants, {"id": REQUIRED, "users": USERS}, "calls:write", tier=3),
    "calls.participants.remove": Method(
        calls.remove_participants, {"id": REQUIRED, "users": USERS}, "calls:write", tier=3
    ),
    "views.open": Method(views.open_view, {"trigger_id": Arg(), "view": Arg("object", required=True)}, tier=4),
    "views.publish": Method(
        views.publish, {"user_id": REQUIRED, "view": Arg("object", required=True), "hash": Arg()}, tier=4
    ),
}

OAUTH_ACCESS = "oauth.v2.access"
OAUTH_ARGUMENTS = {
    name: Arg() for name in ("client_id", "client_secret", "code", "redirect_uri", "grant_type", "refresh_token")
}


@dataclass
class Outcome:
    """What came of one request, for the answer and the journal."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    place: str = "query"
    scopes: frozenset[str] | None = None
    answer: Json = field(default_factory=dict)
    retry_after: int = 0
    """Seconds, above a rate limit."""


async def handle(request: web.Request) -> web.Response:
    """`GET|POST /api/{method}`."""
    sim = request.app[SIMULATOR]
    method = request.match_info["method"]
    body = await request.read()
    outcome = Outcome()
    worked = False

    async def work() -> web.Response:
        nonlocal worked
        worked = True
        run(sim, method, request, body, outcome)
        sim.changed()
        headers = {} if outcome.scopes is None else {"x-oauth-scopes": listed(outcome.scopes)}
        if outcome.retry_after:
            headers["Retry-After"] = str(outcome.retry_after)
        return web.json_response(outcome.answer, status=429 if outcome.retry_after else 200, headers=headers)

    fault = sim.faults.take(method)
    response = await answer_with(fault, request, work)
    if not worked:
        _note_arguments(method, request, body, outcome)
    closed = fault is not None and fault.kind == "close"
    sim.requests.add(
        method,
        {
            "time": sim.clock.now(),
            "method": method,
            "arguments": dict(outcome.arguments),
            "in": outcome.place,
            "token_scopes": None if outcome.scopes is None else sorted(outcome.scopes),
            "http_status": 0 if closed else response.status,
            "answer": outcome.answer,
            "fault": fault.kind if fault else None,
        },
        exchange.pair(request, body, None if closed else response),
        trouble=f"fault: {fault.kind}" if fault else None,
    )
    return response


def run(sim: Simulator, name: str, request: web.Request, body: bytes, outcome: Outcome) -> None:
    """Take one request through authentication, argument check and method; the result is left in `outcome`."""
    try:
        if name == OAUTH_ACCESS:
            raw = _read(request, body, outcome, json_allowed=False)
            outcome.answer = oauth.access(sim, check(_with_basic(raw, request), OAUTH_ARGUMENTS))
            return
        method = _method(name)
        raw = _read(request, body, outcome, json_allowed=method.json)
        caller = authenticate(sim.world, _token(request, raw))
        outcome.scopes = caller.scopes
        _count(sim, caller, name, method, raw)
        if method.scope is not None and method.scope not in caller.scopes:
            raise missing_scope(method.scope, caller)
        beside = OF_EVERY_METHOD if raw.place == "form" else OF_EVERY_METHOD - {"token"}
        args = check(raw, {**dict.fromkeys(beside, Arg()), **method.arguments})
        wanted = {name: value for name, value in args.items() if name in method.arguments}
        outcome.answer = method.run(sim, caller, wanted)
        if raw.charset_missing:
            outcome.answer |= {"warning": "missing_charset", "response_metadata": {"warnings": ["missing_charset"]}}
    except SlackError as refusal:
        outcome.answer = refusal.answer()
    except LimitedError as refusal:
        outcome.answer, outcome.retry_after = {"ok": False, "error": "ratelimited"}, refusal.retry_after


def _count(sim: Simulator, caller: Token, name: str, method: Method, raw: RawArguments) -> None:
    """Counts a request against the limits of its method and of its channel. Raises LimitedError."""
    if not sim.config.enforce_rate_limits:
        return
    sim.limits.count_request(caller.tenant_id, name, method.tier)
    if name == "chat.postMessage":
        sim.limits.count_post(caller.tenant_id, str(raw.values.get("channel", "")))


def _method(name: str) -> Method:
    if name not in METHODS:
        raise SlackError("unknown_method")
    return METHODS[name]


def _read(request: web.Request, body: bytes, outcome: Outcome, *, json_allowed: bool) -> RawArguments:
    raw = read(request.query, request.headers.get("Content-Type", ""), body, json_allowed=json_allowed)
    outcome.arguments, outcome.place = raw.values, raw.place
    return raw


def _note_arguments(method: str, request: web.Request, body: bytes, outcome: Outcome) -> None:
    """Read the arguments of a request that a fault kept from being worked on: the journal shows what was asked."""
    try:
        _read(request, body, outcome, json_allowed=method != OAUTH_ACCESS)
    except SlackError as refusal:
        outcome.answer = refusal.answer()


def _token(request: web.Request, raw: RawArguments) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    # A token in a URL ends up in logs; Slack no longer takes it there.
    return str(raw.values.get("token", "")) if raw.place == "form" else None


def _with_basic(raw: RawArguments, request: web.Request) -> RawArguments:
    """Add the client credentials of HTTP Basic authentication to the arguments."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return raw
    try:
        client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("bad_client_secret") from None
    return RawArguments({**raw.values, "client_id": client_id, "client_secret": client_secret}, raw.place)
