"""What erasing needs: when a meeting was erased, when a failure was asked for, and what each departure came to.

Only adds, so that the code before it goes on working. The indexes are built under a lock against writing: on a database
with millions of rows, build those by enterprise by hand first (`CREATE INDEX CONCURRENTLY`); they are left alone then.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0002"
down_revision = "0001"

_BY_ENTERPRISE = {
    "start_requests": ["enterprise_id", "team_id", "request_id"],
    "meetings": ["enterprise_id", "slack_user_id", "create_time"],
    "deliveries": ["enterprise_id", "kind"],
}
_IN_ORGANISATION = sa.text("enterprise_id <> ''")
_ERASED = sa.text("erase_time IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("departure_id", sa.String(length=36), nullable=False),
        sa.Column("erased_rows", sa.Integer(), nullable=False),
        sa.Column("erase_time", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("departure_id"),
    )
    op.create_index("erasures_by_time", "erasures", ["erase_time"])
    op.add_column("meetings", sa.Column("erase_time", UtcDateTime(), nullable=True))
    op.add_column("deliveries", sa.Column("command_time", UtcDateTime(), nullable=True))
    op.create_index(
        "meetings_erased",
        "meetings",
        ["erase_time"],
        sqlite_where=_ERASED,
        postgresql_where=_ERASED,
    )
    for table, columns in _BY_ENTERPRISE.items():
        op.create_index(
            f"{table}_by_enterprise",
            table,
            columns,
            sqlite_where=_IN_ORGANISATION,
            postgresql_where=_IN_ORGANISATION,
            if_not_exists=True,
        )


def downgrade() -> None:
    for table in _BY_ENTERPRISE:
        op.drop_index(f"{table}_by_enterprise", table_name=table)
    op.drop_index("meetings_erased", table_name="meetings")
    op.drop_column("deliveries", "command_time")
    op.drop_column("meetings", "erase_time")
    op.drop_table("erasures")
