"""Remembers which command a meeting came of, what changed last of what Slack shows, and since when it lags behind.

Only adds, so that the code before it goes on.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0011"
down_revision = "0010"

_ORIGINS = (
    *(("start_requests", "command_origin"), ("meetings", "command_origin")),
    *(("deliveries", "command_origin"), ("deliveries", "change_origin")),
)


def upgrade() -> None:
    for table, column in _ORIGINS:
        op.add_column(table, sa.Column(column, sa.String(55), nullable=False, server_default=""))
    op.add_column("deliveries", sa.Column("lag_time", UtcDateTime))


def downgrade() -> None:
    with op.batch_alter_table("deliveries") as deliveries:
        deliveries.drop_column("lag_time")
    for table, column in _ORIGINS:
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
