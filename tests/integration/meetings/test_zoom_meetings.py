"""What this service asks of Zoom, and what it makes of the answers: the real client against the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.zoom_meetings import ZoomMeetings
from simulators.zoom.config import ZoomApp, ZoomConfig
from tests.support.clock import FakeClock
from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, Zoom, running_zoom
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.tokens import AccessToken

USER = SlackUser("", "T0ACME", "U0ADA")
PMI = "5551234567"
REFERENCE = "6f4a2b0e-0000-4000-8000-000000000001"
NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)


def _without(scope: str) -> ZoomConfig:
    """Returns a Zoom where the app has all scopes but one."""
    config = ZoomConfig(enforce_rate_limits=False)
    scopes = tuple(name for name in config.user_app.scopes if name != scope)
    return replace(config, user_app=replace(config.user_app, scopes=scopes))


@dataclass
class Person:
    """Somebody as auth would have her: her own token, or the account's with her name in the paths."""

    value: str
    zoom_user_id: str = ADA
    path_user_id: str = "me"
    is_basic: bool = False
    rejected: int = 0

    async def get(self, user: SlackUser, *, rejected: AccessToken | None = None) -> AccessToken:
        self.rejected += rejected is not None
        expire_time = NOON + timedelta(hours=1)
        return AccessToken(self.value, expire_time, self.zoom_user_id, "account", self.path_user_id, self.is_basic)


@dataclass
class World:
    """Zoom, and this service's way to it."""

    zoom: Zoom
    person: Person
    meetings: ZoomMeetings
    clock: FakeClock = field(default_factory=FakeClock)

    async def settings(self, **settings: object) -> None:
        await self.zoom.control("POST", f"users/{self.person.zoom_user_id}", settings)

    async def act(self, number: str, action: str) -> dict[str, Any]:
        return dict(await self.zoom.control("POST", f"meetings/{number}/{action}", {}))

    async def be(self, zoom_user_id: str, *, by_account: bool = False) -> None:
        """Acts for somebody else from now on; with the token that Ada, the owner, granted for the account."""
        app: ZoomApp = self.zoom.config.account_app if by_account else self.zoom.config.user_app
        self.person.value = await self.zoom.access_token(ADA if by_account else zoom_user_id, app)
        self.person.zoom_user_id = zoom_user_id
        self.person.path_user_id = zoom_user_id if by_account else "me"


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with running_zoom(getattr(request, "param", None)) as zoom, open_http_client() as http:
        clock = FakeClock(NOON)
        person = Person(await zoom.access_token())
        yield World(zoom, person, ZoomMeetings(ZoomClient(http, f"{zoom.base}/v2", person, clock), clock), clock)


async def refusal(attempt: Any) -> MeshError:
    with pytest.raises(MeshError) as failure:
        await attempt
    return failure.value


def token_in(join_url: str) -> str:
    return parse_qs(urlsplit(join_url).query)["pwd"][0]


async def test_S18_S19_a_meeting_has_the_persons_own_settings_and_is_in_her_list(world: World) -> None:
    made = await world.meetings.create(USER, topic="Weekly sync", reference=REFERENCE)
    assert made.zoom_pmi == ""
    assert made.create_time == NOON
    assert f"/j/{made.zoom_meeting_id}" in made.join_url
    listed = (await world.zoom.api("GET", "users/me/meetings", world.person.value)).json["meetings"]
    assert [str(meeting["id"]) for meeting in listed] == [made.zoom_meeting_id]
    assert await world.meetings.find(USER, reference=REFERENCE) == made
    assert await world.meetings.find(USER, reference=REFERENCE[::-1]) is None


@pytest.mark.parametrize("room", [False, True], ids=["own number", "S20 room"])
async def test_S21_the_passcode_is_what_people_type_and_never_the_token_of_the_link(world: World, room: bool) -> None:
    await world.settings(use_pmi_for_scheduled_meetings=room, pmi_password="T0pSecret")
    made = await world.meetings.create(USER, topic="Weekly sync", reference=REFERENCE)
    answer = (await world.zoom.api("GET", f"meetings/{made.zoom_meeting_id}", world.person.value)).json
    assert made.passcode == answer["password"]
    assert token_in(made.join_url) == answer["encrypted_password"] != made.passcode
    if room:
        assert (made.zoom_pmi, made.passcode) == (PMI, "T0pSecret")
        assert f"/j/{PMI}" in made.join_url
        assert made.zoom_meeting_id != PMI
    assert await world.meetings.find(USER, reference=REFERENCE) == made


async def test_P76_a_host_key_is_taken_where_zoom_gives_one(world: World) -> None:
    assert (await world.meetings.create(USER, topic="Without", reference="none")).host_key == ""
    await world.settings(dynamic_host_key=True)
    made = await world.meetings.create(USER, topic="With", reference=REFERENCE)
    assert len(made.host_key) == 6
    assert made.host_key.isdecimal()
    assert made.host_key not in repr(made)
    assert await world.meetings.find(USER, reference=REFERENCE) == made


async def test_S21_where_no_passcode_is_asked_for_there_is_none(world: World) -> None:
    await world.settings(require_password_for_scheduling_new_meetings=False)
    made = await world.meetings.create(USER, topic="", reference=REFERENCE)
    assert made.passcode == ""


async def test_S28_the_room_is_found_and_nothing_is_made(world: World) -> None:
    await world.settings(pmi_password="T0pSecret")
    since = NOON - timedelta(seconds=7)
    room = await world.meetings.personal_room(USER, since=since)
    profile = (await world.zoom.api("GET", "users/me", world.person.value)).json
    assert (room.zoom_meeting_id, room.zoom_pmi, room.zoom_host_id) == (PMI, PMI, ADA)
    assert (room.join_url, room.passcode, room.create_time) == (profile["personal_meeting_url"], "T0pSecret", since)
    assert token_in(room.join_url) != room.passcode
    assert (await world.zoom.api("GET", "users/me/meetings", world.person.value)).json["meetings"] == []


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({"require_password_for_pmi_meetings": "all"}, True),
        ({"require_password_for_pmi_meetings": "none"}, False),
        ({"require_password_for_pmi_meetings": "jbh_only", "join_before_host": True}, True),
        ({"require_password_for_pmi_meetings": "jbh_only", "join_before_host": False}, False),
    ],
)
async def test_S28_the_rooms_passcode_is_shown_where_its_settings_ask_for_one(
    world: World, settings: dict[str, object], asked: bool
) -> None:
    await world.settings(pmi_password="T0pSecret", **settings)
    room = await world.meetings.personal_room(USER, since=NOON)
    assert room.passcode == ("T0pSecret" if asked else "")
    dialled = (await world.zoom.api("GET", f"meetings/{PMI}", world.person.value)).json
    assert room.passcode == dialled.get("password", "")


async def test_S28_settings_that_forbid_the_room_are_told_apart(world: World) -> None:
    await world.settings(personal_meeting=False)
    assert (await refusal(world.meetings.personal_room(USER, since=NOON))).reason is Reason.PERSONAL_ROOM_DISABLED


async def test_S28_without_the_scope_to_read_settings_it_is_asked_for(world: World) -> None:
    consent = await world.zoom.consent(ADA, world.zoom.config.user_app, decline="user:read:settings")
    [code] = parse_qs(urlsplit(consent.headers["Location"]).query)["code"]
    world.person.value = (await world.zoom.redeem(code)).json["access_token"]
    error = await refusal(world.meetings.personal_room(USER, since=NOON))
    assert (error.reason, error.metadata) == (Reason.ZOOM_SCOPE_MISSING, {"scopes": "user:read:settings"})


@pytest.mark.parametrize("basic", [True, False])
async def test_S23_the_hosts_plan_comes_along(world: World, basic: bool) -> None:
    await world.be(BEN if basic else ADA)
    world.person.is_basic = basic
    assert (await world.meetings.create(USER, topic="", reference=REFERENCE)).host_is_basic is basic
    assert (await world.meetings.personal_room(USER, since=NOON)).host_is_basic is basic


@pytest.mark.parametrize(
    "change", [{"type": 4}, {"gone": "deactivated"}, {"gone": "deleted"}], ids=["unassigned", "deactivated", "deleted"]
)
async def test_whoever_may_not_host_is_told_so_by_the_accounts_token(world: World, change: dict[str, object]) -> None:
    await world.be(GRACE, by_account=True)
    await world.settings(**change)
    for attempt in (
        world.meetings.create(USER, topic="", reference=REFERENCE),
        world.meetings.personal_room(USER, since=NOON),
    ):
        assert (await refusal(attempt)).reason is Reason.ZOOM_HOST_NOT_ALLOWED
    assert world.person.rejected == 0


async def test_whoever_was_deactivated_has_no_token_of_her_own_any_more(world: World) -> None:
    await world.be(GRACE)
    await world.settings(gone="deactivated")
    for attempt in (
        world.meetings.create(USER, topic="", reference=REFERENCE),
        world.meetings.personal_room(USER, since=NOON),
        world.meetings.end(USER, PMI),
    ):
        assert (await refusal(attempt)).reason is Reason.ZOOM_NOT_CONNECTED
    assert world.person.rejected == 3


@pytest.mark.parametrize("world", [ZoomConfig(uuid_style="plain")], indirect=True)
async def test_the_hundred_and_first_meeting_of_a_day_has_to_wait_for_midnight_gmt(world: World) -> None:
    for _ in range(100):
        world.zoom.clock.value += 1  # or the limit of a second would come first
        await world.meetings.create(USER, topic="", reference=REFERENCE)
    error = await refusal(world.meetings.create(USER, topic="", reference=REFERENCE))
    assert error.reason is Reason.ZOOM_DAILY_LIMIT
    assert error.retry_delay == timedelta(hours=12)
    room = await world.meetings.personal_room(USER, since=NOON)
    assert room.zoom_pmi == PMI, "a room is not made"


async def test_P85_what_runs_is_ended_and_what_does_not_is_fine(world: World) -> None:
    number = (await world.meetings.create(USER, topic="", reference=REFERENCE)).zoom_meeting_id
    assert await world.meetings.running(USER, number) == ""
    await world.meetings.end(USER, number)
    run = await world.act(number, "start")
    assert await world.meetings.running(USER, number) == run["uuid"]
    await world.meetings.end(USER, number)
    assert await world.meetings.running(USER, number) == ""
    await world.zoom.idle()
    assert world.zoom.app.names().count("meeting.ended") == 1


async def test_P85_a_meeting_that_zoom_knows_no_more_is_over(world: World) -> None:
    assert await world.meetings.running(USER, "81234567890") == ""
    await world.meetings.end(USER, "81234567890")


@pytest.mark.parametrize("world", [_without("meeting:update:status")], indirect=True)
async def test_P85_without_the_scope_to_end_meetings_it_is_asked_for(world: World) -> None:
    error = await refusal(world.meetings.end(USER, PMI))
    assert (error.reason, error.metadata) == (Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:update:status"})


async def test_P85_in_a_room_the_run_is_known_by_the_rooms_number(world: World) -> None:
    await world.settings(use_pmi_for_scheduled_meetings=True)
    made = await world.meetings.create(USER, topic="", reference=REFERENCE)
    run = await world.act(made.zoom_meeting_id, "start")
    assert await world.meetings.running(USER, PMI) == run["uuid"]
    await world.meetings.end(USER, PMI)
    assert await world.meetings.running(USER, PMI) == ""


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_P85_an_ending_that_zoom_fails_at_may_be_asked_for_again(world: World, status: int) -> None:
    made = await world.meetings.create(USER, topic="Weekly sync", reference=REFERENCE)
    await world.act(made.zoom_meeting_id, "start")
    fault = {"method": "PUT", "path": "/v2/*", "kind": "status", "status": status, "after": True, "times": 1}
    await world.zoom.control("POST", "faults", fault)
    error = await refusal(world.meetings.end(USER, made.zoom_meeting_id))
    assert error.reason is Reason.ZOOM_UNAVAILABLE
    await world.meetings.end(USER, made.zoom_meeting_id)
    assert await world.meetings.running(USER, made.zoom_meeting_id) == ""


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_meeting_that_zoom_may_have_made_before_it_failed_is_not_said_to_be_refused(
    world: World, status: int
) -> None:
    fault = {"method": "POST", "path": "/v2/*", "kind": "status", "status": status, "after": True, "times": 1}
    await world.zoom.control("POST", "faults", fault)
    error = await refusal(world.meetings.create(USER, topic="Weekly sync", reference=REFERENCE))
    assert error.reason is Reason.ZOOM_OUTCOME_UNKNOWN
    assert await world.meetings.find(USER, reference=REFERENCE) is not None
