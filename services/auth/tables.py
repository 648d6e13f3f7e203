"""The schema, as SQLAlchemy sees it. `migrations/` makes it.

A column whose name ends in `_sealed` holds ciphertext (`services.auth.vault`); `bound_to` names the columns of its row
whose values it opens with and with no others.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

from mesh.database import UtcDateTime

metadata = MetaData()

BOUND_TO = "bound_to"


def _sealed(name: str, *bound_to: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False, info={BOUND_TO: bound_to})


# A link is looked up by the digest of its secret, which alone is kept. It is used once: every use is one conditional
# UPDATE that moves `used_time` away from NULL.
connect_links = Table(
    "connect_links",
    metadata,
    Column("state_digest", String(64), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("enterprise_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("display_name", String(80), nullable=False),
    Column("team_name", String(80), nullable=False),
    _sealed("verifier_sealed", "team_id", "slack_user_id", "state_digest"),
    _sealed("continuation_sealed", "team_id", "slack_user_id", "state_digest"),
    # What the code was exchanged for, until the connection is stored: a code works once at Zoom.
    _sealed("tokens_sealed", "team_id", "slack_user_id", "state_digest"),
    Column("expire_time", UtcDateTime, nullable=False),
    Column("used_time", UtcDateTime),
    Column("code_digest", String(64)),
    Column("claim_owner", String(36)),
    Column("claim_expire_time", UtcDateTime),
    Column("complete_time", UtcDateTime),
    Index("connect_links_by_expire_time", "expire_time"),
)

# What one Zoom user granted the app. Zoom keeps one per user and app, and a newer one ends the older: people who use
# one Zoom user in two workspaces share it, so that connecting the second does not cut off the first.
zoom_grants = Table(
    "zoom_grants",
    metadata,
    Column("zoom_user_id", String(64), primary_key=True),
    Column("zoom_account_id", String(64), nullable=False),
    Column("grant_id", String(36), nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("plan", String(16), nullable=False),
    Column("scopes", Text, nullable=False),
    _sealed("access_token_sealed", "zoom_account_id", "zoom_user_id"),
    _sealed("refresh_token_sealed", "zoom_account_id", "zoom_user_id"),
    Column("access_expire_time", UtcDateTime, nullable=False),
    Column("refresh_lease_owner", String(36)),
    Column("refresh_lease_expire_time", UtcDateTime),
    Column("end_time", UtcDateTime),
    Column("end_cause", String(64)),
)

# The workspace alone names the tenant: an organisation may appear later. `zoom_user_id_sealed` holds the same id as
# `zoom_user_id`: a row copied to another person, or pointed at another Zoom user, does not open.
connections = Table(
    "connections",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("slack_user_id", String(32), primary_key=True),
    Column("enterprise_id", String(32), nullable=False),
    Column("zoom_user_id", String(64), ForeignKey("zoom_grants.zoom_user_id"), nullable=False),
    _sealed("zoom_user_id_sealed", "team_id", "slack_user_id"),
    Column("connect_time", UtcDateTime, nullable=False),
    Index("connections_by_zoom_user", "zoom_user_id", "slack_user_id"),
)

install_links = Table(
    "install_links",
    metadata,
    Column("state_digest", String(64), primary_key=True),
    Column("expire_time", UtcDateTime, nullable=False),
    Column("used_time", UtcDateTime),
    Index("install_links_by_expire_time", "expire_time"),
)

# `tenant_id` is the workspace (`T…`), or the organisation (`E…`) of an installation in a whole one.
slack_installations = Table(
    "slack_installations",
    metadata,
    Column("tenant_id", String(32), primary_key=True),
    Column("team_id", String(32), nullable=False),
    Column("enterprise_id", String(32), nullable=False),
    Column("team_name", Text, nullable=False),
    Column("app_id", String(32), nullable=False),
    Column("bot_user_id", String(32), nullable=False),
    Column("scopes", Text, nullable=False),
    _sealed("bot_token_sealed", "tenant_id"),
    _sealed("refresh_token_sealed", "tenant_id"),
    Column("bot_token_expire_time", UtcDateTime),
    Column("install_time", UtcDateTime, nullable=False),
)
