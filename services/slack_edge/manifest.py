"""The manifest from which Slack makes the app: every address and permission that this edge counts on."""

from __future__ import annotations

from typing import Any

from services.slack_edge import features, shortcuts

BOT_EVENTS = (
    *("app_home_opened", "app_uninstalled", "call_rejected", "channel_id_changed", "member_joined_channel"),
    *("team_access_revoked", "tokens_revoked"),
)


def manifest(public_url: str) -> dict[str, Any]:
    """Returns the manifest for an edge at `public_url` (Slack, "App manifest reference")."""
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Zoom for Slack",
            "description": "Start Zoom meetings and phone calls from Slack",
            "background_color": "#0b5cff",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Zoom", "always_online": True},
            "shortcuts": [
                {
                    "name": "Start a Zoom meeting",
                    "type": "global",
                    "callback_id": shortcuts.START,
                    "description": "Start a meeting or a phone call in a conversation",
                },
                {
                    "name": "Meet about this",
                    "type": "message",
                    "callback_id": shortcuts.MEET_ABOUT,
                    "description": "Start a Zoom meeting about this message, in its thread",
                },
                {
                    "name": "Call the author",
                    "type": "message",
                    "callback_id": shortcuts.CALL_AUTHOR,
                    "description": "Call who wrote this message with Zoom Phone",
                },
            ],
            "slash_commands": [
                {
                    "command": "/zoom",
                    "url": f"{public_url}/slack/commands",
                    "description": "Start a Zoom meeting or a phone call",
                    "usage_hint": "help | meeting [topic] | join [id, link, name, me] | call [person, number] | logout",
                    # Without it a mentioned person arrives as a bare name that means nobody.
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {
            "redirect_urls": [f"{public_url}/slack/oauth/callback"],
            # Whoever installs may decline the optional ones, and grant them later.
            "scopes": {"bot": [*features.CORE, *features.OPTIONAL], "bot_optional": list(features.OPTIONAL)},
        },
        "settings": {
            "event_subscriptions": {"request_url": f"{public_url}/slack/events", "bot_events": list(BOT_EVENTS)},
            "interactivity": {"is_enabled": True, "request_url": f"{public_url}/slack/interactions"},
            "org_deploy_enabled": True,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
