"""The workspace page: served whole, without foreign content, and told of changes."""

from __future__ import annotations

from dataclasses import asdict

from services.slack_edge.manifest import manifest
from simulators.slack.config import SlackConfig
from tests.unit.simulators.slack_harness import ADA, SDK_WARNINGS, running_slack

pytestmark = SDK_WARNINGS


async def test_the_page_and_its_files_are_served_under_a_strict_policy() -> None:
    async with running_slack() as slack:
        async with slack.http.get(f"{slack.url}/") as response:
            assert response.status == 200
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]
            page = await response.text()
        for name in ("app.js", "blocks.js", "inputs.js", "dialogs.js", "mrkdwn.js", "names.js", "dom.js", "style.css"):
            async with slack.http.get(f"{slack.url}/static/{name}") as response:
                assert response.status == 200
                text = await response.text()
                assert "innerHTML" not in text
        assert "onclick" not in page


async def test_watchers_hear_of_changes() -> None:
    async with running_slack() as slack:
        await slack.install()
        async with slack.http.get(f"{slack.url}/ui/stream") as response:
            assert response.content_type == "text/event-stream"
            lines = response.content
            assert await lines.readuntil(b"\n\n") == b"retry: 1000\ndata: changed\n\n"
            await slack.bot.chat_postMessage(channel="C0GENERAL", text="hi")
            assert await lines.readuntil(b"\n\n") == b"data: changed\n\n"


async def test_the_page_can_type_for_a_person() -> None:
    async with running_slack() as slack:
        body = {"user_id": ADA, "channel_id": "C0GENERAL", "text": "Hello @grace <b>"}
        async with slack.http.post(f"{slack.url}/ui/type", json=body) as response:
            assert response.status == 200
        [message] = await slack.messages("C0GENERAL")
        assert (message["user_id"], message["text"]) == (ADA, "Hello <@U0GRACE01|grace> &lt;b&gt;")


def test_the_page_offers_the_shortcuts_that_the_manifest_registers() -> None:
    registered = manifest("https://zoom.example")["features"]["shortcuts"]
    offered = [asdict(shortcut) for shortcut in SlackConfig().shortcuts]
    assert offered == [{name: one[name] for name in ("type", "name", "callback_id")} for one in registered]
