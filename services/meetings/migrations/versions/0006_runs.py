"""Finds a meeting by the name of its run, which is all that events about many recordings at once have.

Only adds an index, so that the code before it goes on while this is rolled out.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("meetings_by_run", "meetings", ["zoom_uuid"])


def downgrade() -> None:
    op.drop_index("meetings_by_run", table_name="meetings")
