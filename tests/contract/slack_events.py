"""How the Slack simulator is brought to send each event that the app asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.unit.simulators.slack_harness import ADA, GRACE, SlackUnderTest
from tests.unit.simulators.test_slack_org import NORTH, install_for_all

Cause = Callable[[SlackUnderTest], Awaitable[Any]]


async def _home(slack: SlackUnderTest) -> None:
    await slack.install()
    await slack.control("POST", "home", {"user_id": ADA})


async def _joined(slack: SlackUnderTest) -> None:
    await slack.install()
    await slack.control("POST", "invite", {"channel_id": "C0SECRET1"})


async def _renamed(slack: SlackUnderTest) -> None:
    await _joined(slack)
    await slack.control("POST", "channels/C0SECRET1/rename", {})


async def _declined(slack: SlackUnderTest) -> None:
    await slack.install()
    rejected = {"type": "call_rejected", "call_id": "R0CALL", "user_id": GRACE, "channel_id": "C0GENERAL"}
    await slack.control("POST", "events", {"event": {**rejected, "external_unique_id": "a-meeting"}})


async def _uninstalled(slack: SlackUnderTest) -> None:
    await slack.install()
    await slack.control("POST", "uninstall")


async def _taken_from_a_workspace(slack: SlackUnderTest) -> None:
    await install_for_all(slack, NORTH)
    await slack.control("POST", "team_access", {"team_ids": [NORTH], "grant": False})


CAUSED: Mapping[str, tuple[str, Cause]] = {
    "app_home_opened": ("AppHomeOpenedPayload", _home),
    "app_uninstalled": ("AppUninstalledPayload", _uninstalled),
    "call_rejected": ("CallRejectedPayload", _declined),
    "channel_id_changed": ("ChannelIdChangedPayload", _renamed),
    "member_joined_channel": ("MemberJoinedChannelPayload", _joined),
    "team_access_revoked": ("TeamAccessRevokedPayload", _taken_from_a_workspace),
    "tokens_revoked": ("TokensRevokedPayload", _uninstalled),
}
"""By event: the sample of it that Slack's own kit has, and what makes the simulator send it."""
