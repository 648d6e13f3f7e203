"""The schema, as SQLAlchemy sees it. `migrations/` makes it."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, UniqueConstraint, text

from mesh.database import UtcDateTime

metadata = MetaData()

calls = Table(
    "calls",
    metadata,
    Column("call_id", String(36), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("enterprise_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("channel_id", String(32), nullable=False),
    Column("request_id", String(36), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("phone_number", String(32), nullable=False),
    Column("national_number", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("create_time", UtcDateTime, nullable=False),
    UniqueConstraint("team_id", "request_id", name="calls_one_per_request"),
    Index("calls_by_user", "team_id", "slack_user_id", "create_time"),
    # Most workspaces belong to no organisation.
    Index(
        "calls_by_enterprise",
        "enterprise_id",
        "slack_user_id",
        "create_time",
        sqlite_where=text("enterprise_id <> ''"),
        postgresql_where=text("enterprise_id <> ''"),
    ),
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
