"""Every knob of the edge."""

from __future__ import annotations

from pydantic import Field

from mesh.settings import GrpcTarget, HttpUrl, ListenAddress, Secrets, Settings, listed


class PublicSettings(Settings):
    """What is known before the apps at Slack and Zoom exist: enough for the manifest."""

    public_url: HttpUrl = Field("http://127.0.0.1:8080", alias="ZOOMSLACK_PUBLIC_URL")
    """Where Slack, Zoom and browsers reach this edge; the addresses in the apps' settings begin with it."""


class EdgeSettings(PublicSettings):
    """What the edge needs to serve."""

    slack_api_url: HttpUrl = Field("https://slack.com/api", alias="ZOOMSLACK_SLACK_API_URL")
    slack_signing_secrets: Secrets = Field(alias="ZOOMSLACK_SLACK_SIGNING_SECRET")
    """Comma-separated: the current one, and the one before while Slack may still use it."""
    zoom_user_webhook_secrets: Secrets = Field(alias="ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET")
    """The "Secret Token" of the user-managed Zoom app; comma-separated while it rotates."""
    zoom_account_webhook_secrets: Secrets | None = Field(None, alias="ZOOMSLACK_ZOOM_ACCOUNT_WEBHOOK_SECRET")
    """The same of the admin-managed app. Absent: its events are refused."""
    zoom_webhook_window: int = Field(300, alias="ZOOMSLACK_ZOOM_WEBHOOK_WINDOW_SECONDS", ge=60, le=86_400)
    """Seconds by which the time of a webhook from Zoom may differ from ours.

    A setting because it is unverified whether Zoom signs an event anew when it sends it again, 5, 20 and 60 minutes
    later; where it does not, every repeat is "stale" in `zoomslack_requests_refused_total`, final by its 401, and lost.
    A wide window is harmless: a replayed event has the content of one that is known, and changes nothing.
    """
    zoom_join_url: HttpUrl = Field("https://zoom.us", alias="ZOOMSLACK_ZOOM_JOIN_URL")
    """Where meetings are joined that people name by number or personal link name; `https://zoomgov.com` for that cloud.

    Links that people paste lead where they say, if that is one of Zoom's own hosts.
    """
    slack_call_provider: bool = Field(False, alias="ZOOMSLACK_SLACK_CALL_PROVIDER")
    """Whether Slack made this app a provider of calls, as it does for partners: its Call icon is then answered."""
    listen: ListenAddress = Field("127.0.0.1:8080", alias="ZOOMSLACK_EDGE_LISTEN")
    admin_listen: ListenAddress | None = Field(None, alias="ZOOMSLACK_EDGE_ADMIN_LISTEN")
    """Takes /livez, /readyz and /metrics off the public port, as production wants it. Absent: they are on it."""
    auth_target: GrpcTarget = Field("127.0.0.1:50051", alias="ZOOMSLACK_AUTH_TARGET")
    meetings_target: GrpcTarget = Field("127.0.0.1:50052", alias="ZOOMSLACK_MEETINGS_TARGET")
    phone_target: GrpcTarget = Field("127.0.0.1:50053", alias="ZOOMSLACK_PHONE_TARGET")
    configured_help_url: HttpUrl | None = Field(None, alias="ZOOMSLACK_HELP_URL")
    """Where `/zoom help` sends people who need a person. Absent: the guide."""
    drain_seconds: float = Field(0.5, alias="ZOOMSLACK_EDGE_DRAIN_SECONDS", ge=0, le=60)
    """Time between "not ready" and the end of accepting, in which balancers look away; 5 in a cluster."""

    @property
    def help_url(self) -> str:
        """Where help is."""
        return self.configured_help_url or f"{self.public_url}/guide/index"

    @property
    def slack_secrets(self) -> tuple[str, ...]:
        """The secrets with which Slack may sign."""
        return listed(self.slack_signing_secrets)

    @property
    def zoom_user_secrets(self) -> tuple[str, ...]:
        """The secrets with which Zoom may sign for the user-managed app."""
        return listed(self.zoom_user_webhook_secrets)

    @property
    def zoom_account_secrets(self) -> tuple[str, ...]:
        """The secrets with which Zoom may sign for the admin-managed app; none where there is no such app."""
        account = self.zoom_account_webhook_secrets
        return () if account is None else listed(account)
