"""Programs of other teams, with certificates of their own and limited policies, at a system over mutual TLS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesh.channel import open_channel
from tests.e2e.people import ADA, GENERAL, Office
from tests.e2e.system import ROOT, running
from zoomslack.auth.v1 import auth_service_pb2 as auth_pb
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.meetings.v1 import meetings_service_pb2 as meetings_pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceStub
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

BOT, READER, GLOBEX = "bot.teams.example", "reader.teams.example", "bot.globex.example"
"""May do all that is offered for Acme; may only look at meetings there; may do all of it for another workspace."""
_AUTH, _MEETINGS, _PHONE = (
    "zoomslack.auth.v1.AuthService",
    "zoomslack.meetings.v1.MeetingsService",
    "zoomslack.phone.v1.PhoneService",
)
OFFERED = [
    *(f"{_AUTH}/{rpc}" for rpc in ("GetConnection", "CreateConnectLink")),
    *(
        f"{_MEETINGS}/{rpc}"
        for rpc in (
            "StartMeeting",
            "ScheduleMeeting",
            "GetMeeting",
            "ListMeetings",
            "ListRunningMeetings",
            "EndMeeting",
            "WatchMeeting",
        )
    ),
    *(f"{_PHONE}/{rpc}" for rpc in ("PlaceCall", "GetCall", "ListCalls")),
]
POLICY = f"""
[callers."{BOT}"]
rpcs = {OFFERED}
workspaces = ["T0ACME001"]
[callers."{READER}"]
rpcs = ["{_MEETINGS}/GetMeeting"]
workspaces = ["T0ACME001"]
[callers."{GLOBEX}"]
rpcs = {OFFERED}
workspaces = ["T0GLOBEX1"]
"""
PERSON = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=ADA)
STRANGER = slack_pb2.SlackUser(slack_team_id="T0GLOBEX1", slack_user_id=ADA)
HERE = slack_pb2.SlackConversation(slack_channel_id=GENERAL)
NUMBER = "+1 202 555 0143"


@dataclass
class Program:
    """The stubs of one program."""

    auth: AuthServiceAsyncStub
    meetings: MeetingsServiceAsyncStub
    phone: PhoneServiceAsyncStub


@dataclass
class Partners:
    """The office and the programs that may call."""

    office: Office
    programs: dict[str, Program]
    certificates: Path
    """A folder with that of each program, by name."""

    @property
    def targets(self) -> dict[str, str]:
        """Where the services are."""
        environ = self.office.system.environ
        return {name: environ[f"ZOOMSLACK_{name.upper()}_LISTEN"] for name in ("auth", "meetings", "phone")}

    @property
    def bot(self) -> Program:
        """The one that may do much."""
        return self.programs[BOT]

    def logged(self, *words: str) -> bool:
        """Tells whether one line of the log has all the words."""
        return any(all(word in line for word in words) for line in self.office.system.lines)

    async def until_logged(self, *words: str) -> None:
        """Waits for such a line."""
        await self.office.system.until(lambda _: self.logged(*words))


@asynccontextmanager
async def running_partners(folder: Path) -> AsyncIterator[Partners]:
    """The system with a policy, Ada connected, and each program with its certificate."""
    certificates, policy = folder / "certs", folder / "policy.toml"
    names = [argument for name in (BOT, READER, GLOBEX) for argument in ("--other-team", name)]
    command = [sys.executable, "tools/make_certs.py", str(certificates), *names]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=30)  # noqa: ASYNC221, S603 (our own tool)
    policy.write_text(POLICY)
    settings = {"ZOOMSLACK_TLS_DIR": str(certificates), "ZOOMSLACK_POLICY_FILE": str(policy)}
    async with running(folder / "data", settings) as system, AsyncExitStack() as stack:
        office = Office(system)
        assert (await office.connect()).status == 200
        programs = {}
        for name in (BOT, READER, GLOBEX):
            channels = [
                await stack.enter_async_context(
                    open_channel(
                        system.environ[f"ZOOMSLACK_{variable}_LISTEN"],
                        file.DESCRIPTOR.services_by_name[service],
                        certificates / name,
                    )
                )
                for variable, file, service in (
                    ("AUTH", auth_pb, "AuthService"),
                    ("MEETINGS", meetings_pb, "MeetingsService"),
                    ("PHONE", phone_pb, "PhoneService"),
                )
            ]
            programs[name] = Program(
                AuthServiceStub(channels[0]), MeetingsServiceStub(channels[1]), PhoneServiceStub(channels[2])
            )
        yield Partners(office, programs, certificates)
