"""In whose name a meeting is being made: only events of that Zoom user wait for it.

Only adds a column, empty where that is not known, so that the code before it goes on while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("start_requests", sa.Column("zoom_host_id", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("start_requests", "zoom_host_id")
