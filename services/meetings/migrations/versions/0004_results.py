"""Results that wait, are deleted or go to single people; what reconciliation needs.

Only adds, so that the code before it goes on while this is rolled out: to that code a result that waits is one that was
refused for good. Meetings from before that are over stay as they are; those that nobody ended are looked up at Zoom.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0004"
down_revision = "0003"

_WAITING = sa.text("wait_expire_time IS NOT NULL")
_QUEUED = sa.text("queue_position > 0")
_RECEIVED = sa.text("recipient_slack_user_id <> ''")
_UNSETTLED = sa.text("NOT settled")


def upgrade() -> None:
    op.add_column("meetings", sa.Column("reconcile_time", UtcDateTime(), nullable=True))
    op.add_column("meetings", sa.Column("reconcile_attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("meetings", sa.Column("settled", sa.Boolean(), server_default=sa.text("(false)"), nullable=False))
    op.execute("UPDATE meetings SET settled = (1 = 1) WHERE end_time IS NOT NULL")
    _index("meetings_unsettled", "meetings", ["reconcile_time"], _UNSETTLED)
    op.add_column("recordings", sa.Column("files", sa.Text(), server_default="{}", nullable=False))
    op.add_column("recordings", sa.Column("content_time", UtcDateTime(), nullable=True))
    op.add_column("recordings", sa.Column("deleted", sa.Boolean(), server_default=sa.text("(false)"), nullable=False))
    op.add_column(
        "deliveries", sa.Column("recipient_slack_user_id", sa.String(length=32), server_default="", nullable=False)
    )
    op.add_column("deliveries", sa.Column("wait_expire_time", UtcDateTime(), nullable=True))
    op.add_column("deliveries", sa.Column("queue_position", sa.Integer(), server_default="0", nullable=False))
    _index("deliveries_waiting", "deliveries", ["team_id", "channel_id"], _WAITING)
    _index("deliveries_queued", "deliveries", ["team_id", "channel_id"], _QUEUED)
    _index("deliveries_received", "deliveries", ["recipient_slack_user_id", "team_id"], _RECEIVED)


def downgrade() -> None:
    for name in ("deliveries_received", "deliveries_queued", "deliveries_waiting"):
        op.drop_index(name, table_name="deliveries")
    for column in ("queue_position", "wait_expire_time", "recipient_slack_user_id"):
        op.drop_column("deliveries", column)
    for column in ("deleted", "content_time", "files"):
        op.drop_column("recordings", column)
    op.drop_index("meetings_unsettled", table_name="meetings")
    for column in ("settled", "reconcile_attempts", "reconcile_time"):
        op.drop_column("meetings", column)


def _index(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
