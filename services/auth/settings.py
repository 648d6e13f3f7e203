"""Every knob of this service."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from mesh.settings import (
    DatabaseSettings,
    DatabaseUrl,
    GrpcListenAddress,
    HttpUrl,
    ListenAddress,
    PolicySettings,
    SealingSettings,
    Secrets,
)
from services.auth.grants import AppLevel


class AuthDatabaseSettings(DatabaseSettings):
    """What `migrate` needs: where the database is, and no other secret."""

    configured_database_url: DatabaseUrl | None = Field(None, alias="ZOOMSLACK_AUTH_DATABASE_URL")
    """`postgresql+asyncpg://…`; absent: a SQLite file in the data folder. May hold a password: never printed."""

    @property
    def database_url(self) -> str:
        """The database to use."""
        return self.database_or_file(self.configured_database_url, "auth")


class AuthSettings(PolicySettings, SealingSettings, AuthDatabaseSettings):
    """What auth can be told."""

    listen: GrpcListenAddress = Field("127.0.0.1:50051", alias="ZOOMSLACK_AUTH_LISTEN")
    health_listen: ListenAddress | None = Field(None, alias="ZOOMSLACK_AUTH_HEALTH_LISTEN")
    """Answers questions about health, and nothing else, without certificates: for a kubelet's probes."""
    admin_listen: ListenAddress | None = Field(None, alias="ZOOMSLACK_AUTH_ADMIN_LISTEN")
    """Answers `/metrics`, and nothing else, to whoever reaches it: for the cluster alone. Absent: nobody."""
    drain_seconds: float = Field(0.5, alias="ZOOMSLACK_AUTH_DRAIN_SECONDS", ge=0, le=60)
    """Time between "not ready" and the end of accepting, in which balancers look away; 5 in a cluster."""
    public_url: HttpUrl = Field("http://127.0.0.1:8080", alias="ZOOMSLACK_PUBLIC_URL")
    """Where browsers reach the edge: connect links and both vendors' redirect addresses begin with it."""

    slack_api_url: HttpUrl = Field("https://slack.com/api", alias="ZOOMSLACK_SLACK_API_URL")
    slack_authorize_url: HttpUrl = Field("https://slack.com/oauth/v2/authorize", alias="ZOOMSLACK_SLACK_AUTHORIZE_URL")
    slack_client_id: str = Field(alias="ZOOMSLACK_SLACK_CLIENT_ID", min_length=1)
    slack_client_secrets: Secrets = Field(alias="ZOOMSLACK_SLACK_CLIENT_SECRET")
    """Comma-separated while it rotates: the one that Slack takes is used."""

    zoom_api_url: HttpUrl = Field("https://api.zoom.us/v2", alias="ZOOMSLACK_ZOOM_API_URL")
    """Other Zoom clouds have other addresses."""
    zoom_oauth_url: HttpUrl = Field("https://zoom.us/oauth", alias="ZOOMSLACK_ZOOM_OAUTH_URL")
    """`/authorize`, `/token` and `/revoke` are below it."""
    zoom_user_client_id: str = Field(alias="ZOOMSLACK_ZOOM_USER_CLIENT_ID", min_length=1)
    """The user-managed app: each person authorises for herself."""
    zoom_user_client_secrets: Secrets = Field(alias="ZOOMSLACK_ZOOM_USER_CLIENT_SECRET")
    """Comma-separated while it rotates: the one that Zoom takes is used."""
    zoom_account_client_id: str | None = Field(None, alias="ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_ID")
    """The admin-managed app. Absent: the company-wide install is not offered."""
    zoom_account_client_secrets: Secrets | None = Field(
        None, alias="ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_SECRET", validate_default=True
    )

    @field_validator("zoom_account_client_secrets")
    @classmethod
    def _both_or_none(cls, value: Secrets | None, info: ValidationInfo) -> Secrets | None:
        if (value is None) != (info.data.get("zoom_account_client_id") is None):
            raise ValueError("goes together with ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_ID")
        return value

    @property
    def zoom_client_ids(self) -> dict[AppLevel, str]:
        """The client ids of the apps at Zoom that this deployment has."""
        account = self.zoom_account_client_id
        return {AppLevel.USER: self.zoom_user_client_id, **({AppLevel.ACCOUNT: account} if account else {})}
