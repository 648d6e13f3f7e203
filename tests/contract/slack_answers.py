"""How each Web API method of Slack that the services use is asked of the simulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.unit.simulators.slack_harness import ADA, LIN, SlackUnderTest

Ask = Callable[[SlackUnderTest], Awaitable[Any]]

GENERAL = "C0GENERAL"
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]
CALL = {
    "external_unique_id": "a-meeting",
    "join_url": "https://zoom.example/j/85012345678",
    "external_display_id": "850 1234 5678",
    "title": "Weekly sync",
    "date_start": 1_760_000_000,
    "created_by": ADA,
    "users": [{"slack_id": ADA}],
}


def _with(method: str, **arguments: Any) -> Ask:
    async def ask(slack: SlackUnderTest) -> Any:
        return (await slack.bot.api_call(method, json=arguments)).data

    return ask


async def _call(slack: SlackUnderTest) -> str:
    return str((await slack.bot.api_call("calls.add", json=CALL))["call"]["id"])


def _of_a_call(method: str, **arguments: Any) -> Ask:
    async def ask(slack: SlackUnderTest) -> Any:
        return (await slack.bot.api_call(method, json={"id": await _call(slack), **arguments})).data

    return ask


async def _update(slack: SlackUnderTest) -> Any:
    posted = await slack.bot.chat_postMessage(channel=GENERAL, text="hello")
    return (await slack.bot.chat_update(channel=GENERAL, ts=posted["ts"], text="goodbye", blocks=BLOCKS)).data


async def _user(slack: SlackUnderTest) -> Any:
    return (await slack.bot.users_info(user=ADA)).data


async def _view(slack: SlackUnderTest) -> Any:
    trigger_id = (await slack.command("x"))["trigger_id"]
    title = {"type": "plain_text", "text": "Start"}
    view = {"type": "modal", "callback_id": "start", "title": title, "blocks": BLOCKS}
    return (await slack.bot.views_open(trigger_id=trigger_id, view=view)).data


async def _tokens(slack: SlackUnderTest) -> Any:
    return slack.app.tokens


ASKED: Mapping[str, Ask] = {
    "calls.add": _with("calls.add", **CALL),
    "calls.info": _of_a_call("calls.info"),
    "calls.end": _of_a_call("calls.end", duration=60),
    "calls.participants.add": _of_a_call("calls.participants.add", users=[{"slack_id": LIN}]),
    "calls.participants.remove": _of_a_call("calls.participants.remove", users=[{"slack_id": ADA}]),
    "chat.postMessage": _with("chat.postMessage", channel=GENERAL, text="hello", blocks=BLOCKS),
    "chat.update": _update,
    "oauth.v2.access": _tokens,
    "users.info": _user,
    "views.open": _view,
    "views.publish": _with("views.publish", user_id=ADA, view={"type": "home", "blocks": BLOCKS}),
}
"""By method. Each answer is held against what Slack shows of it."""
