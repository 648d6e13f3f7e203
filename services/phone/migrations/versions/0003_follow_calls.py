"""What following calls needs: how each went, what Slack shows of it, which of her calls a person wants to see.

Only adds, so that the code before it goes on placing calls; what it places while both run is not followed, and the link
of a call that rang opens on a new replica only. Calls from before count as settled: their links are long dead. Building
the indexes keeps calls from being placed meanwhile: for seconds, also with a million of them.
"""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0003"
down_revision = "0002"

_EMPTY = (
    ("extension_number", 32),
    ("warning", 16),
    ("contact_name", 200),
    ("contact_slack_user_id", 32),
    ("zoom_user_id", 200),
    ("zoom_account_id", 200),
    ("zoom_call_id", 200),
    ("user_phone_number", 32),
    ("result", 32),
)
_TIMES = ("first_open_time", "last_open_time", "ring_time", "connect_time", "answer_time", "end_time", "reconcile_time")
_FLAGS = (
    ("from_slack", "true"),
    ("transferred", "false"),
    ("in_history", "false"),
    ("given_up", "false"),
    ("contact_erased", "false"),
    ("settled", "true"),
)
_CONTACT = sa.text("contact_slack_user_id <> ''")
_UNSETTLED = sa.text("NOT settled")
_KNOWN_AT_ZOOM = sa.text("zoom_call_id <> ''")
_SHOWN_ALL = sa.text("show_all")
_LAGS = sa.text("delivered_version < desired_version AND refused_error = ''")


def upgrade() -> None:
    for name, length in _EMPTY:
        op.add_column("calls", sa.Column(name, sa.String(length), nullable=False, server_default=""))
    for name in _TIMES:
        op.add_column("calls", sa.Column(name, UtcDateTime))
    op.add_column("calls", sa.Column("direction", sa.String(16), nullable=False, server_default="outbound"))
    for name, default in _FLAGS:
        op.add_column("calls", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text(default)))
    op.add_column("calls", sa.Column("reconcile_attempts", sa.Integer, nullable=False, server_default="0"))
    op.create_index(
        "calls_once_each",
        "calls",
        ["zoom_user_id", "zoom_call_id", "direction", "team_id", "slack_user_id"],
        unique=True,
        sqlite_where=_KNOWN_AT_ZOOM,
        postgresql_where=_KNOWN_AT_ZOOM,
    )
    op.create_index("calls_by_zoom_user", "calls", ["zoom_user_id", "last_open_time"])
    op.create_index("calls_by_time", "calls", ["create_time"])
    op.create_index(
        "calls_by_contact",
        "calls",
        ["contact_slack_user_id", "team_id"],
        sqlite_where=_CONTACT,
        postgresql_where=_CONTACT,
    )
    op.create_index(
        "calls_unsettled", "calls", ["reconcile_time"], sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED
    )
    op.create_table(
        "zoom_events",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("event", sa.String(100), nullable=False),
        sa.Column("receive_time", UtcDateTime, nullable=False),
        sa.Column("transferred_call", sa.String(450), nullable=False, server_default=""),
    )
    op.create_index("zoom_events_by_time", "zoom_events", ["receive_time"])
    op.create_index(
        "zoom_events_transferred",
        "zoom_events",
        ["transferred_call"],
        sqlite_where=sa.text("transferred_call <> ''"),
        postgresql_where=sa.text("transferred_call <> ''"),
    )
    op.create_table(
        "shown_calls",
        sa.Column("team_id", sa.String(32), primary_key=True),
        sa.Column("slack_user_id", sa.String(32), primary_key=True),
        sa.Column("enterprise_id", sa.String(32), nullable=False),
        sa.Column("zoom_user_id", sa.String(200), nullable=False),
        sa.Column("zoom_account_id", sa.String(200), nullable=False),
        sa.Column("show_all", sa.Boolean, nullable=False),
        sa.Column("update_time", UtcDateTime, nullable=False),
        sa.Column("reconcile_time", UtcDateTime, nullable=False),
    )
    op.create_index(
        "shown_calls_by_zoom_user",
        "shown_calls",
        ["zoom_user_id"],
        sqlite_where=_SHOWN_ALL,
        postgresql_where=_SHOWN_ALL,
    )
    op.create_index(
        "shown_calls_due", "shown_calls", ["reconcile_time"], sqlite_where=_SHOWN_ALL, postgresql_where=_SHOWN_ALL
    )
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.String(36), primary_key=True),
        sa.Column("call_id", sa.String(36), nullable=False, unique=True),
        sa.Column("team_id", sa.String(32), nullable=False),
        sa.Column("desired_version", sa.Integer, nullable=False),
        sa.Column("delivered_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed_attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_attempt_time", UtcDateTime, nullable=False),
        sa.Column("lease_token", sa.String(36), nullable=False, server_default=""),
        sa.Column("lease_holder", sa.String(128), nullable=False, server_default=""),
        sa.Column("lease_expire_time", UtcDateTime),
        sa.Column("refused_error", sa.String(100), nullable=False, server_default=""),
        sa.Column("slack_channel_id", sa.String(64), nullable=False, server_default=""),
        sa.Column("slack_message_ts", sa.String(64), nullable=False, server_default=""),
    )
    op.create_index("deliveries_due", "deliveries", ["next_attempt_time"], sqlite_where=_LAGS, postgresql_where=_LAGS)


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("shown_calls")
    op.drop_table("zoom_events")
    for index in ("calls_unsettled", "calls_by_time", "calls_by_contact", "calls_by_zoom_user", "calls_once_each"):
        op.drop_index(index, table_name="calls")
    columns = (
        *(name for name, _ in _EMPTY),
        *_TIMES,
        *(name for name, _ in _FLAGS),
        *("direction", "reconcile_attempts"),
    )
    with op.batch_alter_table("calls") as calls:
        for name in columns:
            calls.drop_column(name)
