"""`/zoom help`: what there is, and how things stand, as far as that is known."""

from __future__ import annotations

from mesh.errors import MeshError, Reason
from services.slack_edge.workspaces import LIFE
from tests.integration.slack_edge.conftest import ADA, World
from tests.integration.slack_edge.test_identity import OLDER, granted
from zoomslack.auth.v1 import auth_service_pb2 as pb

NOBODY_HAS_TO = "need not connect"


async def test_help_tells_an_older_installation_from_a_newer_one(world: World) -> None:
    assert "*Installation:* newer. Each person" in (await world.type("help"))["answer"]["text"]
    await granted(world, OLDER)
    assert "*Installation:* older." in (await world.type("help"))["answer"]["text"]


async def in_a_company(world: World, *, emails: bool = True, level: pb.ZoomAppLevel.ValueType | None = None) -> None:
    """Has the workspace belong to a Zoom account, and Ada be connected by the consent of that level, if any."""
    world.auth.company_account = "zoomAcme"
    await granted(world, [*world.auth.scopes, *(["users:read.email"] if emails else [])])
    if level is not None:
        world.auth.connected.add(ADA)
        world.auth.app_level = level


async def test_help_says_that_nobody_has_to_connect_only_while_the_company_grant_serves_her(world: World) -> None:
    await in_a_company(world, level=pb.ZOOM_APP_LEVEL_ACCOUNT)
    text = (await world.type("help"))["answer"]["text"]
    assert "*Installation:* newer, for your whole company." in text
    assert NOBODY_HAS_TO in text
    assert "*Zoom:* you are connected by your company's installation" in text


async def test_help_without_the_permission_to_see_addresses_promises_nothing(world: World) -> None:
    await in_a_company(world, emails=False)
    text = (await world.type("help"))["answer"]["text"]
    assert NOBODY_HAS_TO not in text
    assert "may not see e-mail addresses in Slack" in text
    assert "*Zoom:* you are not connected. Type `/zoom` to connect." in text


async def test_help_of_a_person_who_signed_out_or_whose_companys_grant_is_dead_promises_nothing(world: World) -> None:
    await in_a_company(world)
    text = (await world.type("help"))["answer"]["text"]
    assert NOBODY_HAS_TO not in text
    assert "*Zoom:* you are not connected. Type `/zoom` to connect." in text
    await in_a_company(world, level=pb.ZOOM_APP_LEVEL_USER)  # by her own consent: nothing is known of the company's
    text = (await world.type("help"))["answer"]["text"]
    assert NOBODY_HAS_TO not in text
    assert "*Zoom:* you are connected (licensed)." in text


async def test_help_tells_the_plan_and_what_is_offered(world: World) -> None:
    world.auth.connected.add(ADA)
    text = (await world.type("help"))["answer"]["text"]
    assert "*Zoom:* you are connected (licensed). `/zoom logout` signs you out." in text
    assert "*Offered here:* meetings and phone calls." in text
    world.auth.call_options = pb.CALL_OPTIONS_PHONE
    world.clock.jump(LIFE + 1)
    assert "*Offered here:* phone calls only." in (await world.type("help"))["answer"]["text"]


async def test_help_says_nothing_of_zoom_where_that_cannot_be_told_in_time(world: World) -> None:
    world.auth.connection_failure = MeshError(Reason.ZOOM_UNAVAILABLE)
    text = (await world.type("help"))["answer"]["text"]
    assert "*Installation:* newer" in text
    assert "*Zoom:*" not in text


async def test_help_is_there_whatever_auth_says(world: World) -> None:
    world.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    text = (await world.type("help"))["answer"]["text"]
    assert "/zoom meeting [topic]" in text
    assert "Installation" not in text
    world.auth.failure = MeshError(Reason.SLACK_NOT_INSTALLED)
    assert "*Installation:* none that works." in (await world.type("help"))["answer"]["text"]
