"""Keeps when Zoom told of the time for which a meeting is scheduled, and finds those meetings by account and number.

Only adds columns that may be NULL and an index, so that the code before it goes on.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0014"
down_revision = "0013"

_COLUMNS = ("scheduled_time_set_time", "scheduled_duration_set_time")


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("meetings", sa.Column(column, UtcDateTime))
    scheduled = sa.text("scheduled_time IS NOT NULL")
    op.create_index(
        "meetings_scheduled",
        "meetings",
        ["zoom_account_id", "zoom_meeting_id"],
        sqlite_where=scheduled,
        postgresql_where=scheduled,
    )


def downgrade() -> None:
    op.drop_index("meetings_scheduled", "meetings")
    with op.batch_alter_table("meetings") as batch:
        for column in reversed(_COLUMNS):
            batch.drop_column(column)
