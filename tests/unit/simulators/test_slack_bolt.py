"""An app of somebody else, made with Bolt as its documentation says, works against the Slack simulator unchanged."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack.app import create_app
from simulators.slack.config import SlackConfig
from tests.unit.simulators.slack_harness import ADA, BOT_SCOPES, SDK_WARNINGS

pytestmark = SDK_WARNINGS

GENERAL = "C0GENERAL"
WAVE = {"type": "button", "action_id": "wave", "text": {"type": "plain_text", "text": "Wave"}}
FIELD = {
    "type": "input",
    "block_id": "words",
    "label": {"type": "plain_text", "text": "Words"},
    "element": {"type": "plain_text_input", "action_id": "said"},
}
VIEW = {
    "type": "modal",
    "callback_id": "greeting",
    "title": {"type": "plain_text", "text": "Greet"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [FIELD],
}


def greeter(slack_url: str, config: SlackConfig, folder: Path) -> AsyncApp:
    """Returns an app that greets by command, button, modal and Home. Only the addresses are not Slack's own."""
    app = AsyncApp(
        signing_secret=config.signing_secret,
        client=AsyncWebClient(base_url=f"{slack_url}/api/"),
        oauth_settings=AsyncOAuthSettings(
            client_id=config.client_id,
            client_secret=config.client_secret,
            scopes=BOT_SCOPES.split(","),
            redirect_uri_path="/slack/oauth/callback",
            redirect_uri=config.allowed_redirects[0],
            authorization_url=f"{slack_url}/oauth/v2/authorize",
            state_store=FileOAuthStateStore(expiration_seconds=600, base_dir=str(folder)),
            installation_store=FileInstallationStore(base_dir=str(folder), client_id=config.client_id),
            install_page_rendering_enabled=False,  # the page has nothing but a button
        ),
    )

    @app.command("/zoom")
    async def on_command(ack: Any, command: Any, client: Any) -> None:
        await ack(text="Hello", blocks=[{"type": "actions", "elements": [WAVE]}])
        await client.views_open(trigger_id=command["trigger_id"], view=VIEW)

    @app.action("wave")
    async def on_wave(ack: Any, respond: Any) -> None:
        await ack()
        await respond("You waved")

    @app.view("greeting")
    async def on_greeting(ack: Any, view: Any, client: Any) -> None:
        await ack()
        await client.chat_postMessage(channel=GENERAL, text=view["state"]["values"]["words"]["said"]["value"])

    @app.event("app_home_opened")
    async def on_home(event: Any, client: Any) -> None:
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "Home of the greeter"}}
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section]})

    return app


@asynccontextmanager
async def running_greeter(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """Runs the simulator and the app. Yields a client of the simulator's control API."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    slack_url, app_url = (f"http://127.0.0.1:{listening.getsockname()[1]}" for listening in sockets)
    config = SlackConfig(app_url=app_url, public_url=slack_url)
    bolt = greeter(slack_url, config, folder)

    async def take(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))

    async def oauth(request: web.Request) -> web.Response:
        flow, asked = bolt.oauth_flow, await to_bolt_request(request)
        assert flow is not None
        installing = request.path == flow.install_path
        answer = await (flow.handle_installation(asked) if installing else flow.handle_callback(asked))
        return await to_aiohttp_response(answer)

    app = web.Application()
    app.add_routes([web.post("/slack/{what}", take), web.get("/slack/install", oauth)])
    app.add_routes([web.get("/slack/oauth/callback", oauth)])
    async with AsyncExitStack() as stack:
        for served, listening in zip((create_app(config), app), sockets, strict=True):
            runner = web.AppRunner(served)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, listening).start()
        http = aiohttp.ClientSession(f"{slack_url}/control/", timeout=aiohttp.ClientTimeout(total=10))
        yield await stack.enter_async_context(http)


async def control(http: aiohttp.ClientSession, path: str, **body: Any) -> Any:
    async with http.post(path, json={"user_id": ADA, **body}) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def read(http: aiohttp.ClientSession, path: str) -> Any:
    async with http.get(path) as response:
        return await response.json()


async def test_an_app_made_with_bolt_installs_and_answers(tmp_path: Path) -> None:
    async with running_greeter(tmp_path) as http:
        assert (await control(http, "install"))["installed"] is True

        told = await control(http, "commands", channel_id=GENERAL, command="/zoom", text="hi")
        assert told["status"] == 200
        assert (await read(http, f"views?user_id={ADA}"))["modal"]["callback_id"] == "greeting"

        values = {"words": {"said": {"type": "plain_text_input", "value": "Good morning"}}}
        assert (await control(http, "submit", values=values))["status"] == 200
        listed = await read(http, f"messages?channel_id={GENERAL}&user_id={ADA}")
        texts = [message["text"] for message in listed["messages"]]
        assert "Good morning" in texts

        hello = next(message for message in listed["messages"] if message["text"] == "Hello")
        pressed = await control(http, "actions", channel_id=GENERAL, ts=hello["ts"], action_id="wave")
        assert pressed["status"] == 200
        listed = await read(http, f"messages?channel_id={GENERAL}&user_id={ADA}")
        assert "You waved" in [message["text"] for message in listed["messages"]]

        assert (await control(http, "home"))["status"] == 200
        home = (await read(http, f"views?user_id={ADA}"))["home"]
        assert home["blocks"][0]["text"]["text"] == "Home of the greeter"
