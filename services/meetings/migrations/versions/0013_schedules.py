"""Keeps for when a meeting was scheduled, and for how long.

Only adds columns that may be NULL, so that the code before it goes on. A scheduled meeting has the time of its first
look-up from the beginning, which that code keeps to as well.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0013"
down_revision = "0012"

_TABLES = ("start_requests", "meetings")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("scheduled_time", UtcDateTime))
        op.add_column(table, sa.Column("scheduled_duration_seconds", sa.Integer()))


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("scheduled_duration_seconds")
            batch.drop_column("scheduled_time")
