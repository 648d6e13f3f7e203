"""What the edge knows of a workspace: its bot token, what it allows and what it offers. From auth, for a minute."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesh.clock import Clock
from mesh.slack_protos import user_message
from mesh.slack_user import SlackUser
from services.slack_edge import features
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

LIFE = 60.0
"""Seconds for which it is not asked for again: a re-installation shows within a minute."""
_MAX_TEAMS = 1_000


@dataclass(frozen=True)
class Workspace:
    """A workspace in which the app is installed."""

    bot_token: str = field(repr=False)
    scopes: frozenset[str]
    call_options: auth_service_pb2.CallOptions.ValueType
    company_wide: bool
    enterprise_id: str = ""
    """The organisation that it is of; empty for none."""

    @property
    def is_older(self) -> bool:
        """Whether it was installed before the scopes that every command needs today."""
        return features.is_older(self.scopes)

    @property
    def offers_meetings(self) -> bool:
        """Whether its owner offers meetings."""
        return self.call_options != auth_service_pb2.CALL_OPTIONS_PHONE

    @property
    def offers_phone(self) -> bool:
        """Whether its owner offers phone calls."""
        return self.call_options != auth_service_pb2.CALL_OPTIONS_VIDEO


class Workspaces:
    """Workspaces, each for a minute. One per process."""

    def __init__(self, auth: AuthServiceAsyncStub, clock: Clock) -> None:
        self._auth = auth
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[Workspace, float]] = OrderedDict()

    async def get(self, user: SlackUser) -> Workspace:
        """Returns the workspace of `user`. Raises MeshError SLACK_NOT_INSTALLED and those of transport."""
        key = (user.enterprise_id, user.team_id)
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() < kept[1]:
            return kept[0]
        request = auth_service_pb2.GetSlackInstallationRequest(user=user_message(user))
        response = await self._auth.GetSlackInstallation(request, timeout=3.0)
        workspace = Workspace(
            bot_token=response.bot_access_token,
            scopes=frozenset(response.installation.scopes),
            call_options=response.call_options,
            company_wide=bool(response.installation.zoom_account_id),
            enterprise_id=response.installation.slack_enterprise_id,
        )
        self._kept[key] = (workspace, self._clock.monotonic() + LIFE)
        self._kept.move_to_end(key)
        if len(self._kept) > _MAX_TEAMS:
            self._kept.popitem(last=False)
        return workspace

    def drop(self, user: SlackUser) -> None:
        """Forgets the workspace of `user`."""
        self._kept.pop((user.enterprise_id, user.team_id), None)

    def drop_tenant(self, enterprise_id: str, team_id: str) -> None:
        """Forgets a workspace, and every workspace of an organisation: something about their installation changed.

        Either may be empty, for none.
        """
        gone = {enterprise_id, team_id} - {""}
        for key in [kept for kept in self._kept if gone.intersection(kept)]:
            del self._kept[key]
