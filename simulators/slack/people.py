"""auth.test, auth.revoke, team.info, users.info and conversations.info."""

from __future__ import annotations

from simulators.slack.chat import visible
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Json, Token
from simulators.slack.simulator import Simulator
from simulators.slack.tokens import missing_scope

READ_SCOPES = {"public": "channels:read", "private": "groups:read", "mpim": "mpim:read", "app": "im:read"}


def auth_test(sim: Simulator, caller: Token, _args: Json) -> Json:
    """auth.test: whose token this is. Needs no scope."""
    workspace = sim.world.workspaces[caller.team_id]
    installation = sim.world.installations[caller.team_id]
    answer: Json = {
        "ok": True,
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.name,
        "team_id": workspace.id,
        "user_id": caller.user_id,
        "user": "zoom" if caller.kind == "bot" else sim.world.users[caller.user_id].name,
        "is_enterprise_install": False,
    }
    if caller.kind == "bot":
        answer["bot_id"] = installation.bot_id
    if caller.expires_at is not None:
        answer["expires_in"] = int(caller.expires_at - sim.world.clock.now())
    return answer


def auth_revoke(_sim: Simulator, caller: Token, args: Json) -> Json:
    """auth.revoke: kill the token that is used; `test` only pretends."""
    if args.get("test"):
        return {"ok": True, "revoked": False}
    caller.dead = "token_revoked"
    return {"ok": True, "revoked": True}


def team_info(sim: Simulator, caller: Token, args: Json) -> Json:
    """team.info of the token's own workspace."""
    if args.get("team", caller.team_id) != caller.team_id:
        raise SlackError("team_not_found")
    workspace = sim.world.workspaces[caller.team_id]
    return {"ok": True, "team": {"id": workspace.id, "name": workspace.name, "domain": workspace.domain}}


def users_info(sim: Simulator, caller: Token, args: Json) -> Json:
    """users.info; the e-mail address only with `users:read.email`."""
    installation = sim.world.installations[caller.team_id]
    user_id, include_locale = args["user"], args.get("include_locale", False)
    if user_id == installation.bot_user_id:
        profile: Json = {"real_name": sim.config.app_name, "display_name": "", "api_app_id": sim.config.app_id}
        facts: Json = {"name": "zoom", "is_bot": True, "is_admin": False, "tz": "America/Los_Angeles"}
    else:
        user = sim.world.user_in(caller.team_id, user_id)
        if user is None:
            raise SlackError("user_not_found")
        profile = {"real_name": user.real_name, "display_name": user.name, "phone": "", "team": user.team_id}
        if "users:read.email" in caller.scopes:
            profile["email"] = user.email
        facts = {"name": user.name, "is_bot": False, "is_admin": user.is_admin, "tz": user.tz}
    body: Json = {
        "id": user_id,
        "team_id": caller.team_id,
        "deleted": False,
        "real_name": profile["real_name"],
        "is_restricted": False,
        "is_ultra_restricted": False,
        "profile": profile,
        **facts,
    }
    if include_locale:
        body["locale"] = "en-US"
    return {"ok": True, "user": body}


def conversations_info(sim: Simulator, caller: Token, args: Json) -> Json:
    """conversations.info; the scope depends on the kind, and hidden conversations do not exist."""
    channel = visible(sim.world, caller, args["channel"])
    needed = READ_SCOPES[channel.kind]
    if needed not in caller.scopes:
        raise missing_scope(needed, caller)
    body = _channel_json(channel)
    if args.get("include_num_members") and channel.kind != "app":
        body["num_members"] = len(channel.members) + channel.app_is_member
    return {"ok": True, "channel": body}


def _channel_json(channel: Channel) -> Json:
    body: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "app",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_archived": channel.is_archived,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "context_team_id": channel.team_id,
    }
    if channel.kind == "app":
        return {**body, "user": channel.members[0]}
    return {**body, "name": channel.name, "is_member": channel.app_is_member, "creator": channel.members[0]}
