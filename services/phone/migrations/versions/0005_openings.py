"""Remembers by which request a call link was opened first: that one may be repeated after an answer that got lost.

Only adds, so that the code before it goes on while this is rolled out: what that one opens has no id.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("calls", sa.Column("first_opening_id", sa.String(36), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("first_opening_id")
