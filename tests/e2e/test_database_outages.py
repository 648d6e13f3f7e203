"""PostgreSQL ends connections, crashes and only reads while people and Zoom go on: all is told, and counts once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from tests.e2e.people import ADA, Office, digits, eventually
from tests.e2e.replicas import Replicas, replicated
from tests.support.databases import Cluster, own_cluster
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceStub
from zoomslack.type.v1 import slack_pb2

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

IMPATIENT = {"ZOOMSLACK_RECONCILE_QUIET_SECONDS": "10", "ZOOMSLACK_RECONCILE_INTERVAL_SECONDS": "5"}
ZOOM_SENDS_AGAIN = 5 * 60
TEAM = "T0ACME001"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with own_cluster() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """The office with Ada connected, over a PostgreSQL of its own."""
    async with replicated(tmp_path_factory.mktemp("data"), IMPATIENT, cluster) as system:
        made = Office(system)
        await made.connect()
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def promised(office: Office) -> dict[str, bool]:
    """What was typed here, each with whether its meeting was promised: the last test looks."""
    return {}


def is_promised(result: Json) -> bool:
    """Tells whether a command was answered with its meeting, or with word that it comes."""
    answer = result["answer"] or {}
    return answer.get("response_type") == "in_channel" or str(answer.get("text")).startswith("Starting")


async def type_all(office: Office, topics: dict[str, str]) -> dict[str, Json]:
    """Types a command in each conversation, a few at a time; each is answered in Slack's time, and says something."""
    gate = asyncio.Semaphore(4)

    async def one(topic: str, channel: str) -> Json:
        async with gate:
            return await office.type(f"meeting {topic}", channel=channel)

    results = dict(zip(topics, await asyncio.gather(*(one(*each) for each in topics.items())), strict=True))
    assert {result["error"] for result in results.values()} == {None}
    assert all(result["elapsed_ms"] < 3000 for result in results.values())
    assert all(result["answer"]["text"] for result in results.values())
    return results


async def works_again(office: Office) -> None:
    """Waits until a command gets its meeting: nothing was restarted for that."""

    async def again() -> Json:
        return await office.type("meeting Again", channel=await office.conversation())

    await eventually(again, is_promised, seconds=30)
    assert "starting it again" not in office.system.output


async def status(office: Office) -> grpc.StatusCode:
    """Returns what a service answers to a caller that does not ask again by itself."""
    assert isinstance(office.system, Replicas)
    user = slack_pb2.SlackUser(slack_team_id=TEAM, slack_user_id=ADA)
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{office.system.meetings[0]}", options=[("grpc.enable_retries", 0)]
    ) as channel:
        call = MeetingsServiceStub(channel).ListMeetings(pb.ListMeetingsRequest(user=user), timeout=5)
        code: grpc.StatusCode = await call.code()
        return code


async def card(office: Office, channel: str) -> Json:
    [call] = await office.calls(channel=channel)
    return call


async def zoom_is_done(office: Office) -> None:
    """Has Zoom repeat what was not taken, until all of it was."""

    async def retrying() -> int:
        await office.zoom("POST", "clock", {"advance_seconds": ZOOM_SENDS_AGAIN})
        await office.zoom("GET", "webhooks/idle?timeout_seconds=10")
        return int((await office.zoom("GET", "webhooks"))["retrying"])

    await eventually(retrying, lambda left: left == 0, seconds=60)


async def test_connections_that_end_under_load_lose_and_double_nothing(
    office: Office, cluster: Cluster, promised: dict[str, bool]
) -> None:
    here = await office.conversation()
    number, _ = await office.fresh_meeting("Cut off", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")
    topics = {f"Cut {n}": await office.conversation() for n in range(16)}
    people = [f"Person {n:02}" for n in range(12)]

    async def cut() -> None:
        while True:
            await cluster.end_connections()
            await asyncio.sleep(0)

    async def join() -> None:
        for name in people:
            await office.zoom("POST", f"meetings/{number}/join", {"name": name})

    cutting = asyncio.create_task(cut())
    results, _ = await asyncio.gather(type_all(office, topics), join())
    cutting.cancel()
    promised.update({topic: is_promised(result) for topic, result in results.items()})
    await works_again(office)
    await zoom_is_done(office)
    call = await eventually(lambda: card(office, here), lambda call: len(call["users"]) == 1 + len(people), seconds=40)
    assert {user["display_name"] for user in call["users"] if "display_name" in user} >= set(people)


async def test_a_crash_under_load_loses_and_doubles_nothing(
    office: Office, cluster: Cluster, promised: dict[str, bool]
) -> None:
    here = await office.conversation()
    number, _ = await office.fresh_meeting("Crash", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")
    topics = {f"Crash {n}": await office.conversation() for n in range(12)}
    typing = asyncio.create_task(type_all(office, topics))
    await eventually(office.meetings, lambda made: sum(m["topic"] in topics for m in made) >= 3)
    await asyncio.to_thread(cluster.crash)
    promised.update({topic: is_promised(result) for topic, result in (await typing).items()})

    down = {f"Down {n}": await office.conversation() for n in range(4)}
    for result in (await type_all(office, down)).values():
        assert not is_promised(result)
        assert "try again" in result["answer"]["text"]
    assert await status(office) is grpc.StatusCode.UNAVAILABLE
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Grace Hopper"})
    await office.zoom("POST", f"meetings/{number}/end")
    await office.zoom("POST", f"meetings/{number}/recording", {"password": "Aft3r!"})

    async def waiting() -> Json:
        webhooks: Json = await office.zoom("GET", "webhooks")
        return webhooks

    await eventually(waiting, lambda webhooks: bool(webhooks["retrying"]))
    await asyncio.to_thread(cluster.start)
    await eventually(lambda: status(office), lambda code: code is grpc.StatusCode.OK, seconds=30)
    await works_again(office)
    await zoom_is_done(office)

    async def posts() -> list[Json]:
        return [one for one in await office.messages(channel=here) if one["kind"] == "message"]

    messages = await eventually(posts, lambda found: len(found) >= 3, seconds=60)
    assert len(messages) == 3
    assert "Grace Hopper" in str(messages)
    assert "Passcode: Aft3r!" in str(messages)
    await eventually(lambda: card(office, here), lambda call: bool(call["date_end"]), seconds=40)
    assert {topic for topic in down if topic in str(await office.meetings())} == set()


async def test_a_server_that_only_reads_is_told_and_left_when_there_is_one_that_writes(
    office: Office, cluster: Cluster
) -> None:
    await cluster.set_read_only(True)
    try:

        async def refused() -> str:
            result = await office.type("meeting Read only", channel=await office.conversation())
            return "" if is_promised(result) else str(result["answer"]["text"])

        assert "try again" in await eventually(refused, bool)
        ready = "/readyz"
        await eventually(lambda: office.system.get("edge", ready), lambda answer: answer[0] == 503, seconds=30)
    finally:
        await cluster.set_read_only(False)
    await eventually(lambda: office.system.get("edge", ready), lambda answer: answer[0] == 200, seconds=30)
    await works_again(office)


async def test_in_the_end_every_promise_was_kept_once(office: Office, promised: dict[str, bool]) -> None:
    async def cards() -> list[str]:
        calls = (await office.slack("GET", "calls"))["calls"]
        return sorted(digits(call["external_display_id"]) for call in calls for _ in call["channels"])

    async def meetings() -> list[str]:
        return sorted(meeting["id"] for meeting in await office.meetings())

    async def both() -> tuple[list[str], list[str]]:
        return await cards(), await meetings()

    await eventually(both, lambda seen: seen[0] == seen[1], seconds=60)
    made = [meeting["topic"] for meeting in await office.meetings() if meeting["topic"] in promised]
    assert len(made) == len(set(made))
    assert {topic for topic, is_due in promised.items() if is_due} <= set(made)
    assert any(promised.values())
    assert "Traceback" not in office.system.output
