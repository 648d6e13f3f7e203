"""Which fields Zoom takes when a meeting is created or changed, with types and limits."""

from simulators.zoom.fields import ARRAY, BOOLEAN, INTEGER, OBJECT, STRING, Field
from simulators.zoom.world import INSTANT, RECURRING, RECURRING_FIXED, SCHEDULED

_BOOLEAN_SETTINGS = (
    "allow_host_control_participant_mute_state allow_multiple_devices alternative_host_manage_cloud_recording "
    "alternative_host_manage_meeting_summary alternative_host_update_polls alternative_hosts_email_notification "
    "auto_start_ai_companion_questions auto_start_deepfake_detection auto_start_meeting_summary close_registration "
    "cn_meeting device_testing disable_participant_video email_in_attendee_report email_notification focus_mode "
    "host_pause_stop_recording host_save_video_order host_video in_meeting internal_meeting join_before_host "
    "meeting_authentication mute_upon_entry participant_focused_meeting participant_video private_meeting "
    "push_change_to_calendar registrants_confirmation_email registrants_email_notification "
    "request_permission_to_unmute_participants show_join_info show_share_button use_pmi waiting_room watermark"
)
_OBJECT_SETTINGS = (
    "approved_or_denied_countries_or_regions auto_add_recording_to_video_management breakout_room "
    "continuous_meeting_chat language_interpretation question_and_answer sign_language_interpretation "
    "waiting_room_options"
)
_STRING_SETTINGS = (
    "alternative_hosts audio_conference_info authentication_domains authentication_option contact_email contact_name "
    "summary_template_id"
)
_ARRAY_SETTINGS = (
    "additional_data_center_regions authentication_exception global_dial_in_countries meeting_invitees resources"
)

SETTINGS_FIELDS: dict[str, Field] = {
    **dict.fromkeys(_BOOLEAN_SETTINGS.split(), BOOLEAN),
    **dict.fromkeys(_OBJECT_SETTINGS.split(), OBJECT),
    **dict.fromkeys(_STRING_SETTINGS.split(), STRING),
    **dict.fromkeys(_ARRAY_SETTINGS.split(), ARRAY),
    "approval_type": Field(kind="integer", choices=(0, 1, 2)),
    "audio": Field(kind="string", choices=("both", "telephony", "voip", "thirdParty")),
    "auto_recording": Field(kind="string", choices=("local", "cloud", "none")),
    "calendar_type": Field(kind="integer", choices=(1, 2)),
    "encryption_type": Field(kind="string", choices=("enhanced_encryption", "e2ee")),
    "jbh_time": Field(kind="integer", choices=(0, 5, 10, 15)),
    "registration_type": Field(kind="integer", choices=(1, 2, 3)),
    "who_can_ask_questions": Field(kind="integer", choices=(1, 2, 3, 4, 5)),
    "who_will_receive_summary": Field(kind="integer", choices=(1, 2, 3, 4)),
}

RECURRENCE_FIELDS: dict[str, Field] = {
    "end_date_time": STRING,
    "end_times": Field(kind="integer", minimum=1, maximum=60),
    "monthly_day": Field(kind="integer", minimum=1, maximum=31),
    "monthly_week": Field(kind="integer", choices=(-1, 1, 2, 3, 4)),
    "monthly_week_day": Field(kind="integer", minimum=1, maximum=7),
    "repeat_interval": INTEGER,
    "type": Field(kind="integer", choices=(1, 2, 3)),
    "weekly_days": Field(kind="string", pattern="[1-7](,[1-7]){0,6}"),
}

PATCH_FIELDS: dict[str, Field] = {
    "agenda": Field(kind="string", maximum=2000),
    "duration": Field(kind="integer", minimum=1, maximum=1440),
    "password": Field(kind="string", pattern="[A-Za-z0-9@_*!-]{0,10}"),
    "pre_schedule": BOOLEAN,
    "recurrence": Field(kind="object", fields=RECURRENCE_FIELDS),
    "schedule_for": Field(kind="string", maximum=254),
    "sensitivity_label_id": STRING,
    "settings": Field(kind="object", fields=SETTINGS_FIELDS),
    "start_time": Field(kind="string", pattern=r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ?"),
    "template_id": STRING,
    "timezone": Field(kind="string", maximum=64),
    "topic": Field(kind="string", maximum=200),
    "tracking_fields": ARRAY,
    "type": Field(kind="integer", choices=(INSTANT, SCHEDULED, RECURRING, RECURRING_FIXED)),
}

CREATE_FIELDS: dict[str, Field] = {**PATCH_FIELDS, "default_password": BOOLEAN}
