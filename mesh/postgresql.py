"""How services reach PostgreSQL: encrypted where it leaves the machine, within limits that the server itself keeps."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError

from mesh.credentials import is_loopback


@dataclass(frozen=True)
class Limits:
    """How long PostgreSQL works for one connection before it gives up, in seconds."""

    statement: float | None
    """One statement; None for as long as it takes."""
    lock: float
    """Waiting for a lock that another transaction holds."""
    idle: float
    """A transaction in which nothing is said: its process hangs or is gone, and its locks keep others waiting."""


SERVING = Limits(statement=5.0, lock=3.0, idle=10.0)
"""For requests: people wait for seconds at the most, and callers ask again."""
MIGRATING = Limits(statement=None, lock=1.0, idle=60.0)
"""For migrations: a large table may take minutes to rewrite, and everybody waits behind one that waits for its lock."""

READ_ONLY = "25006"
"""The state of a write at a server that only reads: a primary that is none any more."""
_CONNECT_SECONDS = 3.0
_SILENCE = 2.0
"""Seconds beyond the limit of a statement after which a server that says nothing counts as gone."""


def sqlstate(error: BaseException | None) -> str:
    """Returns PostgreSQL's code of an error; empty for any other."""
    origin = getattr(error, "orig", None) or error
    return str(getattr(origin, "sqlstate", None) or "")


def cause(error: Exception) -> str:
    """Returns what to call an error in a log: its kind and code. Its text may repeat values."""
    kind = error.driver_exception if isinstance(error, DBAPIError) else error
    return f"{type(kind).__name__} {sqlstate(error)}".strip()


def connect_args(url: URL, limits: Limits) -> dict[str, Any]:
    """Returns what asyncpg is told beside the address; what the address says itself wins."""
    seconds = {
        "statement_timeout": limits.statement or 0,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": limits.idle,
    }
    told: dict[str, Any] = {
        "timeout": _CONNECT_SECONDS,
        "command_timeout": None if limits.statement is None else limits.statement + _SILENCE,
        "server_settings": {name: str(round(value * 1000)) for name, value in seconds.items()},
        # A server that only reads is of no use: during a fail-over the next host, or the next attempt, is asked.
        "target_session_attrs": "read-write",
    }
    if not (_stays_here(url) or os.environ.get("PGSSLMODE")):
        # asyncpg by itself would take plaintext where the server offers no TLS, and never looks at its certificate.
        named = os.environ.get("PGSSLROOTCERT")
        told["ssl"] = "verify-full" if named else ssl.create_default_context()
    return {name: value for name, value in told.items() if name not in url.query}


def _stays_here(url: URL) -> bool:
    named = url.query.get("host", ())
    hosts = [f"{url.host}:0"] if url.host else [named] if isinstance(named, str) else named
    return all(host.startswith("/") or is_loopback(host if ":" in host else f"{host}:0") for host in hosts)


def is_refused(error: Exception) -> bool:
    """Tells whether no host was one that takes writes."""
    return isinstance(error, DBAPIError) and isinstance(
        error.driver_exception, asyncpg.exceptions.TargetServerAttributeNotMatched
    )


def skip_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """On checkout: replaces a connection that PostgreSQL has ended. asyncpg knows without asking."""
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError


def replace_all(context: ExceptionContext) -> None:
    """On errors: after silence, or a write that found no primary, no pooled connection is worth another try."""
    error = context.original_exception
    if isinstance(error, TimeoutError) or sqlstate(error) == READ_ONLY:
        context.is_disconnect = context.invalidate_pool_on_disconnect = True
