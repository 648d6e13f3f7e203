"""Creates the tables of meetings."""

import sqlalchemy as sa
from alembic import op

from mesh.database import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("meeting_id", sa.String(length=36), nullable=True),
        sa.Column("failure_reason", sa.String(length=64), server_default="", nullable=False),
        sa.Column("failure_metadata", sa.Text(), server_default="{}", nullable=False),
        sa.Column("response_url_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("response_url_expire_time", UtcDateTime(), nullable=False),
        sa.Column("desired_version", sa.Integer(), nullable=False),
        sa.Column("delivered_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_time", UtcDateTime(), nullable=False),
        sa.Column("lease_token", sa.String(length=36), server_default="", nullable=False),
        sa.Column("lease_holder", sa.String(length=128), server_default="", nullable=False),
        sa.Column("lease_expire_time", UtcDateTime(), nullable=True),
        sa.Column("refused_error", sa.String(length=100), server_default="", nullable=False),
        sa.Column("slack_call_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("slack_channel_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("slack_message_ts", sa.String(length=64), server_default="", nullable=False),
        sa.Column("shown_attendees", sa.Text(), server_default="[]", nullable=False),
        sa.Column("shown_ended", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id"),
        sa.UniqueConstraint("team_id", "kind", "subject", name="deliveries_one_each"),
    )
    op.create_index("deliveries_by_meeting", "deliveries", ["meeting_id"], unique=False)
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["next_attempt_time"],
        unique=False,
        sqlite_where=sa.text("delivered_version < desired_version AND refused_error = ''"),
        postgresql_where=sa.text("delivered_version < desired_version AND refused_error = ''"),
    )
    op.create_table(
        "meetings",
        sa.Column("meeting_id", sa.String(length=36), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("zoom_account_id", sa.String(length=200), nullable=False),
        sa.Column("zoom_host_id", sa.String(length=200), nullable=False),
        sa.Column("zoom_meeting_id", sa.String(length=32), nullable=False),
        sa.Column("zoom_pmi", sa.String(length=32), nullable=False),
        sa.Column("zoom_uuid", sa.String(length=200), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("join_url_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("passcode_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("create_time", UtcDateTime(), nullable=False),
        sa.Column("zoom_create_time", UtcDateTime(), nullable=False),
        sa.Column("start_time", UtcDateTime(), nullable=True),
        sa.Column("end_time", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("meeting_id"),
    )
    op.create_index("meetings_by_number", "meetings", ["zoom_host_id", "zoom_meeting_id"], unique=False)
    op.create_index("meetings_by_pmi", "meetings", ["zoom_host_id", "zoom_pmi"], unique=False)
    op.create_index("meetings_by_user", "meetings", ["team_id", "slack_user_id", "create_time"], unique=False)
    op.create_table(
        "participant_sessions",
        sa.Column("meeting_id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=200), nullable=False),
        sa.Column("attendee_id", sa.String(length=200), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("join_time", UtcDateTime(), nullable=True),
        sa.Column("leave_time", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("meeting_id", "session_id"),
    )
    op.create_table(
        "recordings",
        sa.Column("meeting_id", sa.String(length=36), nullable=False),
        sa.Column("zoom_uuid", sa.String(length=200), nullable=False),
        sa.Column("play_url_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("passcode_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("meeting_id", "zoom_uuid"),
    )
    op.create_table(
        "start_requests",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("enterprise_id", sa.String(length=32), nullable=False),
        sa.Column("slack_user_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", sa.String(length=32), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("response_url_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("meeting_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("lease_expire_time", UtcDateTime(), nullable=False),
        sa.Column("reserve_time", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "request_id"),
        sa.UniqueConstraint("meeting_id"),
    )
    op.create_index(
        "start_requests_reserved",
        "start_requests",
        ["lease_expire_time"],
        unique=False,
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.create_table(
        "zoom_events",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=100), nullable=False),
        sa.Column("receive_time", UtcDateTime(), nullable=False),
        sa.Column("held_body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("held_zoom_host_id", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("zoom_events_by_time", "zoom_events", ["receive_time"], unique=False)
    op.create_index("zoom_events_held", "zoom_events", ["held_zoom_host_id"], unique=False)


def downgrade() -> None:
    op.drop_index("zoom_events_held", table_name="zoom_events")
    op.drop_index("zoom_events_by_time", table_name="zoom_events")
    op.drop_table("zoom_events")
    op.drop_index(
        "start_requests_reserved",
        table_name="start_requests",
        sqlite_where=sa.text("state = 'reserved'"),
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.drop_table("start_requests")
    op.drop_table("recordings")
    op.drop_table("participant_sessions")
    op.drop_index("meetings_by_user", table_name="meetings")
    op.drop_index("meetings_by_pmi", table_name="meetings")
    op.drop_index("meetings_by_number", table_name="meetings")
    op.drop_table("meetings")
    op.drop_index(
        "deliveries_due",
        table_name="deliveries",
        sqlite_where=sa.text("delivered_version < desired_version AND refused_error = ''"),
        postgresql_where=sa.text("delivered_version < desired_version AND refused_error = ''"),
    )
    op.drop_index("deliveries_by_meeting", table_name="deliveries")
    op.drop_table("deliveries")
