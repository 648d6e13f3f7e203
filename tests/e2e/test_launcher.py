"""`python -m services` as a person uses it: up quickly, survives a death, stops cleanly, says what is wrong."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
from pathlib import Path

from tests.e2e.system import RUNNING, System, children, running


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_all_of_it_comes_up_answers_survives_a_death_and_stops(tmp_path: Path) -> None:
    async with running(tmp_path) as system:
        assert system.urls["slack"] in system.output
        assert str(tmp_path) in system.output
        assert (await system.get("edge", "/readyz"))[0] == 200

        status, answer = await system.post(
            "slack",
            "/control/commands",
            {"user_id": "U0ADA0001", "channel_id": "C0GENERAL", "command": "/zoom", "text": "help"},
        )
        assert status == 200
        assert answer["status"] == 200
        assert answer["error"] is None
        assert "/zoom" in str(answer["answer"])

        before = children(system.pid)
        assert len(before) == 5
        os.kill(before["services.phone"], signal.SIGKILL)
        await system.until(lambda output: output.count("listening address=" + _phone(system)) == 2)
        assert "phone was ended by SIGKILL" in system.output
        after = children(system.pid)
        assert after["services.phone"] != before["services.phone"]
        assert after["services.auth"] == before["services.auth"]

        assert await system.stop(signal.SIGINT) == 0
        assert not [pid for pid in after.values() if lives(pid)]
        stopped = [line.rpartition(" ")[2] for line in system.lines if "│ stopping " in line]
        assert stopped[0] == "slack_edge"
        assert stopped[-2:] == ["auth", "simulators"]
        assert "Traceback" not in system.output


async def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    system = System(tmp_path)
    address = system.environ["ZOOMSLACK_EDGE_LISTEN"]
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(address.rpartition(":")[2])))
        other.listen()
        await system.start("--simulators")
        assert await system.ended() == 1
    assert address in system.output
    assert "ZOOMSLACK_EDGE_LISTEN" in system.output
    assert RUNNING not in system.output


async def test_unusable_settings_end_it_and_every_service_says_its_problems(tmp_path: Path) -> None:
    broken = {"ZOOMSLACK_ZOOM_API_URL": "zoom", "ZOOMSLACK_PHONE_DEFAULT_REGION": "Utopia"}
    system = System(tmp_path, broken)
    await system.start("--simulators")
    assert await system.ended(40) == 2
    assert "phone      │ ZOOMSLACK_PHONE_DEFAULT_REGION: " in system.output
    assert "phone      │ ZOOMSLACK_ZOOM_API_URL: " in system.output
    assert "meetings   │ ZOOMSLACK_ZOOM_API_URL: " in system.output


def _phone(system: System) -> str:
    return system.environ["ZOOMSLACK_PHONE_LISTEN"]


async def test_two_runs_do_not_share_one_data_folder(tmp_path: Path) -> None:
    (tmp_path / "launcher.lock").touch()
    with (tmp_path / "launcher.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        system = System(tmp_path)
        await system.start("--simulators")
        assert await system.ended() == 1
    assert "ZOOMSLACK_DATA_DIR" in system.output
    assert RUNNING not in system.output
