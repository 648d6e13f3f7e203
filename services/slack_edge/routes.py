"""The doors for Slack, and the table of all routes."""

from __future__ import annotations

import logging

from aiohttp import web
from opentelemetry import trace

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from services.slack_edge import payloads, replies
from services.slack_edge.answers import Answer
from services.slack_edge.bodies import MAX_BODY, parse_form, parse_object, read_body
from services.slack_edge.browser import Browser
from services.slack_edge.call_icon import CallIcon, understand_press
from services.slack_edge.command_handlers import CommandHandlers
from services.slack_edge.commands import invocation, parse
from services.slack_edge.events import OTHER, Events, challenge_of, kind_of
from services.slack_edge.health import Health
from services.slack_edge.interactions import Interactions
from services.slack_edge.measures import count_command, count_event
from services.slack_edge.middleware import add_headers, observe
from services.slack_edge.problems import Problems
from services.slack_edge.signatures import SLACK, SeenSignatures, SignatureError, Verifier
from services.slack_edge.starts import BUDGET
from services.slack_edge.tasks import Tasks
from services.slack_edge.zoom_webhooks import ZoomWebhooks

log = logging.getLogger(__name__)

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
LATEST = 2.8
"""Seconds after a command's arrival from which on its answer may reach a Slack that has given up (after three)."""


class SlackDoor:
    """`POST /slack/commands`, `/slack/interactions`, `/slack/events`."""

    def __init__(
        self,
        verifier: Verifier,
        seen: SeenSignatures,
        handlers: CommandHandlers,
        events: Events,
        interactions: Interactions,
        tasks: Tasks,
        clock: Clock,
        call_icon: CallIcon | None = None,
    ) -> None:
        """`call_icon` only where Slack made the app a provider of calls."""
        self._verifier = verifier
        self._seen = seen
        self._handlers = handlers
        self._events = events
        self._interactions = interactions
        self._tasks = tasks
        self._clock = clock
        self._call_icon = call_icon

    async def command(self, request: web.Request) -> web.StreamResponse:
        """A slash command. Every verified one is answered with 200: people see errors as messages."""
        began = self._clock.monotonic()  # Slack's three seconds run while the body arrives
        body = await read_body(request, _FORM)
        form = parse_form(body)
        if form is not None and form.get("ssl_check") == "1":
            return web.Response()  # Slack looks at our certificate now and then, unsigned; it wants only a 200
        self._verify(request, body)
        if form is None:
            raise web.HTTPBadRequest
        signature = request.headers[SLACK.signature_header]
        if not self._seen.add(signature):
            log.info("a command was replayed")
            count_command(parse(form.get("text", "")), repeated=True)
            return web.json_response(replies.already_received())
        if (press := understand_press(form)) is not None:
            if self._call_icon is None:
                log.warning("a press of the call icon, which is not switched on here")
            else:
                await self._call_icon.take(press)
            return web.Response()
        try:
            left = BUDGET - (self._clock.monotonic() - began)
            answer = await self._handlers.handle(invocation(form, signature), left)
        except Exception:
            log.exception("a command hit a defect")
            span = trace.get_current_span().get_span_context()
            error = MeshError(Reason.INTERNAL, {"trace_id": trace.format_trace_id(span.trace_id)})
            answer = Answer(replies.failure(error))
        return await self._answer(request, answer, began)

    async def _answer(self, request: web.Request, answer: Answer, began: float) -> web.StreamResponse:
        response = web.json_response(answer.message)
        if answer.after is None:
            return response
        lost = None
        try:
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:  # Slack hung up before the end
            lost = "answer_not_sent"
        else:
            if self._clock.monotonic() - began > LATEST:
                lost = "answer_late"
        self._tasks.start(answer.after(lost), "after the answer")
        return response

    async def interaction(self, request: web.Request) -> web.Response:
        """A pressed button, a shortcut, a modal. The empty answer acknowledges it.

        A defect is no answer: a modal would close as if all were well, and of a 500 Slack tells the person.
        """
        body = await read_body(request, _FORM)
        self._verify(request, body)
        payload = parse_object((parse_form(body) or {}).get("payload", ""))
        if payload is None:
            raise web.HTTPBadRequest
        if not self._seen.add(request.headers[SLACK.signature_header]):
            log.info("an interaction was replayed")
            return web.Response()
        interaction = payloads.understand(payload)
        if interaction is None:
            log.warning("an interaction says not whose it is")
            return web.Response()
        answer = await self._interactions.take(interaction)
        return web.Response() if answer is None else web.json_response(answer)

    async def event(self, request: web.Request) -> web.Response:
        """An event, or Slack's check of this address."""
        body = await read_body(request, _JSON)
        self._verify(request, body)
        event = parse_object(body)
        if event is None:
            raise web.HTTPBadRequest
        challenge = challenge_of(event)
        if challenge is not None:
            count_event(SLACK.vendor, "url_verification", "stored")
            return web.Response(text=challenge)
        kind = kind_of(event)
        try:
            await self._events.take(event, body)
        except MeshError as error:
            log.warning("an event was not recorded", extra={"reason": error.reason.value})
            count_event(SLACK.vendor, kind, "failed")
            raise web.HTTPServiceUnavailable from None
        count_event(SLACK.vendor, kind, "ignored" if kind == OTHER else "stored")
        return web.Response()

    def _verify(self, request: web.Request, body: bytes) -> None:
        try:
            self._verifier.verify(request.headers, body)
        except SignatureError as error:
            log.warning("a request in Slack's name was refused", extra={"cause": error.cause})
            refusal = '{"error": "invalid request"}'
            raise web.HTTPUnauthorized(text=refusal, content_type=_JSON) from None


def public_app(
    slack: SlackDoor, zoom: ZoomWebhooks, browser: Browser, problems: Problems, health: Health, *, apart: bool
) -> web.Application:
    """Returns what the internet reaches; health does not answer here where it is `apart`, on a port of its own."""
    app = web.Application(middlewares=[observe, problems.told], client_max_size=MAX_BODY)
    app.on_response_prepare.extend([add_headers, health.part])
    app.add_routes(
        [
            web.post("/slack/commands", slack.command),
            web.post("/slack/interactions", slack.interaction),
            web.post("/slack/events", slack.event),
            web.post("/zoom/webhooks", zoom.handle),
            *browser.routes(),
            *([] if apart else health.routes()),
        ]
    )
    return app


def admin_app(health: Health) -> web.Application:
    """Returns what only the cluster reaches."""
    app = web.Application(middlewares=[observe], client_max_size=MAX_BODY)
    app.on_response_prepare.append(add_headers)
    app.add_routes(health.routes())
    return app
