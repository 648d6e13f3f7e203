"""Who people are: members, guests, the unconfirmed, and outsiders seen through a shared channel."""

from __future__ import annotations

from typing import Any

from tests.unit.simulators.slack_harness import ADA, GRACE, SDK_WARNINGS, SlackUnderTest, refusal, running_slack

pytestmark = SDK_WARNINGS

HEDY, SHARED = "U0HEDY001", "C0SHARED1"
SCOPES = "commands,chat:write,chat:write.public,users:read,users:read.email,channels:read"


async def person(slack: SlackUnderTest, user_id: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await slack.bot.users_info(user=user_id, **more))["user"]
    return found


async def test_rights_and_confirmation_are_told() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.install()
        ada, ben, gus, uma = [await person(slack, user) for user in (ADA, "U0BEN0001", "U0GUS0001", "U0UMA0001")]
        assert [ada["is_admin"], ada["is_owner"], ada["team_id"]] == [True, True, "T0ACME001"]
        assert [ben["is_admin"], ben["is_restricted"], ben["is_email_confirmed"]] == [False, False, True]
        assert [gus["is_restricted"], gus["is_ultra_restricted"]] == [True, False]
        assert [uma["is_email_confirmed"], uma["profile"]["email"]] == [False, "uma@acme.example"]
        assert [ada["is_bot"], ada["deleted"]] == [False, False]
        assert "enterprise_user" not in ada
        assert "is_stranger" not in ada
        assert (await person(slack, slack.app.tokens["bot_user_id"]))["is_bot"] is True


async def test_what_is_true_of_a_person_can_change() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.install()
        await slack.control("POST", f"users/{GRACE}", {"deleted": True, "is_ultra_restricted": True})
        grace = await person(slack, GRACE)
        assert (grace["deleted"], grace["is_ultra_restricted"], grace["is_admin"]) == (True, True, False)
        for wrong in ({"email": "eve@acme.example"}, {"deleted": "yes"}, {"phone": True}):
            await slack.control("POST", f"users/{GRACE}", wrong, status=400)


async def test_a_number_is_what_somebody_typed_into_her_profile() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.install()
        numbers = [(await person(slack, user))["profile"]["phone"] for user in (ADA, GRACE)]
        assert numbers == ["", "+1 (202) 555-0187"]
        await slack.control("POST", f"users/{GRACE}", {"phone": "ask my assistant"})
        assert (await person(slack, GRACE))["profile"]["phone"] == "ask my assistant"
        await slack.control("POST", "workspaces")
        assert "phone" not in (await person(slack, HEDY))["profile"]


async def test_an_outsider_is_seen_through_the_shared_channel_without_address_and_rights() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.install()
        assert (await refusal(slack.bot.users_info(user=HEDY)))["error"] == "user_not_found"
        await slack.control("POST", "workspaces")
        hedy = await person(slack, HEDY, include_locale=True)
        assert (hedy["team_id"], hedy["is_stranger"]) == ("T0GLOBEX1", True)
        assert not {"is_admin", "locale"} & hedy.keys()
        assert "email" not in hedy["profile"]
        # With the app in a channel with her she is no stranger any more, and still of another company.
        await slack.control("POST", "invite", {"channel_id": SHARED})
        assert (await person(slack, HEDY))["is_stranger"] is False
        assert (await slack.bot.conversations_info(channel=SHARED))["channel"]["is_ext_shared"] is True


async def test_commands_are_not_shared_and_messages_are() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.install()
        await slack.control("POST", "workspaces", {"seed": "globex"})
        slack.app.answer_json({"response_type": "in_channel", "text": "A meeting"})
        assert (await slack.command("", SHARED, HEDY))["error"] == "unknown_command"
        assert (await slack.command("", SHARED, GRACE))["error"] is None
        assert (await slack.messages(SHARED, HEDY))[-1]["text"] == "A meeting"


async def test_an_outsider_uses_the_app_of_her_own_workspace() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.control("POST", "workspaces")
        await slack.install(HEDY)
        await slack.command("", SHARED, HEDY)
        form = slack.app.received[-1].form
        assert (form["team_id"], form["channel_id"], form["user_id"]) == ("T0GLOBEX1", SHARED, HEDY)
        assert (await slack.command("", SHARED, GRACE))["error"] == "unknown_command"


async def test_an_outsider_can_press_buttons_of_the_hosts_app() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.install()
        await slack.control("POST", "workspaces")
        button = {"type": "button", "action_id": "end", "text": {"type": "plain_text", "text": "End"}}
        blocks = [{"type": "actions", "elements": [button]}]
        posted = await slack.bot.chat_postMessage(channel=SHARED, text="Meeting", blocks=blocks)
        body = {"user_id": HEDY, "channel_id": SHARED, "ts": posted["ts"], "action_id": "end"}
        assert (await slack.control("POST", "actions", body))["status"] == 200
        payload = slack.app.received[-1].payload
        assert (payload["team"]["id"], payload["user"]["team_id"]) == ("T0ACME001", "T0GLOBEX1")


async def test_a_fresh_conversation_is_one_like_the_others() -> None:
    async with running_slack(scopes=SCOPES) as slack:
        await slack.install()
        made = await slack.control("POST", "channels", {"kind": "private", "members": [ADA, GRACE]})
        assert (made["kind"], made["members"], made["app_is_member"]) == ("private", [ADA, GRACE], False)
        result = await slack.control(
            "POST", "commands", {"user_id": ADA, "channel_id": made["id"], "command": "/zoom", "text": ""}
        )
        assert result["status"] is not None
        for wrong in ({"kind": "app", "members": [ADA]}, {"kind": "im", "members": []}, {"kind": "im"}):
            await slack.control("POST", "channels", wrong, status=400)
