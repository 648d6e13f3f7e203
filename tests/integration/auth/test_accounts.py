"""Company-wide: an administrator consents once, and people are found by themselves."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from mesh.errors import MeshError, Reason
from services.auth.grants import AppLevel
from services.auth.links import FOLLOWED
from services.auth.tables import connections, slack_installations
from services.auth.zoom_users import _lower
from tests.integration.auth.conftest import ADA, GRACE, ZOOM_ADA, ZOOM_GRACE, Mesh, reason_of
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

ACME_ACCOUNT = "AcmeZoomAccount0000001"
BEN, GUS, UMA, LIN = (
    slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=user_id)
    for user_id in ("U0BEN0001", "U0GUS0001", "U0UMA0001", "U0LIN0001")
)
HEDY = slack_pb2.SlackUser(slack_team_id="T0GLOBEX1", slack_user_id="U0HEDY001")
HEDY_IN_ACME = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id="U0HEDY001")
ZOOM_HEDY = "hedyZoomUserId00000004"


async def begin(mesh: Mesh, *scopes: str) -> pb.CreateZoomInstallLinkResponse:
    link = await mesh.stub.CreateZoomInstallLink(pb.CreateZoomInstallLinkRequest(zoom_scopes=scopes), timeout=5)
    mesh.browsers[link.state] = link.browser_secret
    return link


async def complete(
    mesh: Mesh, state: str, code: str = "", error: str = "", *, browser_secret: str = ""
) -> pb.ZoomInstallation:
    """Comes back from Zoom, in the browser that began unless the secret of another is given."""
    browser_secret = browser_secret or mesh.browsers.get(state, "none")
    request = pb.CompleteZoomInstallationRequest(state=state, code=code, error=error, browser_secret=browser_secret)
    return (await mesh.stub.CompleteZoomInstallation(request, timeout=10)).installation


async def agree(mesh: Mesh, admin: str = ZOOM_ADA) -> tuple[str, pb.ZoomInstallation]:
    """Consents as an administrator; returns the state and what was granted."""
    link = await begin(mesh)
    return link.state, await complete(mesh, link.state, await mesh.consent(link.authorize_url, admin))


async def connect_workspace(
    mesh: Mesh, zoom_state: str, user_id: str = "U0ADA0001", *, browser_secret: str | None = None, **consent: Any
) -> pb.CompleteSlackInstallationResponse:
    """Installs in Slack, going on from a consent at Zoom; comes back in that browser unless another one is given."""
    request = pb.CreateSlackInstallLinkRequest(zoom_state=zoom_state, browser_secret=mesh.browsers.get(zoom_state, ""))
    link = await mesh.stub.CreateSlackInstallLink(request, timeout=5)
    form = {**dict(parse_qsl(urlsplit(link.authorize_url).query)), "user_id": user_id, "decision": "allow", **consent}
    answer = await mesh.slack.post("/oauth/v2/authorize/decide", data=form)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    secret = mesh.browsers.get(zoom_state, "") if browser_secret is None else browser_secret
    done = pb.CompleteSlackInstallationRequest(state=link.state, code=code, browser_secret=secret)
    return await mesh.stub.CompleteSlackInstallation(done, timeout=10)


async def install(mesh: Mesh, admin: str = ZOOM_ADA, user_id: str = "U0ADA0001", **consent: Any) -> None:
    """Installs company-wide in the workspace of `user_id`."""
    state, _ = await agree(mesh, admin)
    await connect_workspace(mesh, state, user_id, **consent)


async def issued(mesh: Mesh, user: slack_pb2.SlackUser) -> pb.IssueZoomAccessTokenResponse:
    return await mesh.stub.IssueZoomAccessToken(pb.IssueZoomAccessTokenRequest(user=user), timeout=10)


async def whose(mesh: Mesh, answer: pb.IssueZoomAccessTokenResponse) -> str:
    """Returns the Zoom user whom the path of an issued token names, as Zoom sees it."""
    headers = {"Authorization": f"Bearer {answer.access_token}"}
    found = await mesh.zoom.get(f"/v2/users/{answer.zoom_path_user_id}", headers=headers)
    assert found.status_code == 200, found.text
    return str(found.json()["id"])


async def rows(mesh: Mesh) -> int:
    async with mesh.database().snapshot("count") as connection:
        return len((await connection.execute(connections.select())).all())


async def test_S11_nobody_in_the_workspace_has_to_authorize(mesh: Mesh) -> None:
    state, granted = await agree(mesh)
    assert granted.zoom_account_id == ACME_ACCOUNT
    assert "meeting:write:meeting:admin" in granted.scopes
    done = await connect_workspace(mesh, state)
    assert done.zoom_installation == granted
    assert done.installation.zoom_account_id == ACME_ACCOUNT
    for user, zoom_user_id in ((ADA, ZOOM_ADA), (GRACE, ZOOM_GRACE), (BEN, "benZoomUserId000000003")):
        answer = await issued(mesh, user)
        assert (answer.zoom_user_id, answer.zoom_path_user_id) == (zoom_user_id, zoom_user_id)
        assert await whose(mesh, answer) == zoom_user_id
    connection = (await mesh.stub.GetConnection(pb.GetConnectionRequest(user=GRACE), timeout=5)).connection
    assert connection.app_level == pb.ZOOM_APP_LEVEL_ACCOUNT
    assert connection.zoom_plan == pb.ZOOM_PLAN_LICENSED
    assert list(connection.scopes) == list(granted.scopes)


@pytest.mark.parametrize("user", [GUS, UMA, LIN], ids=["guest", "unconfirmed address", "nobody in Zoom"])
async def test_who_is_not_surely_the_same_person_connects_by_link(mesh: Mesh, user: slack_pb2.SlackUser) -> None:
    await install(mesh)
    assert await reason_of(issued(mesh, user)) is Reason.ZOOM_NOT_CONNECTED
    assert await rows(mesh) == 0


@pytest.mark.parametrize("flags", [{"is_bot": True}, {"deleted": True}, {"is_ultra_restricted": True}])
async def test_who_is_no_member_any_more_is_not_matched(laptop: Mesh, flags: dict[str, bool]) -> None:
    await install(laptop)
    assert (await laptop.slack.post("/control/users/U0GRACE01", json=flags)).status_code == 200
    assert await reason_of(issued(laptop, GRACE)) is Reason.ZOOM_NOT_CONNECTED


@pytest.mark.parametrize("change", [{"verified": 0}, {"status": "inactive"}, {"status": "pending"}])
async def test_zooms_side_of_the_address_counts_too(laptop: Mesh, change: dict[str, Any]) -> None:
    await install(laptop)
    assert (await laptop.zoom.post(f"/control/users/{ZOOM_GRACE}", json=change)).status_code == 200
    assert await reason_of(issued(laptop, GRACE)) is Reason.ZOOM_NOT_CONNECTED


async def test_people_of_another_company_in_a_shared_channel_are_not_matched(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    await install(mesh)
    assert await reason_of(issued(mesh, HEDY_IN_ACME)) is Reason.ZOOM_NOT_CONNECTED
    # As a member of the channel the app sees her, and still does not take her for one of the company.
    invited = await mesh.slack.post("/control/invite", json={"channel_id": "C0SHARED1"})
    assert invited.status_code == 200
    assert await reason_of(issued(mesh, HEDY_IN_ACME)) is Reason.ZOOM_NOT_CONNECTED


async def test_without_the_scope_for_addresses_each_person_connects_once(mesh: Mesh) -> None:
    await install(mesh, decline="users:read.email")
    assert await reason_of(issued(mesh, GRACE)) is Reason.ZOOM_NOT_CONNECTED
    await mesh.connect(GRACE, ZOOM_GRACE)
    answer = await issued(mesh, GRACE)
    assert (answer.zoom_user_id, await whose(mesh, answer)) == (ZOOM_GRACE, ZOOM_GRACE)


async def test_a_person_is_matched_once_and_kept_by_ids(mesh: Mesh) -> None:
    await install(mesh)
    await mesh.add_replica()
    answers = await asyncio.gather(
        *(
            mesh.stubs[n % 2].IssueZoomAccessToken(pb.IssueZoomAccessTokenRequest(user=GRACE), timeout=10)
            for n in range(20)
        )
    )
    assert {answer.zoom_user_id for answer in answers} == {ZOOM_GRACE}
    assert await rows(mesh) == 1
    asked = len((await mesh.slack.get("/control/requests", params={"method": "users.info"})).json()["requests"])
    assert asked <= 4, "whoever waits does not ask again"
    # Another address changes nothing: the match stands by ids.
    await mesh.zoom.post(f"/control/users/{ZOOM_GRACE}", json={"verified": 0})
    assert (await issued(mesh, GRACE)).zoom_user_id == ZOOM_GRACE


async def test_slack_that_does_not_answer_asks_nobody_to_connect(laptop: Mesh) -> None:
    await install(laptop)
    fault = {"method": "users.info", "kind": "status", "status": 503, "times": 1}
    assert (await laptop.slack.post("/control/faults", json=fault)).status_code < 300
    assert await reason_of(issued(laptop, GRACE)) is Reason.SLACK_UNAVAILABLE
    assert (await issued(laptop, GRACE)).zoom_user_id == ZOOM_GRACE


async def test_zoom_that_does_not_answer_asks_nobody_to_connect(laptop: Mesh) -> None:
    await install(laptop)
    await laptop.zoom_fault("/v2/users/*", kind="status", status=500)
    assert await reason_of(issued(laptop, GRACE)) is Reason.ZOOM_UNAVAILABLE
    await laptop.clear_faults()
    assert (await issued(laptop, GRACE)).zoom_user_id == ZOOM_GRACE


async def test_one_account_serves_several_workspaces_and_several_accounts_one_deployment(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    await install(mesh)
    await install(mesh, ZOOM_HEDY, "U0HEDY001")
    assert (await issued(mesh, HEDY)).zoom_account_id == "GlobexZoomAccount00002"
    assert (await issued(mesh, GRACE)).zoom_account_id == ACME_ACCOUNT
    # Globex moves to Acme's account: who was matched in the old one is not there any more.
    mesh.clock.advance(1)
    await deauthorize_company(mesh, "GlobexZoomAccount00002")
    state, _ = await agree(mesh)
    await connect_workspace(mesh, state, "U0HEDY001")
    assert await reason_of(issued(mesh, HEDY)) is Reason.ZOOM_NOT_CONNECTED
    assert (await issued(mesh, GRACE)).zoom_account_id == ACME_ACCOUNT


async def deauthorize_company(mesh: Mesh, account_id: str) -> None:
    """Delivers Zoom's word that an administrator removed the app."""
    at = mesh.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    payload = {"account_id": account_id, "client_id": "simulatedAdminAppId001", "deauthorization_time": at}
    body = json.dumps({"event": "app_deauthorized", "event_ts": 1, "payload": payload}).encode()
    request = pb.RecordZoomEventRequest(body=body, app_level=pb.ZOOM_APP_LEVEL_ACCOUNT)
    await mesh.stub.RecordZoomEvent(request, timeout=5)


async def test_another_account_cannot_take_a_workspace_over(mesh: Mesh) -> None:
    await install(mesh)
    assert (await issued(mesh, GRACE)).zoom_account_id == ACME_ACCOUNT
    state, _ = await agree(mesh, ZOOM_HEDY)  # an administrator of another company, and any member of this workspace
    for user_id in ("U0GRACE01", "U0ADA0001"):
        assert await reason_of(connect_workspace(mesh, state, user_id)) is Reason.COMPANY_ALREADY_INSTALLED
    assert (await issued(mesh, GRACE)).zoom_account_id == ACME_ACCOUNT
    found = await mesh.stub.GetSlackInstallation(pb.GetSlackInstallationRequest(user=GRACE), timeout=5)
    assert found.installation.zoom_account_id == ACME_ACCOUNT


async def test_one_consent_at_zoom_connects_several_workspaces(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    state, _ = await agree(mesh)
    for user_id, team in (("U0ADA0001", "T0ACME001"), ("U0HEDY001", "T0GLOBEX1")):
        done = await connect_workspace(mesh, state, user_id)
        assert (done.installation.slack_team_id, done.installation.zoom_account_id) == (team, ACME_ACCOUNT)


async def test_a_whole_organisation_is_one_installation(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={"seed": "umbrella"})
    state, _ = await agree(mesh, "ruthZoomUserId00000005")
    done = await connect_workspace(mesh, state, "U0RUTH001", install_for="organisation")
    assert (done.installation.slack_enterprise_id, done.installation.slack_team_id) == ("E0UMBRELA", "")
    access = {"team_ids": ["T0UMBRA01", "T0UMBRB01"]}
    assert (await mesh.slack.post("/control/team_access", json=access)).status_code == 200
    for team in ("T0UMBRA01", "T0UMBRB01"):
        olaf = slack_pb2.SlackUser(slack_enterprise_id="E0UMBRELA", slack_team_id=team, slack_user_id="U0OLAF001")
        assert (await issued(mesh, olaf)).zoom_user_id == "olafZoomUserId00000006"


async def test_the_account_of_a_workspace_cannot_be_altered_in_its_row(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    await install(mesh)
    await install(mesh, ZOOM_HEDY, "U0HEDY001")
    globex = slack_installations.c.tenant_id == "T0GLOBEX1"
    async with mesh.database().transaction("point elsewhere") as connection:
        await connection.execute(slack_installations.update().where(globex).values(zoom_account_id=ACME_ACCOUNT))
    assert await reason_of(issued(mesh, HEDY)) is Reason.INTERNAL


async def test_a_consent_at_zoom_is_used_once_and_repeated_safely(mesh: Mesh) -> None:
    link = await begin(mesh)
    code, other = [await mesh.consent(link.authorize_url) for _ in range(2)]
    first = await complete(mesh, link.state, code)
    assert await complete(mesh, link.state, code) == first
    assert await reason_of(complete(mesh, link.state, other)) is Reason.LINK_USED


async def test_links_of_one_kind_are_nothing_to_the_other(mesh: Mesh) -> None:
    company, person = await begin(mesh), await mesh.link()
    code = await mesh.consent(company.authorize_url)
    assert await reason_of(mesh.complete(company.state, code)) is Reason.LINK_INVALID
    assert await reason_of(complete(mesh, person, "code")) is Reason.LINK_INVALID
    assert await reason_of(complete(mesh, person, error="access_denied")) is Reason.LINK_INVALID
    assert await reason_of(mesh.authorize_url(company.state)) is Reason.LINK_INVALID
    assert (await complete(mesh, company.state, code)).zoom_account_id == ACME_ACCOUNT


async def test_a_state_is_known_and_young(mesh: Mesh) -> None:
    assert await reason_of(complete(mesh, "unknown", "code")) is Reason.LINK_INVALID
    link = await begin(mesh)
    mesh.clock.advance(601)
    assert await reason_of(complete(mesh, link.state, "code")) is Reason.LINK_EXPIRED


async def test_a_declined_consent_uses_the_link_up(mesh: Mesh) -> None:
    link = await begin(mesh)
    with pytest.raises(MeshError) as caught:
        await complete(mesh, link.state, error=await mesh.consent(link.authorize_url, decision="deny"))
    assert (caught.value.reason, caught.value.metadata) == (Reason.CONSENT_DENIED, {"vendor": "zoom"})
    assert await reason_of(complete(mesh, link.state, "code")) is Reason.LINK_USED


async def test_S13_a_role_without_the_scopes_is_no_administrators(laptop: Mesh) -> None:
    await laptop.zoom_fault(
        "/v2/users/me",
        kind="status",
        status=400,
        code=4711,
        message="Invalid access token, does not contain scopes:[user:read:user:admin]",
    )
    link = await begin(laptop)
    code = await laptop.consent(link.authorize_url)
    assert await reason_of(complete(laptop, link.state, code)) is Reason.ZOOM_ADMIN_REQUIRED


async def test_slack_goes_on_only_from_a_fresh_and_completed_consent(mesh: Mesh) -> None:
    link = await begin(mesh)
    assert await reason_of(connect_workspace(mesh, link.state)) is Reason.LINK_INVALID
    assert await reason_of(connect_workspace(mesh, "unknown")) is Reason.LINK_INVALID
    state, _ = await agree(mesh)
    mesh.clock.advance(FOLLOWED.total_seconds() + 1)
    assert await reason_of(connect_workspace(mesh, state)) is Reason.LINK_EXPIRED


@pytest.mark.parametrize("browser_secret", ["", "guessed", "of another browser"])
async def test_who_sees_the_addresses_cannot_go_on_with_what_the_administrator_granted(
    mesh: Mesh, browser_secret: str
) -> None:
    own, link = await begin(mesh), await begin(mesh)
    code = await mesh.consent(link.authorize_url)
    secret = own.browser_secret if browser_secret == "of another browser" else browser_secret
    taken = complete(mesh, link.state, code, browser_secret=secret or link.state)
    assert await reason_of(taken) is Reason.LINK_INVALID
    await complete(mesh, link.state, code)
    request = pb.CreateSlackInstallLinkRequest(zoom_state=link.state, browser_secret=secret)
    assert await reason_of(mesh.stub.CreateSlackInstallLink(request, timeout=5)) is Reason.LINK_INVALID
    assert (await connect_workspace(mesh, link.state)).HasField("zoom_installation")


@pytest.mark.parametrize("browser_secret", ["", "guessed"])
async def test_who_sees_the_address_of_slacks_consent_cannot_connect_a_workspace_of_his_own(
    mesh: Mesh, browser_secret: str
) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    state, _ = await agree(mesh)
    assert await reason_of(connect_workspace(mesh, state, "U0HEDY001", browser_secret=browser_secret)) is (
        Reason.LINK_INVALID
    )
    async with mesh.database().snapshot("look") as connection:
        assert (await connection.execute(select(slack_installations.c.tenant_id))).all() == []
    assert (await connect_workspace(mesh, state)).installation.zoom_account_id == ACME_ACCOUNT


async def test_N9_a_link_asks_for_just_the_scope_that_is_missing(mesh: Mesh) -> None:
    query = parse_qs(urlsplit((await begin(mesh, "meeting:read:list_meetings:admin")).authorize_url).query)
    assert query["optional_scope"] == ["meeting:read:list_meetings:admin"]
    assert query["include_granted_scopes"] == ["true"]
    assert "optional_scope" not in parse_qs(urlsplit((await begin(mesh)).authorize_url).query)


async def test_the_accounts_token_is_refreshed_by_one_of_all_replicas(mesh: Mesh) -> None:
    await install(mesh)
    await mesh.add_replica()
    old = await issued(mesh, GRACE)
    await issued(mesh, ADA)
    mesh.clock.advance(3600)
    tokens = await asyncio.gather(*(mesh.token((ADA, GRACE)[n % 2], stub=mesh.stubs[n // 2 % 2]) for n in range(40)))
    assert len(set(tokens)) == 1
    assert tokens[0] != old.access_token
    assert await mesh.zoom_requests("refresh_token") == 1


async def test_N10_from_user_to_account_nobody_is_asked_again(mesh: Mesh) -> None:
    await mesh.connect(GRACE, ZOOM_GRACE)
    assert (await issued(mesh, GRACE)).zoom_path_user_id == "me"
    await install(mesh)
    assert (await issued(mesh, GRACE)).zoom_path_user_id == ZOOM_GRACE
    assert (await issued(mesh, BEN)).zoom_user_id == "benZoomUserId000000003"


async def test_N10_where_the_accounts_grant_ends_people_go_on_with_their_own(mesh: Mesh) -> None:
    await mesh.connect(GRACE, ZOOM_GRACE)
    await install(mesh)
    assert (await issued(mesh, ADA)).zoom_path_user_id == ZOOM_ADA
    await mesh.zoom.post("/control/tokens/revoke", json={"zoom_user_id": ZOOM_ADA})
    mesh.clock.advance(3600)
    assert (await issued(mesh, GRACE)).zoom_path_user_id == "me"
    assert await reason_of(issued(mesh, ADA)) is Reason.ZOOM_NOT_CONNECTED
    stored = await mesh.grants(AppLevel.ACCOUNT).get(ACME_ACCOUNT)
    assert stored is not None
    assert stored.end_time is not None
    # Installed again, everybody is back without a question.
    await install(mesh)
    assert (await issued(mesh, ADA)).zoom_path_user_id == ZOOM_ADA


async def without_the_account_app(mesh: Mesh, **changes: Any) -> AuthServiceAsyncStub:
    """Starts a replica whose operator took the admin-managed app out of the settings, or changed it."""
    out = {"zoom_account_client_id": None, "zoom_account_client_secrets": None} | changes
    mesh.settings = mesh.settings.model_copy(update=out)
    return await mesh.add_replica()


async def test_without_the_companys_app_people_go_on_with_grants_of_their_own(mesh: Mesh) -> None:
    await mesh.connect(GRACE, ZOOM_GRACE)
    await install(mesh)
    await issued(mesh, ADA)
    stub = await without_the_account_app(mesh)
    mesh.clock.advance(3600)
    assert await mesh.zoom_status(await mesh.token(GRACE, stub=stub)) == 200
    assert await reason_of(mesh.token(ADA, stub=stub)) is Reason.ZOOM_NOT_CONNECTED
    assert await reason_of(mesh.token(BEN, stub=stub)) is Reason.ZOOM_NOT_CONNECTED
    assert await mesh.zoom_status(await mesh.token(ADA)) == 200, "what was granted waits for the app to come back"


async def test_a_wrong_secret_of_the_companys_app_stops_nobody_who_has_a_grant_of_her_own(mesh: Mesh) -> None:
    await mesh.connect(GRACE, ZOOM_GRACE)
    await install(mesh)
    await issued(mesh, ADA)
    wrong = {"zoom_account_client_id": mesh.settings.zoom_account_client_id}
    stub = await without_the_account_app(mesh, **wrong, zoom_account_client_secrets=SecretStr("wrong"))
    mesh.clock.advance(3600)
    assert await mesh.zoom_status(await mesh.token(GRACE, stub=stub)) == 200
    assert await reason_of(mesh.token(ADA, stub=stub)) is Reason.ZOOM_CLIENT_INVALID, "nobody is asked to consent again"
    assert await reason_of(mesh.token(BEN, stub=stub)) is Reason.ZOOM_NOT_CONNECTED
    assert await mesh.zoom_status(await mesh.token(ADA)) == 200


@pytest.mark.parametrize(
    ("listed", "found"),
    [("GRACE@Acme.Example", True), ("gr\u00e0ce@acme.example", False), ("grace@acme.example\u212a", False)],
)
async def test_addresses_are_the_same_but_for_small_and_capital_letters(laptop: Mesh, listed: str, found: bool) -> None:
    await install(laptop)
    body = {"id": ZOOM_GRACE, "account_id": ACME_ACCOUNT, "type": 2, "status": "active", "verified": 1, "email": listed}
    await laptop.zoom_fault("/v2/users/*", kind="status", status=200, body=json.dumps(body))
    if found:
        assert (await issued(laptop, GRACE)).zoom_user_id == ZOOM_GRACE
    else:
        assert await reason_of(issued(laptop, GRACE)) is Reason.ZOOM_NOT_CONNECTED


def test_letters_that_only_fold_to_ascii_are_others() -> None:
    assert _lower("KIM@acme.example") == "kim@acme.example"
    assert _lower("\u212aim@acme.example") != "kim@acme.example"  # the sign of Kelvin, which `casefold` makes a `k`


async def test_who_signs_out_is_not_matched_again_until_she_connects(mesh: Mesh) -> None:
    await install(mesh)
    await issued(mesh, GRACE)
    deleted = await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=GRACE), timeout=5)
    assert deleted.deleted
    assert await reason_of(issued(mesh, GRACE)) is Reason.ZOOM_NOT_CONNECTED
    assert (await issued(mesh, ADA)).zoom_user_id == ZOOM_ADA, "the account's token was not hers to revoke"
    await mesh.connect(GRACE, ZOOM_GRACE)
    assert (await issued(mesh, GRACE)).zoom_user_id == ZOOM_GRACE


async def test_a_plain_reinstallation_keeps_the_company_and_what_is_offered(mesh: Mesh) -> None:
    await install(mesh)
    options = pb.UpdateCallOptionsRequest(user=ADA, call_options=pb.CALL_OPTIONS_VIDEO)
    await mesh.stub.UpdateCallOptions(options, timeout=5)
    await connect_workspace(mesh, "")
    found = await mesh.stub.GetSlackInstallation(pb.GetSlackInstallationRequest(user=ADA), timeout=5)
    assert found.installation.zoom_account_id == ACME_ACCOUNT
    assert found.call_options == pb.CALL_OPTIONS_VIDEO


async def test_connected_people_are_found_in_their_own_workspace_only(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    await mesh.connect(GRACE, ZOOM_GRACE)
    await mesh.connect(slack_pb2.SlackUser(slack_team_id="T0OTHER01", slack_user_id="U0ELSE001"))

    async def find(user: slack_pb2.SlackUser) -> dict[str, str]:
        request = pb.FindConnectedUsersRequest(user=user, zoom_user_ids=[ZOOM_ADA, ZOOM_GRACE, "unknown"])
        users = (await mesh.stub.FindConnectedUsers(request, timeout=5)).users
        return {one.zoom_user_id: one.slack_user_id for one in users}

    assert await find(ADA) == {ZOOM_ADA: "U0ADA0001", ZOOM_GRACE: "U0GRACE01"}
    assert await find(HEDY) == {}
