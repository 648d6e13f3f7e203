"""What erasing needs: the calls of one person or organisation by an index, and what each departure came to.

Only adds, so that the code before it goes on working. The indexes are built under a lock against writing: on a database
with millions of rows, build them by hand first (`CREATE INDEX CONCURRENTLY`); they are left alone then.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0002"
down_revision = "0001"

_IN_ORGANISATION = sa.text("enterprise_id <> ''")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("departure_id", sa.String(36), primary_key=True),
        sa.Column("erased_rows", sa.Integer, nullable=False),
        sa.Column("erase_time", UtcDateTime, nullable=True),
    )
    op.create_index("erasures_by_time", "erasures", ["erase_time"])
    op.create_index("calls_by_user", "calls", ["team_id", "slack_user_id", "create_time"], if_not_exists=True)
    op.create_index(
        "calls_by_enterprise",
        "calls",
        ["enterprise_id", "slack_user_id", "create_time"],
        sqlite_where=_IN_ORGANISATION,
        postgresql_where=_IN_ORGANISATION,
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_index("calls_by_enterprise", table_name="calls")
    op.drop_index("calls_by_user", table_name="calls")
    op.drop_table("erasures")
