"""A program in Node that calls the mesh with a client which is generated here, by a plugin that nobody here wrote."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from grpc_tools import protoc

from tests.e2e.system import ROOT
from tools import generate

TEAM = Path(__file__).parent / "node_team"
OPTIONS = (
    "--ts_opt=output_javascript,output_legacy_commonjs,client_grpc1,generate_dependencies,long_type_string,server_none"
)
_LIMIT = 30.0


def installed() -> Path:
    """Installs the team's packages, pinned by their hashes, once for each lock; returns their folder.

    Skips the test where there is no Node, or the packages cannot be had.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no node and npm on the PATH")
    lock = (TEAM / "package-lock.json").read_bytes()
    folder = ROOT / "build" / "node" / hashlib.sha256(lock).hexdigest()[:16]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TEAM / name, fresh)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    ran = subprocess.run(command, cwd=fresh, check=False, capture_output=True, text=True, timeout=240)  # noqa: S603
    if ran.returncode:
        shutil.rmtree(fresh)
        pytest.skip(f"npm cannot install: {ran.stderr[-400:]}")
    fresh.rename(folder)
    return folder


def generated(packages: Path, target: Path) -> Path:
    """Generates the team's client from the protos, and what it reads of errors; returns its folder."""
    plugin = f"--plugin=protoc-gen-ts={packages / 'node_modules' / '.bin' / 'protoc-gen-ts'}"
    target.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        generate.run_protoc(Path(scratch), plugin, f"--ts_out={target}", OPTIONS)
    googles = resources.files("google.rpc").joinpath("status.proto")
    known = resources.files("grpc_tools") / "_proto"
    includes = [f"-I{Path(str(googles)).parents[2]}", f"-I{known}"]
    files = ["google/rpc/status.proto", "google/rpc/error_details.proto"]
    assert protoc.main(["protoc", *includes, plugin, f"--ts_out={target}", OPTIONS, *files]) == 0
    return target


class Team:
    """The running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}

    def begin(self, service: str, rpc: str, request: Mapping[str, Any], **how: int) -> asyncio.Queue[dict[str, Any]]:
        """Has the program call something; what comes of it appears in the queue."""
        number = next(self._ids)
        line = {"id": number, "service": service, "rpc": rpc, "request": request, **how}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._answers[number] = asyncio.Queue()
        return self._answers[number]

    async def call(self, service: str, rpc: str, request: Mapping[str, Any], **how: int) -> dict[str, Any]:
        """Has the program call something, and returns what came of it."""
        async with asyncio.timeout(_LIMIT):
            return await self.begin(service, rpc, request, **how).get()

    async def listen(self) -> None:
        """Sorts what the program writes, until it ends."""
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            answer = json.loads(line)
            self._answers[answer.pop("id")].put_nowait(answer)
        for waiting in self._answers.values():
            waiting.put_nowait({"code": "GONE"})


@asynccontextmanager
async def team(client: Path, packages: Path, targets: Mapping[str, str], tls: Path | None) -> AsyncIterator[Team]:
    """Runs the program with its certificate."""
    settings = {"generated": str(client), "tls": tls and str(tls), "targets": dict(targets)}
    environ = {"PATH": os.environ["PATH"], "NODE_PATH": str(packages / "node_modules")}
    process = await asyncio.create_subprocess_exec(
        "node",
        str(TEAM / "team.js"),
        json.dumps(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environ,
        limit=1 << 20,
    )
    program = Team(process)
    listening = asyncio.create_task(program.listen())
    try:
        yield program
    finally:
        assert process.stdin
        process.stdin.close()
        async with asyncio.timeout(_LIMIT):
            await process.wait()
        await listening
    assert process.returncode == 0
