"""Every knob of this service."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

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
from services.phone.lines import Policy
from services.phone.phone_numbers import is_region


def _region(value: str) -> str:
    if not is_region(value):
        raise ValueError("should be the two capital letters of a country, such as US")
    return value


class PhoneDatabaseSettings(DatabaseSettings):
    """What `migrate` needs: where the database is, and no other secret."""

    configured_database_url: DatabaseUrl | None = Field(None, alias="ZOOMSLACK_PHONE_DATABASE_URL")
    """`postgresql+asyncpg://…`; absent: a SQLite file in the data folder."""

    @property
    def database_url(self) -> str:
        """The database to use."""
        return self.database_or_file(self.configured_database_url, "phone")


class PhoneSettings(PolicySettings, SealingSettings, PhoneDatabaseSettings):
    """What phone can be told."""

    listen: GrpcListenAddress = Field("127.0.0.1:50053", alias="ZOOMSLACK_PHONE_LISTEN")
    """Where gRPC is served."""
    health_listen: ListenAddress | None = Field(None, alias="ZOOMSLACK_PHONE_HEALTH_LISTEN")
    """Answers questions about health, and nothing else, without certificates: for a kubelet's probes."""
    admin_listen: ListenAddress | None = Field(None, alias="ZOOMSLACK_PHONE_ADMIN_LISTEN")
    """Answers `/metrics`, and nothing else, to whoever reaches it: for the cluster alone. Absent: nobody."""
    drain_seconds: float = Field(0.5, alias="ZOOMSLACK_PHONE_DRAIN_SECONDS", ge=0, le=60)
    """Time between "not ready" and the end of accepting, in which balancers look away; 5 in a cluster."""
    auth_target: GrpcTarget = Field("127.0.0.1:50051", alias="ZOOMSLACK_AUTH_TARGET")
    """Where auth answers; `dns:///…` in a cluster."""
    public_url: HttpUrl = Field("http://127.0.0.1:8080", alias="ZOOMSLACK_PUBLIC_URL")
    """Where people reach the edge: call links begin with it."""
    zoom_api_url: HttpUrl = Field("https://api.zoom.us/v2", alias="ZOOMSLACK_ZOOM_API_URL")
    """Other Zoom clouds have other addresses."""
    default_region: Annotated[str, AfterValidator(_region)] = Field("US", alias="ZOOMSLACK_PHONE_DEFAULT_REGION")
    """The country of numbers without `+` whose caller has no number of her own at Zoom."""
    emergency_numbers: Policy = Field(Policy.REFUSE, alias="ZOOMSLACK_PHONE_EMERGENCY_NUMBERS")
    """`refuse`: emergency numbers get no link, as a call from a computer may reach the wrong place and not tell where
    the caller is. `warn`: they get one, with a warning."""
    premium_numbers: Policy = Field(Policy.REFUSE, alias="ZOOMSLACK_PHONE_PREMIUM_NUMBERS")
    """`refuse`: numbers that cost more than others get no link. `warn`: they get one, with a warning."""
    reconcile_interval_seconds: int = Field(60, ge=5, le=3600, alias="ZOOMSLACK_RECONCILE_INTERVAL_SECONDS")
    """Seconds between two looks for calls of which an event may have been lost. A look is at most 30 people's history.
    Longer: cards heal later. Shorter: more of the callers' limits goes."""
    reconcile_quiet_seconds: int = Field(600, ge=5, le=3600, alias="ZOOMSLACK_RECONCILE_QUIET_SECONDS")
    """Seconds after the last that was heard of a call after which Zoom's history is looked at. Zoom repeats what was
    not taken for the first time after five minutes. Shorter: asks about what is on its way. Longer: what was lost is
    seen later."""

    keep_days: int = Field(400, ge=8, le=3650, alias="ZOOMSLACK_PHONE_KEEP_DAYS")
    """Days for which calls are kept, with number and name of the other side. What Slack shows of them stays there.
    Shorter: `ListCalls` knows less. Longer: more is there to lose."""

    @property
    def reconcile_quiet(self) -> timedelta:
        """The same as a duration."""
        return timedelta(seconds=self.reconcile_quiet_seconds)
