"""When the app was let into a conversation: a refusal that is older than that is not the last word.

Only adds a table, so that the code before it goes on while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("team_id", sa.String(32), primary_key=True),
        sa.Column("channel_id", sa.String(32), primary_key=True),
        sa.Column("release_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("releases_by_time", "releases", ["release_time"])


def downgrade() -> None:
    op.drop_table("releases")
