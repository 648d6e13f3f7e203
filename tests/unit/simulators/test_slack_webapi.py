"""How the Web API takes requests: tokens, argument places and types, scopes, tenants, faults."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from tests.unit.simulators.slack_harness import SDK_WARNINGS, SlackUnderTest, refusal, running_slack

pytestmark = SDK_WARNINGS


async def post(slack: SlackUnderTest, method: str, *, token: str | None = None, **options: Any) -> tuple[int, Any]:
    headers = dict(options.pop("headers", {}))
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with slack.http.post(f"{slack.url}/api/{method}", headers=headers, **options) as response:
        return response.status, await response.json()


async def test_auth_test_tells_whose_token_it_is_and_its_scopes() -> None:
    async with running_slack() as slack:
        await slack.install()
        answer = await slack.bot.auth_test()
        assert (answer["team_id"], answer["user_id"]) == ("T0ACME001", slack.app.tokens["bot_user_id"])
        assert answer["bot_id"].startswith("B")
        assert set(answer.headers["x-oauth-scopes"].split(",")) >= {"commands", "chat:write"}


async def test_tokens_are_taken_from_header_and_form_only() -> None:
    async with running_slack() as slack:
        await slack.install()
        token = slack.app.tokens["access_token"]
        assert (await post(slack, "auth.test"))[1]["error"] == "not_authed"
        assert (await post(slack, "auth.test", token="xoxb-wrong"))[1]["error"] == "invalid_auth"
        assert (await post(slack, "auth.test", data={"token": token}))[1]["ok"] is True
        assert (await post(slack, f"auth.test?token={token}"))[1]["error"] == "not_authed"


async def test_a_method_that_does_not_exist_is_unknown() -> None:
    async with running_slack() as slack:
        await slack.install()
        assert (await refusal(slack.bot.api_call("chat.scream")))["error"] == "unknown_method"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "hi"}, "missing required field: channel"),
        ({"channel": "C0GENERAL", "text": "hi", "txet": "hi"}, "unknown field: txet"),
        ({"channel": "C0GENERAL", "text": 5}, "must be a string [json-pointer:/text]"),
        ({"channel": "C0GENERAL", "text": "hi", "blocks": {}}, "must be an array [json-pointer:/blocks]"),
        ({"channel": "C0GENERAL", "text": "hi", "mrkdwn": "maybe"}, "must be a boolean [json-pointer:/mrkdwn]"),
    ],
)
async def test_arguments_are_checked_by_name_and_type(arguments: dict[str, Any], message: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        answer = await refusal(slack.bot.api_call("chat.postMessage", json=arguments))
        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == [f"[ERROR] {message}"]


async def test_bodies_must_be_what_their_content_type_says() -> None:
    async with running_slack() as slack:
        await slack.install()
        token = slack.app.tokens["access_token"]
        as_json = {"Content-Type": "application/json; charset=utf-8"}
        cases = [
            ("chat.postMessage", b"channel=C0GENERAL", as_json, "invalid_json"),
            ("chat.postMessage", b"[1]", as_json, "json_not_object"),
            ("chat.postMessage", b"<x/>", {"Content-Type": "text/xml"}, "invalid_post_type"),
            ("users.info", b'{"user": "U0ADA0001"}', as_json, "invalid_post_type"),
        ]
        for method, body, headers, error in cases:
            assert (await post(slack, method, token=token, data=body, headers=headers))[1]["error"] == error


async def test_json_without_charset_earns_a_warning() -> None:
    async with running_slack() as slack:
        await slack.install()
        _, answer = await post(slack, "auth.test", token=slack.app.tokens["access_token"], json={})
        assert answer["ok"] is True
        assert answer["warning"] == "missing_charset"


async def test_arguments_in_query_form_and_json_mean_the_same() -> None:
    async with running_slack() as slack:
        await slack.install()
        token = slack.app.tokens["access_token"]
        blocks = [{"type": "divider"}]
        flat = {"channel": "C0GENERAL", "text": "hi", "blocks": json.dumps(blocks)}
        await post(slack, "chat.postMessage", token=token, params=flat)
        await post(slack, "chat.postMessage", token=token, data=flat)
        await post(slack, "chat.postMessage", token=token, json={**flat, "blocks": blocks})
        assert [m["blocks"][0]["type"] for m in await slack.messages("C0GENERAL")] == ["divider"] * 3
        log = await slack.control("GET", "requests?method=chat.postMessage")
        assert [entry["in"] for entry in log["requests"]] == ["query", "form", "json"]


async def test_a_missing_scope_is_named() -> None:
    async with running_slack(scopes="commands,chat:write") as slack:
        await slack.install()
        answer = await refusal(slack.bot.api_call("calls.info", json={"id": "R0"}))
        assert (answer["error"], answer["needed"]) == ("missing_scope", "calls:read")
        assert answer["provided"] == "chat:write,commands"


async def test_a_token_sees_its_own_workspace_only() -> None:
    async with running_slack() as slack:
        await slack.control("POST", "workspaces")
        await slack.install()
        acme = slack.bot
        await slack.install("U0HEDY001")
        globex = slack.bot
        call = await acme.api_call(
            "calls.add",
            json={"external_unique_id": "zoom:1", "join_url": "https://zoom.example/j/1", "created_by": "U0ADA0001"},
        )
        refusals = {
            "invalid_call_id": globex.api_call("calls.info", json={"id": call["call"]["id"]}),
            "channel_not_found": globex.chat_postMessage(channel="C0GENERAL", text="hi"),
            "user_not_found": globex.users_info(user="U0ADA0001"),
            "invalid_blocks": globex.chat_postMessage(
                channel="C0GLOBEX1", text="hi", blocks=[{"type": "call", "call_id": call["call"]["id"]}]
            ),
        }
        for error, attempt in refusals.items():
            assert (await refusal(attempt))["error"] == error


async def test_a_private_channel_and_a_dm_between_people_do_not_exist_for_the_app() -> None:
    async with running_slack() as slack:
        await slack.install()
        assert (await slack.bot.conversations_info(channel="C0GENERAL"))["channel"]["is_private"] is False
        for hidden in ("C0SECRET1", "C0MPIM001", "D0ADAGRAC"):
            assert (await refusal(slack.bot.conversations_info(channel=hidden)))["error"] == "channel_not_found"
        await slack.control("POST", "invite", {"channel_id": "C0SECRET1"})
        assert (await slack.bot.conversations_info(channel="C0SECRET1"))["channel"]["is_private"] is True


async def test_mail_addresses_need_their_own_scope() -> None:
    async with running_slack() as slack:
        await slack.install()
        assert "email" not in (await slack.bot.users_info(user="U0GRACE01"))["user"]["profile"]
    async with running_slack(scopes="users:read,users:read.email") as slack:
        await slack.install()
        assert (await slack.bot.users_info(user="U0GRACE01"))["user"]["profile"]["email"] == "grace@acme.example"


async def test_faults_fail_before_or_after_the_work_and_then_are_over() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "faults", {"method": "chat.*", "kind": "status", "status": 503})
        await slack.control("POST", "faults", {"method": "*", "kind": "ratelimited", "retry_after": 7, "after": True})
        token = slack.app.tokens["access_token"]
        message = {"channel": "C0GENERAL", "text": "hi"}
        assert (await post(slack, "chat.postMessage", token=token, json=message))[0] == 503
        assert await slack.messages("C0GENERAL") == []
        async with slack.http.post(
            f"{slack.url}/api/chat.postMessage", json=message, headers={"Authorization": f"Bearer {token}"}
        ) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")
        assert len(await slack.messages("C0GENERAL")) == 1
        assert (await slack.bot.auth_test())["ok"] is True
        log = await slack.control("GET", "requests")
        assert [(e["method"], e["http_status"]) for e in log["requests"][1:]] == [
            ("chat.postMessage", 503),
            ("chat.postMessage", 429),
            ("auth.test", 200),
        ]


async def test_the_log_keeps_no_secrets() -> None:
    async with running_slack() as slack:
        await slack.install()
        text = json.dumps(await slack.control("GET", "requests"))
        assert "oauth.v2.access" in text
        assert slack.config.client_secret not in text
        assert slack.app.tokens["access_token"] not in text


async def test_reset_forgets_everything() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.bot.chat_postMessage(channel="C0GENERAL", text="hi")
        await slack.control("POST", "reset")
        assert await slack.messages("C0GENERAL") == []
        assert (await refusal(slack.bot.auth_test()))["error"] == "invalid_auth"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example", "Origin": "http://evil.example"}],
)
async def test_pages_of_other_sites_cannot_use_the_control_api(headers: dict[str, str]) -> None:
    async with (
        running_slack() as slack,
        slack.http.post(f"{slack.url}/control/reset", headers=headers) as response,
    ):
        assert response.status == 403


async def test_a_closed_connection_tells_the_app_nothing_of_the_work_done() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "faults", {"method": "chat.postMessage", "kind": "close", "after": True})
        token = slack.app.tokens["access_token"]
        with pytest.raises(aiohttp.ClientError):
            await post(slack, "chat.postMessage", token=token, json={"channel": "C0GENERAL", "text": "hi"})
        assert len(await slack.messages("C0GENERAL")) == 1
        assert (await slack.control("GET", "requests"))["requests"][-1]["http_status"] == 0


async def test_response_urls_fail_on_demand_too() -> None:
    async with running_slack() as slack:
        await slack.install()
        url = (await slack.command(""))["response_url"]
        await slack.control("POST", "faults", {"method": "response_url", "kind": "delay", "delay_seconds": 0.01})
        await slack.control("POST", "faults", {"method": "response_url", "kind": "status", "status": 502})
        assert (await slack.answer_url(url, {"text": "late"}))[0] == 200
        assert (await slack.answer_url(url, {"text": "lost"}))[0] == 502
        assert [m["text"] for m in await slack.messages("C0GENERAL")] == ["late"]


async def test_faults_must_make_sense() -> None:
    async with running_slack() as slack:
        for body in ({"method": "*"}, {"method": "*", "kind": "fire"}, {"method": "*", "kind": "error", "times": "2"}):
            assert (await slack.control("POST", "faults", body, status=400))["error"] == "invalid_arguments"
        assert (await slack.control("GET", "faults"))["faults"] == []


@pytest.mark.parametrize("shape", [b"%s", b'{"channel": "C0GENERAL", "text": "x", "blocks": %s}'])
@pytest.mark.parametrize("inner", [b"[" * 50_000, b"[" * 400 + b"]" * 400, b'"\\ud800"'])
async def test_json_that_nobody_could_send_on_is_refused(shape: bytes, inner: bytes) -> None:
    async with running_slack() as slack:
        await slack.install()
        url = (await slack.command("x"))["response_url"]
        headers = {"Authorization": f"Bearer {slack.app.tokens['access_token']}", "Content-Type": "application/json"}
        for address, status in ((f"{slack.url}/api/chat.postMessage", 200), (url, 400)):
            async with slack.http.post(address, data=shape % inner, headers=headers) as response:
                assert response.status == status
                answer = await response.text()
                assert "invalid_json" in answer or answer.startswith("invalid_payload")
        assert await slack.messages("C0GENERAL") == []
        assert (await slack.control("GET", "log?fixtures=1"))["entries"], "and the log can be read"
