"""Databases with the two roles of each, as an operator makes them: by `deploy/postgres/roles.sql`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.support.databases import Cluster

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy/postgres/roles.sql"


@dataclass(frozen=True)
class Roles:
    """The database of a service, of a fresh name, and its address for each role."""

    service: str
    owner_url: str
    run_url: str


async def make_roles(cluster: Cluster, service: str = "", *, by: str = "postgres") -> Roles:
    """Runs the file as the role `by`; again for a `service` that is there."""
    service = service or f"s{uuid.uuid4().hex[:12]}"
    code, _, errors = await cluster.run(
        *("psql", "-X", "-d", "postgres", "-v", f"service={service}", "-f", str(FILE)),
        OWNER_PASSWORD="own'er:1",
        RUN_PASSWORD="r un/2",
        PGUSER=by,
    )
    assert code == 0, errors
    owner, run = (
        make_url(cluster.url(service)).set(username=f"{service}_{role}", password=password)
        for role, password in (("owner", "own'er:1"), ("run", "r un/2"))
    )
    return Roles(service, owner.render_as_string(hide_password=False), run.render_as_string(hide_password=False))
