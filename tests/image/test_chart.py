"""The chart's pods, run from the image: `helm test` passes, a roll-out under load loses nothing, all end in time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.people import ADA, GRACE, GRACE_AT_ZOOM, Office, ended, eventually, is_promised, written
from tests.image.product import Product

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.needs_containers,
    pytest.mark.timeout(400),
]

Json = dict[str, Any]
ROLLED = ("slack-edge", "meetings", "phone", "auth")
GUEST = "Sam Guest"
_REPEATS = (5 * 60, 20 * 60, 60 * 60)
"""When Zoom sends again what was not taken."""
_STORIES, _HELPS = 20, 20
"""Of each person: meetings at the most, as Slack lets only so many cards change in a minute; questions between them."""


async def story(office: Office, person: str, topic: str) -> str:
    """Starts a meeting, lets a guest in and ends it, and waits until Zoom has told all of it; returns where."""
    here = await office.conversation()
    result = await office.type(f"meeting {topic}", user=person, channel=here)
    assert result["error"] is None, result
    assert is_promised(result), result["answer"]

    async def made() -> list[str]:
        return [meeting["id"] for meeting in await office.meetings() if meeting["topic"] == topic]

    [number] = await eventually(made, bool)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": GUEST})
    await office.zoom("POST", f"meetings/{number}/end")
    await office.zoom("GET", "webhooks/idle?timeout_seconds=14")
    return here


async def summary(office: Office, here: str) -> Json:
    """Returns the one summary of a conversation, when the meeting of its one card has ended there."""
    await eventually(lambda: office.card(here), ended, seconds=60)
    await eventually(lambda: office.posts(here), bool, seconds=60)
    [_], [post] = await office.calls(channel=here), await office.posts(here)
    return post


async def repeated(office: Office) -> None:
    """Lets the time pass in which Zoom sends again what was not taken."""
    for seconds in _REPEATS:
        if not (await office.zoom("GET", "webhooks"))["retrying"]:
            break
        await office.zoom("POST", "clock", {"advance_seconds": seconds})
        await office.zoom("GET", "webhooks/idle?timeout_seconds=14")


async def test_P89_N15_helm_test_passes_in_containers(product: Product) -> None:
    [probe] = product.cluster.pods("Pod")
    code, output = await product.cluster.run(probe)
    assert code == 0, output
    assert output.count("ok ") == 5


async def test_P89_a_rollout_under_load_loses_nothing(product: Product) -> None:
    office = product.office
    await office.connect()
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
    where: dict[str, str] = {}
    rolled = asyncio.Event()

    async def work(person: str) -> int:
        """Asks for help and tells stories until all is rolled, and one more; returns how many began until then."""
        told: dict[str, str] = {}
        last = False
        while not last:
            last = rolled.is_set()
            for _ in range(_HELPS):
                result = await office.type("help", user=person)
                assert "/zoom meeting" in str(result["answer"]), result
            if last or len(told) < _STORIES:
                topic = f"{person} {len(told)}"
                told[topic] = await story(office, person, topic)
        where.update(told)
        return len(told) - 1

    async def roll_all() -> list[list[int]]:
        try:
            return await asyncio.gather(*(product.roll(component) for component in ROLLED))
        finally:
            rolled.set()

    before = {component: list(product.cluster.alive[component]) for component in ROLLED}
    async with asyncio.TaskGroup() as tasks:
        workers = [tasks.create_task(work(person)) for person in (ADA, GRACE)]
        codes = await tasks.create_task(roll_all())
    counts = [worker.result() for worker in workers]
    assert codes == [[0, 0], [0, 0], [0], [0, 0]]
    for component in ROLLED:
        now = product.cluster.alive[component]
        assert len(now) == len(before[component])
        assert not {one.name for one in now} & {one.name for one in before[component]}
    assert min(counts) >= 5, "there was hardly any load"

    made = sorted(meeting["topic"] for meeting in await office.meetings() if meeting["topic"] in where)
    assert made == sorted(where), "each command has exactly one meeting"
    await repeated(office)
    webhooks = await office.zoom("GET", "webhooks")
    assert webhooks["retrying"] == 0
    assert {delivery["state"] for delivery in webhooks["deliveries"]} == {"delivered"}
    for here in where.values():
        assert GUEST in written(await summary(office, here))


async def test_P89_everything_ends_within_its_time_and_has_written_no_secret(product: Product) -> None:
    cluster = product.cluster
    secrets = await product.office.system.secrets()
    secrets += [text for keys in cluster.secrets.values() for name, text in keys.items() if name != "ca.crt"]
    everything = [one for pods in cluster.alive.values() for one in pods]
    codes = await asyncio.gather(*(cluster.end(one) for one in everything))
    assert codes == [0] * len(everything)
    for one in everything:
        output = await cluster.written(one)
        assert "Traceback" not in output
        assert not [secret[:3] for secret in secrets if secret in output], f"{one.name} wrote a secret"
