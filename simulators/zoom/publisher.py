"""Decides which apps hear of an event: those that were added, have its scope and reach its host."""

from collections.abc import Mapping

from simulators.zoom import events
from simulators.zoom.config import AppLevel, ZoomApp
from simulators.zoom.grants import Grants
from simulators.zoom.registry import Registry
from simulators.zoom.webhooks import Outbox
from simulators.zoom.world import User

_SCOPES = {
    "meeting.started": "meeting:read:meeting",
    "meeting.ended": "meeting:read:meeting",
    "meeting.updated": "meeting:read:meeting",
    "meeting.deleted": "meeting:read:meeting",
    **dict.fromkeys(
        [
            "meeting.participant_joined",
            "meeting.participant_left",
            "meeting.participant_joined_waiting_room",
            "meeting.participant_admitted",
            "meeting.participant_left_waiting_room",
        ],
        "meeting:read:participant",
    ),
    **dict.fromkeys(
        [f"meeting.summary_{step}" for step in ("completed", "updated", "shared", "trashed", "recovered", "deleted")],
        "meeting:read:summary",
    ),
    "recording.started": "cloud_recording:read:recording",
    "recording.stopped": "cloud_recording:read:recording",
    "recording.completed": "cloud_recording:read:recording",
    "recording.trashed": "cloud_recording:read:recording",
    "recording.recovered": "cloud_recording:read:recording",
    "recording.deleted": "cloud_recording:read:recording",
    "recording.renamed": "cloud_recording:read:recording",
    **dict.fromkeys(
        [
            "phone.caller_ringing",
            "phone.caller_connected",
            "phone.caller_ended",
            "phone.callee_ringing",
            "phone.callee_answered",
            "phone.callee_ended",
            "phone.callee_missed",
            "phone.callee_rejected",
            "phone.blind_transfer_initiated",  # a guess: it comes in a running call, as those above
        ],
        "phone:read:call",
    ),
    **dict.fromkeys(
        [
            "phone.caller_call_log_completed",
            "phone.callee_call_log_completed",
            "phone.caller_call_history_completed",
            "phone.callee_call_history_completed",
            "phone.caller_call_element_completed",
            "phone.callee_call_element_completed",
        ],
        "phone:read:call_log",
    ),
    # Zoom does not say which scope these need; the one by which the same facts are read is the likely one.
    "user.updated": "user:read:user",
    "user.activated": "user:read:user",
    "user.deactivated": "user:read:user",
    "user.deleted": "user:read:user",
    "user.disassociated": "user:read:user",
}


class Publisher:
    """Hands events to the outbox, once per app that is entitled to them."""

    def __init__(self, registry: Registry, grants: Grants, outbox: Outbox) -> None:
        self._registry = registry
        self._grants = grants
        self._outbox = outbox
        self._late: list[tuple[AppLevel, str, bytes]] = []

    def publish(self, event: Mapping[str, object], *, about: User, subject: str) -> None:
        """Send an event about a person or her meeting: to the user app if she added it, to the account's app always."""
        name = str(event["event"])
        body = events.encode(event)
        for app in self._registry.apps:
            if self._is_subscribed(app, about, _SCOPES[name]):
                self._outbox.emit(app.level, name, subject, body)

    def publish_deauthorization(self, app: ZoomApp, user: User, now: float, *, late: bool = False) -> None:
        """Tell a published app that somebody removed it; an unpublished one only meets dead tokens.

        `late` keeps the event until `release_late`, so that it can come after a new authorisation.
        """
        if not app.published:
            return
        notice = (app.level, user.id, events.encode(events.app_deauthorized(app, user, now)))
        if late:
            self._late.append(notice)
        else:
            self._emit_deauthorization(*notice)

    def release_late(self) -> int:
        """Send the deauthorisations that were kept. Returns how many."""
        late, self._late = self._late, []
        for notice in late:
            self._emit_deauthorization(*notice)
        return len(late)

    def _emit_deauthorization(self, level: AppLevel, user_id: str, body: bytes) -> None:
        self._outbox.emit(level, "app_deauthorized", user_id, body)

    def _is_subscribed(self, app: ZoomApp, about: User, scope: str) -> bool:
        if not self._registry.is_approved(app.level, about.account_id):
            return False
        granted = self._grants.authorization(app, about)
        return granted is not None and scope + (":admin" if app.level == "account" else "") in granted.scopes
