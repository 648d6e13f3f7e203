"""Who wants to see which calls, in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.slack_user import SlackUser
from services.phone.shown_calls import Watcher
from services.phone.tables import shown_calls


class ShownCallsStore:
    """Keeps what people chose; who chose nothing sees what she placed from Slack."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def shows_all(self, user: SlackUser) -> bool:
        """Tells whether `user` wants to see all of her calls."""
        query = select(shown_calls.c.show_all).where(_of(user))
        async with self._database.snapshot("get shown calls") as connection:
            return bool(await connection.scalar(query))

    async def choose(self, user: SlackUser, *, show_all: bool, zoom_user_id: str, zoom_account_id: str) -> None:
        """Stores what `user` chose, as the Zoom user that she is now. Repeating changes nothing."""
        now = self._clock.now()
        zoom = {"zoom_user_id": zoom_user_id, "zoom_account_id": zoom_account_id}
        chosen = {**zoom, "show_all": show_all, "update_time": now, "reconcile_time": now}
        async with self._database.transaction("choose shown calls") as connection:
            same = await connection.execute(
                select(shown_calls.c.team_id).where(
                    _of(user), shown_calls.c.show_all.is_(show_all), shown_calls.c.zoom_user_id == zoom_user_id
                )
            )
            if same.first() is not None:
                return  # or calls from before the repetition would be forgotten
            await connection.execute(
                insert(connection, shown_calls)
                .values(team_id=user.team_id, slack_user_id=user.user_id, enterprise_id=user.enterprise_id, **chosen)
                .on_conflict_do_update(index_elements=["team_id", "slack_user_id"], set_=chosen)
            )

    async def follow(self, user: SlackUser, *, zoom_user_id: str, zoom_account_id: str) -> None:
        """Has the choice of `user`, if she made one, follow her to another Zoom user."""
        changed = {"zoom_user_id": zoom_user_id, "zoom_account_id": zoom_account_id, "update_time": self._clock.now()}
        async with self._database.transaction("follow shown calls") as connection:
            await connection.execute(
                update(shown_calls).where(_of(user), shown_calls.c.zoom_user_id != zoom_user_id).values(changed)
            )

    async def watchers(self, zoom_user_ids: Collection[str]) -> list[Watcher]:
        """Returns who wants to see all calls of these Zoom users."""
        async with self._database.snapshot("look for watchers") as connection:
            return [_watcher(row) for row in await connection.execute(_watching(zoom_user_ids))]


async def still(
    connection: AsyncConnection, zoom_user_ids: Collection[str], watching: Collection[SlackUser]
) -> Sequence[Watcher]:
    """Returns which of `watching` still want to see the calls of these Zoom users: nobody leaves meanwhile."""
    if not watching:
        return ()
    rows = await connection.execute(_watching(zoom_user_ids).with_for_update(read=True))
    return [watcher for watcher in map(_watcher, rows) if watcher.user in watching]


def _watching(zoom_user_ids: Collection[str]) -> Any:
    return (
        select(*shown_calls.c)
        .where(shown_calls.c.show_all, shown_calls.c.zoom_user_id.in_(zoom_user_ids))
        .order_by(shown_calls.c.team_id, shown_calls.c.slack_user_id)
    )


def _of(user: SlackUser) -> Any:
    return (shown_calls.c.team_id == user.team_id) & (shown_calls.c.slack_user_id == user.user_id)


def _watcher(row: Row[Any]) -> Watcher:
    return Watcher(
        SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        row.zoom_user_id,
        row.zoom_account_id,
        row.update_time,
    )
