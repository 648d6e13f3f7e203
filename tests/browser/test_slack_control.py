"""Slack's page alone: it shows at once what others do, and everything can be controlled from it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Locator, Page, Route
from slack_sdk.errors import SlackApiError

from simulators.slack.stream import MAX_WATCHERS
from tests.browser.looking import faults, inspect
from tests.browser.watching import IN_A_BROWSER, SEEN, Person, focused, message, types
from tests.e2e.people import ADA, GENERAL, GRACE, RANDOM, eventually
from tests.unit.simulators.slack_harness import SDK_WARNINGS, Received, SlackUnderTest, refusal, running_slack

pytestmark = [*IN_A_BROWSER, SDK_WARNINGS]

OLD = "C0OLDNEWS"


@pytest_asyncio.fixture(loop_scope="session")
async def slack() -> AsyncIterator[SlackUnderTest]:
    """Slack with a stand-in for the app, installed."""
    async with running_slack() as running:
        await running.install()
        yield running


async def sees(person: Person, slack: SlackUnderTest, user: str = ADA, channel: str = GENERAL) -> Page:
    """Opens Slack at a conversation."""
    page = await person.opens(f"{slack.url}/#user={user}&channel={channel}")
    await page.locator("#conversations button").first.wait_for()
    return page


async def controls(page: Page, section: str) -> Locator:
    """Opens a section of the control dialog with the keyboard."""
    dialog = page.get_by_role("dialog", name="Control the simulator")
    if not await dialog.is_visible():
        await page.get_by_role("button", name="Control the simulator").press("Enter")
        await focused(page, dialog.get_by_role("button", name="Close")).wait_for()
    await dialog.locator("summary").get_by_text(section, exact=True).press("Enter")
    return dialog


async def test_what_one_does_another_sees_and_loses_nothing_she_types(
    slack: SlackUnderTest, person: Person, chromium: Browser
) -> None:
    ada = await sees(person, slack)
    await ada.evaluate("window.neverReloaded = true")
    await ada.locator("#text").press_sequentially("half a sent")
    async with Person.in_front_of(chromium) as another:
        await types(await sees(another, slack, GRACE), "Hello Ada")
        another.check()
    await message(ada, "Hello Ada").wait_for()
    await ada.locator("#text:focus").wait_for()
    await ada.keyboard.type("ence")
    assert await ada.locator("#text").input_value() == "half a sentence"

    chosen = ada.get_by_role("button", name="# random")
    await chosen.focus()
    await slack.control("POST", "channels", {"kind": "public", "name": "new-one", "members": [ADA]})
    await ada.get_by_role("button", name="# new-one").wait_for()
    await focused(ada, chosen).wait_for()
    assert await ada.evaluate("window.neverReloaded")


async def test_the_page_comes_back_by_itself_where_it_was_refused(slack: SlackUnderTest, chromium: Browser) -> None:
    # Without `check`: the browser complains of the refusal, and shall.
    async with AsyncExitStack() as crowd, Person.in_front_of(chromium) as late:
        for _ in range(MAX_WATCHERS):
            await crowd.enter_async_context(slack.http.get(f"{slack.url}/ui/stream"))
        ada = await sees(late, slack)
        await ada.get_by_role("alert").filter(has_text="The simulator is away").wait_for()
        await crowd.aclose()
        await slack.bot.chat_postMessage(channel=GENERAL, text="Meanwhile")
        await message(ada, "Meanwhile").wait_for()
        assert not await ada.locator("#away").inner_text()


async def test_a_page_that_nobody_sees_gives_its_connection_back(slack: SlackUnderTest, chromium: Browser) -> None:
    # Without `check`, as above: she may come back before it is noticed that the others went.
    async with AsyncExitStack() as crowd, Person.in_front_of(chromium) as person:
        ada = await sees(person, slack)
        await person.went_to(f"{slack.url}/ui/stream")
        for _ in range(MAX_WATCHERS - 1):
            await crowd.enter_async_context(slack.http.get(f"{slack.url}/ui/stream"))
        await ada.evaluate(SEEN, False)

        async def one_more() -> int:
            # Somebody has to be told of a change before it is noticed that she is gone.
            await slack.control("POST", "clock", {"advance_seconds": 1})
            async with slack.http.get(f"{slack.url}/ui/stream") as response:
                return response.status

        await eventually(one_more, lambda status: status == 200)
        await crowd.aclose()
        await slack.bot.chat_postMessage(channel=GENERAL, text="Unseen")
        await ada.evaluate(SEEN, True)
        await message(ada, "Unseen").wait_for()


async def test_faults_are_ordered_and_cleared(slack: SlackUnderTest, person: Person) -> None:
    page = await sees(person, slack)
    dialog = await controls(page, "Clock")
    await dialog.get_by_label("Move on by").fill("2")
    await dialog.get_by_role("button", name="Move the clock").press("Enter")
    await dialog.get_by_text("The clock was moved.").wait_for()
    await dialog.get_by_label("Times as fast").fill("60")
    await dialog.get_by_role("button", name="Change the speed").press("Enter")
    await dialog.get_by_text("60 × as fast").wait_for()
    await inspect(page, "slack-control-clock")
    assert await slack.control("GET", "clock") == {"now": 1_760_000_120, "speed": 60}

    await controls(page, "Answers to the app")
    await dialog.get_by_label("What happens").select_option(label="429 Too Many Requests")
    await dialog.get_by_label("Method").fill("auth.test")
    await dialog.get_by_label("Retry-After").fill("9")
    await dialog.get_by_role("button", name="Order this fault").press("Enter")
    waiting = dialog.get_by_text("auth.test: 429, Retry-After 9 (1 ×)")
    await waiting.wait_for()
    await dialog.get_by_label("What happens").select_option(label="Token revoked (token_revoked)")
    await dialog.get_by_label("Method").fill("chat.*")
    await dialog.get_by_role("button", name="Order this fault").press("Enter")
    revoked = dialog.get_by_text("chat.*: token_revoked (1 ×)")
    await revoked.wait_for()
    await inspect(page, "slack-control-faults")
    with pytest.raises(SlackApiError) as refused:
        await slack.bot.auth_test()
    assert refused.value.response.headers["Retry-After"] == "9"
    await waiting.wait_for(state="detached")
    await dialog.get_by_role("button", name="Clear: chat.*").press("Enter")
    await dialog.get_by_text("No fault is waiting.").wait_for()

    await controls(page, "Events to the app")
    await dialog.get_by_label("Hold them back").check()
    await dialog.get_by_role("button", name="Order for events").press("Enter")
    await dialog.get_by_text("Ordered for all events").wait_for()
    await slack.control("POST", "home", {"user_id": ADA})
    await dialog.get_by_text("Held: app_home_opened").wait_for()
    assert slack.heard() == []
    await inspect(page, "slack-control-events")
    await dialog.get_by_role("button", name="Release what is held").press("Enter")
    await dialog.get_by_text("Nothing is held.").wait_for()
    assert [event["type"] for event in slack.heard()] == ["app_home_opened"]
    await dialog.get_by_role("button", name="Back to normal").press("Enter")
    await dialog.get_by_text("Events come as they should.").wait_for()
    assert (await slack.control("GET", "events/faults"))["hold"] is False

    await controls(page, "The app in this workspace")
    await dialog.get_by_role("heading", name="Control the simulator").wait_for()
    await inspect(page, "slack-control-app")


async def test_an_app_may_answer_a_modal_with_anything(slack: SlackUnderTest, person: Person) -> None:
    label = {"type": "plain_text", "text": "Topic"}
    topic = {"type": "plain_text_input", "action_id": "topic"}
    block = {"type": "input", "block_id": "topic", "label": label, "element": topic}
    modal = {"type": "modal", "title": label, "submit": label, "blocks": [block]}
    page = await sees(person, slack)
    await slack.bot.views_open(trigger_id=(await slack.command("x"))["trigger_id"], view=modal)

    async def thanks(_received: Received) -> web.Response:
        return web.Response(text="thank you")

    slack.app.respond = thanks
    dialog = page.get_by_role("dialog", name="Topic")
    await dialog.get_by_label("Topic").fill("Plans")
    await dialog.get_by_role("button", name="Topic").press("Enter")
    await dialog.wait_for(state="hidden")
    person.check()


async def test_what_went_over_the_wire_is_copied_as_a_fixture(slack: SlackUnderTest, person: Person) -> None:
    await person.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=slack.url)
    page = await sees(person, slack)
    dialog = await controls(page, "Log")
    slack.app.answer_json({"text": "pong"})
    await slack.command("ping")
    await slack.bot.chat_postMessage(channel=GENERAL, text="Hello")
    await dialog.get_by_label("Show only what says").fill("PONG")
    await dialog.get_by_text("1 entry").wait_for()
    await dialog.locator("#log summary").press("Enter")
    await dialog.locator("#log pre").get_by_text('"text": "ping"').wait_for()
    await inspect(page, "slack-control-log")
    await dialog.get_by_role("button", name="Copy as test fixture: command").press("Enter")
    await dialog.get_by_text("command is copied.").wait_for()
    [logged] = (await slack.control("GET", "log?contains=pong&fixtures=1"))["entries"]
    assert json.loads(await page.evaluate("navigator.clipboard.readText()")) == logged["fixture"]

    await dialog.get_by_label("Show only what says").fill("")
    await dialog.get_by_label("Direction").select_option(label="from the app")
    await dialog.get_by_text("2 entries, the latest first").wait_for()
    await dialog.get_by_role("button", name="Copy all as test fixtures").press("Enter")
    await dialog.get_by_text("All that is shown is copied.").wait_for()
    copied = json.loads(await page.evaluate("navigator.clipboard.readText()"))
    assert [fixture["about"] for fixture in copied] == ["chat.postMessage", "oauth.v2.access"]
    assert slack.app.tokens["access_token"] not in json.dumps(copied)

    await dialog.get_by_role("button", name="Forget all").press("Enter")
    await dialog.get_by_text("All is forgotten.").wait_for()
    await dialog.get_by_text("0 entries").wait_for()
    assert (await slack.control("GET", "log"))["entries"] == []


async def test_an_archived_channel_is_read_and_not_written_in(slack: SlackUnderTest, person: Person) -> None:
    page = await sees(person, slack, channel=OLD)
    closed = page.get_by_text("# old-news is archived")
    await closed.wait_for()
    assert not await page.locator("#composer").is_visible()
    await inspect(page, "slack-archived")
    dialog = await controls(page, "Channels and people")
    await dialog.get_by_role("button", name="Unarchive: old-news").press("Enter")
    await dialog.get_by_text("It can be written there again.").wait_for()
    await page.keyboard.press("Escape")
    await page.locator("#composer").wait_for()
    await types(page, "Back again")
    await message(page, "Back again").wait_for()

    await page.get_by_role("button", name="# random").click()
    await page.locator("#text").focus()
    await slack.control("POST", f"channels/{RANDOM}/archive")
    await page.get_by_text("# random is archived").wait_for()


async def test_a_shared_channel_is_made_with_people_of_another_company(slack: SlackUnderTest, person: Person) -> None:
    page = await sees(person, slack)
    dialog = await controls(page, "Channels and people")
    await dialog.get_by_role("button", name="Add Globex").press("Enter")
    await dialog.get_by_role("checkbox", name="Hedy Lamarr").check()
    await dialog.get_by_label("Kind").select_option(label="Private channel")
    await dialog.get_by_label("Name", exact=True).fill("deal")
    await dialog.get_by_label("With the app").check()
    await dialog.get_by_role("button", name="Make it").press("Enter")
    await dialog.get_by_text("deal private, shared with another company, with Zoom").wait_for()
    await inspect(page, "slack-control-channels")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="deal").click()
    await page.get_by_text("2 people and Zoom, shared with Globex").wait_for()
    await page.get_by_label("You are").select_option(label="Hedy Lamarr")
    await page.get_by_role("button", name="deal").click()
    await types(page, "Good morning")
    await page.get_by_label("You are").select_option(label="Ada Lovelace")
    await page.get_by_role("button", name="deal").click()
    await message(page, "Good morning").get_by_text("Globex").wait_for()


async def test_the_app_is_removed_and_its_tokens_are_revoked(slack: SlackUnderTest, person: Person) -> None:
    page = await sees(person, slack)
    dialog = await controls(page, "The app in this workspace")
    await dialog.get_by_text("Zoom is installed, and may: calls:read").wait_for()
    await dialog.get_by_role("button", name="Revoke its tokens").press("Enter")
    await dialog.get_by_text("tokens are dead.").wait_for()
    assert (await refusal(slack.bot.auth_test()))["error"] == "account_inactive"
    await dialog.get_by_role("button", name="Remove the app").press("Enter")
    await dialog.get_by_text("Zoom is not installed for Ada Lovelace.").wait_for()
    assert await dialog.get_by_role("button", name="Remove the app").is_disabled()
    first, *others = [event["type"] for event in slack.heard()]
    assert (first, sorted(others)) == ("tokens_revoked", ["app_uninstalled", "tokens_revoked"])
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Add to workspace").wait_for()


async def test_who_looks_from_another_machine_is_told_why_she_controls_nothing(
    slack: SlackUnderTest, chromium: Browser
) -> None:
    # Without `check`: the browser complains of the refusals, and shall.
    async with Person.in_front_of(chromium) as far_away:
        page = await sees(far_away, slack)

        async def refuse(route: Route) -> None:
            await route.fulfill(status=403, json={"error": "loopback_only"})

        await page.route("**/control/**", refuse)
        dialog = await controls(page, "Clock")
        await dialog.get_by_role("alert").filter(has_text="Only a browser on the machine").wait_for()
        assert not await page.locator("#away").inner_text()


async def test_a_modal_that_changes_keeps_what_was_put_into_it(slack: SlackUnderTest, person: Person) -> None:
    page = await sees(person, slack)
    await slack.bot.views_open(trigger_id=(await slack.command("x"))["trigger_id"], view=modal("topic"))
    dialog = page.get_by_role("dialog", name="Plan")
    await dialog.get_by_label("topic").fill("Lunch")
    slack.app.answer_json({"response_action": "update", "view": modal("topic", "place")})
    await dialog.get_by_role("button", name="Send").press("Enter")
    await dialog.get_by_label("place").fill("Canteen")
    assert await dialog.get_by_label("topic").input_value() == "Lunch"
    slack.app.answer_json({})
    await dialog.get_by_role("button", name="Send").press("Enter")
    await dialog.wait_for(state="hidden")
    await slack.bot.views_open(trigger_id=(await slack.command("x"))["trigger_id"], view=modal("topic"))
    await dialog.get_by_label("topic").wait_for()
    assert await dialog.get_by_label("topic").input_value() == "", "another modal begins empty"


def modal(*fields: str) -> dict[str, Any]:
    """Returns a modal that asks for these."""

    def text(words: str) -> dict[str, Any]:
        return {"type": "plain_text", "text": words}

    element = {"type": "plain_text_input", "action_id": "typed"}
    blocks = [{"type": "input", "block_id": name, "label": text(name), "element": element} for name in fields]
    return {"type": "modal", "title": text("Plan"), "submit": text("Send"), "blocks": blocks}


async def test_a_command_is_completed_and_its_use_is_shown(slack: SlackUnderTest, person: Person) -> None:
    page = await sees(person, slack)
    text = page.locator("#text")
    await text.press_sequentially("/z")
    offered = page.get_by_role("listbox", name="Commands").get_by_role("option")
    await offered.get_by_text("/zoom").wait_for()
    assert "Start a Zoom meeting or a phone call" in await offered.inner_text()
    assert await faults(page) == []
    await page.keyboard.press("Enter")
    assert await text.input_value() == "/zoom "
    await page.locator("#usage").get_by_text("join [id, link, name, me]").wait_for()
    slack.app.answer_json({"text": "This is help"})
    await page.keyboard.type("help")
    await page.keyboard.press("Enter")
    await message(page, "This is help").wait_for()
    assert not await page.locator("#usage").inner_text()
