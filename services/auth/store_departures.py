"""Departures in the database: what goes, and the receipt of it, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database
from mesh.departed import Departed
from mesh.slack_user import SlackUser
from services.auth.departures import (
    Cause,
    Eraser,
    Erasure,
    Left,
    Receipt,
    SlackLeft,
    ZoomAccountLeft,
    ZoomPlanChanged,
    ZoomUserLeft,
)
from services.auth.grants import AppLevel, TokenPair
from services.auth.links import LIFETIME
from services.auth.store_links import kept_tokens
from services.auth.store_rows import delete_connections, drop_unused_grants, record_departures, tokens_of
from services.auth.tables import (
    connect_links,
    connections,
    departure_erasures,
    departures,
    sign_outs,
    slack_installations,
    zoom_account_grants,
    zoom_grants,
)
from services.auth.vault import Row, Vault

SECOND = timedelta(seconds=1)
"""Slack's clock of events has whole seconds: what came into being in the second of an event is older than it."""
RECEIPTS_KEPT = timedelta(days=366)
_BATCH = 500


class DepartureStore:
    """Departures."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def zoom_user_left(self, fact: ZoomUserLeft) -> Left:
        """Deletes a Zoom user's grant and connections, unless she consented again since."""
        now = self._clock.now()
        mine = zoom_grants.c.zoom_user_id == fact.zoom_user_id
        async with self._database.transaction("zoom user left") as connection:
            grant = (await connection.execute(select(zoom_grants).where(mine).with_for_update())).mappings().first()
            if grant is None and fact.cause is Cause.ZOOM_DEAUTHORIZED:
                return Left()  # who was only matched has removed nothing: an administrator's grant serves her
            if grant is not None and grant["consent_time"] is not None and grant["consent_time"] > fact.time:
                return Left()
            gone = await delete_connections(
                connection,
                and_(connections.c.zoom_user_id == fact.zoom_user_id, connections.c.connect_time <= fact.time),
            )
            dropped = await drop_unused_grants(connection, [fact.zoom_user_id])
            recorded = await record_departures(connection, gone, fact.cause, depart_time=fact.time, now=now)
            if fact.cause is Cause.ZOOM_DEAUTHORIZED:
                return Left(recorded)
            # Zoom ends the tokens of an app that was removed, and not those of a user who left the account.
            return Left(recorded, self._pairs(dropped))

    async def zoom_account_left(self, fact: ZoomAccountLeft) -> Left:
        """Deletes an account's grant, and the connections that lived by it alone, unless it was installed again since.

        Who has a grant of her own goes on with it.
        """
        now = self._clock.now()
        mine = zoom_account_grants.c.zoom_account_id == fact.zoom_account_id
        async with self._database.transaction("zoom account left") as connection:
            grant = (
                (await connection.execute(select(zoom_account_grants).where(mine).with_for_update())).mappings().first()
            )
            if grant is None or (grant["consent_time"] is not None and grant["consent_time"] > fact.time):
                return Left()
            await connection.execute(delete(zoom_account_grants).where(mine))
            tenants = (
                await connection.execute(
                    update(slack_installations)
                    .where(slack_installations.c.zoom_account_id == fact.zoom_account_id)
                    .values(zoom_account_id="", zoom_account_id_sealed=None)
                    .returning(slack_installations.c.tenant_id)
                )
            ).scalars()
            ids = list(tenants)
            own = exists().where(
                zoom_grants.c.zoom_user_id == connections.c.zoom_user_id, zoom_grants.c.end_time.is_(None)
            )
            gone = await delete_connections(
                connection,
                and_(
                    connections.c.zoom_account_id == fact.zoom_account_id,
                    or_(connections.c.team_id.in_(ids), connections.c.enterprise_id.in_(ids)),
                    connections.c.connect_time <= fact.time,
                    ~own,
                ),
            )
            cause = Cause.ZOOM_DEAUTHORIZED
            return Left(await record_departures(connection, gone, cause, depart_time=fact.time, now=now))

    async def zoom_plan_changed(self, fact: ZoomPlanChanged) -> None:
        """Stores a Zoom user's new plan."""
        async with self._database.transaction("zoom plan changed") as connection:
            for table in (connections, zoom_grants):
                await connection.execute(
                    update(table).where(table.c.zoom_user_id == fact.zoom_user_id).values(plan=fact.plan.value)
                )

    async def slack_left(self, fact: SlackLeft) -> Left:
        """Deletes everything of a workspace, or of an organisation, that is older than the event."""
        now, before = self._clock.now(), fact.time + SECOND
        async with self._database.transaction("slack left") as connection:
            tenant = SlackUser(fact.enterprise_id, fact.team_id, "")
            installed = None
            if not fact.access_only:
                installed = await self._uninstall(connection, tenant.team_id or tenant.enterprise_id, before)
            orphans = list(installed or [])
            users = await self._disconnect(connection, tenant, before, orphans)
            links = await self._forget_links(connection, tenant, before, orphans)
            if installed is None and not users and not links:
                return Left()
            count = (0 if installed is None else 1) + users + links
            recorded = await record_departures(
                connection, [tenant], Cause.SLACK_UNINSTALLED, depart_time=before, now=now, auth_rows=count
            )
            return Left(recorded, orphans)

    async def pending(self, eraser: Eraser, limit: int) -> list[Departed]:
        """Returns what one service has not erased yet, the oldest first."""
        statement = (
            select(departures)
            .join(departure_erasures, departure_erasures.c.departure_id == departures.c.departure_id)
            .where(departure_erasures.c.eraser == eraser.value, departure_erasures.c.complete_time.is_(None))
            .order_by(departures.c.record_time)
            .limit(limit)
        )
        async with self._database.snapshot("look for departures", traced=False) as connection:
            return [_departed(row) for row in (await connection.execute(statement)).mappings()]

    async def complete(self, eraser: Eraser, departure_id: str, erased_rows: int) -> bool:
        """Records an erasure, once. Returns False where there is no such departure."""
        mine = and_(departure_erasures.c.departure_id == departure_id, departure_erasures.c.eraser == eraser.value)
        async with self._database.transaction("complete departure") as connection:
            await connection.execute(
                update(departure_erasures)
                .where(mine, departure_erasures.c.complete_time.is_(None))
                .values(erased_rows=erased_rows, complete_time=self._clock.now())
            )
            return (await connection.execute(select(departure_erasures.c.eraser).where(mine))).first() is not None

    async def receipts(self, user: SlackUser, *, before: tuple[datetime, str] | None, limit: int) -> list[Receipt]:
        """Returns the receipts of the person's workspace and of her whole organisation, the newest first."""
        columns = departures.c
        organisation = and_(columns.team_id == "", columns.enterprise_id == user.enterprise_id)
        ours = columns.team_id == user.team_id
        query = (
            select(departures)
            .where(or_(ours, organisation) if user.enterprise_id else ours)
            .order_by(columns.record_time.desc(), columns.departure_id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(
                or_(
                    columns.record_time < before[0],
                    and_(columns.record_time == before[0], columns.departure_id < before[1]),
                )
            )
        async with self._database.snapshot("list receipts") as connection:
            rows = (await connection.execute(query)).mappings().all()
            found = await connection.execute(
                select(departure_erasures)
                .where(departure_erasures.c.departure_id.in_([row["departure_id"] for row in rows]))
                .order_by(departure_erasures.c.eraser)
            )
            erasures: dict[str, list[Erasure]] = {}
            for one in found.mappings():
                erasure = Erasure(Eraser(one["eraser"]), one["erased_rows"], one["complete_time"])
                erasures.setdefault(one["departure_id"], []).append(erasure)
        return [_receipt(row, erasures.get(row["departure_id"], [])) for row in rows]

    async def purge(self) -> int:
        """Forgets at most a batch of old receipts. Returns how many."""
        old = (
            select(departures.c.departure_id)
            .where(departures.c.record_time <= self._clock.now() - RECEIPTS_KEPT)
            .limit(_BATCH)
        )
        async with self._database.transaction("purge receipts") as connection:
            result = await connection.execute(
                delete(departures).where(departures.c.departure_id.in_(old.scalar_subquery()))
            )
        return result.rowcount

    async def _uninstall(self, connection: AsyncConnection, tenant_id: str, before: datetime) -> list[TokenPair] | None:
        """Deletes an installation; None where there is none so old. Returns the pairs that end with it."""
        this = slack_installations.c.tenant_id == tenant_id
        of_tenant = select(slack_installations.c.zoom_account_id).where(this)
        # The last two workspaces of an account may leave at once: whoever comes second sees that the first has gone.
        await connection.execute(
            select(zoom_account_grants.c.zoom_account_id)
            .where(zoom_account_grants.c.zoom_account_id.in_(of_tenant))
            .with_for_update()
        )
        statement = (
            delete(slack_installations)
            .where(this, slack_installations.c.install_time < before)
            .returning(slack_installations.c.zoom_account_id)
        )
        account_id = (await connection.execute(statement)).scalar_one_or_none()
        if not account_id:
            return None if account_id is None else []
        in_use = exists().where(slack_installations.c.zoom_account_id == account_id)
        dropped = await connection.execute(
            delete(zoom_account_grants)
            .where(
                zoom_account_grants.c.zoom_account_id == account_id,
                func.coalesce(zoom_account_grants.c.consent_time, before - SECOND) < before,
                ~in_use,
            )
            .returning(*zoom_account_grants.c)
        )
        pair = tokens_of(self._vault, dropped.mappings().one_or_none(), AppLevel.ACCOUNT)
        return [] if pair is None else [pair]

    async def _disconnect(
        self, connection: AsyncConnection, tenant: SlackUser, before: datetime, orphans: list[TokenPair]
    ) -> int:
        """Deletes a tenant's connections and sign-outs; adds the pairs that nobody uses now. Returns how many rows."""
        theirs = _of(connections.c, tenant)
        statement = select(connections.c.zoom_user_id).where(theirs, connections.c.connect_time < before)
        zoom_users = set((await connection.execute(statement)).scalars())
        gone = await delete_connections(connection, and_(theirs, connections.c.connect_time < before))
        orphans.extend(self._pairs(await drop_unused_grants(connection, zoom_users)))
        signed_out = await connection.execute(
            delete(sign_outs).where(_of(sign_outs.c, tenant), sign_outs.c.sign_out_time < before)
        )
        return len(gone) + signed_out.rowcount

    def _pairs(self, grants: Iterable[Row]) -> list[TokenPair]:
        """Returns the pairs of deleted grants, which Zoom is to be told of."""
        return [pair for grant in grants if (pair := tokens_of(self._vault, grant)) is not None]

    async def _forget_links(
        self, connection: AsyncConnection, tenant: SlackUser, before: datetime, orphans: list[TokenPair]
    ) -> int:
        """Deletes a tenant's connect links: who comes back from Zoom with one is not let in any more."""
        found = await connection.execute(
            delete(connect_links)
            .where(_of(connect_links.c, tenant), connect_links.c.expire_time < before + LIFETIME)
            .returning(*connect_links.c)
        )
        rows: Sequence[Any] = found.mappings().all()
        orphans.extend(pair for row in rows if (pair := kept_tokens(self._vault, row)) is not None)
        return len(rows)


def _of(columns: Any, tenant: SlackUser) -> ColumnElement[bool]:
    """Returns the condition that a row is of a workspace, or of any workspace of an organisation."""
    condition: ColumnElement[bool] = (
        columns.team_id == tenant.team_id if tenant.team_id else columns.enterprise_id == tenant.enterprise_id
    )
    return condition


def _departed(row: Any) -> Departed:
    return Departed(
        departure_id=row["departure_id"],
        enterprise_id=row["enterprise_id"],
        team_id=row["team_id"],
        user_id=row["slack_user_id"],
        depart_time=row["depart_time"],
    )


def _receipt(row: Any, erasures: list[Erasure]) -> Receipt:
    return Receipt(
        departed=_departed(row),
        cause=Cause(row["cause"]),
        record_time=row["record_time"],
        erasures=(Erasure(None, row["auth_rows"], row["record_time"]), *erasures),
    )
