"""The schema, as SQLAlchemy sees it. `migrations/` makes it.

A column whose name ends in `_sealed` holds ciphertext (`services.auth.vault`); `bound_to` names the columns of its row
whose values it opens with and with no others.

Transactions lock rows of several tables in one order, so that two rarely wait for each other: connect_links,
zoom_account_grants, slack_installations, zoom_grants, connections, sign_outs; within a table by the primary key. Rows
that come into being between two statements keep to no order: `mesh.database.Database.run` repeats what collides.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

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
    # The app that is asked for, and the scopes; an administrator's link names nobody in Slack.
    Column("app_level", String(8), nullable=False, server_default="user"),
    Column("zoom_scopes", Text, nullable=False, server_default=""),
    # The digest of what the administrator's browser holds: whoever sees a state in an address has not got it.
    Column("browser_digest", String(64), nullable=False, server_default=""),
    # The account for which an administrator completed the link; a workspace is connected to it by what follows.
    Column("zoom_account_id", String(64), nullable=False, server_default=""),
    Index("connect_links_by_expire_time", "expire_time"),
    Index("connect_links_by_team", "team_id"),
)


def _grants(name: str, key: str, other: str) -> Table:
    """Returns a table of grants, one per `key`."""
    return Table(
        name,
        metadata,
        Column(key, String(64), primary_key=True),
        Column(other, String(64), nullable=False),
        Column("grant_id", String(36), nullable=False),
        Column("token_version", Integer, nullable=False),
        Column("plan", String(16), nullable=False),
        # When Zoom told of another plan than it had at the consent: its events come in any order.
        Column("plan_time", UtcDateTime),
        Column("scopes", Text, nullable=False),
        _sealed("access_token_sealed", "zoom_account_id", "zoom_user_id"),
        _sealed("refresh_token_sealed", "zoom_account_id", "zoom_user_id"),
        Column("access_expire_time", UtcDateTime, nullable=False),
        Column("refresh_lease_owner", String(36)),
        Column("refresh_lease_expire_time", UtcDateTime),
        Column("end_time", UtcDateTime),
        Column("end_cause", String(64)),
        # Unknown of grants that are older than this column: they are older than any event, too.
        Column("consent_time", UtcDateTime),
    )


# What one Zoom user granted the user-managed app. Zoom keeps one per user and app, and a newer one ends the older:
# people who use one Zoom user in two workspaces share it, so that connecting the second does not cut off the first.
zoom_grants = _grants("zoom_grants", "zoom_user_id", "zoom_account_id")

# What an administrator granted the admin-managed app for her whole account. `zoom_user_id` is hers.
zoom_account_grants = _grants("zoom_account_grants", "zoom_account_id", "zoom_user_id")

# The workspace alone names the tenant: an organisation may appear later. `zoom_user_id_sealed` holds the same id as
# `zoom_user_id`: a row copied to another person, or pointed at another Zoom user, does not open.
connections = Table(
    "connections",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("slack_user_id", String(32), primary_key=True),
    Column("enterprise_id", String(32), nullable=False),
    Column("zoom_user_id", String(64), nullable=False),
    _sealed("zoom_user_id_sealed", "team_id", "slack_user_id"),
    Column("connect_time", UtcDateTime, nullable=False),
    Column("zoom_account_id", String(64), nullable=False, server_default=""),
    Column("plan", String(16), nullable=False, server_default="unknown"),
    Column("plan_time", UtcDateTime),
    # Found by the e-mail address; else the person connected by a link.
    Column("matched", Boolean, nullable=False, server_default=false()),
    Index("connections_by_zoom_user", "zoom_user_id", "slack_user_id"),
    Index("connections_by_account", "zoom_account_id"),
    Index("connections_by_enterprise", "enterprise_id"),
)

# Who logged out under a company-wide installation: she is not matched again.
sign_outs = Table(
    "sign_outs",
    metadata,
    Column("team_id", String(32), primary_key=True),
    Column("slack_user_id", String(32), primary_key=True),
    Column("enterprise_id", String(32), nullable=False),
    Column("sign_out_time", UtcDateTime, nullable=False),
)

install_links = Table(
    "install_links",
    metadata,
    Column("state_digest", String(64), primary_key=True),
    Column("expire_time", UtcDateTime, nullable=False),
    Column("used_time", UtcDateTime),
    # The connect link that this one goes on from; empty for an installation in Slack alone.
    Column("zoom_state_digest", String(64), nullable=False, server_default=""),
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
    # The Zoom account of a company-wide installation. Sealed too: a workspace pointed at another company's account
    # would act with that company's token.
    Column("zoom_account_id", String(64), nullable=False, server_default=""),
    Column("zoom_account_id_sealed", LargeBinary, info={BOUND_TO: ("tenant_id",)}),
    Column("call_options", String(16), nullable=False, server_default="video_and_phone"),
    Column("install_id", String(36), nullable=False, server_default=""),
    Column("token_version", Integer, nullable=False, server_default="1"),
    Column("refresh_lease_owner", String(36)),
    Column("refresh_lease_expire_time", UtcDateTime),
    Column("end_time", UtcDateTime),
    Column("end_cause", String(64)),
    Index("slack_installations_by_account", "zoom_account_id"),
)

# Pairs that nobody uses any more and Zoom does not know of yet. A row is written in the transaction that takes the pair
# away from where it was, and goes when Zoom has been told.
revocations = Table(
    "revocations",
    metadata,
    Column("revocation_id", String(36), primary_key=True),
    Column("app_level", String(8), nullable=False),
    _sealed("tokens_sealed", "revocation_id", "app_level"),
    Column("record_time", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_time", UtcDateTime, nullable=False),
    Index("revocations_by_next_try_time", "next_try_time"),
)

# Who left. With its erasures a row is the receipt: ids, times and counts, and no personal data beyond them.
departures = Table(
    "departures",
    metadata,
    Column("departure_id", String(36), primary_key=True),
    Column("enterprise_id", String(32), nullable=False),
    Column("team_id", String(32), nullable=False),
    Column("slack_user_id", String(32), nullable=False),
    Column("depart_time", UtcDateTime, nullable=False),
    Column("cause", String(32), nullable=False),
    Column("record_time", UtcDateTime, nullable=False),
    Column("auth_rows", Integer, nullable=False),
    Index("departures_by_team", "team_id", "record_time"),
    Index("departures_by_enterprise", "enterprise_id", "record_time"),
)

departure_erasures = Table(
    "departure_erasures",
    metadata,
    Column("departure_id", String(36), ForeignKey("departures.departure_id", ondelete="CASCADE"), primary_key=True),
    Column("eraser", String(16), primary_key=True),
    Column("erased_rows", Integer, nullable=False),
    Column("complete_time", UtcDateTime),
    Index(
        "departure_erasures_pending",
        "eraser",
        sqlite_where=text("complete_time IS NULL"),
        postgresql_where=text("complete_time IS NULL"),
    ),
)
