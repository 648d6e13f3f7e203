"""The whole system with certificates: every service knows who calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mesh.channel import open_channel
from mesh.errors import MeshError, Reason
from tests.e2e.people import DM, Office
from tests.e2e.system import ROOT, running
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.type.v1 import slack_pb2


async def test_a_meeting_starts_over_mutual_tls_and_strangers_get_no_token(tmp_path: Path) -> None:
    certificates = tmp_path / "certs"
    command = [sys.executable, "tools/make_certs.py", str(certificates)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=30)  # noqa: ASYNC221, S603 (our own tool)
    assert (certificates / "auth" / "tls.key").stat().st_mode & 0o077 == 0
    async with running(tmp_path / "data", {"ZOOMSLACK_TLS_DIR": str(certificates)}) as system:
        office = Office(system)
        assert (await office.connect()).status == 200
        await office.fresh_meeting("Over TLS", channel=DM)
        assert any("Over TLS" in call["title"] for call in await office.calls(channel=DM))

        request = pb.IssueZoomAccessTokenRequest(
            user=slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id="U0ADA0001")
        )
        target = system.environ["ZOOMSLACK_AUTH_LISTEN"]
        service = pb.DESCRIPTOR.services_by_name["AuthService"]
        seen: dict[str | None, Reason | None] = {}
        for caller in ("meetings", "slack_edge", None):
            async with open_channel(target, service, certificates / caller if caller else None) as channel:
                try:
                    await AuthServiceStub(channel).IssueZoomAccessToken(request, timeout=5)
                    seen[caller] = None
                except MeshError as error:
                    seen[caller] = error.reason
        assert seen == {
            "meetings": None,
            "slack_edge": Reason.CALLER_NOT_ALLOWED,
            None: Reason.SERVICE_UNAVAILABLE,
        }
        phone = certificates / "phone"
        for eraser, reason in ((pb.ERASER_PHONE, None), (pb.ERASER_MEETINGS, Reason.CALLER_NOT_ALLOWED)):
            assert await refused_to_list(target, phone, eraser) is reason


async def refused_to_list(target: str, certificate: Path, eraser: pb.Eraser.ValueType) -> Reason | None:
    """Asks for one service's departures with a certificate; returns why not."""
    service = pb.DESCRIPTOR.services_by_name["AuthService"]
    async with open_channel(target, service, certificate) as channel:
        try:
            request = pb.ListDeparturesRequest(eraser=eraser, max_departures=1)
            await AuthServiceStub(channel).ListDepartures(request, timeout=5)
        except MeshError as error:
            return error.reason
    return None
