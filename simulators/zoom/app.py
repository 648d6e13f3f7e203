"""Puts the simulator together as one aiohttp application."""

import time
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from simulators.zoom import (
    control,
    control_apps,
    control_meetings,
    control_people,
    control_phone,
    control_traffic,
    middleware,
    oauth,
    pages,
)
from simulators.zoom.config import ZoomConfig
from simulators.zoom.operations import OPERATIONS
from simulators.zoom.rest import RestApi
from simulators.zoom.simulation import SIMULATION, Simulation

MAX_BODY_BYTES = 1024 * 1024
_MIDDLEWARES = (control.guard, middleware.tell_pages, middleware.record_and_disturb)


def create_app(config: ZoomConfig, *, clock: Callable[[], float] = time.time) -> web.Application:
    """Make the application. `clock` gives Unix seconds; nothing runs before the application is started."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=_MIDDLEWARES)
    simulation = Simulation(config, clock)
    app[SIMULATION] = simulation

    async def run_outbox(_app: web.Application) -> AsyncIterator[None]:
        async with simulation.outbox.running():
            yield

    async def end_streams(_app: web.Application) -> None:
        # Open streams would hold the server's shutdown up; cleanup comes too late for them.
        simulation.changes.close()

    app.cleanup_ctx.append(run_outbox)
    app.on_shutdown.append(end_streams)
    app.add_routes([*_oauth_and_rest(), *_control(), *_pages()])
    return app


def _oauth_and_rest() -> list[web.AbstractRouteDef]:
    return [
        web.get("/oauth/authorize", oauth.authorize),
        web.post("/oauth/authorize/decide", oauth.decide),
        web.post("/oauth/token", oauth.token),
        web.post("/oauth/revoke", oauth.revoke),
        web.route("*", "/v2/{path:.*}", RestApi(OPERATIONS).handle),
    ]


def _control() -> list[web.AbstractRouteDef]:
    return [
        web.get("/control/state", control.get_state),
        web.get("/control/stream", control.stream),
        web.post("/control/reset", control.reset),
        web.get("/control/clock", control.get_clock),
        web.post("/control/clock", control.change_clock),
        web.post("/control/users/{id}", control_people.change_user),
        web.post("/control/accounts/{id}", control_people.change_account),
        web.get("/control/meetings", control_meetings.list_meetings),
        web.post("/control/meetings", control_meetings.schedule_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}", control_meetings.change_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}/start", control_meetings.start_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}/join", control_meetings.join_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}/admit", control_meetings.admit),
        web.post(r"/control/meetings/{id:\d{9,11}}/refuse", control_meetings.refuse),
        web.post(r"/control/meetings/{id:\d{9,11}}/leave", control_meetings.leave_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}/end", control_meetings.end_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}/delete", control_meetings.delete_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}/recording", control_meetings.record_meeting),
        web.post(r"/control/meetings/{id:\d{9,11}}/summary", control_meetings.summarize_meeting),
        web.get("/control/phone/calls", control_phone.list_calls),
        web.post("/control/phone/calls", control_phone.dial),
        web.post("/control/phone/calls/incoming", control_phone.call_in),
        web.post("/control/phone/calls/{call_id}/{action}", control_phone.act),
        web.post("/control/tokens/expire", control_apps.expire_tokens),
        web.post("/control/tokens/revoke", control_apps.revoke_tokens),
        web.post("/control/uninstall", control_apps.uninstall),
        web.post("/control/uninstall/release", control_apps.release_uninstalls),
        web.post("/control/approval", control_apps.approve),
        web.post("/control/apps", control_apps.change_app),
        web.get("/control/secrets", control_apps.list_secrets),
        web.post("/control/faults", control_traffic.add_fault),
        web.get("/control/faults", control_traffic.list_faults),
        web.delete("/control/faults", control_traffic.clear_faults),
        web.get("/control/requests", control_traffic.list_requests),
        web.delete("/control/requests", control_traffic.clear_requests),
        web.get("/control/log", control_traffic.list_log),
        web.delete("/control/log", control_traffic.clear_log),
        web.get("/control/webhooks", control_traffic.list_webhooks),
        web.post("/control/webhooks/faults", control_traffic.set_webhook_faults),
        web.post("/control/webhooks/release", control_traffic.release_webhooks),
        web.get("/control/webhooks/idle", control_traffic.webhooks_idle),
        web.post("/control/webhooks/send", control_traffic.send_webhook),
        web.post("/control/webhooks/validate", control_traffic.validate_endpoint),
    ]


def _pages() -> list[web.AbstractRouteDef]:
    return [
        web.get("/", pages.board),
        web.get("/controls", pages.controls),
        web.get(r"/j/{number:\d{9,11}}", pages.join_page),
        web.post(r"/j/{number:\d{9,11}}", pages.join),
        web.get(r"/j/{number:\d{9,11}}/in/{user_id:\d{1,12}}", pages.in_meeting),
        web.post(r"/j/{number:\d{9,11}}/in/{user_id:\d{1,12}}", pages.act_inside),
        web.get("/my/{name}", pages.personal_link),
        web.get(r"/s/{number:\d{9,11}}", pages.start_page),
        web.post(r"/s/{number:\d{9,11}}", pages.start),
        web.get("/rec/{kind:share|play|download|webhook_download}/{link}", pages.recording),
        web.static("/static", pages.STATIC),
    ]
