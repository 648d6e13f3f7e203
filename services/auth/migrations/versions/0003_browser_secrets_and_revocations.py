"""The browser of a company-wide installation, tokens still to be revoked, and the time of a plan.

Only adds, so that the code before it goes on while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("connect_links", sa.Column("browser_digest", sa.String(64), nullable=False, server_default=""))
    for table in ("connections", "zoom_grants", "zoom_account_grants"):
        op.add_column(table, sa.Column("plan_time", UtcDateTime))
    op.create_table(
        "revocations",
        sa.Column("revocation_id", sa.String(36), primary_key=True),
        sa.Column("app_level", sa.String(8), nullable=False),
        sa.Column("tokens_sealed", sa.LargeBinary, nullable=False),
        sa.Column("record_time", UtcDateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_try_time", UtcDateTime, nullable=False),
    )
    op.create_index("revocations_by_next_try_time", "revocations", ["next_try_time"])


def downgrade() -> None:
    raise RuntimeError("tokens that Zoom was not told of yet are not forgotten by a step back")
