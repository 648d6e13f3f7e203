"""Keeps what changed of each meeting, in order, for those who watch it.

Only adds, so that the code before it goes on: what that one changes, watchers are not told of.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "meeting_changes",
        sa.Column("team_id", sa.String(32), primary_key=True),
        sa.Column("meeting_id", sa.String(36), primary_key=True),
        sa.Column("sequence", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("attendee_id", sa.String(200), nullable=False, server_default=""),
        sa.Column("change_time", UtcDateTime, nullable=False),
    )
    op.create_index("meeting_changes_by_meeting", "meeting_changes", ["meeting_id"])


def downgrade() -> None:
    op.drop_table("meeting_changes")
