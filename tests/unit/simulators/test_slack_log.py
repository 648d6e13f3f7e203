"""The log of what went over the wire with Slack: ready as fixtures, bounded, and without secrets."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from simulators.slack.journal import KEPT_BYTES
from tests.unit.simulators.slack_harness import ADA, NOW, SDK_WARNINGS, SlackUnderTest, running_slack

pytestmark = SDK_WARNINGS


async def log(slack: SlackUnderTest, query: str = "") -> list[dict[str, Any]]:
    """Returns entries of the log with their fixtures, the newest first."""
    found: list[dict[str, Any]] = (await slack.control("GET", f"log?fixtures=1&{query}"))["entries"]
    return found


async def test_the_log_shows_both_directions_in_order_ready_as_fixtures() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("DELETE", "log")
        slack.app.answer_json({"response_type": "ephemeral", "text": "pong"})
        await slack.command("ping")
        await slack.bot.chat_postMessage(channel="C0GENERAL", text="<hello>")
        posted, typed = await log(slack)
        assert typed["seq"] < posted["seq"]
        assert typed["fixture"]["direction"] == "to_app"
        assert typed["fixture"]["request"]["path"] == "/slack/commands"
        assert typed["fixture"]["request"]["headers"] == {"Content-Type": "application/x-www-form-urlencoded"}
        assert typed["fixture"]["request"]["body"]["text"] == "ping"
        assert typed["fixture"]["response"]["body"] == {"response_type": "ephemeral", "text": "pong"}
        assert posted["fixture"]["request"]["path"] == "/api/chat.postMessage"
        assert posted["fixture"]["request"]["headers"]["Authorization"] == "Bearer ***"
        assert posted["fixture"]["request"]["body"]["text"] == "<hello>"
        assert posted["fixture"]["response"]["status"] == 200
        assert posted["fixture"]["response"]["body"]["ok"] is True

        assert await log(slack, "contains=PONG") == [typed]
        assert await log(slack, "direction=from_app") == [posted]
        assert await log(slack, "limit=1") == [posted]
        assert await log(slack, "contains=zebra") == []
        nonsense = ("limit=0", "limit=x", "limit=501", f"limit={'5' * 5000}", "limit=²", "direction=up", "fixtures=yes")
        for wrong in nonsense:
            await slack.control("GET", f"log?{wrong}", status=400)


async def test_the_list_is_short_and_each_entry_can_be_opened() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.bot.auth_test()
        told = await slack.control("GET", "log?contains=AUTH.test&limit=1")
        assert (told["more"], told["forgotten"]) == (False, 0)
        [entry] = told["entries"]
        assert entry == {
            "seq": 2,
            "time": NOW,
            "direction": "from_app",
            "about": "auth.test",
            "path": "/api/auth.test",
            "status": 200,
            "elapsed_ms": None,
            "trouble": None,
        }
        fixture = await slack.control("GET", "log/2")
        assert [{**entry, "fixture": fixture}] == await log(slack, "contains=auth.test")
        assert (await slack.control("GET", "log?limit=1"))["more"] is True
        for unknown in ("3", "0", "x", "5" * 5000):
            assert (await slack.control("GET", f"log/{unknown}", status=400))["error"] == "entry_not_found"


async def test_the_log_is_bounded_and_says_what_it_forgot() -> None:
    async with running_slack() as slack:
        await slack.install()
        long, sent = "x" * 60_000, KEPT_BYTES // 60_000
        for number in range(sent):
            async with slack.http.post(f"{slack.url}/api/auth.test", data={"text": f"{number} {long}"}) as response:
                assert response.status == 200
        told = await slack.control("GET", "requests")
        kept = [entry["arguments"]["text"] for entry in told["requests"]]
        assert told["forgotten"] == 1 + sent - len(kept)
        assert sent // 4 < len(kept) <= sent // 2, "each text is in the arguments and in the request"
        assert kept[-1] == f"{sent - 1} {long}"
        assert (await slack.control("GET", "log"))["forgotten"] == told["forgotten"]
        await slack.control("DELETE", "requests")
        assert await slack.control("GET", "requests") == {"requests": [], "forgotten": 0}


async def test_a_test_reads_links_where_no_fixture_is_made() -> None:
    async with running_slack() as slack:
        await slack.install()
        link = "https://zoom.example/j/123?pwd=opensesame"
        await slack.bot.chat_postMessage(channel="C0GENERAL", text=link)
        [entry] = (await slack.control("GET", "requests?method=chat.postMessage"))["requests"]
        assert entry["arguments"]["text"] == entry["answer"]["message"]["text"] == link
        assert "opensesame" not in json.dumps([entry["request"], entry["response"]])


async def test_a_click_is_logged_with_its_payload_unfolded() -> None:
    async with running_slack() as slack:
        await slack.install()
        button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
        blocks = [{"type": "actions", "elements": [button]}]
        posted = await slack.bot.chat_postMessage(channel="C0GENERAL", text="x", blocks=blocks)
        body = {"user_id": ADA, "channel_id": "C0GENERAL", "ts": posted["ts"], "action_id": "go"}
        await slack.control("POST", "actions", body)
        [clicked] = await log(slack, "contains=block_actions")
        assert clicked["fixture"]["request"]["body"]["payload"]["actions"][0]["action_id"] == "go"


async def test_faults_are_logged_as_the_app_saw_them() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "faults", {"method": "auth.test", "kind": "ratelimited", "retry_after": 7})
        await slack.control("POST", "faults", {"method": "auth.test", "kind": "close"})
        url = f"{slack.url}/api/auth.test"
        async with slack.http.post(url) as response:
            assert response.status == 429
        with pytest.raises(aiohttp.ClientError):
            await slack.http.post(url)
        closed, limited = await log(slack, "contains=auth.test")
        assert limited["trouble"] == "fault: ratelimited"
        assert limited["fixture"]["response"]["status"] == 429
        assert limited["fixture"]["response"]["headers"]["Retry-After"] == "7"
        assert limited["fixture"]["response"]["body"] == {"ok": False, "error": "ratelimited"}
        assert (closed["trouble"], closed["fixture"]["response"]) == ("fault: close", None)


async def test_no_secret_stands_in_the_log() -> None:
    async with running_slack(token_rotation=True) as slack:
        await slack.install()
        link = "https://zoom.example/j/123?pwd=opensesame&from=slack"
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"<{link}|Join>"}}]
        await slack.bot.chat_postMessage(channel="C0GENERAL", text=link, blocks=blocks)
        url = (await slack.command("x"))["response_url"]
        await slack.answer_url(url, {"text": f"{slack.app.tokens['access_token']} {url}"})
        call = {"external_unique_id": "1", "join_url": link, "created_by": ADA}
        await slack.bot.api_call("calls.add", json=call)
        form = {"token": slack.app.tokens["access_token"]}
        async with slack.http.post(f"{slack.url}/api/auth.test", data=form) as response:
            assert (await response.json())["ok"] is True
        for text in LINKS_IN_TEXTS:
            await slack.answer_url(url, {"text": text})
        for body, kind in BODIES_GONE_WRONG:
            async with slack.http.post(f"{slack.url}/api/oauth.v2.access", data=body, headers=kind) as response:
                assert (await response.json())["ok"] is False
        entries = await log(slack)
        written = json.dumps(entries)
        secrets = (await slack.control("GET", "secrets"))["secrets"]
        assert len(secrets) >= 5
        assert [secret for secret in [*secrets, "opensesame"] if secret in written] == []
        kinds = [entry["about"] for entry in reversed(entries[-6:])]
        assert kinds == ["oauth.v2.access", "chat.postMessage", "command", "response_url", "calls.add", "auth.test"]
        assert len(entries) == 6 + len(LINKS_IN_TEXTS) + len(BODIES_GONE_WRONG)
        assert "https://zoom.example/j/123?pwd=***&from=***" in written
        assert "<https://zoom.example/j/1?confno=***&amp;pwd=***|Join> at 12=noon" in written, (
            "and no more than secrets"
        )


LINKS_IN_TEXTS = (
    "<https://zoom.example/j/1?confno=1&amp;pwd=opensesame|Join> at 12=noon",
    "https://zoom.example/j/1?a=1&#38;pwd=opensesame",
    "https://zoom.example/j/1?%70wd=opensesame",
    "https://zoom.example/j/1?pwd%3Dopensesame",
    "https%3A%2F%2Fzoom.example%2Fj%2F1%3Fpwd%3Dopensesame",
    "https://zoom.example/j/1?=opensesame",
    "https://zoom.example/cb?x[]=1&y[0]=opensesame",
)
FORM, NOTHING = {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": ""}
BODIES_GONE_WRONG = (
    (b"client_secret=opensesame&client_id=1", NOTHING),
    (b"client%5Fsecret=opensesame", NOTHING),
    (b'{"client_secret": "opensesame", "code"', {"Content-Type": "application/json"}),
    (b'{"text": "{\\"token\\": \\"opensesame\\"}"}', {"Content-Type": "application/json"}),
    (b'{"text": "https://zoom.example/j/1?a=1\\u0026pwd=opensesame', {"Content-Type": "application/json"}),
    (b'{"join_url": "https://zoom.example/j/1?pwd=opensesame"}', FORM),
    (b"payload={https://zoom.example/j/1?pwd=opensesame", FORM),
)
