"""`GET /users/{userId}` and `GET /users/{userId}/settings`."""

from simulators.zoom.clock import iso
from simulators.zoom.rest import Answer, Call
from simulators.zoom.scheduling import join_url_of
from simulators.zoom.world import User

_ACCOUNT_CREATED_AT = 1_577_836_800.0


def get_user(call: Call) -> Answer:
    """The profile. `vanity_url` is missing for people without a personal link."""
    user = call.user()
    public_url = call.simulation.config.public_url
    body: dict[str, object] = {
        "id": user.id,
        "account_id": user.account_id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.display_name,
        "type": user.type,
        "role_name": user.role_name,
        "pmi": user.pmi,
        "use_pmi": user.settings.use_pmi_for_instant_meetings,
        "personal_meeting_url": join_url_of(call.simulation.world.meetings[user.pmi], public_url),
        "timezone": user.timezone,
        "dept": "",
        "language": "en-US",
        "status": user.status,
        "verified": user.verified,
        "created_at": iso(_ACCOUNT_CREATED_AT),
    }
    if user.vanity_name:
        body["vanity_url"] = vanity_url(user, public_url)
    return Answer(200, body)


def get_settings(call: Call) -> Answer:
    """The settings that decide how meetings are made, in Zoom's grouping."""
    user = call.user()
    settings = user.settings
    schedule = {
        "personal_meeting": settings.personal_meeting,
        "use_pmi_for_instant_meetings": settings.use_pmi_for_instant_meetings,
        "use_pmi_for_scheduled_meetings": settings.use_pmi_for_scheduled_meetings,
        "pmi_password": settings.pmi_password,
        "require_password_for_instant_meetings": settings.require_password_for_instant_meetings,
        "require_password_for_scheduled_meetings": settings.require_password_for_scheduling_new_meetings,
        "require_password_for_scheduling_new_meetings": settings.require_password_for_scheduling_new_meetings,
        "require_password_for_pmi_meetings": settings.require_password_for_pmi_meetings,
        "embed_password_in_join_link": settings.embed_password_in_join_link,
        "join_before_host": settings.join_before_host,
        "host_video": settings.host_video,
        "participants_video": settings.participants_video,
    }
    recording = {
        "cloud_recording": settings.cloud_recording and user.is_paid,
        "auto_recording": "none",
        "recording_audio_transcript": False,
    }
    summary = {"enable": settings.meeting_summary and user.is_paid, "auto_enable": False}
    body: dict[str, object] = {
        "schedule_meeting": schedule,
        "in_meeting": {"waiting_room": settings.waiting_room, "meeting_summary_with_ai_companion": summary},
        "recording": recording,
        "feature": {"zoom_phone": call.simulation.world.has_phone(user), "meeting_capacity": 100},
    }
    return Answer(200, body)


def vanity_url(user: User, public_url: str) -> str:
    """The personal link."""
    return f"{public_url}/my/{user.vanity_name}"
