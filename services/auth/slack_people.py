"""Who somebody is in Slack: `users.info`, as far as matching needs it."""

from __future__ import annotations

import logging
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from mesh.vendor_calls import vendor_call
from services.auth.matches import SlackPerson
from services.auth.slack_oauth import UNAVAILABLE_DELAY, slack_refused

log = logging.getLogger(__name__)

_NOT_TOLD = {"missing_scope", "user_not_found", "user_not_visible", "not_allowed_token_type", "team_access_not_granted"}
"""Slack does not show this person to the app, today or ever: nobody can be matched, and she connects by a link."""
_DEAD = {"token_revoked", "account_inactive", "invalid_auth"}
"""The bot's token is dead for good. Nobody can be matched until the app is installed again, as the edge tells then."""
_MAX_EMAIL = 320
_ALWAYS_SAID = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted")
_SAID_IF_TRUE = ("is_stranger", "is_invited_user", "is_workflow_bot")


class SlackPeople:
    """Slack's people. One per process."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        """`api_url` is the Web API's root, `https://slack.com/api`."""
        self._session = session
        self._base_url = api_url.rstrip("/") + "/"
        # slack-sdk formats request bodies for its log unless its logger's own level is set above DEBUG.
        self._sdk_log = logging.getLogger(f"{__name__}.sdk")
        self._sdk_log.setLevel(logging.WARNING)

    async def person(self, bot_token: str, user: SlackUser) -> SlackPerson | None:
        """Returns the person, or None where Slack does not show her. Raises MeshError(SLACK_UNAVAILABLE)."""
        client = AsyncWebClient(
            token=bot_token, base_url=self._base_url, session=self._session, retry_handlers=[], logger=self._sdk_log
        )
        client.proxy = None  # the constructor takes one from the environment, even for addresses of this machine
        with vendor_call("slack", "Slack users.info", "/users.info") as one:
            try:
                response = await client.api_call("users.info", data={"user": user.user_id})
            except SlackApiError as error:
                data = getattr(error.response, "data", None)
                word = str(data.get("error", "")) if isinstance(data, dict) else ""
                slack_refused(one, error)
                if word in _NOT_TOLD | _DEAD:
                    log.info("Slack does not show a person", extra={"slack_error": word})
                    return None
                raise MeshError(Reason.SLACK_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY) from None
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                one.broke_off(error)
                raise MeshError(Reason.SLACK_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY) from None
        found = response.data.get("user") if isinstance(response.data, dict) else None
        return _person(found) if isinstance(found, dict) else None


def _person(found: dict[str, Any]) -> SlackPerson:
    profile, enterprise = found.get("profile"), found.get("enterprise_user")
    email = profile.get("email") if isinstance(profile, dict) else None
    return SlackPerson(
        team_id=str(found.get("team_id") or ""),
        enterprise_id=str(enterprise.get("enterprise_id") or "") if isinstance(enterprise, dict) else "",
        email=email[:_MAX_EMAIL] if isinstance(email, str) else "",
        is_email_confirmed=found.get("is_email_confirmed") is True,
        # Slack says the first four of every member; a flag that is missing there counts against her.
        is_member=all(
            found.get(flag) is False for flag in ("deleted", "is_bot", "is_restricted", "is_ultra_restricted")
        )
        and not any(found.get(flag) for flag in ("is_stranger", "is_invited_user", "is_workflow_bot")),
    )
