"""Faults in events and answers: what is lost, late, held, repeated or refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from simulators.slack.simulator import MAX_WAITING
from tests.unit.simulators.slack_harness import ADA, GRACE, SDK_WARNINGS, Received, SlackUnderTest, running_slack

pytestmark = SDK_WARNINGS


async def open_home(slack: SlackUnderTest, *people: str) -> None:
    for person in people or (ADA,):
        await slack.control("POST", "home", {"user_id": person})


async def who_opened(slack: SlackUnderTest) -> list[str]:
    return [event["user"] for event in slack.heard("app_home_opened")]


async def test_events_are_repeated_with_the_same_id() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events/faults", {"copies": 3})
        await open_home(slack)
        assert await who_opened(slack) == [ADA] * 3
        assert len({one.json["event_id"] for one in slack.app.received}) == 1


async def test_dropped_events_never_come_and_are_in_the_log() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events/faults", {"drop_percent": 100, "event": "app_home_*"})
        await open_home(slack)
        await slack.control("POST", "invite", {"channel_id": "C0GENERAL"})
        assert [event["type"] for event in slack.heard()] == ["member_joined_channel"], "other events come"
        [dropped] = (await slack.control("GET", "deliveries?about=app_home_opened"))["deliveries"]
        assert (dropped["failure"], dropped["status"], dropped["response"]) == ("dropped", None, None)
        assert dropped["request"]["body"]["event"]["user"] == ADA
        [logged] = (await slack.control("GET", "log?contains=app_home"))["entries"]
        assert logged["trouble"] == "dropped"


async def test_held_events_come_when_they_are_released_in_another_order() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events/faults", {"hold": True, "shuffle": True})
        people = [ADA, GRACE, "U0BEN0001"]
        await open_home(slack, *people)
        told = await slack.control("GET", "events/faults")
        assert (told["hold"], told["held"], await who_opened(slack)) == (True, ["app_home_opened"] * 3, [])
        await slack.control("POST", "clock", {"advance_seconds": 60})
        assert await slack.control("POST", "events/release") == {"released": ["app_home_opened"] * 3}
        assert sorted(await who_opened(slack)) == sorted(people)
        assert await who_opened(slack) != people
        # It says when it happened, not when it was sent.
        assert {one.json["event_time"] for one in slack.app.received} == {1_760_000_000}
        assert await slack.control("POST", "events/release") == {"released": []}


async def test_late_events_come_when_their_time_has_come() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events/faults", {"delay_seconds": 90})
        await open_home(slack)
        await slack.control("POST", "clock", {"advance_seconds": 89})
        assert await slack.control("GET", "deliveries/idle?timeout_seconds=0.2", status=504) == {"idle": False}
        assert await who_opened(slack) == []
        await slack.control("POST", "clock", {"advance_seconds": 1})
        assert await slack.control("GET", "deliveries/idle") == {"idle": True}
        assert await who_opened(slack) == [ADA]


async def test_a_late_event_and_its_retries_are_one_wait() -> None:
    async with running_slack() as slack:
        await slack.install()
        slack.app.answer_json({}, status=500)
        await slack.control("POST", "events/faults", {"delay_seconds": 90})
        await open_home(slack)
        await slack.control("POST", "clock", {"advance_seconds": 90})
        assert await slack.control("GET", "deliveries/idle?timeout_seconds=0.5", status=504) == {"idle": False}
        assert await who_opened(slack) == [ADA, ADA], "the event, and its first retry"
        slack.app.answer_json({})
        await slack.control("POST", "clock", {"advance_seconds": 60})
        assert await slack.control("GET", "deliveries/idle") == {"idle": True}
        assert len(await who_opened(slack)) == 3


@pytest.mark.parametrize("seconds", ["nan", "-1", "31", "soon", ""])
async def test_nobody_waits_for_no_time(seconds: str) -> None:
    async with running_slack() as slack:
        await slack.control("GET", f"deliveries/idle?timeout_seconds={seconds}", status=400)


@pytest.mark.parametrize("fault", [{"hold": True}, {"delay_seconds": 60}])
async def test_only_so_many_events_wait_and_the_rest_is_reported(fault: dict[str, Any]) -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events/faults", fault)
        for _ in range(MAX_WAITING + 2):
            await open_home(slack)
        assert await who_opened(slack) == []
        told = (await slack.control("GET", "deliveries?about=app_home_opened"))["deliveries"]
        assert [(entry["failure"], entry["status"]) for entry in told] == [("no_room", None)] * 2
        await slack.control("POST", "reset")
        await slack.install()
        await open_home(slack)
        assert await who_opened(slack) == [ADA], "after a reset there is room"


async def test_a_reset_stops_a_release() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events/faults", {"hold": True})
        await open_home(slack, ADA, GRACE)
        came, go_on = asyncio.Event(), asyncio.Event()

        async def answer_late(_received: Received) -> web.Response:
            came.set()
            await go_on.wait()
            return web.Response(status=500)

        slack.app.respond = answer_late
        release = asyncio.create_task(slack.control("POST", "events/release"))
        async with asyncio.timeout(5):
            await came.wait()
        await slack.control("POST", "reset")
        go_on.set()
        assert await release == {"released": ["app_home_opened"]}
        assert await slack.control("GET", "deliveries/idle") == {"idle": True}
        assert await who_opened(slack) == [ADA], "neither the next one nor a retry is of this world"


async def test_a_reset_makes_slack_kind_again() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "events/faults", {"hold": True})
        await open_home(slack)
        await slack.control("POST", "reset")
        told = await slack.control("GET", "events/faults")
        assert told == {
            "event": "*",
            "copies": 1,
            "drop_percent": 0,
            "delay_seconds": 0,
            "shuffle": False,
            "hold": False,
            "held": [],
        }


@pytest.mark.parametrize(
    "body",
    [
        {"copies": 0},
        {"copies": True},
        {"drop_percent": 101},
        {"delay_seconds": -1},
        {"hold": "yes"},
        {"event": ""},
        {"speed": 1},
        {"shuffle": True},
    ],
)
async def test_event_faults_that_make_no_sense(body: dict[str, Any]) -> None:
    async with running_slack() as slack:
        assert (await slack.control("POST", "events/faults", body, status=400))["error"] == "invalid_arguments"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "status", "status": 200},
        {"kind": "status", "times": 0},
        {"kind": "delay", "delay_seconds": 601},
        {"kind": "ratelimited", "retry_after": True},
        {"kind": "error", "error": ""},
        {"kind": "fire"},
    ],
)
async def test_faults_that_make_no_sense(wrong: dict[str, Any]) -> None:
    async with running_slack() as slack:
        refused = await slack.control("POST", "faults", {"method": "*", **wrong}, status=400)
        assert refused["error"] == "invalid_arguments"
        assert (await slack.control("GET", "faults"))["faults"] == []


async def test_one_fault_can_be_called_off() -> None:
    async with running_slack() as slack:
        await slack.install()
        first, second = [
            await slack.control("POST", "faults", {"method": method, "kind": "error", "error": "fatal_error"})
            for method in ("auth.test", "chat.*")
        ]
        told = await slack.control("GET", "faults")
        assert [fault["id"] for fault in told["faults"]] == [first["id"], second["id"]]
        assert {"auth.test", "oauth.v2.access", "response_url"} <= set(told["methods"])
        await slack.control("DELETE", f"faults/{first['id']}")
        assert (await slack.bot.auth_test())["ok"] is True
        assert (await slack.control("GET", "faults"))["faults"] == [second]
        for unknown in (first["id"], "x", "5" * 5000):
            assert (await slack.control("DELETE", f"faults/{unknown}", status=400))["error"] == "fault_not_found"
