"""Lets people do what needs an installation and a Zoom account; asks them for what is missing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.slack_edge import features
from services.slack_edge.answers import Answer
from services.slack_edge.asks import Asks
from services.slack_edge.blocks import Json
from services.slack_edge.continuations import Continuation
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.workspaces import Workspace, Workspaces

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Who:
    """A person who asks for something; the names are for people to read."""

    user: SlackUser
    name: str = ""
    team_name: str = ""


class Gate:
    """Stands before everything that happens in a workspace. One per process."""

    def __init__(self, workspaces: Workspaces, asks: Asks, slack: SlackApi) -> None:
        self._workspaces = workspaces
        self._asks = asks
        self._slack = slack

    async def enter(
        self, who: Who, then: Continuation | None, work: Callable[[Workspace], Awaitable[Answer]]
    ) -> Answer:
        """Does `work` where the installation carries it; else asks for what is missing, after which `then` goes on.

        Raises the MeshError of anything else.
        """
        asked = (who.user, who.name, who.team_name)
        try:
            workspace = await self._workspaces.get(who.user)
            if workspace.is_older:
                return Answer(await self._renewal(who, workspace, then))
            return await work(workspace)
        except MeshError as error:
            if error.reason is Reason.ZOOM_NOT_CONNECTED:
                return Answer(await self._asks.connect(*asked, then))
            if error.reason is Reason.ZOOM_SCOPE_MISSING:
                return Answer(await self._asks.scopes(*asked, error, then))
            if error.reason is Reason.SLACK_NOT_INSTALLED:
                return Answer(self._asks.not_installed())
            raise

    async def _renewal(self, who: Who, workspace: Workspace, then: Continuation | None) -> Json:
        try:
            is_admin = await self.is_admin(who.user, workspace)
        except MeshError:
            is_admin = None  # there are words for both
        return await self._asks.renewal(who.user, who.name, who.team_name, then, is_admin=is_admin)

    async def within(self, who: Who, team_id: str) -> Who:
        """Returns the person in the workspace that a button of ours names, as far as it is of her organisation.

        Slack does not say in which workspace an app that is installed in a whole organisation was used; only where
        the person belongs. What a button says cannot lead out of the organisation of who presses it. Raises MeshError.
        """
        user = who.user
        if not user.enterprise_id or team_id == user.team_id:
            return who
        there = replace(user, team_id=team_id)
        is_hers = (await self._workspaces.get(there)).enterprise_id == user.enterprise_id
        return replace(who, user=there) if is_hers else who

    async def is_admin(self, user: SlackUser, workspace: Workspace) -> bool | None:
        """Tells whether the person administers the workspace; None where Slack does not say.

        Raises MeshError where it may say so later.
        """
        found = await self._profile(user, workspace)
        if found is None:
            return None
        return any(found.get(flag) is True for flag in ("is_admin", "is_owner"))

    async def is_colleague(self, user: SlackUser) -> bool:
        """Tells whether the person is of the organisation that `user` says she acts in; False where nobody can tell.

        Whose workspace is another one than that of the channel is either of a sister workspace or of another company
        (Slack, "Slack Connect"): only Slack knows. Raises MeshError where there is no installation, or where Slack may
        tell later.
        """
        if not user.enterprise_id:
            return False
        profile = await self._profile(user, await self._workspaces.get(user)) or {}
        member = profile.get("enterprise_user")
        return isinstance(member, dict) and member.get("enterprise_id") == user.enterprise_id

    async def _profile(self, user: SlackUser, workspace: Workspace) -> dict[str, Any] | None:
        if features.NAMES not in workspace.scopes:
            return None
        try:
            answer = await self._slack.call(user, "users.info", {"user": user.user_id}, form=True)
        except SlackError as error:
            log.info("Slack does not tell who somebody is", extra={"cause": str(error)[:100]})
            if not error.is_final:  # nobody is refused what she may do because Slack was slow
                raise MeshError(Reason.SLACK_UNAVAILABLE) from None
            return None
        found = answer.get("user")
        return found if isinstance(found, dict) else {}
