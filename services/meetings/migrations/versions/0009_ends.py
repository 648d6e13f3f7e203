"""Finds the meetings that ended longest ago, to delete them.

Only adds an index, so that the code before it goes on while this is rolled out.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("meetings_by_end", "meetings", ["end_time"])


def downgrade() -> None:
    op.drop_index("meetings_by_end", table_name="meetings")
