"""What Slack's errors mean: one table from its words to what can be done. Sentences as in `replies`.

Source: the errors that Slack lists for each method that is called here; a test holds the two together. A word that is
not in the table counts as a defect of ours: it is not tried again, the person hears of it, and the log shows it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple


class Nature(Enum):
    """What can be done about a refusal."""

    PASSING = "passing"
    """Later it may work."""
    GONE = "gone"
    """The call, message, person or trigger that it is about is not there any more: whoever asked does without it."""
    PLACE = "place"
    """Slack does not allow it in this conversation; elsewhere it may work."""
    WORKSPACE = "workspace"
    """The installation or the settings of the workspace have to change first."""
    OURS = "ours"
    """The request was wrong, or nobody knows what the answer means."""


_WORDS: Mapping[Nature, str] = {
    Nature.PASSING: """
        ratelimited rate_limited message_limit_exceeded
        internal_error fatal_error service_unavailable request_timeout update_failed
        team_added_to_org org_login_required external_channel_migrating streaming_state_conflict
    """,
    Nature.GONE: """
        inactive_call invalid_call_id bad_users
        user_not_found user_not_visible invalid_created_by
        message_not_found thread_not_found cannot_reply_to_message cant_update_message edit_window_closed
        expired_trigger_id exchanged_trigger_id invalid_trigger_id
    """,
    Nature.PLACE: """
        channel_not_found not_in_channel is_archived is_inactive no_permission not_authorized
        restricted_action restricted_action_non_threadable_channel restricted_action_read_only_channel
        restricted_action_thread_locked restricted_action_thread_only_channel posting_to_channel_denied
    """,
    Nature.WORKSPACE: """
        token_revoked token_expired invalid_auth not_authed account_inactive missing_scope not_allowed_token_type is_bot
        access_denied accesslimited ekm_access_denied app_access_restricted enterprise_is_restricted
        two_factor_setup_required team_access_not_granted messages_tab_disabled not_enabled
    """,
    Nature.OURS: """
        invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type
        missing_post_type missing_argument unknown_method not_implemented method_deprecated deprecated_endpoint
        invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text markdown_text_conflict
        block_mismatch view_too_large duplicate_external_id hash_conflict missing_profile_id
        invalid_attachments too_many_attachments attachment_payload_limit_exceeded too_many_contact_cards
        invalid_metadata_format invalid_metadata_schema metadata_must_be_sent_from_app metadata_too_large
        invalid_start_time too_many_users team_not_found as_user_not_supported send_on_behalf_not_allowed
        draft_already_deleted draft_already_sent draft_has_conflict draft_not_found
        duplicate_channel_not_found duplicate_message_not_found cant_broadcast_message no_dual_broadcast_content_update
        file_deleted file_is_deleted file_not_found file_share_limit_reached max_file_sharing_exceeded
        missing_file_data blocked_file_type unable_to_share_files
        slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
        slack_connect_file_link_sharing_blocked slack_connect_file_upload_sharing_blocked
        slack_connect_lists_sharing_blocked
    """,
}
NATURES: Mapping[str, Nature] = {word: nature for nature, words in _WORDS.items() for word in words.split()}
"""The nature of each error that is known."""

TOKEN_DEAD = frozenset({"token_revoked", "account_inactive", "invalid_auth", "not_authed", "token_expired"})
"""Said of a token that may have been replaced meanwhile."""
CALL_OVER = frozenset({"inactive_call", "invalid_call_id"})
"""The call is over, or Slack has forgotten it: nothing is left to be brought up to date."""
MESSAGE_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""The message that should be changed was deleted, or cannot be changed any more: another can take its place."""
THREAD_GONE = frozenset(
    {
        *("cannot_reply_to_message", "thread_not_found", "message_not_found"),
        *("restricted_action_non_threadable_channel", "restricted_action_thread_locked"),
    }
)
"""The message in whose thread something belongs was deleted, or its thread is closed: beside it there may be room."""


class Refusal(NamedTuple):
    """What a refusal leads to."""

    sentence: str
    """For the person, with what to do next."""
    level: int
    advice: str
    """For the log."""


REFUSALS: Mapping[Nature, Refusal] = {
    Nature.PASSING: Refusal(
        "Slack does not answer at the moment. Please try again in a minute.", logging.INFO, "it is tried again"
    ),
    Nature.GONE: Refusal(
        "That was too late for Slack, or what it was about is gone. Please try again.", logging.INFO, "nothing to do"
    ),
    Nature.PLACE: Refusal(
        "Slack does not let Zoom post in this conversation. "
        "Invite the app if it can join; otherwise use another conversation.",
        logging.INFO,
        "somebody has to invite the app, or change who may post there",
    ),
    Nature.WORKSPACE: Refusal(
        "Slack does not let Zoom work in this workspace as it is installed. "
        "Ask a workspace administrator to install it again.",
        logging.WARNING,
        "an administrator of the workspace has to install the app again, or to change what it is allowed to do",
    ),
    Nature.OURS: Refusal(
        "Something went wrong on our side. It has been noted; please try again.",
        logging.ERROR,
        "report it with this line: the request was wrong, or Slack has a new error",
    ),
}


def nature_of(word: str) -> Nature:
    """Returns the nature of one of Slack's errors."""
    return NATURES.get(word, Nature.OURS)
