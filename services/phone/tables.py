"""The schema, as SQLAlchemy sees it. `migrations/` makes it."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Table, UniqueConstraint

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
)
