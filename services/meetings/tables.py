"""The schema, as SQLAlchemy sees it. `migrations/` makes it."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from mesh.database import UtcDateTime

metadata = MetaData()


def _partial(name: str, where: str, *columns: str) -> Index:
    """Returns an index over the few rows for which `where` holds."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _of_organisation(name: str, *columns: str) -> Index:
    """Returns the index that finds what an organisation left behind; most workspaces belong to none."""
    return _partial(name, "enterprise_id <> ''", "enterprise_id", *columns)


start_requests = Table(
    "start_requests",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("request_id", String(36), primary_key=True),
    Column("enterprise_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("channel_id", String(32), nullable=False),
    Column("topic", Text, nullable=False),
    Column("personal_room", Boolean, nullable=False, server_default=text("false")),
    Column("slack_thread_ts", String(32), nullable=False, server_default=""),
    Column("fingerprint", String(64), nullable=False),
    Column("response_url_sealed", LargeBinary, nullable=False),
    Column("meeting_id", String(36), nullable=False, unique=True),
    # reserved → completed | failed; a request whose failure the caller heard of is deleted.
    Column("state", String(16), nullable=False),
    Column("worker", String(64), nullable=False),
    Column("lease_expire_time", UtcDateTime, nullable=False),
    Column("reserve_time", UtcDateTime, nullable=False),
    # In whose name it is made at Zoom; empty until that is known.
    Column("zoom_host_id", String(200), nullable=False, server_default=""),
    # The trace of the command (`mesh.origins`).
    Column("command_origin", String(55), nullable=False, server_default=""),
    # When the meeting is to begin, and how long it is to take; NULL for one that is started at once.
    Column("scheduled_time", UtcDateTime),
    Column("scheduled_duration_seconds", Integer),
    _partial("start_requests_reserved", "state = 'reserved'", "lease_expire_time"),
    Index("start_requests_by_channel", "team_id", "channel_id", "reserve_time"),
    _of_organisation("start_requests_by_enterprise", "team_id", "request_id"),
)

meetings = Table(
    "meetings",
    metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("enterprise_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("channel_id", String(32), nullable=False),
    Column("zoom_account_id", String(200), nullable=False),
    Column("zoom_host_id", String(200), nullable=False),
    Column("zoom_meeting_id", String(32), nullable=False),
    Column("zoom_pmi", String(32), nullable=False),
    # The run of the meeting, bound by its first event; empty before.
    Column("zoom_uuid", String(200), nullable=False),
    Column("topic", Text, nullable=False),
    Column("join_url_sealed", LargeBinary, nullable=False),
    Column("passcode_sealed", LargeBinary, nullable=False),
    # NULL where Zoom gave none, or before there was this column.
    Column("host_key_sealed", LargeBinary),
    Column("create_time", UtcDateTime, nullable=False),
    Column("zoom_create_time", UtcDateTime, nullable=False),
    Column("start_time", UtcDateTime),
    Column("end_time", UtcDateTime),
    Column("slack_thread_ts", String(32), nullable=False, server_default=""),
    # Whether the host's plan was Basic at the start: no summary and no cloud recording can come.
    Column("host_is_basic", Boolean, nullable=False, server_default=text("false")),
    # Set where the host left and the row, wiped, only stays until Slack shows the card as ended.
    Column("erase_time", UtcDateTime),
    # When Zoom is asked about it next; NULL before anything was heard of it.
    Column("reconcile_time", UtcDateTime),
    # How often Zoom has answered since the meeting was last known to run, or since it ended.
    Column("reconcile_attempts", Integer, nullable=False, server_default="0"),
    # Whether there is nothing left to ask.
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    # The trace of the command that it came of (`mesh.origins`).
    Column("command_origin", String(55), nullable=False, server_default=""),
    # When it is to begin, and how long it is to take; NULL where it was started at once.
    Column("scheduled_time", UtcDateTime),
    Column("scheduled_duration_seconds", Integer),
    # When somebody changed each of them at Zoom, by Zoom's clock; NULL where they are as they were scheduled here.
    Column("scheduled_time_set_time", UtcDateTime),
    Column("scheduled_duration_set_time", UtcDateTime),
    _partial("meetings_scheduled", "scheduled_time IS NOT NULL", "zoom_account_id", "zoom_meeting_id"),
    _partial("meetings_unsettled", "NOT settled", "reconcile_time"),
    Index("meetings_by_number", "zoom_host_id", "zoom_meeting_id"),
    Index("meetings_by_pmi", "zoom_host_id", "zoom_pmi"),
    Index("meetings_by_run", "zoom_uuid"),
    Index("meetings_by_end", "end_time"),
    Index("meetings_by_user", "team_id", "slack_user_id", "create_time"),
    _partial("meetings_open", "end_time IS NULL AND erase_time IS NULL", "team_id", "slack_user_id", "create_time"),
    _of_organisation("meetings_by_enterprise", "slack_user_id", "create_time"),
    _partial("meetings_erased", "erase_time IS NOT NULL", "erase_time"),
)

participant_sessions = Table(
    "participant_sessions",
    metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("session_id", String(200), primary_key=True),
    Column("attendee_id", String(200), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("join_time", UtcDateTime),
    Column("leave_time", UtcDateTime),
    # Who the attendee is in the meeting's workspace; empty where that is not known.
    Column("slack_user_id", String(32), nullable=False, server_default=""),
    # Whether auth is still to be asked who that is. True for each new session; false in rows from before this column.
    Column("link_due", Boolean, nullable=False, default=True, server_default=text("false")),
    _partial("participant_sessions_linked", "slack_user_id <> ''", "slack_user_id", "meeting_id"),
    _partial("participant_sessions_link_due", "link_due", "meeting_id"),
)

meeting_changes = Table(
    "meeting_changes",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("meeting_id", String(36), primary_key=True),
    # From 1 without a gap, in the order in which the transactions ended.
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    # Who came or left; empty for the other kinds. Name and Slack user are in the sessions.
    Column("attendee_id", String(200), nullable=False, server_default=""),
    Column("change_time", UtcDateTime, nullable=False),
    # What deletes them has no more than the meeting.
    Index("meeting_changes_by_meeting", "meeting_id"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("meeting_id", String(36), primary_key=True),
    Column("zoom_uuid", String(200), primary_key=True),
    Column("play_url_sealed", LargeBinary, nullable=False),
    Column("passcode_sealed", LargeBinary, nullable=False),
    # Sealing differs each time: this tells whether a repeated event brings anything new.
    Column("digest", String(64), nullable=False),
    # JSON: by file id, when it last came or went (milliseconds), and which of the two.
    Column("files", Text, nullable=False, server_default="{}"),
    # When Zoom sent the link and the passcode: the newest count, whatever comes last.
    Column("content_time", UtcDateTime),
    # Whether every file is gone: the link is dead.
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
)

zoom_events = Table(
    "zoom_events",
    metadata,
    # SHA-256 of the body: a repeated event is the same bytes.
    Column("digest", String(64), primary_key=True),
    Column("event", String(100), nullable=False),
    Column("receive_time", UtcDateTime, nullable=False),
    # Only of events whose meeting is not known yet, for an hour at the most.
    Column("held_body_sealed", LargeBinary),
    Column("held_zoom_host_id", String(200)),
    Index("zoom_events_by_time", "receive_time"),
    Index("zoom_events_held", "held_zoom_host_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", String(36), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("enterprise_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("channel_id", String(32), nullable=False),
    Column("slack_thread_ts", String(32), nullable=False, server_default=""),
    Column("kind", String(16), nullable=False),
    # What it shows: a meeting, a recording of it, or a failed request. One delivery each, whatever happens.
    Column("subject", String(300), nullable=False),
    Column("meeting_id", String(36)),
    # When the person asked for it; NULL in rows from before this column.
    Column("command_time", UtcDateTime),
    Column("failure_reason", String(64), nullable=False, server_default=""),
    Column("failure_metadata", Text, nullable=False, server_default="{}"),
    Column("response_url_sealed", LargeBinary, nullable=False),
    Column("response_url_expire_time", UtcDateTime, nullable=False),
    Column("desired_version", Integer, nullable=False),
    Column("delivered_version", Integer, nullable=False, server_default="0"),
    Column("failed_attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_time", UtcDateTime, nullable=False),
    Column("lease_token", String(36), nullable=False, server_default=""),
    Column("lease_holder", String(128), nullable=False, server_default=""),
    Column("lease_expire_time", UtcDateTime),
    Column("refused_error", String(100), nullable=False, server_default=""),
    # Whether it was refused ever, also where it is tried again since.
    Column("refused_before", Boolean, nullable=False, server_default=text("false")),
    Column("slack_call_id", String(64), nullable=False, server_default=""),
    Column("slack_channel_id", String(64), nullable=False, server_default=""),
    Column("slack_message_ts", String(64), nullable=False, server_default=""),
    Column("shown_attendees", Text, nullable=False, server_default="[]"),
    Column("shown_ended", Boolean, nullable=False, server_default=text("false")),
    # In whose own conversation with the app it is shown; empty for the channel.
    Column("recipient_slack_user_id", String(32), nullable=False, server_default=""),
    # Until when a refused result waits for the app to be let in; NULL where it does not wait.
    Column("wait_expire_time", UtcDateTime),
    # The place among the results of a channel that are shown in order after the app was let in; 0 for all others.
    Column("queue_position", Integer, nullable=False, server_default="0"),
    # Since when Slack lags behind; NULL in rows from before this column. Of no use where it does not.
    Column("lag_time", UtcDateTime),
    # The traces of the command and of the latest change (`mesh.origins`).
    Column("command_origin", String(55), nullable=False, server_default=""),
    Column("change_origin", String(55), nullable=False, server_default=""),
    _partial("deliveries_waiting", "wait_expire_time IS NOT NULL", "team_id", "channel_id"),
    _partial("deliveries_queued", "queue_position > 0", "team_id", "channel_id"),
    _partial("deliveries_received", "recipient_slack_user_id <> ''", "recipient_slack_user_id", "team_id"),
    UniqueConstraint("team_id", "kind", "subject", name="deliveries_one_each"),
    Index("deliveries_by_meeting", "meeting_id"),
    _partial("deliveries_due", "delivered_version < desired_version AND refused_error = ''", "next_attempt_time"),
    _of_organisation("deliveries_by_enterprise", "kind"),
)

releases = Table(
    "releases",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("channel_id", String(32), primary_key=True),
    # When the app was let in, last: only of the last hour.
    Column("release_time", UtcDateTime, nullable=False),
    Index("releases_by_time", "release_time"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("departure_id", String(36), primary_key=True),
    Column("erased_rows", Integer, nullable=False),
    # NULL while some rows are still to be erased.
    Column("erase_time", UtcDateTime),
    Index("erasures_by_time", "erase_time"),
)
