"""The control API for apps: tokens, removal, approval, changed registrations, and the list of all secrets."""

from aiohttp import web

from simulators.zoom.config import KNOWN_SCOPES, AppLevel
from simulators.zoom.control import USER_ID, app_of, body_of, done, user_of
from simulators.zoom.errors import ControlError
from simulators.zoom.fields import BOOLEAN, Field
from simulators.zoom.simulation import SIMULATION
from simulators.zoom.world import User, World

_APP = Field(kind="string", choices=("user", "account"))
_SECRET = Field(kind="string", minimum=1, maximum=256)
_ADDRESS = Field(kind="string", maximum=2000, pattern=r"https?://[^\s#?]+")
_MAX_GRACE_SECONDS = 90 * 86_400
_APP_FIELDS = {
    "app": _APP,
    "client_secret": _SECRET,
    "webhook_secret": _SECRET,
    "published": BOOLEAN,
    "old_refresh_grace_seconds": Field(kind="integer", minimum=0, maximum=_MAX_GRACE_SECONDS),
    "redirect_uri": _ADDRESS,
    "webhook_url": _ADDRESS,
    "scopes": Field(kind="array", minimum=1, maximum=len(KNOWN_SCOPES)),
}


async def expire_tokens(request: web.Request) -> web.Response:
    """`POST /control/tokens/expire {"zoom_user_id"}`: access tokens only."""
    simulation = request.app[SIMULATION]
    user = await _named_user(request)
    return web.json_response({"expired": simulation.grants.expire_access(user.id)})


async def revoke_tokens(request: web.Request) -> web.Response:
    """`POST /control/tokens/revoke {"zoom_user_id"}`: nothing works any more, nobody is told."""
    request.app[SIMULATION].grants.revoke_user((await _named_user(request)).id)
    return done()


async def uninstall(request: web.Request) -> web.Response:
    """`POST /control/uninstall {"zoom_user_id", "app"?, "late"?}`: the person removes the app (or all).

    The account's app is removed by an admin of the account, for the account. With `late` the app is gone now, and the
    event that says so waits for `/control/uninstall/release`.
    """
    simulation = request.app[SIMULATION]
    body = await body_of(request, {"zoom_user_id": USER_ID, "app": _APP, "late": BOOLEAN})
    user = user_of(simulation, str(body.get("zoom_user_id", "")))
    apps = (app_of(simulation, body),) if "app" in body else simulation.registry.apps
    removed = [app for app in apps if simulation.grants.uninstall(app, user) is not None]
    for app in removed:
        simulation.publisher.publish_deauthorization(app, user, simulation.clock.now(), late=bool(body.get("late")))
    return web.json_response({"removed": [app.level for app in removed]})


async def release_uninstalls(request: web.Request) -> web.Response:
    """`POST /control/uninstall/release`: send the events of late removals."""
    return web.json_response({"released": request.app[SIMULATION].publisher.release_late()})


async def approve(request: web.Request) -> web.Response:
    """`POST /control/approval {"app", "approved", "account_id"?}`: an admin approves an app or withdraws that.

    Without approval nobody of the account (without `account_id`: of any) can authorise, refresh or call.
    """
    simulation = request.app[SIMULATION]
    body = await body_of(request, {"app": _APP, "approved": BOOLEAN, "account_id": USER_ID})
    account_id = str(body["account_id"]) if "account_id" in body else None
    if "app" not in body or "approved" not in body:
        raise ControlError(400, "app, approved: required")
    if account_id is not None and account_id not in simulation.world.accounts:
        raise ControlError(404, "no such account")
    level = app_of(simulation, body).level
    simulation.registry.set_approval(level, account_id, approved=bool(body["approved"]))
    return done()


async def change_app(request: web.Request) -> web.Response:
    """`POST /control/apps`: its owner changes the registration of an `app`.

    Fields: `client_secret`, `webhook_secret`, `published`, `old_refresh_grace_seconds`, `scopes`, `redirect_uri`,
    `webhook_url`.
    """
    simulation = request.app[SIMULATION]
    changes = await body_of(request, _APP_FIELDS)
    if "app" not in changes:
        raise ControlError(400, "app: required")
    level = app_of(simulation, changes).level
    del changes["app"]
    if "scopes" in changes:
        changes["scopes"] = _scopes(changes["scopes"], level)
    simulation.registry.change(level, **changes)  # type: ignore[arg-type]  # checked above
    return done()


def _scopes(given: object, level: AppLevel) -> tuple[str, ...]:
    suffix = ":admin" if level == "account" else ""
    known = [f"{scope}{suffix}" for scope in KNOWN_SCOPES]
    scopes = tuple(scope for scope in known if isinstance(given, list) and scope in given)
    if not isinstance(given, list) or len(scopes) != len(given):
        raise ControlError(400, f"scopes: each once, of {', '.join(known)}")
    return scopes


async def list_secrets(request: web.Request) -> web.Response:
    """`GET /control/secrets`: every secret text there was, for a test that looks for leaks.

    The tokens are looked up by their hashes; their texts are kept beside for this list only. The digits for phones
    and host keys are left out: six of them are found in anything.
    """
    simulation = request.app[SIMULATION]
    found = simulation.grants.issued_texts() | simulation.registry.secrets() | _meeting_secrets(simulation.world)
    return web.json_response({"secrets": sorted(found - {""})})


def _meeting_secrets(world: World) -> set[str]:
    """Passcodes as people type them, as links carry them, and the host's key."""
    hosts = [meeting.host for meeting in world.meetings.values()]
    rooms = {text for host in hosts for text in (host.settings.pmi_password, host.pmi_encrypted_password)}
    meetings = {text for m in world.meetings.values() for text in (m.password, m.encrypted_password, m.zak)}
    recordings = {instance.recording.password for instance in world.instances if instance.recording is not None}
    return rooms | meetings | recordings


async def _named_user(request: web.Request) -> User:
    body = await body_of(request, {"zoom_user_id": USER_ID})
    return user_of(request.app[SIMULATION], str(body.get("zoom_user_id", "")))
