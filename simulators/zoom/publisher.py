"""Decides which apps hear of an event: those that were added, have its scope and reach its host."""

from collections.abc import Mapping

from simulators.zoom import events
from simulators.zoom.config import ZoomApp, ZoomConfig
from simulators.zoom.grants import Grants
from simulators.zoom.webhooks import Outbox
from simulators.zoom.world import User

_SCOPES = {
    "meeting.started": "meeting:read:meeting",
    "meeting.ended": "meeting:read:meeting",
    "meeting.participant_joined": "meeting:read:participant",
    "meeting.participant_left": "meeting:read:participant",
    "recording.started": "cloud_recording:read:recording",
    "recording.stopped": "cloud_recording:read:recording",
    "recording.completed": "cloud_recording:read:recording",
}


class Publisher:
    """Hands events to the outbox, once per app that is entitled to them."""

    def __init__(self, config: ZoomConfig, grants: Grants, outbox: Outbox) -> None:
        self._config = config
        self._grants = grants
        self._outbox = outbox

    def publish(self, event: Mapping[str, object], *, host: User, subject: str) -> None:
        """Send an event of `host`'s meeting: the user app hears of people who added it, the account app of all."""
        name = str(event["event"])
        body = events.encode(event)
        for app in self._config.apps:
            if self._is_subscribed(app, host, _SCOPES[name]):
                self._outbox.emit(app, name, subject, body)

    def publish_deauthorization(self, app: ZoomApp, user_id: str, now: float) -> None:
        """Tell a published app that somebody removed it; an unpublished one only meets dead tokens."""
        if app.published:
            body = events.encode(events.app_deauthorized(app, user_id, now))
            self._outbox.emit(app, "app_deauthorized", user_id, body)

    def _is_subscribed(self, app: ZoomApp, host: User, scope: str) -> bool:
        if app.level == "user":
            own = self._grants.authorization(app, host.id)
            return own is not None and scope in own.scopes
        return any(
            granted.app is app and f"{scope}:admin" in granted.scopes for granted in self._grants.authorizations()
        )
