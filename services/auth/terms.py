"""How the pairs of each vendor are renewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from mesh.errors import Reason
from services.auth.grants import MARGIN as ZOOM_MARGIN
from services.auth.grants import AppLevel, Grant, TokenPair
from services.auth.installations import MARGIN as SLACK_MARGIN
from services.auth.installations import BotTokens, Installation
from services.auth.renewals import Terms

if TYPE_CHECKING:
    from services.auth.revocation import Revocations


class ZoomTokens(Protocol):
    """One app's token endpoint (`services.auth.zoom_oauth`)."""

    async def refresh(self, refresh_token: str) -> TokenPair: ...


class SlackTokens(Protocol):
    """Slack's token method (`services.auth.slack_oauth`)."""

    async def refresh(self, refresh_token: str) -> BotTokens: ...


def zoom_terms(zoom: Mapping[AppLevel, ZoomTokens], revocations: Revocations) -> Terms[Grant, TokenPair]:
    """Returns the terms of Zoom's grants. A pair that nobody will ever know is revoked."""

    async def refresh(grant: Grant) -> TokenPair:
        return await zoom[grant.level].refresh(grant.tokens.refresh_token)

    return Terms(
        margin=ZOOM_MARGIN,
        ended=Reason.ZOOM_NOT_CONNECTED,
        unavailable=Reason.ZOOM_UNAVAILABLE,
        refresh=refresh,
        orphaned=revocations.forget,
    )


def bot_terms(slack: SlackTokens) -> Terms[Installation, BotTokens]:
    """Returns the terms of Slack's bot tokens. What is refreshed while the app is removed dies with it."""
    return Terms(
        margin=SLACK_MARGIN,
        ended=Reason.SLACK_NOT_INSTALLED,
        unavailable=Reason.SLACK_UNAVAILABLE,
        refresh=lambda installation: slack.refresh(installation.tokens.refresh_token),
        orphaned=lambda _: None,
    )
