"""The loop that hears from auth who left: over real gRPC, with a stand-in for auth and one for the database."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from mesh.background import every, running
from mesh.departed import Departed
from mesh.errors import MeshError, Reason
from tests.support.clock import FakeClock
from tests.support.fake_departures import FakeDepartures
from zoom_api import departures
from zoomslack.auth.v1 import auth_service_pb2 as pb

NOON = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)


class Eraser:
    """Remembers whom it was to erase, and fails when told so."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.failures: list[Exception] = []
        self.broken = ""
        """Where a workspace's id begins so, its erasure fails."""
        self.moments: defaultdict[str, list[float]] = defaultdict(list)
        self.erased: list[Departed] = []

    async def erase(self, departed: Departed) -> int:
        self.moments[departed.team_id].append(self.clock.monotonic())
        if self.broken and departed.team_id.startswith(self.broken):
            raise MeshError(Reason.INTERNAL)
        if self.failures:
            raise self.failures.pop(0)
        self.erased.append(departed)
        return 7


@asynccontextmanager
async def working(auth: FakeDepartures, eraser: Eraser) -> AsyncIterator[None]:
    async with auth.serving() as stub:
        work = departures.Departures(stub, pb.ERASER_PHONE, eraser.erase, eraser.clock)
        async with running(asyncio.create_task(every("erase", departures.PAUSE, work, eraser.clock))):
            yield


@pytest.fixture
def auth() -> FakeDepartures:
    return FakeDepartures()  # type: ignore[abstract]  # plays only two RPCs


@pytest.fixture
def eraser() -> Eraser:
    return Eraser()


async def test_whoever_left_is_erased_once_and_reported(auth: FakeDepartures, eraser: Eraser) -> None:
    person = {"slack_enterprise_id": "E0ORG", "slack_team_id": "T0ACME", "slack_user_id": "U0ADA"}
    async with working(auth, eraser):
        first = auth.leave(NOON, **person)
        report = await auth.report()
        second = auth.leave(NOON, slack_enterprise_id="E0ORG")
        await auth.report()
    assert report == pb.CompleteDepartureRequest(eraser=pb.ERASER_PHONE, departure_id=first, erased_rows=7)
    assert eraser.erased == [
        Departed(first, "E0ORG", "T0ACME", "U0ADA", NOON),
        Departed(second, "E0ORG", "", "", NOON),
    ]
    assert {request.eraser for request in auth.asked} == {pb.ERASER_PHONE}
    assert auth.asked[0].wait.ToTimedelta() == departures.WAIT


async def test_an_auth_that_fails_is_asked_again(auth: FakeDepartures, eraser: Eraser) -> None:
    reasons = (Reason.SERVICE_UNAVAILABLE, Reason.DEADLINE_TOO_SHORT, Reason.CALLER_NOT_ALLOWED)
    auth.list_failures.extend(MeshError(reason) for reason in reasons)
    auth.leave(NOON, slack_team_id="T0ACME")
    async with working(auth, eraser):
        await auth.report()
    assert len(eraser.erased) == 1


@pytest.mark.parametrize(
    ("failure", "level"), [(MeshError(Reason.SERVICE_UNAVAILABLE), "WARNING"), (ValueError("a defect"), "ERROR")]
)
async def test_one_that_fails_does_not_keep_the_others_waiting(
    auth: FakeDepartures, eraser: Eraser, caplog: pytest.LogCaptureFixture, failure: Exception, level: str
) -> None:
    first, second = (auth.leave(NOON, slack_team_id=team) for team in ("T0ONE", "T0TWO"))
    eraser.failures.append(failure)
    async with working(auth, eraser):
        reported = [(await auth.report()).departure_id for _ in range(2)]
    assert reported == [second, first]
    assert [record.levelname for record in caplog.records if record.name == departures.__name__] == [level]


async def test_any_number_that_fails_keeps_nobody_waiting_and_is_tried_ever_later(
    auth: FakeDepartures, eraser: Eraser
) -> None:
    for number in range(60):
        auth.leave(NOON, slack_team_id=f"T0BROKEN{number}")
    last = auth.leave(NOON, slack_team_id="T0GOOD")
    eraser.broken = "T0BROKEN"
    async with working(auth, eraser):
        assert (await auth.report()).departure_id == last
        async with asyncio.timeout(20):
            while len(eraser.moments["T0BROKEN0"]) < 4:  # noqa: ASYNC110 (the clock of the loop runs by itself)
                await asyncio.sleep(0.01)
    moments = eraser.moments["T0BROKEN0"]
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses == sorted(pauses)
    assert pauses[0] >= departures.FIRST_PAUSE
    assert pauses[2] >= 4 * departures.FIRST_PAUSE


async def test_a_report_that_is_lost_is_repeated(auth: FakeDepartures, eraser: Eraser) -> None:
    auth.report_failures.append(MeshError(Reason.INTERNAL))
    departure_id = auth.leave(NOON, slack_team_id="T0ACME")
    async with working(auth, eraser):
        assert (await auth.report()).departure_id == departure_id
    assert [departed.departure_id for departed in eraser.erased] == [departure_id] * 2


async def test_a_departure_that_auth_has_forgotten_is_no_failure(
    auth: FakeDepartures, eraser: Eraser, caplog: pytest.LogCaptureFixture
) -> None:
    auth.report_failures.append(MeshError(Reason.DEPARTURE_NOT_FOUND))
    auth.leave(NOON, slack_team_id="T0ACME")
    async with working(auth, eraser):
        await auth.report()
    assert not [record for record in caplog.records if record.name == departures.__name__]


async def test_each_outage_is_logged_once_and_the_one_at_the_start_is_no_warning(
    auth: FakeDepartures, eraser: Eraser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", departures.__name__)
    auth.list_failures.extend(MeshError(Reason.INTERNAL) for _ in range(3))
    async with working(auth, eraser):
        auth.leave(NOON, slack_team_id="T0ACME")
        await auth.report()
        auth.list_failures.extend(MeshError(Reason.INTERNAL) for _ in range(3))
        for _ in range(2):  # the first may be told to a call that waits already; the second comes after the failures
            auth.leave(NOON, slack_team_id="T0ACME")
            await auth.report()
    outages = [record.levelname for record in caplog.records if record.message == "auth does not tell who left"]
    assert outages == ["INFO", "WARNING"]


async def test_the_loop_ends_while_it_waits(auth: FakeDepartures, eraser: Eraser) -> None:
    async with asyncio.timeout(10), working(auth, eraser):
        await auth.waited_for.wait()
    assert eraser.erased == []
