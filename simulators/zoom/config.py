"""What the simulator is told at start: its addresses, the registered Zoom apps and how strict or unkind to be."""

from dataclasses import dataclass, field
from typing import Literal

AppLevel = Literal["user", "account"]
UuidStyle = Literal["mixed", "slashes", "plain"]

USER_SCOPES = (
    "meeting:write:meeting",
    "meeting:read:meeting",
    "meeting:update:meeting",
    "meeting:update:status",
    "meeting:delete:meeting",
    "meeting:read:list_meetings",
    "meeting:read:participant",
    "meeting:read:past_meeting",
    "meeting:read:list_past_participants",
    "user:read:user",
    "user:read:settings",
    "cloud_recording:read:recording",
    "cloud_recording:read:list_recording_files",
    "phone:read:user",
    "phone:read:user_setting",
    "phone:read:call",
    "phone:read:call_log",
    "phone:read:list_call_logs",
)
"""Granular scopes; Zoom's user level has no suffix, the account level adds `:admin`."""

ACCOUNT_SCOPES = tuple(f"{scope}:admin" for scope in USER_SCOPES)

KNOWN_SCOPES = (*USER_SCOPES, "meeting:read:summary")
"""Whatever the simulator has something for. The two apps ask for what they use, which leaves AI summaries out."""

OPTIONAL_USER_SCOPES = (
    "meeting:read:list_meetings",
    "user:read:settings",
    "cloud_recording:read:recording",
    "phone:read:user",
    "phone:read:call",
    "phone:read:call_log",
)
OPTIONAL_ACCOUNT_SCOPES = tuple(f"{scope}:admin" for scope in OPTIONAL_USER_SCOPES)


@dataclass(frozen=True, kw_only=True)
class ZoomApp:
    """One app registered in Zoom's Marketplace.

    `level` "user" is user-managed (each person authorises), "account" is admin-managed (an admin authorises once for
    the account). Only a `published` app is told `app_deauthorized` when somebody removes it. `optional_scopes` are
    those of the `scopes` that a person may decline. What is None is the simulator's own setting.
    """

    level: AppLevel
    name: str
    client_id: str
    client_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    optional_scopes: tuple[str, ...] = ()
    published: bool = True
    old_refresh_grace_seconds: float | None = None
    redirect_uri: str | None = None
    webhook_url: str | None = None


_USER_APP = ZoomApp(
    level="user",
    name="Zoom for Slack",
    client_id="simulatedUserAppId0001",
    client_secret="simulated-zoom-user-client-secret",
    webhook_secret="simulated-zoom-user-webhook-secret",
    scopes=USER_SCOPES,
    optional_scopes=OPTIONAL_USER_SCOPES,
)
_ACCOUNT_APP = ZoomApp(
    level="account",
    name="Zoom for Slack (company wide)",
    client_id="simulatedAdminAppId001",
    client_secret="simulated-zoom-account-client-secret",
    webhook_secret="simulated-zoom-account-webhook-secret",
    scopes=ACCOUNT_SCOPES,
    optional_scopes=OPTIONAL_ACCOUNT_SCOPES,
)


@dataclass(frozen=True, kw_only=True)
class ZoomConfig:
    """Settings of one simulator.

    `app_url` is where the product listens, `public_url` the simulator's own base address (both without a trailing
    slash). `retry_scale` multiplies Zoom's 5, 20 and 60 minutes between webhook attempts. `uuid_style` "slashes" makes
    every meeting UUID one that has to be URL-encoded twice, "plain" none, "mixed" one in eight. `seed` drives every
    generated id, so that two runs see the same ones.
    """

    app_url: str = "http://127.0.0.1:8080"
    public_url: str = "http://127.0.0.1:8082"
    user_app: ZoomApp = _USER_APP
    account_app: ZoomApp = _ACCOUNT_APP
    retry_scale: float = 1.0
    webhook_timeout_seconds: float = 3.0
    old_refresh_grace_seconds: float = 0.0
    enforce_rate_limits: bool = True
    uuid_style: UuidStyle = "mixed"
    seed: int = 20261030

    @property
    def apps(self) -> tuple[ZoomApp, ZoomApp]:
        """Both registered apps, the user-managed one first."""
        return (self.user_app, self.account_app)

    @property
    def redirect_uri(self) -> str:
        """The redirect URI of an app that has none of its own."""
        return f"{self.app_url}/zoom/oauth/callback"

    @property
    def webhook_url(self) -> str:
        """The event notification endpoint of an app that has none of its own."""
        return f"{self.app_url}/zoom/webhooks"
