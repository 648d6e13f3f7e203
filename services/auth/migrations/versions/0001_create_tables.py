"""Links, grants, connections, installations."""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "connect_links",
        sa.Column("state_digest", sa.String(64), primary_key=True),
        sa.Column("team_id", sa.String(32), nullable=False),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("slack_user_id", sa.String(32), nullable=False),
        sa.Column("display_name", sa.String(80), nullable=False),
        sa.Column("team_name", sa.String(80), nullable=False),
        sa.Column("verifier_sealed", sa.LargeBinary, nullable=False),
        sa.Column("continuation_sealed", sa.LargeBinary, nullable=False),
        sa.Column("tokens_sealed", sa.LargeBinary, nullable=False),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.Column("used_time", UtcDateTime),
        sa.Column("code_digest", sa.String(64)),
        sa.Column("claim_owner", sa.String(36)),
        sa.Column("claim_expire_time", UtcDateTime),
        sa.Column("complete_time", UtcDateTime),
    )
    op.create_index("connect_links_by_expire_time", "connect_links", ["expire_time"])
    op.create_table(
        "zoom_grants",
        sa.Column("zoom_user_id", sa.String(64), primary_key=True),
        sa.Column("zoom_account_id", sa.String(64), nullable=False),
        sa.Column("grant_id", sa.String(36), nullable=False),
        sa.Column("token_version", sa.Integer, nullable=False),
        sa.Column("plan", sa.String(16), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("access_token_sealed", sa.LargeBinary, nullable=False),
        sa.Column("refresh_token_sealed", sa.LargeBinary, nullable=False),
        sa.Column("access_expire_time", UtcDateTime, nullable=False),
        sa.Column("refresh_lease_owner", sa.String(36)),
        sa.Column("refresh_lease_expire_time", UtcDateTime),
        sa.Column("end_time", UtcDateTime),
        sa.Column("end_cause", sa.String(64)),
    )
    op.create_table(
        "connections",
        sa.Column("team_id", sa.String(32), primary_key=True),
        sa.Column("slack_user_id", sa.String(32), primary_key=True),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("zoom_user_id", sa.String(64), sa.ForeignKey("zoom_grants.zoom_user_id"), nullable=False),
        sa.Column("zoom_user_id_sealed", sa.LargeBinary, nullable=False),
        sa.Column("connect_time", UtcDateTime, nullable=False),
    )
    op.create_index("connections_by_zoom_user", "connections", ["zoom_user_id", "slack_user_id"])
    op.create_table(
        "install_links",
        sa.Column("state_digest", sa.String(64), primary_key=True),
        sa.Column("expire_time", UtcDateTime, nullable=False),
        sa.Column("used_time", UtcDateTime),
    )
    op.create_index("install_links_by_expire_time", "install_links", ["expire_time"])
    op.create_table(
        "slack_installations",
        sa.Column("tenant_id", sa.String(32), primary_key=True),
        sa.Column("team_id", sa.String(32), nullable=False),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("team_name", sa.Text, nullable=False),
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("bot_user_id", sa.String(32), nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("bot_token_sealed", sa.LargeBinary, nullable=False),
        sa.Column("refresh_token_sealed", sa.LargeBinary, nullable=False),
        sa.Column("bot_token_expire_time", UtcDateTime),
        sa.Column("install_time", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("slack_installations", "install_links", "connections", "zoom_grants", "connect_links"):
        op.drop_table(table)
