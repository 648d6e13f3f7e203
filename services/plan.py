"""What `python -m services` is going to start, decided from the environment before anything runs."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from services import simulated

ROOT = Path(__file__).resolve().parent.parent

SERVICES = {
    "auth": ("ZOOMSLACK_AUTH_LISTEN", "127.0.0.1:50051"),
    "meetings": ("ZOOMSLACK_MEETINGS_LISTEN", "127.0.0.1:50052"),
    "phone": ("ZOOMSLACK_PHONE_LISTEN", "127.0.0.1:50053"),
    "slack_edge": ("ZOOMSLACK_EDGE_LISTEN", "127.0.0.1:8080"),
}
"""Each service's address: the variable and its default."""

EDGE_ADMIN = "ZOOMSLACK_EDGE_ADMIN_LISTEN"
"""Names the address of the edge's /readyz, if that is not where everything else of the edge is."""
ADMINS = (EDGE_ADMIN, *(f"ZOOMSLACK_{name}_ADMIN_LISTEN" for name in ("AUTH", "MEETINGS", "PHONE")))
"""Name the addresses of /metrics, where they are wanted."""

SIMULATORS = {
    "slack": ("ZOOMSLACK_SIMULATORS_SLACK_LISTEN", "127.0.0.1:8081"),
    "zoom": ("ZOOMSLACK_SIMULATORS_ZOOM_LISTEN", "127.0.0.1:8082"),
}

# Callers stop before those they call, so that what is in hand can end.
_STOP_ORDER = {"slack_edge": 0, "meetings": 1, "phone": 1, "auth": 2, "simulators": 3}


class PlanError(Exception):
    """The environment does not say where to listen. The text names the variable."""


@dataclass(frozen=True)
class Program:
    """One child process."""

    name: str
    arguments: tuple[str, ...]
    """The whole command line, the interpreter first."""
    stop_stage: int = 0
    """Programs of one stage are stopped together, lower stages first."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """What this program alone gets besides."""


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first process starts."""

    simulators: bool
    programs: tuple[Program, ...]
    environ: Mapping[str, str]
    """The environment of every child."""
    listens: Mapping[str, tuple[str, int]]
    """Host and port by the variable that sets them."""

    def address(self, variable: str) -> str:
        """Returns `host:port` at which this machine reaches what listens by `variable`."""
        return _reachable(*self.listens[variable])

    def url(self, variable: str) -> str:
        """Returns the same as an HTTP address without a slash at the end."""
        return f"http://{self.address(variable)}"

    @property
    def data_dir(self) -> Path:
        """Where databases and keys are kept."""
        return Path(self.environ.get("ZOOMSLACK_DATA_DIR") or "var").resolve()


def make_plan(environ: Mapping[str, str], *, simulators: bool | None) -> Plan:
    """Decides what to start; `simulators` None means: when there are no credentials.

    Raises PlanError with a line for each address that is not `host:port`.
    """
    with_simulators = simulated.wanted(environ) if simulators is None else simulators
    names = {**SERVICES, **(SIMULATORS if with_simulators else {})}
    admin = [(variable, "") for variable in ADMINS if environ.get(variable)]
    listens = _listens(environ, [*names.values(), *admin])
    urls = {name: f"http://{_reachable(*listens[variable])}" for name, (variable, _) in names.items()}
    filled = {
        f"ZOOMSLACK_{name.upper()}_TARGET": _reachable(*listens[SERVICES[name][0]])
        for name in ("auth", "meetings", "phone")
    }
    # Of each service there is one: while it drains, callers have nowhere else to go. What is in hand ends all the same.
    filled |= {f"ZOOMSLACK_{name}_DRAIN_SECONDS": "0" for name in ("AUTH", "MEETINGS", "PHONE", "EDGE")}
    filled["ZOOMSLACK_LOG_FORMAT"] = "text"
    if with_simulators:
        filled |= simulated.settings(
            environ, slack_url=urls["slack"], zoom_url=urls["zoom"], edge_url=urls["slack_edge"]
        )
    children = {
        **{variable: value for variable, value in filled.items() if not simulated.is_set(environ, variable)},
        # An empty variable counts as absent, and must not hide what was filled in.
        **{variable: value for variable, value in environ.items() if value or variable not in filled},
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT / "gen"), str(ROOT), environ.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
    }
    programs = [_program(name, "services." + name, "serve") for name in SERVICES]
    if with_simulators:
        arguments = [
            *("--slack-listen", _listen(listens, "slack"), "--slack-url", urls["slack"]),
            *("--zoom-listen", _listen(listens, "zoom"), "--zoom-url", urls["zoom"]),
            *("--app-url", children["ZOOMSLACK_PUBLIC_URL"].rstrip("/")),
        ]
        programs.append(_program("simulators", "simulators", *arguments))
    own = [replace(program, environ=_certificates(children, program.name)) for program in programs]
    return Plan(with_simulators, tuple(own), children, listens)


def certificate_folder(environ: Mapping[str, str], name: str) -> Path | None:
    """Returns where a service's certificate is: in a folder of its name, as `make certs` makes them, else in common."""
    configured = environ.get("ZOOMSLACK_TLS_DIR")
    if not configured:
        return None
    folder = Path(configured)
    return folder / name if (folder / name).is_dir() else folder


def _certificates(environ: Mapping[str, str], name: str) -> dict[str, str]:
    folder = certificate_folder(environ, name)
    return {} if folder is None else {"ZOOMSLACK_TLS_DIR": str(folder)}


def taken(plan: Plan) -> list[str]:
    """Returns a sentence for each address at which something else listens already."""
    sentences = []
    for variable, (host, port) in plan.listens.items():
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                sentences.append(f"{host}:{port} cannot be used ({error.strerror}); choose another with {variable}")
    return sentences


def _program(name: str, module: str, *arguments: str) -> Program:
    return Program(name, (sys.executable, "-m", module, *arguments), _STOP_ORDER[name])


def _listens(environ: Mapping[str, str], names: Iterable[tuple[str, str]]) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    problems = []
    for variable, default in names:
        host, _, port = (environ.get(variable) or default).rpartition(":")
        if port.isdecimal() and 0 < int(port) < 65536:
            found[variable] = (host.strip("[]") or "127.0.0.1", int(port))
        else:
            problems.append(f"{variable}: should be host:port, with a port between 1 and 65535")
    if problems:
        raise PlanError("\n".join(problems))
    return found


def _listen(listens: Mapping[str, tuple[str, int]], simulator: str) -> str:
    host, port = listens[SIMULATORS[simulator][0]]
    return f"{host}:{port}"


def _reachable(host: str, port: int) -> str:
    # An address that means "every interface" is none to connect to.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
