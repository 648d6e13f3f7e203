"""Remembers of a delivery that Slack refused it before, so that whoever is told of that is told once.

Only adds, so that the code before it goes on while this is rolled out: what that one refuses is told of once more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "deliveries", sa.Column("refused_before", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )


def downgrade() -> None:
    op.drop_column("deliveries", "refused_before")
