"""The people whom somebody wants to call, as far as Slack tells who they are."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import Enum

from mesh.errors import MeshError
from mesh.slack_user import SlackUser
from services.slack_edge import features, profiles
from services.slack_edge.profiles import SLACKBOT, Profile
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.slack_errors import Nature
from services.slack_edge.workspaces import Workspace

log = logging.getLogger(__name__)

PATIENCE = 0.9
"""Seconds for Slack to tell of a person; the call is prepared without what comes later."""


class Known(Enum):
    """How much Slack tells of a person."""

    PROFILE = "profile"
    NOT_ALLOWED = "not_allowed"
    """Whoever installed the app did not let it see people's names and numbers (scope `users:read`)."""
    NOT_NOW = "not_now"
    """Slack did not answer in time."""


class Uncallable(Enum):
    """Why somebody cannot be called at all."""

    HERSELF = "herself"
    BOT = "bot"
    GONE = "gone"
    """Her account was closed."""
    UNKNOWN = "unknown"
    """Slack does not show her to this app: she is of another company."""


@dataclass(frozen=True)
class Contact:
    """A person to call. Without a profile Zoom may still know her number."""

    user_id: str
    profile: Profile
    known: Known


class Contacts:
    """Asks Slack. One per process."""

    def __init__(self, slack: SlackApi) -> None:
        self._slack = slack

    async def find(self, user: SlackUser, workspace: Workspace, contact_id: str) -> Contact | Uncallable:
        """Returns the person whom `user` wants to call, within PATIENCE. Never raises SlackError or MeshError."""
        if contact_id == user.user_id:
            return Uncallable.HERSELF
        if contact_id == SLACKBOT:
            return Uncallable.BOT
        if features.NAMES not in workspace.scopes:
            return Contact(contact_id, Profile(), Known.NOT_ALLOWED)
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._slack.call(user, "users.info", {"user": contact_id}, form=True)
        except SlackError as error:
            return _without_profile(contact_id, error)
        except (MeshError, TimeoutError):
            return Contact(contact_id, Profile(), Known.NOT_NOW)
        profile = profiles.understand(answer)
        if profile.is_bot:
            return Uncallable.BOT
        return Uncallable.GONE if profile.is_gone else Contact(contact_id, profile, Known.PROFILE)


def _without_profile(contact_id: str, error: SlackError) -> Contact | Uncallable:
    if error.nature is Nature.GONE:
        return Uncallable.UNKNOWN
    log.info("Slack does not tell whom to call", extra={"slack_error": error.error})
    known = Known.NOT_ALLOWED if error.error == "missing_scope" else Known.NOT_NOW
    return Contact(contact_id, Profile(), known)
