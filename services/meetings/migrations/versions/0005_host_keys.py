"""The key by which whoever started a meeting becomes its host without signing in.

Only adds a column that may be empty, so that the code before it goes on while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("meetings", sa.Column("host_key_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("meetings", "host_key_sealed")
