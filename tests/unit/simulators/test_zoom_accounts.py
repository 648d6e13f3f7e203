"""Several accounts in one Zoom: what an admin's token reaches, whose webhooks an app hears, and how people leave."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, HEDY, OLAF, OTHERS_MAY_BEGIN, RUTH, Zoom, running_zoom

GLOBEX, UMBRELLA = "GlobexZoomAccount00002", "UmbrellaZoomAccount003"


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _admin(zoom: Zoom, user: str) -> str:
    return await zoom.access_token(user, zoom.config.account_app)


async def test_an_admin_token_ends_at_the_account(zoom: Zoom) -> None:
    hedy, ruth = await _admin(zoom, HEDY), await _admin(zoom, RUTH)
    me = (await zoom.api("GET", "users/me", hedy)).json
    assert (me["id"], me["account_id"], me["role_name"]) == (HEDY, GLOBEX, "Admin")
    assert (await zoom.api("GET", "users/olaf@umbrella.example", ruth)).json["id"] == OLAF
    for other in (ADA, "ada@acme.example", RUTH):
        refused = await zoom.api("GET", f"users/{other}", hedy)
        assert (refused.status, refused.json["code"]) == (404, 1001)
    meeting = await zoom.create(await zoom.access_token(ADA))
    refused = await zoom.api("GET", f"meetings/{meeting['id']}", hedy)
    assert (refused.status, refused.json["code"]) == (404, 3001)


async def test_addresses_are_compared_without_regard_to_case(zoom: Zoom) -> None:
    found = await zoom.api("GET", "users/GRACE%40Acme.Example", await _admin(zoom, ADA))
    assert found.json["id"] == GRACE
    assert [found.json["status"], found.json["verified"]] == ["active", 1]


async def test_the_next_admin_replaces_the_accounts_authorisation(zoom: Zoom) -> None:
    await zoom.control("POST", f"users/{GRACE}", {"role_name": "Admin"})
    ada, hedy = await _admin(zoom, ADA), await _admin(zoom, HEDY)
    grace = await _admin(zoom, GRACE)
    assert (await zoom.api("GET", "users/me", ada)).json["code"] == 124
    assert (await zoom.api("GET", "users/me", grace)).json["id"] == GRACE
    assert (await zoom.api("GET", "users/me", hedy)).status == 200
    grants = (await zoom.control("GET", "state"))["grants"]
    assert [(grant["account_id"], grant["zoom_user_id"]) for grant in grants] == [
        ("AcmeZoomAccount0000001", GRACE),
        (GLOBEX, HEDY),
    ]


@pytest.mark.parametrize("change", [{"type": 4}, {"gone": "deactivated"}], ids=["unassigned", "deactivated"])
async def test_who_may_not_host_gets_no_meetings(zoom: Zoom, change: dict[str, object]) -> None:
    admin, grace = await _admin(zoom, ADA), await zoom.access_token(GRACE)
    meeting = await zoom.create(grace)
    await zoom.control("POST", f"users/{GRACE}", change)
    created = await zoom.api("POST", f"users/{GRACE}/meetings", admin, {"topic": "Weekly sync"})
    ended = await zoom.api("PUT", f"meetings/{meeting['id']}/status", admin, {"action": "end"})
    assert [(answer.status, answer.json["code"]) for answer in (created, ended)] == [(400, 3161)] * 2
    assert (await zoom.api("GET", f"users/{GRACE}", admin)).status == 200


async def test_an_admin_removes_the_app_for_the_account(zoom: Zoom) -> None:
    await _admin(zoom, ADA)
    assert await zoom.control("POST", "uninstall", {"zoom_user_id": BEN, "app": "account"}) == {"removed": []}
    assert await zoom.control("POST", "uninstall", {"zoom_user_id": HEDY, "app": "account"}) == {"removed": []}
    await zoom.control("POST", f"users/{GRACE}", {"role_name": "Admin"})
    assert await zoom.control("POST", "uninstall", {"zoom_user_id": GRACE}) == {"removed": ["account"]}


async def test_webhooks_go_to_the_account_that_authorised(zoom: Zoom) -> None:
    await _admin(zoom, HEDY)
    acme = await zoom.create(await zoom.access_token(ADA))
    globex = await zoom.create(await zoom.access_token(HEDY))
    for meeting in (acme, globex):
        await zoom.control("POST", f"meetings/{meeting['id']}/start", {"host_joins": False})
    await zoom.idle()
    heard = sorted((hook.headers["clientid"], hook.event["payload"]["account_id"]) for hook in zoom.app.received)
    user_app, account_app = zoom.config.user_app.client_id, zoom.config.account_app.client_id
    assert heard == sorted(
        [(user_app, "AcmeZoomAccount0000001"), (user_app, GLOBEX), (account_app, GLOBEX)],
    )


async def test_people_of_other_accounts_stay_unknown_to_the_host(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(ADA), settings=OTHERS_MAY_BEGIN)
    for user in (GRACE, HEDY):
        await zoom.control("POST", f"meetings/{meeting['id']}/join", {"zoom_user_id": user})
    await zoom.idle()
    joined = [hook.object["participant"] for hook in zoom.app.received if hook.name == "meeting.participant_joined"]
    assert [(p["user_name"], p["id"], p["email"]) for p in joined] == [
        ("Grace Hopper", GRACE, "grace@acme.example"),
        ("Hedy Lamarr", "", ""),
    ]


async def test_changes_are_told_to_the_entitled_and_only_what_changed(zoom: Zoom) -> None:
    await zoom.access_token(BEN)
    change = {"type": 2, "role_name": "Member", "verified": 0, "join_before_host": True}
    await zoom.control("POST", f"users/{BEN}", change)
    await zoom.control("POST", f"users/{BEN}", change)
    await zoom.control("POST", f"users/{GRACE}", {"type": 1})
    await zoom.idle()
    [hook] = zoom.app.received
    payload = hook.event["payload"]
    assert hook.name == "user.updated"
    assert payload["object"] == {"id": BEN, "type": 2, "verified": 0, "settings": {"join_before_host": True}}
    assert (payload["operator"], payload["operator_id"]) == ("ada@acme.example", ADA)
    assert isinstance(payload["time_stamp"], int)


async def test_a_change_in_an_account_without_admins_has_no_operator(zoom: Zoom) -> None:
    await zoom.access_token(HEDY)
    await zoom.control("POST", f"users/{HEDY}", {"role_name": "Member"})
    await zoom.idle()
    assert zoom.app.received[0].event["payload"].keys() == {"account_id", "object", "time_stamp"}


@pytest.mark.parametrize("how", ["deleted", "disassociated"])
async def test_one_who_left_the_account_is_gone(zoom: Zoom, how: str) -> None:
    admin, own = await _admin(zoom, ADA), await zoom.authorize(BEN)
    room = (await zoom.control("GET", "state"))["users"][2]["personal_meeting_url"]
    await zoom.control("POST", f"users/{BEN}", {"gone": how})
    await zoom.idle()
    assert sorted(hook.headers["clientid"] for hook in zoom.app.received) == sorted(
        app.client_id for app in (zoom.config.user_app, zoom.config.account_app)
    )
    assert {hook.name for hook in zoom.app.received} == {f"user.{how}"}
    assert zoom.app.received[0].object == {
        "id": BEN,
        "first_name": "Ben",
        "last_name": "Basic",
        "email": "ben@acme.example",
        "type": 1,
    }
    assert (await zoom.api("GET", f"users/{BEN}", admin)).json["code"] == 1001
    assert (await zoom.api("GET", "users/me", own["access_token"])).json["code"] == 124
    assert (await zoom.refresh(own["refresh_token"])).json["error"] == "invalid_grant"
    assert (await zoom.request("GET", room.removeprefix(zoom.base))).status == 404
    assert (await zoom.consent(BEN, zoom.config.user_app)).status == 400


async def test_one_who_is_deactivated_stays_and_can_come_back(zoom: Zoom) -> None:
    admin, own = await _admin(zoom, ADA), await zoom.access_token(BEN)
    await zoom.control("POST", f"users/{BEN}", {"gone": "deactivated"})
    assert (await zoom.api("GET", f"users/{BEN}", admin)).json["status"] == "inactive"
    assert (await zoom.api("GET", "users/me", own)).json["code"] == 124
    assert (await zoom.consent(BEN, zoom.config.user_app)).status == 403
    await zoom.control("POST", f"users/{BEN}", {"status": "active"})
    await zoom.idle()
    assert zoom.app.names() == ["user.deactivated"] * 2 + ["user.activated"] * 2
    assert (await zoom.api("GET", "users/me", await zoom.access_token(BEN))).json["status"] == "active"
