"""Forgetting links, and what was kept with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from mesh.errors import Reason
from services.auth.links import KEPT, LIFETIME, REPEAT
from services.auth.purge import BATCH
from services.auth.tables import connect_links, install_links
from tests.integration.auth.conftest import Mesh, reason_of
from tests.integration.auth.test_installations import begin, complete

OVER = LIFETIME + REPEAT + timedelta(seconds=1)


async def insert(mesh: Mesh, table: Table, count: int, **values: Any) -> None:
    rows = [{"state_digest": f"{n:064}", **values} for n in range(count)]
    async with mesh.database().transaction("fill") as connection:
        await connection.execute(table.insert(), rows)


async def count(mesh: Mesh, table: Table) -> int:
    async with mesh.database().snapshot("count") as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


def connect_link(mesh: Mesh, age: timedelta, tokens: bytes = b"") -> Mapping[str, Any]:
    return {
        "team_id": "T0ACME001",
        "enterprise_id": "",
        "slack_user_id": "U0ADA0001",
        "display_name": "Ada",
        "team_name": "Acme",
        "verifier_sealed": b"",
        "continuation_sealed": b"",
        "tokens_sealed": tokens,
        "expire_time": mesh.clock.now() - age,
    }


async def test_one_round_forgets_all_old_links_however_many(mesh: Mesh) -> None:
    await insert(mesh, connect_links, 2 * BATCH + 1, **connect_link(mesh, KEPT))
    await insert(mesh, install_links, 2 * BATCH + 1, expire_time=mesh.clock.now() - KEPT, used_time=mesh.clock.now())
    await mesh.replicas[0].purge()
    assert (await count(mesh, connect_links), await count(mesh, install_links)) == (0, 0)


async def test_unused_install_links_are_forgotten_at_their_end(mesh: Mesh) -> None:
    used, unused = await begin(mesh), await begin(mesh)
    assert await reason_of(complete(mesh, used.state, error="access_denied")) is Reason.CONSENT_DENIED
    mesh.clock.advance(LIFETIME.total_seconds() - 10)
    await mesh.replicas[0].purge()
    assert await count(mesh, install_links) == 2
    mesh.clock.advance(11)
    await mesh.replicas[0].purge()
    assert await reason_of(complete(mesh, unused.state, "code")) is Reason.LINK_INVALID
    assert await reason_of(complete(mesh, used.state, "code")) is Reason.LINK_USED


async def leave_half_done(mesh: Mesh) -> tuple[str, str]:
    """Comes as far as having tokens, not a profile. Returns state and code."""
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    await mesh.zoom_fault("/v2/users/me", kind="status", status=500)
    assert await reason_of(mesh.complete(state, code)) is Reason.ZOOM_UNAVAILABLE
    await mesh.clear_faults()
    assert (await mesh.live_tokens())["refresh"] == 1
    return state, code


async def test_a_link_left_half_done_is_completed_until_five_minutes_after_its_end(mesh: Mesh) -> None:
    state, code = await leave_half_done(mesh)
    mesh.clock.advance((LIFETIME + REPEAT).total_seconds() - 10)
    await mesh.replicas[0].purge()
    assert (await mesh.complete(state, code)).connection.user.slack_user_id == "U0ADA0001"


async def test_a_link_left_half_done_is_worth_nothing_later(mesh: Mesh) -> None:
    state, code = await leave_half_done(mesh)
    mesh.clock.advance(OVER.total_seconds())
    assert await reason_of(mesh.complete(state, code)) is Reason.LINK_EXPIRED


@pytest.mark.parametrize("age", [OVER, timedelta(hours=3), KEPT + timedelta(hours=1)])
async def test_tokens_of_a_link_left_half_done_are_revoked(mesh: Mesh, age: timedelta) -> None:
    await leave_half_done(mesh)
    mesh.clock.advance(age.total_seconds())
    await mesh.replicas[0].purge()
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}


async def test_tokens_that_somebody_works_with_are_left_alone(mesh: Mesh) -> None:
    state, _ = await leave_half_done(mesh)
    mesh.clock.advance(OVER.total_seconds())
    async with mesh.database().transaction("claim") as connection:
        await connection.execute(
            connect_links.update().values(
                claim_owner="somebody", claim_expire_time=mesh.clock.now() + timedelta(minutes=1)
            )
        )
    await mesh.replicas[0].purge()
    assert (await mesh.live_tokens())["refresh"] == 1
    mesh.clock.advance(61)
    await mesh.replicas[0].purge()
    assert (await mesh.live_tokens())["refresh"] == 0
    assert await reason_of(mesh.authorize_url(state)) is Reason.LINK_USED


async def test_tokens_that_do_not_open_stop_no_round_and_wait_for_their_key(mesh: Mesh) -> None:
    await insert(mesh, connect_links, 3, **connect_link(mesh, REPEAT, b"k9:unreadable"))
    await leave_half_done(mesh)
    mesh.clock.advance(OVER.total_seconds())
    await mesh.replicas[0].purge()
    assert (await mesh.live_tokens())["refresh"] == 0
    async with mesh.database().snapshot("look") as connection:
        kept = (await connection.execute(select(connect_links.c.tokens_sealed))).scalars().all()
    assert sorted(kept) == [b"", *[b"k9:unreadable"] * 3]
