"""Installations beside the usual one: optional scopes, old and unheard ones, late removals, changed secrets."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.unit.simulators.slack_harness import (
    ADA,
    SDK_WARNINGS,
    FrozenClock,
    SlackUnderTest,
    refusal,
    running_slack,
)

pytestmark = SDK_WARNINGS

SCOPES = "commands,chat:write,chat:write.public,users:read"


async def decide(slack: SlackUnderTest, *more: tuple[str, str]) -> int:
    form = [
        ("client_id", slack.config.client_id),
        ("scope", SCOPES),
        ("redirect_uri", f"{slack.config.app_url}/slack/oauth/callback"),
        ("state", "state-of-this-browser"),
        ("user_id", ADA),
        *more,
    ]
    headers = {"Cookie": "state=state-of-this-browser"}
    url = f"{slack.url}/oauth/v2/authorize/decide"
    async with slack.http.post(url, data=form, headers=headers, allow_redirects=False) as response:
        if response.status == 302:
            async with slack.http.get(response.headers["Location"], headers=headers):
                pass
        return response.status


def granted(slack: SlackUnderTest) -> set[str]:
    return set(slack.app.tokens["scope"].split(","))


async def installs(slack: SlackUnderTest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await slack.control("GET", "state"))["installs"]
    return found


async def test_optional_scopes_can_be_declined_and_added_later() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        async with slack.http.get(f"{slack.config.app_url}/slack/install") as response:
            page = await response.text()
        assert '<input type="checkbox" name="grant" value="chat:write.public" checked>' in page
        assert page.count('<label class="check">') == page.count('type="checkbox"'), "one to a line"
        assert "<dd>chat:write, commands</dd>" in page
        declined = [("decline", "users:read"), ("decline", "chat:write.public")]
        assert await decide(slack, ("decision", "allow"), *declined) == 302
        assert granted(slack) == {"commands", "chat:write"}
        assert await decide(slack, ("decision", "allow_checked"), ("grant", "users:read")) == 302
        assert granted(slack) == {"commands", "chat:write", "users:read"}
        assert await decide(slack, ("decision", "allow"), *declined) == 302
        assert "users:read" in granted(slack)


async def test_required_scopes_cannot_be_declined() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        assert await decide(slack, ("decision", "allow"), ("decline", "commands")) == 400
        assert await installs(slack) == []


async def test_an_older_installation_has_only_the_scopes_of_its_day() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        body = {"user_id": ADA, "scopes": ["commands", "users:read"], "decline": ["users:read"]}
        assert (await slack.control("POST", "install", body))["installed"] is True
        assert granted(slack) == {"commands"}
        await slack.control("POST", "install", {"user_id": ADA, "scopes": "commands"}, status=400)


async def test_an_installation_of_which_the_app_does_not_know() -> None:
    async with running_slack() as slack:
        body = {"user_id": ADA, "unknown_to_app": True, "scopes": ["commands"]}
        assert (await slack.control("POST", "install", body))["installed"] is True
        assert slack.app.tokens == {}
        assert [install["scopes"] for install in await installs(slack)] == [["commands"]]
        assert (await slack.command(""))["status"] == 200
        async with slack.http.get(f"{slack.url}/control/requests") as response:
            assert (await response.json())["requests"] == []


async def test_a_late_removal_is_told_after_the_next_installation() -> None:
    async with running_slack() as slack:
        await slack.install()
        first = slack.app.tokens
        await slack.control("POST", "uninstall", {"late": True})
        assert (await refusal(slack.client(first["access_token"]).auth_test()))["error"] == "account_inactive"
        assert slack.app.received == []
        await slack.control("POST", "clock", {"advance_seconds": 60})
        await slack.install()
        assert await slack.control("POST", "uninstall/release") == {"released": 2}
        told = {received.json["event"]["type"]: received.json for received in slack.app.received}
        assert told.keys() == {"app_uninstalled", "tokens_revoked"}
        assert told["tokens_revoked"]["event"]["tokens"] == {"bot": [first["bot_user_id"]]}
        now = (await slack.control("GET", "state"))["now"]
        assert {body["event_time"] for body in told.values()} == {int(now) - 60}
        assert (await slack.bot.auth_test())["ok"] is True
        assert await slack.control("POST", "uninstall/release") == {"released": 0}


async def test_an_event_can_tell_of_the_past() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events", {"event": {"type": "app_uninstalled"}, "event_time": 1_700_000_000})
        assert slack.app.received[-1].json["event_time"] == 1_700_000_000
        await slack.control("POST", "events", {"event": {"type": "x"}, "event_time": "soon"}, status=400)


async def test_a_new_signing_secret_signs_the_next_request() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "app", {"signing_secret": "another-signing-secret"})
        assert (await slack.command(""))["status"] == 401
        slack.app._verifier = SignatureVerifier("another-signing-secret", clock=FrozenClock())
        assert (await slack.command(""))["status"] == 200


async def test_an_old_client_secret_works_for_a_day() -> None:
    async with running_slack() as slack:
        await slack.control("POST", "app", {"client_secret": "another-client-secret"})
        await slack.install()
        await slack.control("POST", "clock", {"advance_seconds": 24 * 3600})
        assert (await refusal(slack.app.exchange("x")))["error"] == "bad_client_secret"
        assert (await refusal(slack.app.exchange("x", client_secret="another-client-secret")))[
            "error"
        ] == "invalid_code"
        await slack.control("POST", "reset")
        assert (await refusal(slack.app.exchange("x")))["error"] == "invalid_code"


async def test_token_rotation_can_be_switched_on_and_not_off() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "app", {"token_rotation": True})
        await slack.install()
        assert slack.app.tokens["expires_in"] == 43_200
        await slack.control("POST", "app", {"token_rotation": False}, status=400)


@pytest.mark.parametrize("body", [{"colour": "red"}, {"client_secret": ""}, {"token_rotation": "yes"}])
async def test_the_app_is_not_changed_by_nonsense(body: dict[str, Any]) -> None:
    async with running_slack() as slack:
        await slack.control("POST", "app", body, status=400)


async def test_all_secrets_are_listed_for_the_hunt_for_leaks() -> None:
    async with running_slack(token_rotation=True, user_scopes="users.profile:write") as slack:
        await slack.install()
        url = (await slack.command(""))["response_url"]
        await slack.control("POST", "app", {"client_secret": "second-client-secret"})
        tokens = slack.app.tokens
        wanted = {
            *(part[name] for part in (tokens, tokens["authed_user"]) for name in ("access_token", "refresh_token")),
            *(slack.config.client_secret, "second-client-secret", slack.config.signing_secret),
            url.removeprefix(slack.url),
        }
        found = (await slack.control("GET", "secrets"))["secrets"]
        assert wanted <= set(found)
        assert len(found) == len(wanted) + 1  # and the code


async def test_tokens_are_revoked_while_the_app_stays_installed() -> None:
    async with running_slack(scopes=SCOPES, user_scopes="users.profile:write") as slack:
        await slack.install()
        bot, ada = slack.bot, slack.client(slack.app.tokens["authed_user"]["access_token"])
        assert await slack.control("POST", "tokens/revoke", {"user_id": ADA}) == {"revoked": 1}
        assert (await refusal(ada.auth_test()))["error"] == "token_revoked"
        assert (await bot.auth_test())["ok"] is True, "hers alone"
        assert await slack.control("POST", "tokens/revoke") == {"revoked": 1}
        assert (await refusal(bot.auth_test()))["error"] == "account_inactive"
        told = [event["tokens"] for event in slack.heard("tokens_revoked")]
        assert told == [{"oauth": [ADA]}, {"bot": [slack.app.tokens["bot_user_id"]]}]
        assert len(await installs(slack)) == 1
        for body in ({}, {"user_id": ADA}, {"user_id": "U0NOBODY1"}, {"team_id": "T0NOWHERE"}):
            await slack.control("POST", "tokens/revoke", body, status=400)
