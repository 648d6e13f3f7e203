"""The client package as another team installs it: by pip from the repository, with nothing of the services."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.e2e.system import ROOT

PROGRAM = """
import sys
from zoomslack.client import CallError, Client
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

assert "site-packages" not in sys.modules["zoomslack.client"].__file__
try:
    import mesh
except ImportError:
    print("alone")
with Client(meetings="127.0.0.1:1") as client:
    try:
        client.meetings.GetMeeting(pb.GetMeetingRequest())
    except CallError as error:
        print(error.reason)
"""


def test_N12_the_client_is_installed_by_pip_from_the_repository(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "gen", source / "gen", ignore=shutil.ignore_patterns("__pycache__"))
    quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "wheel", *quiet, "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=50, cwd=tmp_path)  # noqa: S603 (pip itself)
    [wheel] = tmp_path.glob("zoomslack-*.whl")
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(target)
    roots = {name.partition("/")[0] for name in names if "dist-info" not in name}
    assert roots == {"zoomslack", "buf"}
    assert {"zoomslack/py.typed", "zoomslack/client/sync.py", "zoomslack/meetings/v1/meetings_service_pb2.pyi"} <= names

    environ = {"PYTHONPATH": str(target), "PATH": ""}
    run = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(run, check=True, capture_output=True, text=True, timeout=30, cwd=tmp_path, env=environ)  # noqa: S603
    assert ran.stdout.split() == ["alone", "SERVICE_UNAVAILABLE"]
