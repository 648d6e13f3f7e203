"""Every knob of meetings, with its reason."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from mesh.settings import (
    DatabaseSettings,
    DatabaseUrl,
    GrpcListenAddress,
    GrpcTarget,
    HttpUrl,
    ListenAddress,
    PolicySettings,
    SealingSettings,
)


class MeetingsDatabaseSettings(DatabaseSettings):
    """What `migrate` needs: where the database is, and no other secret."""

    configured_database_url: DatabaseUrl | None = Field(None, alias="ZOOMSLACK_MEETINGS_DATABASE_URL")
    """`postgresql+asyncpg://…`; absent: a SQLite file in the data folder."""

    @property
    def database_url(self) -> str:
        """The database to use."""
        return self.database_or_file(self.configured_database_url, "meetings")


class MeetingsSettings(PolicySettings, SealingSettings, MeetingsDatabaseSettings):
    """The settings of meetings."""

    listen: GrpcListenAddress = Field("127.0.0.1:50052", alias="ZOOMSLACK_MEETINGS_LISTEN")
    """Where gRPC is served."""
    health_listen: ListenAddress | None = Field(None, alias="ZOOMSLACK_MEETINGS_HEALTH_LISTEN")
    """Answers questions about health, and nothing else, without certificates: for a kubelet's probes."""
    admin_listen: ListenAddress | None = Field(None, alias="ZOOMSLACK_MEETINGS_ADMIN_LISTEN")
    """Answers `/metrics`, and nothing else, to whoever reaches it: for the cluster alone. Absent: nobody."""
    drain_seconds: float = Field(0.5, alias="ZOOMSLACK_MEETINGS_DRAIN_SECONDS", ge=0, le=60)
    """Time between "not ready" and the end of accepting, in which balancers look away; 5 in a cluster."""
    auth_target: GrpcTarget = Field("127.0.0.1:50051", alias="ZOOMSLACK_AUTH_TARGET")
    """Where auth is; `dns:///…` in a cluster."""
    zoom_api_url: HttpUrl = Field("https://api.zoom.us/v2", alias="ZOOMSLACK_ZOOM_API_URL")
    """The root of Zoom's API; another cloud of Zoom's has another."""

    reconcile_interval_seconds: int = Field(60, ge=5, le=3600, alias="ZOOMSLACK_RECONCILE_INTERVAL_SECONDS")
    """Seconds between two looks for meetings of which an event may have been lost. A look goes on until nothing is due,
    at two calls to Zoom a second. Longer: cards heal later. Shorter: more of the hosts' limits goes."""
    reconcile_quiet_seconds: int = Field(600, ge=10, le=3600, alias="ZOOMSLACK_RECONCILE_QUIET_SECONDS")
    """Seconds after the last event of a meeting after which Zoom is asked about it. Zoom repeats what was not taken for
    the first time after five minutes. Shorter: asks about what is on its way. Longer: what was lost is seen later."""

    meetings_keep_days: int = Field(400, ge=60, le=3650, alias="ZOOMSLACK_MEETINGS_KEEP_DAYS")
    """Days after its end for which a meeting is kept, with who was there and where its recording is: a year and a
    month, so that last year's is still found. Not less than 60: Zoom brings a recording back from the trash for 30
    days, and results wait as long for the app to be let in. What Slack shows stays there."""

    @property
    def meetings_kept(self) -> timedelta:
        """The same as a duration."""
        return timedelta(days=self.meetings_keep_days)

    @property
    def reconcile_quiet(self) -> timedelta:
        """The same as a duration."""
        return timedelta(seconds=self.reconcile_quiet_seconds)
