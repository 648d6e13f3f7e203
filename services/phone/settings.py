"""Every knob of this service."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from mesh.settings import DatabaseUrl, GrpcListenAddress, GrpcTarget, HttpUrl, SealingSettings
from services.phone.phone_numbers import is_region


def _region(value: str) -> str:
    if not is_region(value):
        raise ValueError("should be the two capital letters of a country, such as US")
    return value


class PhoneSettings(SealingSettings):
    """What phone can be told."""

    listen: GrpcListenAddress = Field("127.0.0.1:50053", alias="ZOOMSLACK_PHONE_LISTEN")
    """Where gRPC is served."""
    configured_database_url: DatabaseUrl | None = Field(None, alias="ZOOMSLACK_PHONE_DATABASE_URL")
    """`postgresql+asyncpg://…`; absent: a SQLite file in the data folder."""
    auth_target: GrpcTarget = Field("127.0.0.1:50051", alias="ZOOMSLACK_AUTH_TARGET")
    """Where auth answers; `dns:///…` in a cluster."""
    public_url: HttpUrl = Field("http://127.0.0.1:8080", alias="ZOOMSLACK_PUBLIC_URL")
    """Where people reach the edge: call links begin with it."""
    zoom_api_url: HttpUrl = Field("https://api.zoom.us/v2", alias="ZOOMSLACK_ZOOM_API_URL")
    """Other Zoom clouds have other addresses."""
    default_region: Annotated[str, AfterValidator(_region)] = Field("US", alias="ZOOMSLACK_PHONE_DEFAULT_REGION")
    """The country of numbers that are typed without `+`."""

    @property
    def database_url(self) -> str:
        """The database to use."""
        return self.database_or_file(self.configured_database_url, "phone")
