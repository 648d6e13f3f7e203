"""An organisation (Enterprise Grid): org-wide and workspace installations, and access to workspaces."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.slack_harness import SDK_WARNINGS, SlackUnderTest, refusal, running_slack

pytestmark = SDK_WARNINGS

RUTH, OLAF = "U0RUTH001", "U0OLAF001"
ENTERPRISE, NORTH, SOUTH = "E0UMBRELA", "T0UMBRA01", "T0UMBRB01"


async def install(slack: SlackUnderTest, user_id: str = RUTH, **more: Any) -> dict[str, Any]:
    await slack.control("POST", "workspaces", {"seed": "umbrella"})
    result: dict[str, Any] = await slack.control("POST", "install", {"user_id": user_id, **more})
    return result


async def install_for_all(slack: SlackUnderTest, *team_ids: str) -> None:
    assert (await install(slack, install_for="organisation"))["installed"] is True
    if team_ids:
        await slack.control("POST", "team_access", {"team_ids": team_ids, "grant": True})


def last(slack: SlackUnderTest) -> Any:
    return slack.app.received[-1].json


async def test_an_org_wide_installation_is_of_no_workspace() -> None:
    async with running_slack() as slack:
        await install_for_all(slack)
        tokens = slack.app.tokens
        assert (tokens["is_enterprise_install"], tokens["team"]) == (True, None)
        assert tokens["enterprise"] == {"id": ENTERPRISE, "name": "Umbrella"}
        who = await slack.bot.auth_test()
        assert (who["is_enterprise_install"], who["enterprise_id"], who["team_id"]) == (True, ENTERPRISE, ENTERPRISE)
        [found] = (await slack.control("GET", "state"))["installs"]
        assert (found["team_id"], found["enterprise_id"], found["covers"]) == (None, ENTERPRISE, [])
        refused = await refusal(slack.bot.chat_postMessage(channel="C0NORTH01", text="hi"))
        assert refused["error"] == "team_access_not_granted"
        assert (await slack.command("", "C0NORTH01", RUTH))["error"] == "unknown_command"


async def test_access_is_given_and_taken_and_the_app_hears_of_it() -> None:
    async with running_slack() as slack:
        await install_for_all(slack, NORTH)
        told = last(slack)
        assert (told["event"]["type"], told["event"]["team_ids"]) == ("team_access_granted", [NORTH])
        assert (told["enterprise_id"], told["team_id"]) == (ENTERPRISE, None)
        assert told["authorizations"] == [
            {
                "enterprise_id": ENTERPRISE,
                "team_id": None,
                "user_id": slack.app.tokens["bot_user_id"],
                "is_bot": True,
                "is_enterprise_install": True,
            }
        ]
        assert (await slack.bot.chat_postMessage(channel="C0NORTH01", text="hi"))["ok"] is True
        assert (await refusal(slack.bot.conversations_info(channel="C0SOUTH01")))["error"] == "team_access_not_granted"
        await slack.control("POST", "team_access", {"team_ids": [NORTH], "grant": False})
        assert last(slack)["event"]["type"] == "team_access_revoked"
        refused = await refusal(slack.bot.chat_postMessage(channel="C0NORTH01", text="hi"))
        assert refused["error"] == "team_access_not_granted"


async def test_access_must_make_sense() -> None:
    async with running_slack() as slack:
        await slack.control("POST", "team_access", {"team_ids": [NORTH]}, status=400)
        await install_for_all(slack)
        for team_ids in ([], ["T0ACME001"], "T0UMBRA01"):
            await slack.control("POST", "team_access", {"team_ids": team_ids}, status=400)


async def test_commands_name_organisation_and_workspace() -> None:
    async with running_slack() as slack:
        await install_for_all(slack, NORTH, SOUTH)
        for channel, team_id in (("C0NORTH01", NORTH), ("C0SOUTH01", SOUTH)):
            assert (await slack.command("", channel, OLAF))["status"] == 200
            form = slack.app.received[-1].form
            assert (form["team_id"], form["enterprise_id"], form["user_id"]) == (team_id, ENTERPRISE, OLAF)
            assert (form["enterprise_name"], form["is_enterprise_install"]) == ("Umbrella", "true")


async def test_interactions_with_an_org_wide_app_name_the_organisation_and_no_workspace() -> None:
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    async with running_slack() as slack:
        await install_for_all(slack, NORTH, SOUTH)
        blocks = [{"type": "actions", "elements": [button]}]
        posted = await slack.bot.chat_postMessage(channel="C0SOUTH01", text="x", blocks=blocks)
        press = {"user_id": OLAF, "channel_id": "C0SOUTH01", "ts": posted["ts"], "action_id": "go"}
        assert (await slack.control("POST", "actions", press))["status"] == 200
        payload = slack.app.received[-1].payload
        assert (payload["team"], payload["enterprise"]["id"]) == (None, ENTERPRISE)
        assert (payload["is_enterprise_install"], payload["user"]["team_id"]) == (True, NORTH)


async def test_a_workspace_installation_within_the_organisation() -> None:
    async with running_slack() as slack:
        assert (await install(slack, OLAF, team_id=SOUTH))["installed"] is True
        tokens = slack.app.tokens
        assert (tokens["team"]["id"], tokens["enterprise"]["id"]) == (SOUTH, ENTERPRISE)
        assert tokens["is_enterprise_install"] is False
        await slack.command("", "C0SOUTH01", OLAF)
        assert slack.app.received[-1].form["is_enterprise_install"] == "false"
        assert (await slack.command("", "C0NORTH01", OLAF))["error"] == "unknown_command"
        await slack.control("POST", "home", {"user_id": OLAF})
        home = last(slack)
        assert (home["team_id"], home["enterprise_id"]) == (SOUTH, ENTERPRISE)
        assert home["authorizations"][0]["team_id"] == SOUTH
        assert home["authorizations"][0]["is_enterprise_install"] is False


async def test_only_an_org_admin_installs_for_all_and_then_nobody_for_one() -> None:
    async with running_slack() as slack:
        assert (await install(slack, OLAF, install_for="organisation"))["installed"] is False
        assert (await install(slack, OLAF, team_id="T0ACME001"))["installed"] is False
        await install_for_all(slack)
        assert (await install(slack, OLAF))["installed"] is False


async def test_the_consent_page_offers_the_organisation_and_the_workspace_that_was_named() -> None:
    async with running_slack() as slack:
        await slack.control("POST", "workspaces", {"seed": "umbrella"})
        query = {"client_id": slack.config.client_id, "scope": "commands", "state": "s", "team": SOUTH}
        async with slack.http.get(f"{slack.url}/oauth/v2/authorize", params=query) as response:
            page = await response.text()
        assert f'<option value="{SOUTH}" selected>' in page
        assert '<option value="organisation">' in page
        assert "Ada Lovelace" not in page


async def test_people_have_one_id_in_all_workspaces() -> None:
    async with running_slack() as slack:
        await install_for_all(slack, SOUTH)
        user = (await slack.bot.users_info(user=RUTH))["user"]
        facts = user["enterprise_user"]
        assert (facts["id"], facts["enterprise_id"], facts["teams"]) == (RUTH, ENTERPRISE, [NORTH, SOUTH])
        assert (facts["is_admin"], facts["is_owner"]) == (True, True)
        assert (await refusal(slack.bot.users_info(user="U0ADA0001")))["error"] == "user_not_found"
        assert (await slack.bot.chat_postMessage(channel=OLAF, text="hi"))["channel"].startswith("D")


async def test_removing_it_from_the_organisation_names_the_organisation() -> None:
    async with running_slack() as slack:
        await install_for_all(slack, NORTH)
        slack.app.received.clear()
        await slack.control("POST", "uninstall", {"enterprise_id": ENTERPRISE})
        told = [received.json for received in slack.app.received]
        assert {body["event"]["type"] for body in told} == {"app_uninstalled", "tokens_revoked"}
        assert {(body["enterprise_id"], body["team_id"]) for body in told} == {(ENTERPRISE, None)}
        assert (await refusal(slack.bot.auth_test()))["error"] == "account_inactive"
        assert (await slack.command("", "C0NORTH01", RUTH))["error"] == "unknown_command"


@pytest.mark.parametrize("seed", ["initech", 5])
async def test_only_known_companies_can_be_added(seed: object) -> None:
    async with running_slack() as slack:
        await slack.control("POST", "workspaces", {"seed": seed}, status=400)
