"""Company-wide installations, rotation of bot tokens, and departures.

Only adds, so that the code before it goes on while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("connect_links", sa.Column("app_level", sa.String(8), nullable=False, server_default="user"))
    op.add_column("connect_links", sa.Column("zoom_scopes", sa.Text, nullable=False, server_default=""))
    op.add_column("connect_links", sa.Column("zoom_account_id", sa.String(64), nullable=False, server_default=""))
    op.create_index("connect_links_by_team", "connect_links", ["team_id"])
    op.add_column("install_links", sa.Column("zoom_state_digest", sa.String(64), nullable=False, server_default=""))
    op.add_column("zoom_grants", sa.Column("consent_time", UtcDateTime))
    _accounts()
    _connections()
    _installations()
    _departures()


def _accounts() -> None:
    op.create_table(
        "zoom_account_grants",
        sa.Column("zoom_account_id", sa.String(64), primary_key=True),
        sa.Column("zoom_user_id", sa.String(64), nullable=False),
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
        sa.Column("consent_time", UtcDateTime),
    )
    op.create_table(
        "sign_outs",
        sa.Column("team_id", sa.String(32), primary_key=True),
        sa.Column("slack_user_id", sa.String(32), primary_key=True),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("sign_out_time", UtcDateTime, nullable=False),
    )


def _connections() -> None:
    op.add_column("connections", sa.Column("zoom_account_id", sa.String(64), nullable=False, server_default=""))
    op.add_column("connections", sa.Column("plan", sa.String(16), nullable=False, server_default="unknown"))
    op.add_column("connections", sa.Column("matched", sa.Boolean, nullable=False, server_default=sa.false()))
    for column in ("zoom_account_id", "plan"):
        op.execute(
            f"UPDATE connections SET {column} = (SELECT {column} FROM zoom_grants"  # noqa: S608 (our own two names)
            " WHERE zoom_grants.zoom_user_id = connections.zoom_user_id)"
        )
    # Who is matched has no grant of her own: the reference to one has to go. SQLite can only make the table anew.
    if op.get_bind().dialect.name == "sqlite":
        naming = {"fk": "fk_%(table_name)s_%(column_0_name)s"}
        with op.batch_alter_table("connections", naming_convention=naming) as batch:
            batch.drop_constraint("fk_connections_zoom_user_id", type_="foreignkey")
    else:
        op.drop_constraint("connections_zoom_user_id_fkey", "connections", type_="foreignkey")
    op.create_index("connections_by_account", "connections", ["zoom_account_id"])
    op.create_index("connections_by_enterprise", "connections", ["enterprise_id"])


def _installations() -> None:
    for column in (
        sa.Column("zoom_account_id", sa.String(64), nullable=False, server_default=""),
        sa.Column("zoom_account_id_sealed", sa.LargeBinary),
        sa.Column("call_options", sa.String(16), nullable=False, server_default="video_and_phone"),
        sa.Column("install_id", sa.String(36), nullable=False, server_default=""),
        sa.Column("token_version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("refresh_lease_owner", sa.String(36)),
        sa.Column("refresh_lease_expire_time", UtcDateTime),
        sa.Column("end_time", UtcDateTime),
        sa.Column("end_cause", sa.String(64)),
    ):
        op.add_column("slack_installations", column)
    op.create_index("slack_installations_by_account", "slack_installations", ["zoom_account_id"])


def _departures() -> None:
    op.create_table(
        "departures",
        sa.Column("departure_id", sa.String(36), primary_key=True),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("team_id", sa.String(32), nullable=False),
        sa.Column("slack_user_id", sa.String(32), nullable=False),
        sa.Column("depart_time", UtcDateTime, nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("record_time", UtcDateTime, nullable=False),
        sa.Column("auth_rows", sa.Integer, nullable=False),
    )
    op.create_index("departures_by_team", "departures", ["team_id", "record_time"])
    op.create_index("departures_by_enterprise", "departures", ["enterprise_id", "record_time"])
    op.create_table(
        "departure_erasures",
        sa.Column(
            "departure_id",
            sa.String(36),
            sa.ForeignKey("departures.departure_id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("eraser", sa.String(16), primary_key=True),
        sa.Column("erased_rows", sa.Integer, nullable=False),
        sa.Column("complete_time", UtcDateTime),
    )
    op.create_index(
        "departure_erasures_pending",
        "departure_erasures",
        ["eraser"],
        sqlite_where=sa.text("complete_time IS NULL"),
        postgresql_where=sa.text("complete_time IS NULL"),
    )


def downgrade() -> None:
    raise RuntimeError("what somebody granted for a company is not forgotten by a step back")
