"""What programs of other teams may do here: which RPCs, for which workspaces. Parsed from TOML, strictly.

```toml
[callers."standup-bot.teams.example"]  # a name in the caller's certificate
rpcs = ["zoomslack.meetings.v1.MeetingsService/StartMeeting", "zoomslack.meetings.v1.MeetingsService/GetMeeting"]
workspaces = ["T0123456789"]           # Slack's team ids, or "*" for all
organisations = ["E0123456789"]        # optional: organisations that a request may name beside its workspace
```

Who is on a service's own list of callers needs no policy, and gets nothing from one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

_AUTH, _MEETINGS, _PHONE = (
    "zoomslack.auth.v1.AuthService",
    "zoomslack.meetings.v1.MeetingsService",
    "zoomslack.phone.v1.PhoneService",
)
OFFERED: Mapping[str, frozenset[str]] = {
    _AUTH: frozenset({"GetConnection", "CreateConnectLink"}),
    _MEETINGS: frozenset(
        {
            "StartMeeting",
            "ScheduleMeeting",
            "GetMeeting",
            "ListMeetings",
            "ListRunningMeetings",
            "EndMeeting",
            "WatchMeeting",
        }
    ),
    _PHONE: frozenset({"PlaceCall", "GetCall", "ListCalls"}),
}
"""By service: what may be opened to other teams. Never tokens, events of vendors, deliveries or departures.

Each of them has `SlackUser user = 1`, or nobody could tell whose workspace is meant.
"""
EDGE_ALONE: Mapping[str, tuple[str, ...]] = {
    # The edge posts to this address, and shows what this holder waits for.
    f"{_MEETINGS}/StartMeeting": ("slack_response_url", "lease_holder"),
    # The edge takes what the person was doing from it, and such an address with that.
    f"{_AUTH}/CreateConnectLink": ("continuation",),
}
"""Fields of offered RPCs that say what the edge is to do, and that nobody else may fill in."""
EVERY = "*"

_NAME = re.compile(r"(?:spiffe://)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z0-9-]*[a-z-][a-z0-9-]*(?:(?<=[a-z0-9-])/[!-~]*)?")
_TEAM, _ORGANISATION = re.compile(r"T[A-Z0-9]{1,31}"), re.compile(r"E[A-Z0-9]{1,31}")
_KEYS = ("rpcs", "workspaces", "organisations")
_SHOWN = 100
"""Characters of a thing that a problem names."""


class PolicyError(ValueError):
    """The policy is not usable. `problems` has one sentence each, beginning with the place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Grant:
    """What one caller may do."""

    rpcs: frozenset[str]
    """Full names, `zoomslack.auth.v1.AuthService/GetConnection`."""
    workspaces: frozenset[str]
    """Slack's team ids, or `*`."""
    organisations: frozenset[str] = frozenset()

    def covers(self, team_id: str, enterprise_id: str) -> bool:
        """Tells whether requests may name this workspace, and this organisation where they name one."""
        if not team_id:
            return False
        if EVERY in self.workspaces:
            return True
        return team_id in self.workspaces and (not enterprise_id or enterprise_id in self.organisations)


@dataclass(frozen=True)
class Policy:
    """What other teams may do, by a name in their certificate."""

    grants: Mapping[str, Grant] = field(default_factory=dict)

    def find(self, names: Set[str]) -> tuple[str, Grant] | None:
        """Returns the caller that one of `names` belongs to, the first by name where it is several, or None."""
        return next(((name, self.grants[name]) for name in sorted(names) if name in self.grants), None)


def parse(text: str) -> Policy:
    """Returns the policy that `text` (TOML) holds. Raises PolicyError with every problem."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([f"the policy is no TOML: {error}"]) from None
    problems = [f"{_shown(key)} is unknown at the top; only callers is known" for key in document if key != "callers"]
    callers = document.get("callers", {})
    if not isinstance(callers, dict):
        raise PolicyError([*problems, "callers should be a table for each caller"])
    for name, table in callers.items():
        problems += (f"callers.{_shown(name)}{problem}" for problem in _wrong(name, table))
    if problems:
        raise PolicyError(problems)
    return Policy({name: Grant(**{key: frozenset(table[key]) for key in table}) for name, table in callers.items()})


def _wrong(name: str, table: Any) -> Iterator[str]:
    """Yields what is wrong with one caller, to be read after her name."""
    if name.endswith(".zoomslack"):
        yield " is a name of the mesh's own; its services are not listed in a policy"
    elif not _NAME.fullmatch(name):
        yield " should be a name as certificates have it, in lower case and with a dot"
    if not isinstance(table, dict):
        yield " should be a table with rpcs and workspaces"
        return
    for key in table:
        if key not in _KEYS:
            yield f".{_shown(key)} is unknown; known are {', '.join(_KEYS)}"
    for key in _KEYS:
        given = table.get(key)
        if key not in table:
            if key != "organisations":
                yield f".{key} is missing"
        elif not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
            yield f".{key} should be a list of texts with at least one"
        else:
            for one in given:
                if complaint := _complaint(key, one):
                    yield f".{key}: {_shown(one)} {complaint}"


def _complaint(key: str, one: str) -> str:
    if key == "rpcs":
        service, _, method = one.rpartition("/")
        return "" if method in OFFERED.get(service, ()) else "is not offered to other teams"
    if key == "workspaces":
        return "" if one == EVERY or _TEAM.fullmatch(one) else 'should be a Slack team id (T…), or "*"'
    return "" if _ORGANISATION.fullmatch(one) else "should be the id of a Slack organisation (E…)"


def _shown(text: str) -> str:
    return repr(text[:_SHOWN])
