"""The REST operations that the simulator knows, with Zoom's scope and rate limit label for each."""

from simulators.zoom import rest_meetings, rest_past, rest_phone, rest_users
from simulators.zoom.rest import Operation

OPERATIONS = (
    Operation("GET", "users/{}", "user:read:user", "light", rest_users.get_user),
    Operation("GET", "users/{}/settings", "user:read:settings", "medium", rest_users.get_settings),
    Operation("POST", "users/{}/meetings", "meeting:write:meeting", "light", rest_meetings.create_meeting),
    Operation("GET", "users/{}/meetings", "meeting:read:list_meetings", "medium", rest_meetings.list_meetings),
    Operation("GET", "meetings/{}", "meeting:read:meeting", "light", rest_meetings.get_meeting),
    Operation("PATCH", "meetings/{}", "meeting:update:meeting", "light", rest_meetings.update_meeting),
    Operation("DELETE", "meetings/{}", "meeting:delete:meeting", "light", rest_meetings.delete_meeting),
    Operation("PUT", "meetings/{}/status", "meeting:update:status", "light", rest_meetings.update_status),
    Operation("GET", "past_meetings/{}", "meeting:read:past_meeting", "light", rest_past.get_past_meeting),
    Operation(
        "GET",
        "past_meetings/{}/participants",
        "meeting:read:list_past_participants",
        "medium",
        rest_past.list_past_participants,
    ),
    Operation(
        "GET",
        "meetings/{}/recordings",
        "cloud_recording:read:list_recording_files",
        "light",
        rest_past.get_recordings,
    ),
    Operation("GET", "meetings/{}/meeting_summary", "meeting:read:summary", "light", rest_past.get_summary),
    Operation("GET", "phone/users/{}", "phone:read:user", "phone light", rest_phone.get_profile),
    Operation(
        "GET", "phone/users/{}/call_history", "phone:read:list_call_logs", "phone medium", rest_phone.get_call_history
    ),
)
