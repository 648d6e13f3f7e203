"""What stays of a call whose person left, until Slack shows that nobody follows it any more.

Only adds, so that the code before it goes on. Where both run, that one shows such a call as one that ended, and that
Zoom did not tell how; the row goes within a day all the same.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0004"
down_revision = "0003"

_ERASED = sa.text("erase_time IS NOT NULL")


def upgrade() -> None:
    op.add_column("calls", sa.Column("erase_time", UtcDateTime))
    op.create_index("calls_erased", "calls", ["erase_time"], sqlite_where=_ERASED, postgresql_where=_ERASED)


def downgrade() -> None:
    op.execute("DELETE FROM deliveries WHERE call_id IN (SELECT call_id FROM calls WHERE erase_time IS NOT NULL)")
    op.execute("DELETE FROM calls WHERE erase_time IS NOT NULL")
    op.drop_index("calls_erased", table_name="calls")
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("erase_time")
