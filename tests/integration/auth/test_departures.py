"""Leaving, in every way and order: what goes, what stays, and the receipt."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from mesh.errors import Reason
from services.auth.store_receipts import RECEIPTS_KEPT
from services.auth.tables import connect_links, connections, metadata, sign_outs, zoom_account_grants, zoom_grants
from tests.integration.auth.conftest import ADA, GRACE, ZOOM_ADA, ZOOM_GRACE, Mesh, reason_of
from tests.integration.auth.test_accounts import ACME_ACCOUNT, HEDY, install, issued
from tests.integration.auth.test_installations import begin, complete, consent, find
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

TEAM = "T0ACME001"
CLIENTS = {pb.ZOOM_APP_LEVEL_USER: "simulatedUserAppId0001", pb.ZOOM_APP_LEVEL_ACCOUNT: "simulatedAdminAppId001"}


async def install_in_slack(mesh: Mesh) -> None:
    link = await begin(mesh)
    await complete(mesh, link.state, await consent(mesh, link))


async def slack_says(
    mesh: Mesh, event: dict[str, Any], *, at: datetime, team: str = TEAM, enterprise: str = "", org_wide: bool = False
) -> int:
    """Delivers an event of Slack's; returns how many departures it recorded."""
    envelope = {"team_id": team or None, "enterprise_id": enterprise or None, "event_time": int(at.timestamp())}
    authorizations = [{"enterprise_id": enterprise or None, "team_id": team, "is_enterprise_install": org_wide}]
    body = json.dumps({**envelope, "authorizations": authorizations, "type": "event_callback", "event": event}).encode()
    return (await mesh.stub.RecordSlackEvent(pb.RecordSlackEventRequest(body=body), timeout=2.5)).departures


async def uninstalled(mesh: Mesh, at: datetime) -> int:
    return await slack_says(mesh, {"type": "app_uninstalled"}, at=at)


async def revoked(mesh: Mesh, at: datetime) -> int:
    return await slack_says(mesh, {"type": "tokens_revoked", "tokens": {"bot": ["U0BOT0001"]}}, at=at)


async def deauthorized(
    mesh: Mesh,
    at: datetime,
    level: pb.ZoomAppLevel.ValueType = pb.ZOOM_APP_LEVEL_USER,
    zoom_user_id: str = ZOOM_ADA,
) -> int:
    """Delivers `app_deauthorized`; returns how many departures it recorded."""
    payload = {
        "account_id": ACME_ACCOUNT,
        "user_id": zoom_user_id,
        "client_id": CLIENTS[level],
        "deauthorization_time": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    body = json.dumps({"event": "app_deauthorized", "event_ts": 1, "payload": payload}).encode()
    request = pb.RecordZoomEventRequest(body=body, app_level=level)
    return (await mesh.stub.RecordZoomEvent(request, timeout=5)).departures


async def pending(mesh: Mesh, eraser: pb.Eraser.ValueType = pb.ERASER_MEETINGS, *, wait: int = 0) -> list[pb.Departure]:
    """Asks for departures, waiting up to `wait` seconds for one."""
    request = pb.ListDeparturesRequest(eraser=eraser, max_departures=100, wait=Duration(seconds=wait))
    return list((await mesh.stub.ListDepartures(request, timeout=wait + 5)).departures)


async def begin_waiting(mesh: Mesh) -> asyncio.Task[list[pb.Departure]]:
    """Asks for departures that are still to come; returns when auth knows that somebody waits."""
    waiting = asyncio.create_task(pending(mesh, wait=20))
    await eventually(lambda: mesh.replicas[0].servicer.waiting > 0)
    return waiting


async def eventually(condition: Callable[[], bool]) -> None:
    """Lets everything run until `condition` holds, for ten seconds at the most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (the condition is not ours to announce)
            await asyncio.sleep(0.01)


async def receipts(mesh: Mesh, user: slack_pb2.SlackUser = ADA) -> list[pb.Receipt]:
    return list((await mesh.stub.ListReceipts(pb.ListReceiptsRequest(user=user), timeout=5)).receipts)


async def rows(mesh: Mesh, *tables: Any) -> list[int]:
    async with mesh.database().snapshot("count") as connection:
        return [len((await connection.execute(table.select())).all()) for table in tables]


def who(departure: pb.Departure) -> tuple[str, str]:
    return departure.slack_team_id, departure.slack_user_id


async def test_a_logout_leaves_a_receipt_that_fills_as_services_erase(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    [departure] = await pending(mesh)
    assert who(departure) == (TEAM, ADA.slack_user_id)
    assert await pending(mesh, pb.ERASER_PHONE) == [departure]
    for erased in (7, 99):  # the first report counts
        await mesh.stub.CompleteDeparture(
            pb.CompleteDepartureRequest(
                eraser=pb.ERASER_MEETINGS, departure_id=departure.departure_id, erased_rows=erased
            ),
            timeout=5,
        )
    assert await pending(mesh) == []
    assert await pending(mesh, pb.ERASER_PHONE) == [departure]
    [receipt] = await receipts(mesh)
    assert receipt.departure == departure
    assert receipt.cause == pb.DEPARTURE_CAUSE_LOGGED_OUT
    assert [(e.eraser, e.erased_rows, e.HasField("complete_time")) for e in receipt.erasures] == [
        (pb.ERASER_UNSPECIFIED, 1, True),
        (pb.ERASER_MEETINGS, 7, True),
        (pb.ERASER_PHONE, 0, False),
    ]


async def test_a_receipt_holds_no_personal_data(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    text = str(await receipts(mesh))
    for personal in (ZOOM_ADA, ACME_ACCOUNT, "Ada", "ada@"):
        assert personal not in text


async def test_a_service_that_waits_hears_of_a_departure_at_once(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    waiting = await begin_waiting(mesh)
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    async with asyncio.timeout(5):
        assert len(await waiting) == 1


async def test_a_drain_does_not_wait_for_who_waits(laptop: Mesh) -> None:
    waiting = await begin_waiting(laptop)
    async with asyncio.timeout(5):
        await laptop.replicas[0].drain()
        assert await waiting == []


async def test_an_erasure_of_nothing_known_is_refused(mesh: Mesh) -> None:
    request = pb.CompleteDepartureRequest(
        eraser=pb.ERASER_PHONE, departure_id="5b1f4c0e-6f0b-4d39-9d52-7d1c3a0c2f6a", erased_rows=1
    )
    assert await reason_of(mesh.stub.CompleteDeparture(request, timeout=5)) is Reason.DEPARTURE_NOT_FOUND


async def test_S38_a_removal_at_zoom_takes_the_person_out_of_every_workspace(mesh: Mesh) -> None:
    elsewhere = slack_pb2.SlackUser(slack_team_id="T0OTHER01", slack_user_id="U0ELSE001")
    await mesh.connect(ADA)
    await mesh.connect(elsewhere)
    await mesh.connect(GRACE, ZOOM_GRACE)
    mesh.clock.advance(10)
    assert await deauthorized(mesh, mesh.clock.now()) == 2
    assert await reason_of(mesh.token(ADA)) is Reason.ZOOM_NOT_CONNECTED
    assert await reason_of(mesh.token(elsewhere)) is Reason.ZOOM_NOT_CONNECTED
    assert await mesh.zoom_status(await mesh.token(GRACE)) == 200
    assert await mesh.grants().get(ZOOM_ADA) is None
    assert {who(departure) for departure in await pending(mesh)} == {
        (TEAM, ADA.slack_user_id),
        ("T0OTHER01", "U0ELSE001"),
    }
    assert [receipt.cause for receipt in await receipts(mesh)] == [pb.DEPARTURE_CAUSE_ZOOM_DEAUTHORIZED]


async def test_a_removal_that_comes_four_times_is_one_departure(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    mesh.clock.advance(10)
    at = mesh.clock.now()
    assert sum(await asyncio.gather(*(deauthorized(mesh, at) for _ in range(4)))) == 1
    assert len(await receipts(mesh)) == 1


async def test_a_late_removal_does_not_touch_a_newer_consent(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    mesh.clock.advance(10)
    removed_at = mesh.clock.now()
    mesh.clock.advance(10)
    await mesh.connect(ADA)
    assert await deauthorized(mesh, removed_at) == 0
    assert await mesh.zoom_status(await mesh.token(ADA)) == 200


@pytest.mark.parametrize("name", ["user.deactivated", "user.deleted", "user.disassociated"])
async def test_a_zoom_user_who_is_gone_leaves_matched_or_not(mesh: Mesh, name: str) -> None:
    await install(mesh)
    await mesh.connect(ADA)
    await issued(mesh, GRACE)
    mesh.clock.advance(10)
    for zoom_user_id in (ZOOM_ADA, ZOOM_GRACE):
        event = {"event": name, "event_ts": int(mesh.clock.now().timestamp() * 1000)}
        body = json.dumps({**event, "payload": {"object": {"id": zoom_user_id}}}).encode()
        request = pb.RecordZoomEventRequest(body=body, app_level=pb.ZOOM_APP_LEVEL_ACCOUNT)
        assert (await mesh.stub.RecordZoomEvent(request, timeout=5)).departures == 1
    assert {receipt.cause for receipt in await receipts(mesh)} == {pb.DEPARTURE_CAUSE_ZOOM_USER_GONE}
    assert await rows(mesh, connections, zoom_grants) == [0, 0]


async def test_a_new_plan_is_known_at_once(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    mesh.clock.advance(10)
    event = {"event": "user.updated", "event_ts": int(mesh.clock.now().timestamp() * 1000)}
    body = json.dumps({**event, "payload": {"object": {"id": ZOOM_ADA, "type": 1}}}).encode()
    request = pb.RecordZoomEventRequest(body=body, app_level=pb.ZOOM_APP_LEVEL_USER)
    assert (await mesh.stub.RecordZoomEvent(request, timeout=5)).departures == 0
    found = await mesh.stub.GetConnection(pb.GetConnectionRequest(user=ADA), timeout=5)
    assert found.connection.zoom_plan == pb.ZOOM_PLAN_BASIC


async def test_N10_when_the_company_leaves_who_has_a_grant_of_her_own_stays(mesh: Mesh) -> None:
    await mesh.connect(GRACE, ZOOM_GRACE)
    await install(mesh)
    await issued(mesh, ADA)
    mesh.clock.advance(10)
    assert await deauthorized(mesh, mesh.clock.now(), pb.ZOOM_APP_LEVEL_ACCOUNT) == 1
    assert (await issued(mesh, GRACE)).zoom_path_user_id == "me"
    assert await reason_of(issued(mesh, ADA)) is Reason.ZOOM_NOT_CONNECTED
    assert await rows(mesh, zoom_account_grants) == [0]
    [receipt] = await receipts(mesh)
    assert who(receipt.departure) == (TEAM, ADA.slack_user_id)
    found = await find(mesh)
    assert found.installation.zoom_account_id == ""


async def test_a_late_removal_of_the_company_does_not_touch_a_newer_installation(mesh: Mesh) -> None:
    await install(mesh)
    mesh.clock.advance(10)
    removed_at = mesh.clock.now()
    mesh.clock.advance(10)
    await install(mesh)
    assert await deauthorized(mesh, removed_at, pb.ZOOM_APP_LEVEL_ACCOUNT) == 0
    assert (await issued(mesh, GRACE)).zoom_user_id == ZOOM_GRACE


async def test_S38_a_removal_in_slack_takes_everything_of_the_workspace(mesh: Mesh) -> None:
    await install(mesh)
    await mesh.connect(ADA)
    await issued(mesh, GRACE)
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=GRACE), timeout=5)
    await mesh.link(GRACE)
    token = await mesh.token(ADA)
    mesh.clock.advance(10)
    assert await uninstalled(mesh, mesh.clock.now()) == 1
    assert await rows(mesh, connections, zoom_grants, zoom_account_grants, sign_outs) == [0, 0, 0, 0]
    assert await reason_of(find(mesh)) is Reason.SLACK_NOT_INSTALLED
    await mesh.replicas[0].detached.drain()
    assert await mesh.zoom_status(token) == 401, "Zoom was told, too"
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}
    last = (await receipts(mesh))[0]
    assert who(last.departure) == (TEAM, "")
    assert last.cause == pb.DEPARTURE_CAUSE_SLACK_UNINSTALLED


@pytest.mark.parametrize("seed", range(6))
async def test_both_events_of_a_removal_in_any_order_and_number_are_one_departure(mesh: Mesh, seed: int) -> None:
    await install_in_slack(mesh)
    await mesh.connect(ADA)
    mesh.clock.advance(10)
    at = mesh.clock.now()
    deliveries = [uninstalled, revoked] * 3
    random.Random(seed).shuffle(deliveries)  # noqa: S311 (no secret)
    counts = [await deliver(mesh, at + timedelta(seconds=n % 2)) for n, deliver in enumerate(deliveries)]
    assert sum(counts) == 1
    assert len(await receipts(mesh)) == 1


async def test_a_reinstallation_that_overtakes_the_removals_events_stays(mesh: Mesh) -> None:
    await install_in_slack(mesh)
    await mesh.connect(GRACE, ZOOM_GRACE)
    mesh.clock.advance(10)
    removed_at = mesh.clock.now()
    mesh.clock.advance(5)
    await install_in_slack(mesh)
    await mesh.connect(ADA)
    for deliver in (revoked, uninstalled):
        await deliver(mesh, removed_at)
    assert (await find(mesh)).bot_access_token
    assert await mesh.zoom_status(await mesh.token(ADA)) == 200
    assert await reason_of(mesh.token(GRACE)) is Reason.ZOOM_NOT_CONNECTED, "what is older than the removal is gone"
    [departure] = await pending(mesh)
    assert abs(departure.depart_time.ToDatetime(UTC) - removed_at) <= timedelta(seconds=1)


async def test_an_installation_of_the_same_second_is_older_than_the_event(mesh: Mesh) -> None:
    await install_in_slack(mesh)
    installed_at = (await find(mesh)).installation.install_time.ToDatetime(UTC)
    assert await uninstalled(mesh, installed_at.replace(microsecond=0)) == 1
    assert await reason_of(find(mesh)) is Reason.SLACK_NOT_INSTALLED


async def test_tokens_of_people_that_are_revoked_remove_nothing(mesh: Mesh) -> None:
    await install_in_slack(mesh)
    mesh.clock.advance(10)
    event = {"type": "tokens_revoked", "tokens": {"oauth": ["U0ADA0001"]}}
    assert await slack_says(mesh, event, at=mesh.clock.now()) == 0
    assert (await find(mesh)).bot_access_token


async def test_another_workspace_stays(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    await install(mesh)
    await install(mesh, "hedyZoomUserId00000004", "U0HEDY001")
    await issued(mesh, HEDY)
    mesh.clock.advance(10)
    assert await uninstalled(mesh, mesh.clock.now()) == 1
    assert (await issued(mesh, HEDY)).zoom_user_id == "hedyZoomUserId00000004"
    assert await receipts(mesh, HEDY) == []


async def test_the_accounts_grant_stays_while_another_workspace_uses_it(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    await install(mesh)
    await install(mesh, ZOOM_ADA, "U0HEDY001")
    mesh.clock.advance(10)
    await slack_says(mesh, {"type": "app_uninstalled"}, at=mesh.clock.now(), team="T0GLOBEX1")
    assert (await issued(mesh, GRACE)).zoom_user_id == ZOOM_GRACE


NORTH, SOUTH = (
    slack_pb2.SlackUser(slack_enterprise_id="E0UMBRELA", slack_team_id=team, slack_user_id="U0OLAF001")
    for team in ("T0UMBRA01", "T0UMBRB01")
)


async def umbrella(mesh: Mesh) -> None:
    """Installs in a whole organisation, where Olaf uses both workspaces."""
    await mesh.slack.post("/control/workspaces", json={"seed": "umbrella"})
    await install(mesh, "ruthZoomUserId00000005", "U0RUTH001", install_for="organisation")
    await mesh.slack.post("/control/team_access", json={"team_ids": ["T0UMBRA01", "T0UMBRB01"]})
    for user in (NORTH, SOUTH):
        await issued(mesh, user)
    mesh.clock.advance(10)


async def test_a_workspace_that_loses_its_access_leaves_alone(mesh: Mesh) -> None:
    await umbrella(mesh)
    event = {"type": "team_access_revoked", "team_ids": ["T0UMBRB01"]}
    assert await slack_says(mesh, event, at=mesh.clock.now(), team="", enterprise="E0UMBRELA") == 1
    assert [who(departure) for departure in await pending(mesh)] == [("T0UMBRB01", "")]
    assert (await issued(mesh, NORTH)).zoom_user_id == "olafZoomUserId00000006"


@pytest.mark.parametrize("team", ["", "E0UMBRELA", "T0UMBRA01"])
async def test_an_organisation_leaves_whole_however_slack_names_it(mesh: Mesh, team: str) -> None:
    await umbrella(mesh)
    for kind in ({"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}}):
        await slack_says(mesh, kind, at=mesh.clock.now(), team=team, enterprise="E0UMBRELA", org_wide=True)
    [departure] = await pending(mesh)
    assert (departure.slack_enterprise_id, who(departure)) == ("E0UMBRELA", ("", ""))
    assert await rows(mesh, connections, zoom_account_grants) == [0, 0]
    assert len(await receipts(mesh, SOUTH)) == 1


async def test_a_workspaces_own_removal_never_takes_its_organisation_along(mesh: Mesh) -> None:
    await umbrella(mesh)
    await slack_says(mesh, {"type": "app_uninstalled"}, at=mesh.clock.now(), team="T0UMBRB01", enterprise="E0UMBRELA")
    assert [who(departure) for departure in await pending(mesh)] == [("T0UMBRB01", "")]
    assert (await issued(mesh, NORTH)).zoom_user_id == "olafZoomUserId00000006"


async def test_a_large_workspace_leaves_within_slacks_patience(mesh: Mesh) -> None:
    await install_in_slack(mesh)
    await fill(mesh, 3_000)
    mesh.clock.advance(10)
    assert await uninstalled(mesh, mesh.clock.now()) == 1
    assert await rows(mesh, connections, zoom_grants) == [0, 0]


async def fill(mesh: Mesh, people: int) -> None:
    """Stores people who connected, whose grants have ended since."""
    now = mesh.clock.now()
    grants = [
        {
            "zoom_user_id": f"zoomUser{number}",
            "zoom_account_id": ACME_ACCOUNT,
            "grant_id": f"grant-{number}",
            "access_token_sealed": b"",
            "refresh_token_sealed": b"",
            "access_expire_time": now,
            "end_time": now,
            "scopes": "",
            "plan": "licensed",
            "token_version": 1,
        }
        for number in range(people)
    ]
    joined = [
        {
            "team_id": TEAM,
            "slack_user_id": f"U0PERSON{number}",
            "enterprise_id": "",
            "zoom_user_id": f"zoomUser{number}",
            "zoom_user_id_sealed": b"",
            "zoom_account_id": ACME_ACCOUNT,
            "connect_time": now,
        }
        for number in range(people)
    ]
    async with mesh.database().transaction("fill") as connection:
        await connection.execute(zoom_grants.insert(), grants)
        await connection.execute(connections.insert(), joined)


async def test_the_accounts_grant_goes_when_its_last_workspaces_leave_at_once(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    for _ in range(5):
        await install(mesh)
        await install(mesh, user_id="U0HEDY001")
        mesh.clock.advance(10)
        leave = (
            slack_says(mesh, {"type": "app_uninstalled"}, at=mesh.clock.now(), team=t) for t in (TEAM, "T0GLOBEX1")
        )
        assert await asyncio.gather(*leave) == [1, 1]
        assert await rows(mesh, zoom_account_grants) == [0]
        mesh.clock.advance(10)


async def test_the_tokens_of_who_left_the_account_are_revoked(mesh: Mesh) -> None:
    await mesh.connect()
    token = (await issued(mesh, ADA)).access_token
    mesh.clock.advance(1)
    sent = int(mesh.clock.now().timestamp() * 1000)
    event = {"event": "user.disassociated", "event_ts": sent, "payload": {"object": {"id": ZOOM_ADA}}}
    request = pb.RecordZoomEventRequest(body=json.dumps(event).encode(), app_level=pb.ZOOM_APP_LEVEL_USER)
    await mesh.stub.RecordZoomEvent(request, timeout=5)
    for _ in range(200):
        answer = await mesh.zoom.get("/v2/users/me", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 401:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("her token still works at Zoom")


async def test_a_callback_for_a_workspace_that_was_uninstalled_meanwhile_connects_nobody(mesh: Mesh) -> None:
    await install_in_slack(mesh)
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    mesh.clock.advance(1)
    await uninstalled(mesh, mesh.clock.now())
    assert await reason_of(mesh.complete(state, code)) is Reason.LINK_INVALID
    assert await rows(mesh, connect_links, connections, zoom_grants) == [0, 0, 0]
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}


async def test_an_uninstallation_during_the_callback_connects_nobody_and_leaves_no_token_alive(mesh: Mesh) -> None:
    await install_in_slack(mesh)
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    mesh.clock.advance(1)
    await mesh.zoom_fault("/v2/users/me", kind="delay", delay_seconds=0.5, times=1)
    completing = asyncio.create_task(mesh.complete(state, code))
    async with asyncio.timeout(10):
        while await mesh.live_tokens() == {"access": 0, "refresh": 0}:  # noqa: ASYNC110 (only asking tells)
            await asyncio.sleep(0.01)
    await uninstalled(mesh, mesh.clock.now())
    assert await reason_of(completing) in {Reason.LINK_INVALID, Reason.AUTHORIZATION_FAILED}
    await mesh.replicas[0].detached.drain()
    assert await rows(mesh, connections, zoom_grants) == [0, 0]
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}


async def test_receipts_come_in_pages_and_go_after_a_year(mesh: Mesh) -> None:
    for _ in range(3):
        await mesh.connect(ADA)
        await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    seen, token = [], ""
    while True:
        request = pb.ListReceiptsRequest(user=ADA, page_size=2, page_token=token)
        page = await mesh.stub.ListReceipts(request, timeout=5)
        seen += [receipt.departure.departure_id for receipt in page.receipts]
        token = page.next_page_token
        if not token:
            break
    assert len(set(seen)) == len(seen) == 3
    request = pb.ListReceiptsRequest(user=HEDY, page_token=page.next_page_token or "x")
    assert await reason_of(mesh.stub.ListReceipts(request, timeout=5)) is Reason.PAGE_TOKEN_INVALID
    mesh.clock.advance(RECEIPTS_KEPT.total_seconds())
    await mesh.replicas[0].purge()
    assert await receipts(mesh) == []
    assert await rows(mesh, metadata.tables["departure_erasures"]) == [0]


@pytest.mark.parametrize("body", [b"[]", b"no", b"\xff\xff"])
async def test_what_is_no_event_is_refused(laptop: Mesh, body: bytes) -> None:
    zoom = pb.RecordZoomEventRequest(body=body, app_level=pb.ZOOM_APP_LEVEL_USER)
    assert await reason_of(laptop.stub.RecordZoomEvent(zoom, timeout=5)) is Reason.INVALID_REQUEST
    slack = pb.RecordSlackEventRequest(body=body)
    assert await reason_of(laptop.stub.RecordSlackEvent(slack, timeout=5)) is Reason.INVALID_REQUEST
