"""Installing the app: the consent page, codes, tokens and their rotation."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.unit.simulators.slack_harness import ADA, BOT_SCOPES, SDK_WARNINGS, SlackUnderTest, refusal, running_slack

pytestmark = SDK_WARNINGS


def query(slack: SlackUnderTest, **changes: str) -> dict[str, str]:
    asked = {
        "client_id": slack.config.client_id,
        "scope": "commands,chat:write",
        "redirect_uri": f"{slack.config.app_url}/slack/oauth/callback",
        "state": "s1",
        **changes,
    }
    return {name: value for name, value in asked.items() if value}


async def decide(slack: SlackUnderTest, decision: str = "allow", **changes: str) -> dict[str, list[str]]:
    form = {**query(slack, **changes), "decision": decision, "user_id": ADA}
    url = f"{slack.url}/oauth/v2/authorize/decide"
    async with slack.http.post(url, data=form, allow_redirects=False) as response:
        assert response.status == 302
        return parse_qs(urlsplit(response.headers["Location"]).query)


async def test_installing_gives_a_bot_token_and_an_install() -> None:
    async with running_slack(user_scopes="users.profile:write") as slack:
        await slack.install()
        tokens = slack.app.tokens
        assert tokens["access_token"].startswith("xoxb-")
        assert tokens["team"] == {"id": "T0ACME001", "name": "Acme"}
        assert tokens["authed_user"]["id"] == ADA
        assert tokens["authed_user"]["access_token"].startswith("xoxp-")
        assert "refresh_token" not in tokens
        [install] = (await slack.control("GET", "state"))["installs"]
        assert install["scopes"] == sorted(BOT_SCOPES.split(","))


async def test_the_consent_page_says_what_is_asked_and_runs_no_foreign_script() -> None:
    async with running_slack() as slack:
        params = query(slack, state='"><script>x</script>')
        async with slack.http.get(f"{slack.url}/oauth/v2/authorize", params=params) as response:
            page = await response.text()
            assert "chat:write, commands" in page
            assert "<script>" not in page
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"scope": "commands,admin"}, "invalid_scope"),
        ({"scope": ""}, "no_scopes"),
        ({"state": ""}, "missing_state"),
        ({"redirect_uri": "https://evil.example/"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:1/slack/oauth/callback#x"}, "bad_redirect_uri"),
        ({"nonsense": "1"}, "invalid_arguments"),
    ],
)
async def test_a_wrong_authorize_url_is_refused_on_the_page(changes: dict[str, str], error: str) -> None:
    async with running_slack() as slack:
        params = query(slack, **changes)
        async with slack.http.get(f"{slack.url}/oauth/v2/authorize", params=params) as response:
            assert response.status == 400
            assert f"<code>{error}</code>" in await response.text()


async def test_saying_no_goes_back_with_access_denied() -> None:
    async with running_slack() as slack:
        assert await decide(slack, "deny") == {"error": ["access_denied"], "state": ["s1"]}


async def test_a_code_works_once_for_ten_minutes() -> None:
    async with running_slack() as slack:
        [code] = (await decide(slack))["code"]
        await slack.app.exchange(code)
        assert (await refusal(slack.app.exchange(code)))["error"] == "invalid_code"
        [late] = (await decide(slack))["code"]
        await slack.control("POST", "clock", {"advance_seconds": 600})
        assert (await refusal(slack.app.exchange(late)))["error"] == "invalid_code"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"client_secret": "wrong"}, "bad_client_secret"),
        ({"redirect_uri": "http://127.0.0.1/other"}, "bad_redirect_uri"),
    ],
)
async def test_a_wrong_exchange_is_refused(changes: dict[str, str], error: str) -> None:
    async with running_slack() as slack:
        [code] = (await decide(slack))["code"]
        assert (await refusal(slack.app.exchange(code, **changes)))["error"] == error


async def test_credentials_may_also_stand_in_the_form() -> None:
    async with running_slack() as slack:
        [code] = (await decide(slack))["code"]
        form = {
            "client_id": slack.config.client_id,
            "client_secret": slack.config.client_secret,
            "redirect_uri": f"{slack.config.app_url}/slack/oauth/callback",
            "code": code,
        }
        async with slack.http.post(f"{slack.url}/api/oauth.v2.access", data=form) as response:
            assert (await response.json())["token_type"] == "bot"


async def test_installing_again_widens_the_same_token() -> None:
    async with running_slack() as slack:
        first = await slack.app.exchange((await decide(slack, scope="commands"))["code"][0])
        second = await slack.app.exchange((await decide(slack, scope="chat:write"))["code"][0])
        assert second["access_token"] == first["access_token"]
        assert second["scope"] == "chat:write,commands"


async def refresh(slack: SlackUnderTest, token: str) -> Any:
    client = AsyncWebClient(base_url=f"{slack.url}/api/")
    return await client.oauth_v2_access(
        client_id=slack.config.client_id,
        client_secret=slack.config.client_secret,
        grant_type="refresh_token",
        refresh_token=token,
    )


async def test_with_rotation_tokens_expire_and_refresh_tokens_work_once() -> None:
    async with running_slack(token_rotation=True) as slack:
        await slack.install()
        first = slack.app.tokens
        assert (first["expires_in"], first["access_token"][:12]) == (43_200, "xoxe.xoxb-1-")
        second = await refresh(slack, first["refresh_token"])
        assert (await slack.client(second["access_token"]).auth_test())["ok"] is True
        assert (await refusal(refresh(slack, first["refresh_token"])))["error"] == "invalid_refresh_token"
        third = await refresh(slack, second["refresh_token"])
        assert (await refusal(slack.bot.auth_test()))["error"] == "token_revoked"
        await slack.control("POST", "clock", {"advance_seconds": 43_200})
        assert (await refusal(slack.client(third["access_token"]).auth_test()))["error"] == "token_expired"


async def test_revoking_kills_the_token_and_a_dry_run_does_not() -> None:
    async with running_slack() as slack:
        await slack.install()
        assert (await slack.bot.auth_revoke(test=True))["revoked"] is False
        assert (await slack.bot.auth_revoke())["revoked"] is True
        assert (await refusal(slack.bot.auth_test()))["error"] == "token_revoked"
