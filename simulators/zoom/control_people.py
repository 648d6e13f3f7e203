"""The control API for people and accounts: plan, role, status, settings, phone lines, and how people leave."""

from aiohttp import web

from simulators.zoom import events, views
from simulators.zoom.control import body_of, user_of
from simulators.zoom.errors import ControlError
from simulators.zoom.fields import BOOLEAN, Field
from simulators.zoom.simulation import SIMULATION, Simulation
from simulators.zoom.world import BASIC, LICENSED, UNASSIGNED, User

_DEPARTURES = ("deactivated", "deleted", "disassociated")
_SETTING_FIELDS: dict[str, Field] = {
    **dict.fromkeys(
        [
            "personal_meeting",
            "use_pmi_for_instant_meetings",
            "use_pmi_for_scheduled_meetings",
            "require_password_for_instant_meetings",
            "require_password_for_scheduling_new_meetings",
            "embed_password_in_join_link",
            "join_before_host",
            "host_video",
            "participants_video",
            "waiting_room",
            "cloud_recording",
            "meeting_summary",
            "zoom_phone",
            "dynamic_host_key",
        ],
        BOOLEAN,
    ),
    "pmi_password": Field(kind="string", pattern="[A-Za-z0-9@_*!-]{1,10}"),
    "require_password_for_pmi_meetings": Field(kind="string", choices=("all", "jbh_only", "none")),
}
_LINE_FIELDS: dict[str, Field] = {
    "extension_number": Field(kind="string", pattern="[1-9][0-9]{2,9}"),
    "phone_number": Field(kind="string", pattern=r"(\+[1-9][0-9]{6,14})?"),
    "outside_calls": BOOLEAN,
}
_USER_FIELDS: dict[str, Field] = {
    **_SETTING_FIELDS,
    **_LINE_FIELDS,
    "type": Field(kind="integer", choices=(BASIC, LICENSED, UNASSIGNED)),
    "status": Field(kind="string", choices=("active", "inactive", "pending")),
    "verified": Field(kind="integer", choices=(0, 1)),
    "gone": Field(kind="string", choices=_DEPARTURES),
    "role_name": Field(kind="string", choices=("Owner", "Admin", "Member")),
    "vanity_name": Field(kind="string", pattern="([A-Za-z][A-Za-z0-9.]{4,39})?"),
}


async def change_user(request: web.Request) -> web.Response:
    """`POST /control/users/{id}`: an admin changes a person; the apps that may know hear of it.

    Her phone line (`extension_number`, `phone_number`, "" for none, and `outside_calls`) no app hears of.
    Plan (`type`), `role_name`, `status`, `verified`, `vanity_name` ("" removes it) and settings give `user.updated`
    with what changed. `gone` ("deactivated", "deleted", "disassociated") ends it: her tokens die, and `user.<gone>` is
    sent. A deactivated person stays in the account; `status` "active" brings her back, with `user.activated`.
    """
    simulation = request.app[SIMULATION]
    user = user_of(simulation, request.match_info["id"])
    body = await body_of(request, _USER_FIELDS)
    gone = body.pop("gone", None)
    returned = user.status == "inactive" and body.get("status") == "active"
    _require_free_line(simulation, user, body)
    changed = {name: value for name, value in body.items() if _set(user, name, value) and name not in _LINE_FIELDS}
    if returned:
        del changed["status"]
        _tell_of_status(simulation, user, "user.activated")
    if changed:
        _tell_of_change(simulation, user, changed)
    if gone is not None:
        _remove(simulation, user, str(gone))
    return web.json_response(views.user_view(simulation, user))


async def change_account(request: web.Request) -> web.Response:
    """`POST /control/accounts/{id} {"phone_enabled"}`: whether the company has Zoom Phone."""
    account = request.app[SIMULATION].world.accounts.get(request.match_info["id"])
    if account is None:
        raise ControlError(404, "no such account")
    body = await body_of(request, {"phone_enabled": BOOLEAN})
    account.phone_enabled = bool(body.get("phone_enabled", account.phone_enabled))
    return web.json_response(views.account_view(request.app[SIMULATION], account))


def _require_free_line(simulation: Simulation, user: User, body: dict[str, object]) -> None:
    """Raise ControlError 409 for the extension of a colleague, or a number that anybody has."""
    for other in simulation.world.users.values():
        if other is user:
            continue
        if other.account_id == user.account_id and other.extension_number == body.get("extension_number"):
            raise ControlError(409, f"extension_number: it is {other.display_name}'s")
        if other.phone_number and other.phone_number == body.get("phone_number"):
            raise ControlError(409, f"phone_number: it is {other.display_name}'s")


def _set(user: User, name: str, value: object) -> bool:
    """Tell whether it was another value before."""
    if name == "vanity_name":
        value = str(value).lower() or None
    holder = user.settings if name in _SETTING_FIELDS else user
    before = getattr(holder, name)
    setattr(holder, name, value)
    return bool(before != value)


def _tell_of_change(simulation: Simulation, user: User, changed: dict[str, object]) -> None:
    settings = {name: value for name, value in changed.items() if name in _SETTING_FIELDS}
    facts = {name: value for name, value in changed.items() if name not in _SETTING_FIELDS}
    shown = facts | ({"settings": settings} if settings else {})
    admin = simulation.world.admin_of(user.account_id)
    event = events.user_updated(user, shown, admin, simulation.clock.now())
    simulation.publisher.publish(event, about=user, subject=user.id)


def _tell_of_status(simulation: Simulation, user: User, name: str) -> None:
    event = events.user_left(name, user, simulation.world.admin_of(user.account_id), simulation.clock.now())
    simulation.publisher.publish(event, about=user, subject=user.id)


def _remove(simulation: Simulation, user: User, how: str) -> None:
    # Told first: afterwards the apps that she added have no claim to hear of her.
    _tell_of_status(simulation, user, f"user.{how}")
    if how == "deactivated":
        user.status = "inactive"
        simulation.grants.revoke_user(user.id)
    else:
        simulation.grants.forget_user(user.id)
        simulation.world.remove(user)
