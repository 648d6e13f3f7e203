"""auth.test, auth.revoke, team.info and conversations.info."""

from __future__ import annotations

from simulators.slack.chat import is_member, visible
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Installation, Json, Token
from simulators.slack.simulator import Simulator
from simulators.slack.tokens import missing_scope

READ_SCOPES = {"public": "channels:read", "private": "groups:read", "mpim": "mpim:read", "app": "im:read"}


def auth_test(sim: Simulator, caller: Token, _args: Json) -> Json:
    """auth.test: whose token this is. Needs no scope."""
    installation = sim.world.installations[caller.tenant_id]
    answer: Json = {
        "ok": True,
        **_tenant_json(sim, installation),
        "user_id": caller.user_id,
        "user": "zoom" if caller.kind == "bot" else sim.world.users[caller.user_id].name,
        "is_enterprise_install": installation.is_org_wide,
    }
    if caller.kind == "bot":
        answer["bot_id"] = installation.bot_id
    if caller.expires_at is not None:
        answer["expires_in"] = int(caller.expires_at - sim.world.clock.now())
    return answer


def _tenant_json(sim: Simulator, installation: Installation) -> Json:
    """Name the workspace of a token, or the organisation where it is org-wide."""
    if installation.is_org_wide:
        enterprise = sim.world.enterprise(installation.tenant_id)
        url = f"https://{enterprise.name.lower()}.enterprise.slack.com/"
        return {"url": url, "team": enterprise.name, "team_id": enterprise.id, "enterprise_id": enterprise.id}
    workspace = sim.world.workspaces[installation.tenant_id]
    answer = {"url": f"https://{workspace.domain}.slack.com/", "team": workspace.name, "team_id": workspace.id}
    return answer | ({"enterprise_id": workspace.enterprise.id} if workspace.enterprise else {})


def auth_revoke(_sim: Simulator, caller: Token, args: Json) -> Json:
    """auth.revoke: kill the token that is used; `test` only pretends."""
    if args.get("test"):
        return {"ok": True, "revoked": False}
    caller.dead = "token_revoked"
    return {"ok": True, "revoked": True}


def team_info(sim: Simulator, caller: Token, args: Json) -> Json:
    """team.info of the token's own workspace; an org-wide token has to say of which."""
    team_id = args.get("team", caller.tenant_id)
    if team_id not in sim.world.teams_of(caller.tenant_id) or team_id not in sim.world.workspaces:
        raise SlackError("team_not_found")
    workspace = sim.world.workspaces[sim.world.accessible(caller, [team_id])]
    body: Json = {"id": workspace.id, "name": workspace.name, "domain": workspace.domain}
    if workspace.enterprise is not None:
        body |= {"enterprise_id": workspace.enterprise.id, "enterprise_name": workspace.enterprise.name}
    return {"ok": True, "team": body}


def conversations_info(sim: Simulator, caller: Token, args: Json) -> Json:
    """conversations.info; the scope depends on the kind, and hidden conversations do not exist."""
    channel = visible(sim.world, caller, args["channel"])
    needed = READ_SCOPES[channel.kind]
    if needed not in caller.scopes:
        raise missing_scope(needed, caller)
    body = _channel_json(channel, caller.tenant_id, is_member=is_member(sim.world, caller, channel))
    if args.get("include_num_members") and channel.kind != "app":
        body["num_members"] = len(channel.members) + channel.app_is_member
    return {"ok": True, "channel": body}


def _channel_json(channel: Channel, tenant_id: str, *, is_member: bool) -> Json:
    shared = bool(channel.shared_with)
    body: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "app",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_archived": channel.is_archived,
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "context_team_id": tenant_id if tenant_id in channel.team_ids else channel.team_id,
    }
    if shared:
        body |= {"conversation_host_id": channel.team_id, "connected_team_ids": list(channel.shared_with)}
    if channel.kind == "app":
        return {**body, "user": channel.members[0]}
    return {**body, "name": channel.name, "is_member": is_member, "creator": channel.members[0]}
