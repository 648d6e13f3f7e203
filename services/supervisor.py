"""Keeps child processes alive, and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby

from mesh.clock import Clock
from services.console import Console
from services.plan import Program

DEATHS = 5
WINDOW = 60.0
"""A program that dies DEATHS times within WINDOW seconds is given up, and everything with it."""
GRACE = 15.0
"""Seconds that all programs together get to stop before they are killed."""
EXIT_GAVE_UP = 1
EXIT_SETTINGS = 2
"""What a service exits with when its settings are unusable (`mesh.process`): starting it again would not help."""
_REPEAT = 1.0
"""Seconds after which a repeated signal is meant: make and timeout send one signal twice, by pid and by group."""
_SETTINGS_PAUSE = 2.0
"""Seconds that the other services get to name their problems too."""


class Supervisor:
    """Runs programs until it is told to stop, or has to give up."""

    def __init__(
        self,
        programs: Iterable[Program],
        environ: Mapping[str, str],
        console: Console,
        clock: Clock,
        *,
        on_restart: Callable[[Program], None] = lambda _: None,
        grace: float = GRACE,
    ) -> None:
        """`on_restart` hears of each program that was started again after it died."""
        self._programs = sorted(programs, key=lambda program: program.stop_stage)
        self._environ = dict(environ)
        self._console = console
        self._clock = clock
        self._on_restart = on_restart
        self._grace = grace
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stop_time = 0.0
        self._exit_code = 0

    def stop(self) -> None:
        """Begins to stop. A second call, a second or more later, kills what still runs."""
        if not self._stop.is_set():
            self._stop_time = self._clock.monotonic()
        elif self._clock.monotonic() - self._stop_time >= _REPEAT:
            self._hurry.set()
        self._stop.set()

    async def run(self) -> int:
        """Starts everything at once and returns the exit code when everything has stopped."""
        keepers = [asyncio.create_task(self._keep(program), name=program.name) for program in self._programs]
        try:
            await self._stop.wait()
        finally:
            self._stop.set()
            await self._stop_all()
            await asyncio.gather(*keepers)
        return self._exit_code

    async def _keep(self, program: Program) -> None:
        deaths: deque[float] = deque(maxlen=DEATHS)
        while not self._stop.is_set():
            code = await self._run_once(program)
            if self._stop.is_set():
                return
            if code == EXIT_SETTINGS:
                self._console.say(f"{program.name} cannot run with these settings: stopping")
                await self._pause(_SETTINGS_PAUSE)
                self._give_up(EXIT_SETTINGS)
                return
            deaths.append(self._clock.monotonic())
            if len(deaths) == DEATHS and deaths[-1] - deaths[0] <= WINDOW:
                self._console.say(f"{program.name} {_ending(code)}, {DEATHS} times within a minute: stopping")
                self._give_up(EXIT_GAVE_UP)
                return
            delay = 2.0 ** (sum(deaths[-1] - death <= WINDOW for death in deaths) - 1)
            self._console.say(f"{program.name} {_ending(code)}: starting it again in {delay:.0f} s")
            await self._pause(delay)
            if not self._stop.is_set():
                self._on_restart(program)

    async def _run_once(self, program: Program) -> int:
        """Runs a program to its end; returns its exit code, negative for a signal."""
        process = await asyncio.create_subprocess_exec(
            *program.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**self._environ, **program.environ},
            # Ctrl-C reaches everybody in the terminal's group; the order of stopping is ours to keep.
            start_new_session=True,
        )
        self._running[program.name] = process
        if self._stop.is_set():  # told to stop while it was being made
            process.terminate()
        if process.stdout is None:
            raise RuntimeError("a pipe was asked for")
        relay = asyncio.create_task(self._console.relay(program.name, process.stdout))
        try:
            code = await process.wait()
        finally:
            self._running.pop(program.name, None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(relay, timeout=1.0)  # a grandchild may hold the pipe open
        return code

    async def _stop_all(self) -> None:
        began = self._clock.monotonic()
        for _, stage in groupby(self._programs, key=lambda program: program.stop_stage):
            names = [program.name for program in stage if program.name in self._running]
            for name in names:
                self._console.say(f"stopping {name}")
                _signal(self._running[name], signal.SIGTERM)
            await self._ended(names, began + self._grace - self._clock.monotonic())
        for name, process in list(self._running.items()):
            self._console.say(f"{name} does not stop: killing it")
            _signal(process, signal.SIGKILL)

    async def _ended(self, names: list[str], seconds: float) -> None:
        """Waits until these programs have ended, the time is over, or somebody is in a hurry."""
        exits = {asyncio.create_task(self._running[name].wait()) for name in names}
        hurry = asyncio.create_task(self._hurry.wait())
        end = self._clock.monotonic() + max(0.0, seconds)
        while exits and not hurry.done() and self._clock.monotonic() < end:
            await asyncio.wait(
                {*exits, hurry}, timeout=end - self._clock.monotonic(), return_when=asyncio.FIRST_COMPLETED
            )
            exits = {wait for wait in exits if not wait.done()}
        for task in (*exits, hurry):
            task.cancel()

    async def _pause(self, seconds: float) -> None:
        """Waits, but not longer than until the stop."""
        slept = asyncio.ensure_future(self._clock.sleep(seconds))
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({slept, stopped}, return_when=asyncio.FIRST_COMPLETED)
        slept.cancel()
        stopped.cancel()

    def _give_up(self, exit_code: int) -> None:
        self._exit_code = self._exit_code or exit_code
        self._stop.set()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # The group, as each child leads its own: nothing that a child started stays behind.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
