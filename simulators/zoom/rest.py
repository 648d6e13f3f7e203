"""The door of the REST API: path, token, scope, limits and body are checked here, the operations do the rest."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import web

from simulators.zoom.errors import ZoomError, invalid_token, no_such_meeting, validation_failed
from simulators.zoom.grants import Authorization
from simulators.zoom.limits import Label, category
from simulators.zoom.simulation import SIMULATION, Simulation
from simulators.zoom.world import Instance, Meeting, User

PREFIX = "/v2/"
_JSON_METHODS = frozenset({"POST", "PATCH", "PUT"})
_TOKEN_IN_QUERY = "Invalid access token, this access token is not supported as query parameter string."


@dataclass(frozen=True)
class Answer:
    """What an operation gives back; no body means an empty answer (204)."""

    status: int
    body: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Call:
    """One admitted request: who asks, the variable path segments (still as sent), query and JSON body."""

    simulation: Simulation
    authorization: Authorization
    scope: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    body: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        """Whether the token is one of the admin-managed app, which may name any person of the account."""
        return self.authorization.level == "account"

    def user(self) -> User:
        """The person in the path. With a user-managed token only `me` is right: anything else lacks a scope.

        Raises ZoomError 400/4711, 404/1001.
        """
        wanted = unquote(self.segments[0])
        world = self.simulation.world
        if wanted == "me":
            wanted = self.authorization.user_id
        elif not self.is_admin:
            raise missing_scope(f"{self.scope}:admin")
        user = world.users.get(wanted) or world.user_by_email(wanted)
        if user is None or user.account_id != self.authorization.account_id:
            raise ZoomError(404, 1001, f"User does not exist: {wanted}.")
        return user

    def caller(self, host: User) -> User:
        """Whoever gave the token; `host` where she is gone."""
        return self.simulation.world.users.get(self.authorization.user_id, host)

    def may_see(self, host: User) -> bool:
        """A person's token sees that person's meetings, an admin's all of the account."""
        if self.is_admin:
            return host.account_id == self.authorization.account_id
        return host.id == self.authorization.user_id

    def meeting(self) -> Meeting:
        """The meeting whose number is in the path. Raises ZoomError 400/300, 404/3001."""
        number = _meeting_number(unquote(self.segments[0]))
        if number is None:
            raise validation_failed(("meetingId", "Invalid field."))
        meeting = self.simulation.world.meetings.get(number)
        if meeting is None or meeting.is_gone(self.simulation.clock.now()) or not self.may_see(meeting.host):
            raise no_such_meeting(str(number))
        return meeting

    def instance(self, *, ended: bool) -> Instance:
        """The instance whose UUID is in the path or, for a number, the latest; with `ended`, the latest that is over.

        Raises ZoomError 404/3001.
        """
        name = decode_meeting_segment(self.segments[0])
        number = _meeting_number(name)
        world = self.simulation.world
        instance = world.instance_by_uuid(name) if number is None else world.latest_instance(number, ended=ended)
        if instance is None or (ended and instance.end_time is None) or not self.may_see(instance.meeting.host):
            raise no_such_meeting(name)
        return instance

    def instance_by_uuid(self) -> Instance:
        """The instance whose UUID is in the path, where a number is not taken. Raises ZoomError 400/300, 404/3001."""
        if _meeting_number(unquote(self.segments[0])) is not None:
            raise ZoomError(400, 300, "Invalid meeting ID.")
        return self.instance(ended=False)


@dataclass(frozen=True)
class Operation:
    """One row of the API: "{}" in the path is a variable segment; `scope` is the granular name without `:admin`."""

    method: str
    path: str
    scope: str
    label: Label
    run: Callable[[Call], Answer]


def missing_scope(scope: str) -> ZoomError:
    """400/4711. Zoom answers 400, neither 401 nor 403."""
    return ZoomError(400, 4711, f"Invalid access token, does not contain scopes:[{scope}]")


def decode_meeting_segment(segment: str) -> str:
    """Undo the URL-encoding of a meeting id or UUID under Zoom's rule.

    A UUID that begins with "/" or contains "//" has to be encoded twice, every other value once. Raises ZoomError
    404/3001 for a UUID in the wrong form, as the real router then looks for something that does not exist.
    """
    once = unquote(segment)
    twice = unquote(once)
    if _needs_double_encoding(once) or (twice != once and not _needs_double_encoding(twice)):
        raise no_such_meeting(once)
    return twice


def _needs_double_encoding(uuid: str) -> bool:
    return uuid.startswith("/") or "//" in uuid


def _meeting_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 9 <= len(text) <= 11 else None


class RestApi:
    """Finds the operation for a request and admits it, or answers in Zoom's error shape."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self._operations = operations

    async def handle(self, request: web.Request) -> web.Response:
        """Serve anything under `/v2/`."""
        try:
            answer, operation = await self._admit(request)
        except ZoomError as error:
            return web.json_response(error.body(), status=error.status, headers=error.headers)
        headers = {"x-ratelimit-category": category(operation.label)}
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        return web.json_response(answer.body, status=answer.status, headers=headers)

    async def _admit(self, request: web.Request) -> tuple[Answer, Operation]:
        simulation = request.app[SIMULATION]
        authorization = _authenticate(request, simulation)
        operation, segments = self._find(request)
        scope = operation.scope + (":admin" if authorization.level == "account" else "")
        if scope not in authorization.scopes:
            raise missing_scope(scope)
        simulation.limits.count_request(authorization.account_id, operation.label)
        body = await _json_body(request) if request.method in _JSON_METHODS else {}
        call = Call(simulation, authorization, operation.scope, segments, request.query, body)
        return operation.run(call), operation

    def _find(self, request: web.Request) -> tuple[Operation, tuple[str, ...]]:
        # The raw path: aiohttp would decode %2F and hide how often a UUID was encoded.
        raw = request.raw_path.partition("?")[0].removeprefix(PREFIX).split("/")
        for operation in self._operations:
            parts = operation.path.split("/")
            if (
                operation.method == request.method
                and len(parts) == len(raw)
                and all(part in {"{}", given} for part, given in zip(parts, raw, strict=True))
                and all(raw)
            ):
                return operation, tuple(given for part, given in zip(parts, raw, strict=True) if part == "{}")
        raise ZoomError(400, 2300, "This API endpoint is not recognized.")


def _authenticate(request: web.Request, simulation: Simulation) -> Authorization:
    if "access_token" in request.query:
        raise invalid_token(_TOKEN_IN_QUERY)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise invalid_token()
    return simulation.grants.authenticate(token)


async def _json_body(request: web.Request) -> Mapping[str, object]:
    if request.content_type != "application/json":
        raise ZoomError(415, 300, "Unsupported Content Type")
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ZoomError(400, 300, "Request Body should be a valid JSON object.")
    return body
