"""Runs everything in one terminal: `python -m services [--simulators|--no-simulators]`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from mesh.clock import Clock, SystemClock
from services import simulated
from services.console import Console, colours_wanted
from services.plan import (
    EDGE_ADMIN,
    SERVICES,
    SIMULATORS,
    Plan,
    PlanError,
    Program,
    certificate_folder,
    make_plan,
    taken,
)
from services.readiness import Probe, answers, exchange, serves, wait_until
from services.supervisor import EXIT_GAVE_UP, EXIT_SETTINGS, Supervisor

_PATIENCE = 15.0
"""Seconds after which the launcher says what it is waiting for."""
_INSTALL_TIMEOUT = 10.0


def main() -> int:
    """Returns the exit code: 0 after a stop by Ctrl-C or SIGTERM, 2 for unusable settings, 1 when it had to give up."""
    parser = argparse.ArgumentParser(prog="python -m services", description="Runs the services in one terminal.")
    parser.add_argument(
        "--simulators",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="also run stand-ins for Slack and Zoom (default: while no credentials of theirs are set)",
    )
    options = parser.parse_args()
    console = Console(sys.stdout, colours=colours_wanted(sys.stdout, os.environ))
    try:
        plan = make_plan(os.environ, simulators=options.simulators)
    except PlanError as error:
        console.say(str(error))
        return EXIT_SETTINGS
    problems = taken(plan)
    if problems:
        console.say("\n".join(problems))
        return EXIT_GAVE_UP
    with contextlib.ExitStack() as stack:
        if not _alone(plan.data_dir, stack):
            console.say(f"another run uses {plan.data_dir}; choose another folder with ZOOMSLACK_DATA_DIR")
            return EXIT_GAVE_UP
        return asyncio.run(_Launch(plan, console, SystemClock()).run())


def _alone(folder: Path, stack: contextlib.ExitStack) -> bool:
    """Holds the data folder until the end of the process; False when another launcher has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = stack.enter_context((folder / "launcher.lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Launch:
    """One run: starts, waits, installs, tells, and stops."""

    def __init__(self, plan: Plan, console: Console, clock: Clock) -> None:
        self._plan = plan
        self._console = console
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> int:
        supervisor = Supervisor(
            self._plan.programs, self._plan.environ, self._console, self._clock, on_restart=self._restarted
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, supervisor.stop)
        self._tasks.append(asyncio.create_task(self._tell(), name="tell"))
        try:
            return await supervisor.run()
        finally:
            for task in self._tasks:
                task.cancel()
            for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    self._console.say(f"a defect of the launcher: {type(outcome).__name__}: {outcome}")

    async def _tell(self) -> None:
        """Waits until all is up, installs the app at the simulated Slack, and says how to go on."""
        began = self._clock.monotonic()
        probes = _probes(self._plan)
        async with asyncio.TaskGroup() as group:
            waits = {name: group.create_task(wait_until(probe, self._clock)) for name, probe in probes.items()}
            while pending := [name for name, wait in waits.items() if not wait.done()]:
                await asyncio.wait([waits[name] for name in pending], timeout=_PATIENCE)
                late = [name for name in pending if not waits[name].done()]
                if late and self._clock.monotonic() - began >= _PATIENCE:
                    self._console.say(f"still waiting for {', '.join(late)}")
        if self._plan.simulators:
            await self._install()
        self._console.banner(banner(self._plan, seconds=self._clock.monotonic() - began))

    async def _install(self) -> None:
        """Installs the app in the simulated workspace, as its admin would in a browser."""
        slack = self._plan.url(SIMULATORS["slack"][0])
        status, answer = await asyncio.to_thread(
            exchange, f"{slack}/control/install", {"user_id": simulated.SLACK_ADMIN}, timeout=_INSTALL_TIMEOUT
        )
        if status != 200 or not isinstance(answer, dict) or not answer.get("installed"):
            self._console.say(f"the app could not be installed in the simulated workspace: try {slack}/")

    def _restarted(self, program: Program) -> None:
        # The simulators remember nothing: the app has to be installed again.
        if program.name == "simulators":
            self._tasks.append(asyncio.create_task(self._install_again(), name="install again"))

    async def _install_again(self) -> None:
        for probe in _probes(self._plan).values():
            await wait_until(probe, self._clock)
        await self._install()


def _probes(plan: Plan) -> dict[str, Probe]:
    tls_dir = certificate_folder(plan.environ, "slack_edge")
    probes = {
        name: serves(plan.address(variable), tls_dir)
        for name, (variable, _) in SERVICES.items()
        if name != "slack_edge"
    }
    admin = EDGE_ADMIN if EDGE_ADMIN in plan.listens else SERVICES["slack_edge"][0]
    probes["slack_edge"] = answers(f"{plan.url(admin)}/readyz")
    if plan.simulators:
        for name, (variable, _) in SIMULATORS.items():
            probes[f"{name} simulator"] = answers(f"{plan.url(variable)}/control/state")
    return probes


def banner(plan: Plan, *, seconds: float) -> str:
    """Returns what is said once everything runs, `seconds` after the start: the addresses to open."""
    edge = plan.url(SERVICES["slack_edge"][0])
    lines = [f"Zoom for Slack is running (started in {seconds:.1f} s)", ""]
    if plan.simulators:
        lines += [
            f"  Slack   {plan.url(SIMULATORS['slack'][0])}/   open this, type /zoom and press Enter",
            f"  Zoom    {plan.url(SIMULATORS['zoom'][0])}/   let people join and leave, end meetings",
            f"  App     {edge}/   what people read about it",
            f"  Install {edge}/install   for a whole company, or for one person",
        ]
    else:
        public = plan.environ.get("ZOOMSLACK_PUBLIC_URL") or edge
        lines += [f"  App     {public}/", f"  Install {public}/install", f"  Here    {urlsplit(edge).netloc}"]
    lines += [f"  Data    {plan.data_dir}", "  Stop    Ctrl-C"]
    width = max(map(len, lines)) + 2
    return "\n".join(["", "─" * width, *(f" {line}".rstrip() for line in lines), "─" * width, ""])


if __name__ == "__main__":
    sys.exit(main())
