"""Every knob of meetings, with its reason."""

from __future__ import annotations

from pydantic import Field

from mesh.settings import HttpUrl, ListenAddress, SealingSettings


class MeetingsSettings(SealingSettings):
    """The settings of meetings."""

    listen: ListenAddress = Field("127.0.0.1:50052", alias="ZOOMSLACK_MEETINGS_LISTEN")
    """Where gRPC is served."""
    database: str | None = Field(
        None, alias="ZOOMSLACK_MEETINGS_DATABASE_URL", pattern=r"^(sqlite\+aiosqlite|postgresql\+asyncpg)://"
    )
    """`postgresql+asyncpg://…`; absent: a SQLite file in the data folder."""
    auth_target: str = Field("127.0.0.1:50051", alias="ZOOMSLACK_AUTH_TARGET", min_length=3)
    """Where auth is; `dns:///…` in a cluster."""
    zoom_api_url: HttpUrl = Field("https://api.zoom.us/v2", alias="ZOOMSLACK_ZOOM_API_URL")
    """The root of Zoom's API; another cloud of Zoom's has another."""

    def problems(self) -> list[str]:
        return super().problems() + self.plaintext_problems(
            ZOOMSLACK_MEETINGS_LISTEN=self.listen, ZOOMSLACK_AUTH_TARGET=self.auth_target
        )

    @property
    def resolved_database_url(self) -> str:
        """The database to use."""
        return self.database_url(self.database, "meetings")
