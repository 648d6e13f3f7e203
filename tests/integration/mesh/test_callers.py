"""Programs of other teams, known by certificate, over real TLS."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.message import Message

from mesh.channel import open_channel
from mesh.errors import Code, MeshError, Reason
from mesh.policy import parse
from tests.integration.mesh.conftest import SERVICE, Running, request, running
from tests.support.certificates import Authority
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

OWN = {"PlaceCall": frozenset({"slack-edge.zoomslack"}), "GetCall": frozenset({"slack-edge.zoomslack"})}
BOT, READER, EVERYWHERE = "bot.teams.example", "reader.teams.example", "everywhere.teams.example"
POLICY = f"""
[callers."{BOT}"]
rpcs = ["zoomslack.phone.v1.PhoneService/PlaceCall", "zoomslack.phone.v1.PhoneService/GetCall"]
workspaces = ["T1", "T2"]
organisations = ["E1"]
[callers."{READER}"]
rpcs = ["zoomslack.phone.v1.PhoneService/GetCall"]
workspaces = ["T1"]
[callers."{EVERYWHERE}"]
rpcs = ["zoomslack.phone.v1.PhoneService/PlaceCall"]
workspaces = ["*"]
"""
ELSEWHERE = str(uuid.uuid4())
"""A call that another workspace has."""


async def belongs_elsewhere(request: Message) -> bool:
    """As phone would answer, had another workspace the one call."""
    return isinstance(request, pb.GetCallRequest) and request.call_id == ELSEWHERE


class Offices:
    """A service, and stubs with certificates of one authority."""

    def __init__(self, service: Running, authority: Authority, folder: Path) -> None:
        self.service, self._authority, self._folder = service, authority, folder

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[PhoneServiceAsyncStub]:
        """Yields a stub of the program with this name."""
        folder = self._authority.write(self._folder / name, name)
        async with open_channel(f"localhost:{self.service.server.port}", SERVICE, folder) as channel:
            yield PhoneServiceStub(channel)


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    authority = Authority()
    tls_dir = authority.write(tmp_path / "server", "phone.zoomslack")
    async with running(
        tls_dir=tls_dir,
        callers=OWN,
        policy=parse(POLICY),
        belongs_elsewhere=belongs_elsewhere,
        drain_delay=0,
    ) as service:
        yield Offices(service, authority, tmp_path)


def asks(call_id: str, team_id: str = "T1") -> pb.GetCallRequest:
    return pb.GetCallRequest(user=person(team_id), call_id=call_id)


def person(team_id: str, enterprise_id: str = "") -> slack_pb2.SlackUser:
    return slack_pb2.SlackUser(slack_team_id=team_id, slack_user_id="U1", slack_enterprise_id=enterprise_id)


def for_whom(user: slack_pb2.SlackUser | None) -> pb.PlaceCallRequest:
    """Returns a request for somebody, or for nobody."""
    asked = request()
    asked.ClearField("user")
    if user is not None:
        asked.user.CopyFrom(user)
    return asked


async def refusal(call: Awaitable[Message]) -> MeshError:
    with pytest.raises(MeshError) as failure:
        await call
    return failure.value


@contextmanager
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[list[tuple[str, str, str, str]]]:
    """Yields a list that has warnings about callers afterwards: text, caller, method, workspace."""
    found: list[tuple[str, str, str, str]] = []
    caplog.clear()
    yield found
    found += [
        (
            record.getMessage(),
            record.__dict__["caller"],
            record.__dict__["method"],
            record.__dict__["slack_team_id"],
        )
        for record in caplog.records
        if record.name == "mesh.callers" and record.levelno == logging.WARNING
    ]


PLACE, GET = f"/{SERVICE.full_name}/PlaceCall", f"/{SERVICE.full_name}/GetCall"


async def test_N12_a_policy_lets_a_program_call_for_its_workspaces(offices: Offices) -> None:
    async with offices.of(BOT) as bot, offices.of(EVERYWHERE) as everywhere, offices.of("slack-edge.zoomslack") as edge:
        for user in (person("T1"), person("T2"), person("T2", "E1")):
            assert (await bot.PlaceCall(for_whom(user), timeout=5)).call_url
        for stub in (everywhere, edge):
            assert (await stub.PlaceCall(for_whom(person("T9", "E9")), timeout=5)).call_url


async def test_N12_an_rpc_outside_the_policy_is_refused_by_name_and_logged(
    offices: Offices, caplog: pytest.LogCaptureFixture
) -> None:
    async with offices.of(READER) as reader:
        with logged(caplog) as warnings:
            error = await refusal(reader.PlaceCall(request(), timeout=5))
    assert (error.reason, error.code) == (Reason.CALLER_NOT_ALLOWED, Code.PERMISSION_DENIED)
    assert error.metadata == {"caller": READER, "method": "PlaceCall"}
    assert warnings == [("caller refused", READER, PLACE, "T1")]
    assert offices.service.servicer.calls == 0


async def test_N12_a_program_without_a_policy_is_refused(offices: Offices, caplog: pytest.LogCaptureFixture) -> None:
    async with offices.of("stranger.teams.example") as stranger:
        with logged(caplog) as warnings:
            error = await refusal(stranger.PlaceCall(request(), timeout=5))
    assert error.reason is Reason.CALLER_NOT_ALLOWED
    assert "stranger.teams.example" in error.metadata["caller"]
    [(said, caller, method, _)] = warnings
    assert (said, method) == ("caller refused", PLACE)
    assert "stranger.teams.example" in caller
    assert offices.service.servicer.calls == 0


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        (person("T3"), "T3"),
        (person("T1", "E2"), "T1"),  # an organisation that the workspace may not be in
        (person("x" * 5000), ""),
        (person(""), ""),
        (None, ""),
    ],
)
async def test_N12_a_workspace_outside_the_policy_is_refused_before_anything_else(
    offices: Offices, caplog: pytest.LogCaptureFixture, user: slack_pb2.SlackUser | None, shown: str
) -> None:
    asked = for_whom(user)
    asked.request_id = "not even valid"
    async with offices.of(BOT) as bot:
        with logged(caplog) as warnings:
            error = await refusal(bot.PlaceCall(asked, timeout=5))
    assert (error.reason, error.code) == (Reason.WORKSPACE_NOT_ALLOWED, Code.PERMISSION_DENIED)
    assert error.metadata == {"caller": BOT, "method": "PlaceCall", "slack_team_id": shown}
    assert warnings == [("workspace refused", BOT, PLACE, shown)]
    assert offices.service.servicer.calls == 0


async def test_N12_every_workspace_does_not_mean_none(offices: Offices) -> None:
    async with offices.of(EVERYWHERE) as everywhere:
        for user in (None, person(""), person("nonsense")):
            error = await refusal(everywhere.PlaceCall(for_whom(user), timeout=5))
            assert error.reason is Reason.WORKSPACE_NOT_ALLOWED
    assert offices.service.servicer.calls == 0


async def test_N12_what_another_workspace_has_is_refused_and_what_nobody_has_is_not_found(
    offices: Offices, caplog: pytest.LogCaptureFixture
) -> None:
    async with offices.of(BOT) as bot, offices.of("slack-edge.zoomslack") as edge:
        with logged(caplog) as warnings:
            error = await refusal(bot.GetCall(asks(ELSEWHERE), timeout=5))
        assert (error.reason, error.code) == (Reason.WORKSPACE_NOT_ALLOWED, Code.PERMISSION_DENIED)
        assert error.metadata == {"caller": BOT, "method": "GetCall", "slack_team_id": "T1"}
        assert warnings == [("cross-tenant attempt refused", BOT, GET, "T1")]
        with logged(caplog) as warnings:
            assert (await refusal(bot.GetCall(asks(str(uuid.uuid4())), timeout=5))).reason is Reason.CALL_NOT_FOUND
            # The mesh's own callers are told what they always were.
            assert (await refusal(edge.GetCall(asks(ELSEWHERE), timeout=5))).reason is Reason.CALL_NOT_FOUND
        assert warnings == []


async def test_N12_rules_of_the_proto_hold_for_other_teams_too(offices: Offices) -> None:
    asked = for_whom(person("T1"))
    asked.request_id = "not a uuid"
    async with offices.of(BOT) as bot:
        error = await refusal(bot.PlaceCall(asked, timeout=5))
    assert error.reason is Reason.INVALID_REQUEST
    assert [violation.field for violation in error.violations] == ["request_id"]
