"""Child processes that die, refuse, and do not want to stop."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mesh.clock import Clock, SystemClock
from services.console import Console
from services.plan import Program
from services.supervisor import Supervisor
from tests.support.clock import FakeClock

LIVES = "import signal, time; print('up', flush=True); time.sleep(60)"
# Leaves a line in the file of all, when it is told to stop.
NOTES = """
import pathlib, signal, sys, time
def note(*_):
    with open(sys.argv[2], "a") as file:
        file.write(sys.argv[1] + chr(10))
    sys.exit(0)
signal.signal(signal.SIGTERM, note)
print("up", flush=True)
time.sleep(60)
"""
SLOW = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.2), sys.exit(0)))"
SLOW += "; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def program(name: str, code: str, *arguments: str, stage: int = 0) -> Program:
    return Program(name, (sys.executable, "-c", code, *arguments), stage)


class Heard(io.StringIO):
    """A terminal that tells when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def write(self, text: str, /) -> int:
        self.news.set()
        return super().write(text)


class SlowClock(FakeClock):
    """Every look at it is a minute later."""

    def monotonic(self) -> float:
        self.advance(61)
        return super().monotonic()


class Run:
    """A supervisor at work, and what it wrote."""

    def __init__(self, *programs: Program, clock: Clock | None = None, grace: float = 15.0) -> None:
        self._stream = Heard()
        self.restarted: list[str] = []
        self.supervisor = Supervisor(
            programs,
            os.environ,
            Console(self._stream, colours=False),
            clock or SystemClock(),
            on_restart=lambda restarted: self.restarted.append(restarted.name),
            grace=grace,
        )
        self.task = asyncio.create_task(self.supervisor.run())

    @property
    def output(self) -> str:
        return self._stream.getvalue()

    async def until(self, condition: Callable[[str], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition(self.output):
                self._stream.news.clear()
                await self._stream.news.wait()


async def test_programs_are_stopped_in_the_order_of_their_stages(tmp_path: Path) -> None:
    notes = str(tmp_path / "notes")
    run = Run(*(program(name, NOTES, name, notes, stage=stage) for name, stage in (("c", 2), ("a", 0), ("b", 1))))
    await run.until(lambda output: output.count("up") == 3)
    run.supervisor.stop()
    assert await run.task == 0
    assert (tmp_path / "notes").read_text().split() == ["a", "b", "c"]


async def test_who_dies_is_started_again_and_named() -> None:
    clock = FakeClock()
    run = Run(program("auth", "import sys; sys.exit(3)"), program("phone", LIVES), clock=clock)
    assert await run.task == 1
    assert "auth ended with exit code 3: starting it again in 1 s" in run.output
    assert "auth ended with exit code 3: starting it again in 8 s" in run.output
    assert "auth ended with exit code 3, 5 times within a minute: stopping" in run.output
    assert run.restarted == ["auth"] * 4
    assert "stopping phone" in run.output


async def test_deaths_long_ago_are_forgotten() -> None:
    run = Run(program("auth", "import sys; sys.exit(3)"), clock=SlowClock())
    await run.until(lambda output: output.count("starting it again") == 8)
    run.supervisor.stop()
    assert await run.task == 0
    assert "starting it again in 2 s" not in run.output


async def test_unusable_settings_are_not_tried_again() -> None:
    refuses = "import sys; print('ZOOMSLACK_X: is not set', file=sys.stderr); sys.exit(2)"
    run = Run(program("auth", refuses), program("phone", LIVES), clock=FakeClock())
    assert await run.task == 2
    assert "auth       │ ZOOMSLACK_X: is not set" in run.output
    assert "starting it again" not in run.output


async def test_who_does_not_stop_is_killed() -> None:
    run = Run(program("auth", STUBBORN), grace=0.2)
    await run.until(lambda output: "up" in output)
    run.supervisor.stop()
    assert await run.task == 0
    assert "auth does not stop: killing it" in run.output


async def test_a_second_request_to_stop_kills_at_once() -> None:
    clock = FakeClock()
    run = Run(program("auth", STUBBORN), grace=3600, clock=clock)
    await run.until(lambda output: "up" in output)
    run.supervisor.stop()
    await run.until(lambda output: "stopping auth" in output)
    clock.advance(1)
    run.supervisor.stop()
    assert await run.task == 0
    assert "auth does not stop: killing it" in run.output


async def test_the_same_signal_delivered_twice_is_one() -> None:
    run = Run(program("auth", SLOW), clock=FakeClock())
    await run.until(lambda output: "up" in output)
    run.supervisor.stop()
    await run.until(lambda output: "stopping auth" in output)
    run.supervisor.stop()
    assert await run.task == 0
    assert "killing" not in run.output


async def test_stopping_does_not_wait_for_the_next_start() -> None:
    run = Run(program("auth", "import sys; sys.exit(3)"), clock=SystemClock())
    await run.until(lambda output: "starting it again" in output)
    run.supervisor.stop()
    assert await run.task == 0
    assert run.restarted == []
