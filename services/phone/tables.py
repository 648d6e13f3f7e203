"""The schema, as SQLAlchemy sees it. `migrations/` makes it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, UniqueConstraint, text

from mesh.database import UtcDateTime

metadata = MetaData()


def _partial(name: str, where: str, *columns: str, unique: bool = False) -> Index:
    """Returns an index over the rows for which `where` holds."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _text(name: str, length: int) -> Column[str]:
    return Column(name, String(length), nullable=False, server_default="")


def _flag(name: str, default: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text(default))


calls = Table(
    "calls",
    metadata,
    Column("call_id", String(36), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("enterprise_id", String(32), nullable=False),
    # The person whose call it is.
    Column("slack_user_id", String(32), nullable=False),
    # Where it was placed; empty where it was not placed from Slack.
    Column("channel_id", String(32), nullable=False),
    # Of a call that no command made: its own id.
    Column("request_id", String(36), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    # The other side: in E.164, as its country writes it, within the company.
    Column("phone_number", String(32), nullable=False),
    Column("national_number", String(64), nullable=False),
    _text("extension_number", 32),
    _text("warning", 16),
    _text("contact_name", 200),
    _text("contact_slack_user_id", 32),
    # The person on the other side was erased: her name does not come back.
    _flag("contact_erased", "false"),
    # Derived from the times below; kept for who looks at the table.
    Column("state", String(16), nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    _text("zoom_user_id", 200),
    _text("zoom_account_id", 200),
    # The call as Zoom names it; empty before it is known to be this one.
    _text("zoom_call_id", 200),
    Column("direction", String(16), nullable=False, server_default="outbound"),
    _flag("from_slack", "true"),
    _text("user_phone_number", 32),
    # When its link was opened, for the first and for the last time; NULL before.
    Column("first_open_time", UtcDateTime),
    # Which opening was the first; empty where it has no id.
    _text("first_opening_id", 36),
    Column("last_open_time", UtcDateTime),
    Column("ring_time", UtcDateTime),
    Column("connect_time", UtcDateTime),
    Column("answer_time", UtcDateTime),
    Column("end_time", UtcDateTime),
    _text("result", 32),
    _flag("transferred", "false"),
    _flag("in_history", "false"),
    _flag("given_up", "false"),
    # When Zoom's history is looked at next, how often it was, and whether there is nothing left to ask.
    Column("reconcile_time", UtcDateTime),
    Column("reconcile_attempts", Integer, nullable=False, server_default="0"),
    _flag("settled", "true"),
    # Set where the person left and the row, wiped, only stays until Slack shows that the call is not followed.
    Column("erase_time", UtcDateTime),
    # The trace of the command that it came of (`mesh.origins`); empty where none did.
    _text("command_origin", 55),
    UniqueConstraint("team_id", "request_id", name="calls_one_per_request"),
    Index("calls_by_user", "team_id", "slack_user_id", "create_time"),
    Index("calls_by_zoom_user", "zoom_user_id", "last_open_time"),
    # One person sees a call of Zoom's once on each side of it.
    _partial(
        "calls_once_each",
        "zoom_call_id <> ''",
        *("zoom_user_id", "zoom_call_id", "direction", "team_id", "slack_user_id"),
        unique=True,
    ),
    _partial("calls_erased", "erase_time IS NOT NULL", "erase_time"),
    _partial("calls_unsettled", "NOT settled", "reconcile_time"),
    Index("calls_by_time", "create_time"),
    _partial("calls_by_contact", "contact_slack_user_id <> ''", "contact_slack_user_id", "team_id"),
    # Most workspaces belong to no organisation.
    _partial("calls_by_enterprise", "enterprise_id <> ''", "enterprise_id", "slack_user_id", "create_time"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", String(36), primary_key=True),
    # One each, whatever happens.
    Column("call_id", String(36), nullable=False, unique=True),
    Column("team_id", String(32), nullable=False),
    Column("desired_version", Integer, nullable=False),
    Column("delivered_version", Integer, nullable=False, server_default="0"),
    Column("failed_attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_time", UtcDateTime, nullable=False),
    _text("lease_token", 36),
    _text("lease_holder", 128),
    Column("lease_expire_time", UtcDateTime),
    _text("refused_error", 100),
    _text("slack_channel_id", 64),
    _text("slack_message_ts", 64),
    # Since when Slack lags behind; NULL in rows from before this column. Of no use where it does not.
    Column("lag_time", UtcDateTime),
    # The trace of the latest change (`mesh.origins`).
    _text("change_origin", 55),
    _partial("deliveries_due", "delivered_version < desired_version AND refused_error = ''", "next_attempt_time"),
)

shown_calls = Table(
    "shown_calls",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("slack_user_id", String(32), primary_key=True),
    Column("enterprise_id", String(32), nullable=False),
    # As whom the person was connected when she chose; she may be somebody else at Zoom by now.
    Column("zoom_user_id", String(200), nullable=False),
    Column("zoom_account_id", String(200), nullable=False),
    Column("show_all", Boolean, nullable=False),
    # Calls from before are not shown.
    Column("update_time", UtcDateTime, nullable=False),
    # When Zoom's history is looked at next.
    Column("reconcile_time", UtcDateTime, nullable=False),
    _partial("shown_calls_by_zoom_user", "show_all", "zoom_user_id"),
    _partial("shown_calls_due", "show_all", "reconcile_time"),
)

zoom_events = Table(
    "zoom_events",
    metadata,
    # SHA-256 of the body: a repeated event is the same bytes.
    Column("digest", String(64), primary_key=True),
    Column("event", String(100), nullable=False),
    Column("receive_time", UtcDateTime, nullable=False),
    # The user and call that a transfer is about, where no call is known to be that one yet; empty otherwise.
    _text("transferred_call", 450),
    Index("zoom_events_by_time", "receive_time"),
    _partial("zoom_events_transferred", "transferred_call <> ''", "transferred_call"),
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
