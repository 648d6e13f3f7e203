"""Asking people for what is missing: a connection, a permission, a newer installation. Each answer has one link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesh.errors import MeshError
from mesh.slack_protos import user_message
from mesh.slack_user import SlackUser
from services.slack_edge import continuations, features, prompts, replies
from services.slack_edge.addresses import Addresses
from services.slack_edge.blocks import Json
from services.slack_edge.continuations import Continuation
from services.slack_edge.prompts import Lacking
from services.slack_edge.standings import Standings, is_connected
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from services.slack_edge.workspaces import Workspace
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub


class Asks:
    """Makes answers that ask for something. One per process."""

    def __init__(self, auth: AuthServiceAsyncStub, standings: Standings, addresses: Addresses) -> None:
        self._auth = auth
        self._standings = standings
        self._addresses = addresses

    async def connect(self, user: SlackUser, name: str, team: str, then: Continuation | None) -> Json:
        """Asks the person to connect Zoom; `then` goes on by itself afterwards. Raises as `CreateConnectLink` does."""
        url = await self._connect_url(user, name, team, then)
        return prompts.connect(url, continues=then is not None)

    async def scopes(
        self, user: SlackUser, name: str, team: str, error: MeshError, then: Continuation | None = None
    ) -> Json:
        """Asks for just the scopes that ZOOM_SCOPE_MISSING names, of whoever can give them. Raises as above."""
        missing = features.zoom_scopes_in(error.metadata.get("scopes", ""))
        if not missing:
            return replies.failure(error)
        words = features.in_words(missing)
        if any(scope.endswith(features.ACCOUNT_SUFFIX) for scope in missing):
            return prompts.ask_zoom_admin(words, self._addresses.install(missing))
        url = await self._connect_url(user, name, team, then, missing)
        return prompts.ask_for_scopes(words, url, continues=then is not None)

    async def renewal(
        self, user: SlackUser, name: str, team: str, then: Continuation | None, *, is_admin: bool | None
    ) -> Json:
        """Tells a person of an older installation what to do: to connect once, or what an administrator has to do.

        `is_admin` is None where Slack does not tell. Raises as above.
        """
        standing = await self._standings.of(user, 1.0)
        if is_connected(standing) is False:
            return prompts.connect_after_transition(await self._connect_url(user, name, team, then))
        if isinstance(standing, MeshError):
            raise standing
        return prompts.older_installation(
            self._addresses.install(), self._addresses.slack_install(user.team_id), is_admin=is_admin
        )

    def not_installed(self) -> Json:
        """Tells how the app gets into a workspace that has the command, but no installation that we know."""
        return prompts.not_installed(self._addresses.install())

    async def permissions(self, user: SlackUser, name: str, team: str, workspace: Workspace) -> Json:
        """Tells what was not granted, each with the link that asks for just that. Raises as `CreateConnectLink` does.

        Slack's part is there whatever is known of the person at Zoom.
        """
        slack = features.without_slack(workspace.scopes)
        wanted = [scope for feature in slack for scope in feature.slack_scopes if scope not in workspace.scopes]
        in_slack = Lacking(slack, self._addresses.slack_install(user.team_id, wanted))
        standing = await self._standings.of(user, 1.5)
        if is_connected(standing) is False:
            return prompts.permissions_before_connecting(in_slack, await self._connect_url(user, name, team, None))
        if isinstance(standing, MeshError):
            return prompts.permissions_in_slack(in_slack)
        return prompts.permissions(in_slack, await self._lacking_in_zoom(user, name, team, standing))

    async def _lacking_in_zoom(
        self, user: SlackUser, name: str, team: str, connection: auth_service_pb2.Connection
    ) -> Lacking:
        zoom, wanted = features.without_zoom(connection.scopes), features.lacking_in_zoom(connection.scopes)
        if not wanted:
            return Lacking(zoom, "")
        if connection.app_level == auth_service_pb2.ZOOM_APP_LEVEL_ACCOUNT:
            url = self._addresses.install(scope + features.ACCOUNT_SUFFIX for scope in wanted)
            return Lacking(zoom, url, takes_zoom_admin=True)
        return Lacking(zoom, await self._connect_url(user, name, team, None, tuple(wanted)))

    async def _connect_url(
        self,
        user: SlackUser,
        name: str,
        team: str,
        then: Continuation | None,
        zoom_scopes: tuple[str, ...] = (),
    ) -> str:
        response = await self._auth.CreateConnectLink(
            auth_service_pb2.CreateConnectLinkRequest(
                user=user_message(user),
                slack_display_name=name,
                slack_team_name=team,
                continuation=continuations.encode(then, zoom_scopes),
                zoom_scopes=zoom_scopes,
            )
        )
        return response.connect_url
