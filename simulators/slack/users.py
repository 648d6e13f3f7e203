"""users.info: what an app may know of a person, of its own people and of those of other companies."""

from __future__ import annotations

from simulators.slack.errors import SlackError
from simulators.slack.model import Json, Token, User
from simulators.slack.simulator import Simulator
from simulators.slack.world import World


def users_info(sim: Simulator, caller: Token, args: Json) -> Json:
    """users.info; the e-mail address only with `users:read.email`."""
    world, user_id = sim.world, args["user"]
    include_locale = args.get("include_locale", False)
    user = world.users.get(user_id)
    if user_id == world.installations[caller.tenant_id].bot_user_id:
        body = _bot(sim, caller, user_id)
    elif user is None:
        raise SlackError("user_not_found")
    elif world.user_in(caller.tenant_id, user_id) is not None:
        body = _member(world, caller, user)
    else:
        # Nobody knows the locale of outsiders, even when it is asked for.
        body, include_locale = _outsider(world, caller, user), False
    return {"ok": True, "user": body | ({"locale": "en-US"} if include_locale else {})}


def _member(world: World, caller: Token, user: User) -> Json:
    mail = {"email": user.email} if user.email and "users:read.email" in caller.scopes else {}
    body = _common(user)
    enterprise = world.workspaces[user.team_id].enterprise
    if enterprise is not None:
        body["enterprise_user"] = {
            "id": user.id,
            "enterprise_id": enterprise.id,
            "enterprise_name": enterprise.name,
            "is_admin": user.is_org_admin,
            "is_owner": user.is_org_owner,
            "is_primary_owner": False,
            "teams": list(user.team_ids),
        }
    return {
        **body,
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_email_confirmed": user.is_email_confirmed,
        "profile": {**body["profile"], "phone": user.phone, **mail},
    }


def _outsider(world: World, caller: Token, user: User) -> Json:
    """A person of another company, as far as shared channels show her; her rights and her address stay at home.

    Slack calls her a stranger only while the app itself is in no channel with her, so `team_id` has to be looked at.
    Raises SlackError `user_not_found`.
    """
    teams = world.teams_of(caller.tenant_id)
    shared = [c for c in world.channels.values() if user.id in c.members and teams.intersection(c.team_ids)]
    if not shared:
        raise SlackError("user_not_found")
    known_to_app = any(c.app_is_member and c.team_id in teams for c in shared)
    return {**_common(user), "is_stranger": not known_to_app}


def _common(user: User) -> Json:
    return {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "tz": user.tz,
        "profile": {"real_name": user.real_name, "display_name": user.name, "team": user.team_id},
    }


def _bot(sim: Simulator, caller: Token, user_id: str) -> Json:
    name = sim.config.app_name
    return {
        "id": user_id,
        "team_id": caller.tenant_id,
        "name": "zoom",
        "real_name": name,
        "deleted": False,
        "is_bot": True,
        "is_app_user": False,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_email_confirmed": False,
        "tz": "America/Los_Angeles",
        "profile": {"real_name": name, "display_name": "", "api_app_id": sim.config.app_id},
    }
