"""`python -m services.<name> check|migrate`: every problem at once, exit 2, and no value in any line."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BROKEN = {
    "auth": {"ZOOMSLACK_AUTH_LISTEN": "nowhere", "ZOOMSLACK_ZOOM_API_URL": "gopher://s3cr3t"},
    "meetings": {
        "ZOOMSLACK_MEETINGS_LISTEN": "nowhere",
        "ZOOMSLACK_ZOOM_API_URL": "gopher://s3cr3t",
        "ZOOMSLACK_AUTH_TARGET": "10.0.0.1:50051",
        "ZOOMSLACK_TOKEN_KEYS": "s3cr3t",
        "ZOOMSLACK_MEETINGS_DATABASE_URL": "mysql://s3cr3t",
    },
    "phone": {"ZOOMSLACK_PHONE_LISTEN": "nowhere", "ZOOMSLACK_PHONE_DEFAULT_REGION": "Utopia"},
    "slack_edge": {"ZOOMSLACK_EDGE_LISTEN": "nowhere", "ZOOMSLACK_AUTH_TARGET": "10.0.0.1:50051"},
}


async def run(name: str, command: str, environ: dict[str, str]) -> tuple[int | None, str, str]:
    """Runs a command with nothing of ours in the environment but `environ`."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ZOOMSLACK_", "OTEL_"))}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{name}", command),
        cwd=ROOT,
        env={**inherited, "PYTHONPATH": "gen:.", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.parametrize("name", list(BROKEN))
async def test_a_broken_environment_is_told_whole(name: str) -> None:
    code, output, errors = await run(name, "check", BROKEN[name])
    assert code == 2
    assert output == ""
    lines = errors.splitlines()
    for variable in BROKEN[name]:
        assert sum(line.startswith(f"{variable}: ") for line in lines) == 1, errors
    assert "s3cr3t" not in errors
    assert "Traceback" not in errors


async def test_a_complete_environment_is_told_so() -> None:
    code, output, errors = await run("meetings", "check", {})
    assert (code, errors) == (0, "")
    assert "complete" in output


@pytest.mark.parametrize("name", ["auth", "meetings", "phone"])
async def test_who_migrates_needs_a_database_and_no_other_secret(name: str, tmp_path: Path) -> None:
    variable = f"ZOOMSLACK_{name.upper()}_DATABASE_URL"
    # What `serve` would refuse (auth has no apps here, and listens for everybody in plaintext) is nothing to migrate.
    told = {variable: f"sqlite+aiosqlite:///{tmp_path / 'new.db'}", f"ZOOMSLACK_{name.upper()}_LISTEN": ":50051"}
    code, _, errors = await run(name, "migrate", told)
    assert (code, errors) == (0, "")
    assert (tmp_path / "new.db").stat().st_size > 0
    code, _, errors = await run(name, "migrate", {variable: "mysql://s3cr3t"})
    assert (code, len(errors.splitlines())) == (2, 1)
    assert errors.startswith(f"{variable}: ")
    assert "s3cr3t" not in errors


async def test_a_migration_without_its_database_ends_with_a_line_and_not_with_its_password() -> None:
    nowhere = {"ZOOMSLACK_PHONE_DATABASE_URL": "postgresql+asyncpg://owner:s3cr3t@127.0.0.1:1/phone"}
    code, output, errors = await run("phone", "migrate", nowhere)
    assert code == 1
    assert "SERVICE_UNAVAILABLE" in output + errors
    assert "Traceback" not in output + errors
    assert "s3cr3t" not in output + errors


async def test_how_to_encrypt_is_said_where_it_is_read() -> None:
    told = {"ZOOMSLACK_PHONE_DATABASE_URL": "postgresql+asyncpg://run:s3cr3t@db.example/phone?sslmode=disable"}
    code, _, errors = await run("phone", "migrate", told)
    assert (code, len(errors.splitlines())) == (2, 1)
    assert "PGSSLMODE" in errors
    assert "s3cr3t" not in errors
