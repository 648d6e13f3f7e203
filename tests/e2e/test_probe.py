"""`python -m services.slack_edge probe`, which `helm test` runs: it tells a mesh that works from one that does not."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from tests.e2e.people import ADA, GENERAL, Office
from tests.e2e.system import ROOT, children, clean_environ

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRETS = {
    "ZOOMSLACK_SLACK_SIGNING_SECRET": "simulated-slack-signing-secret",
    "ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET": "simulated-zoom-user-webhook-secret",
}


async def probe(office: Office, *arguments: str, **environ: str) -> tuple[int | None, str]:
    """Runs the command against the edge; returns its exit code and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.slack_edge", "probe", office.system.urls["edge"], *arguments),
        cwd=ROOT,
        env={**clean_environ(), "PYTHONPATH": "gen:.", **SECRETS, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def test_N15_a_mesh_that_works_passes(office: Office) -> None:
    code, output = await probe(office, "--as", f"T0ACME001/{ADA}/{GENERAL}")
    assert code == 0, output
    assert output.count("ok ") == 5
    assert "FAILED" not in output


async def test_N15_a_wrong_secret_is_named(office: Office) -> None:
    for variable, failed in (("SLACK_SIGNING", "command"), ("ZOOM_USER_WEBHOOK", "event")):
        code, output = await probe(office, "--patience", "0", **{f"ZOOMSLACK_{variable}_SECRET": "s3cr3t"})
        assert code == 1
        lines = [line for line in output.splitlines() if line.startswith("FAILED")]
        assert lines, output
        assert all(failed in line for line in lines)
        assert "s3cr3t" not in output


async def test_N15_what_is_missing_to_ask_is_said(office: Office) -> None:
    assert await probe(office, ZOOMSLACK_SLACK_SIGNING_SECRET="") == (2, "ZOOMSLACK_SLACK_SIGNING_SECRET: is not set\n")
    code, output = await probe(office, "--as", "ada")
    assert code == 2
    assert "three ids" in output


@pytest.mark.parametrize(("service", "failed"), [("meetings", 1), ("phone", 1), ("auth", 2)])
async def test_N15_a_service_that_does_not_answer_is_found(office: Office, service: str, failed: int) -> None:
    pid = children(office.system.pid)[f"services.{service}"]
    os.kill(pid, signal.SIGSTOP)
    try:
        code, output = await probe(office, "--patience", "0", "--as", f"T0ACME001/{ADA}/{GENERAL}")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert code == 1
    failures = [line for line in output.splitlines() if line.startswith("FAILED")]
    assert len(failures) >= failed, output
    assert any(service in line for line in failures), output
