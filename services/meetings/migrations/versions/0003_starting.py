"""What starting a meeting needs beyond its first form: rooms, threads, the guard against a second meeting, the host's
plan, and who of the attendees is known in Slack.

Only adds, so that the code before it goes on while this is rolled out. Rows from before are no work for the look-up of
attendees: their `link_due` is false.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OPEN = sa.text("end_time IS NULL AND erase_time IS NULL")
_LINKED = sa.text("slack_user_id <> ''")
_LINK_DUE = sa.text("link_due")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("(false)"), nullable=False)


def _thread() -> sa.Column[str]:
    return sa.Column("slack_thread_ts", sa.String(length=32), server_default="", nullable=False)


def upgrade() -> None:
    op.add_column("start_requests", _flag("personal_room"))
    op.add_column("start_requests", _thread())
    op.create_index("start_requests_by_channel", "start_requests", ["team_id", "channel_id", "reserve_time"])
    op.add_column("meetings", _flag("host_is_basic"))
    op.add_column("meetings", _thread())
    op.create_index(
        "meetings_open",
        "meetings",
        ["team_id", "slack_user_id", "create_time"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.add_column("deliveries", _thread())
    op.add_column(
        "participant_sessions", sa.Column("slack_user_id", sa.String(length=32), server_default="", nullable=False)
    )
    op.add_column("participant_sessions", _flag("link_due"))
    op.create_index(
        "participant_sessions_linked",
        "participant_sessions",
        ["slack_user_id", "meeting_id"],
        sqlite_where=_LINKED,
        postgresql_where=_LINKED,
    )
    op.create_index(
        "participant_sessions_link_due",
        "participant_sessions",
        ["meeting_id"],
        sqlite_where=_LINK_DUE,
        postgresql_where=_LINK_DUE,
    )


def downgrade() -> None:
    op.drop_index("participant_sessions_link_due", table_name="participant_sessions")
    op.drop_index("participant_sessions_linked", table_name="participant_sessions")
    op.drop_column("participant_sessions", "link_due")
    op.drop_column("participant_sessions", "slack_user_id")
    op.drop_column("deliveries", "slack_thread_ts")
    op.drop_index("meetings_open", table_name="meetings")
    op.drop_column("meetings", "slack_thread_ts")
    op.drop_column("meetings", "host_is_basic")
    op.drop_index("start_requests_by_channel", table_name="start_requests")
    op.drop_column("start_requests", "slack_thread_ts")
    op.drop_column("start_requests", "personal_room")
