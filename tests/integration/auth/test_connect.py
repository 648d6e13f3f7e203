"""From a connect link to a connection, on good days and bad ones."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from mesh.errors import MeshError, Reason
from services.auth import links
from services.auth.consents import CLAIM
from services.auth.grants import AppLevel, TokenPair, ZoomPlan, ZoomProfile
from services.auth.store import ConnectionStore
from services.auth.tables import connect_links, metadata
from tests.integration.auth.conftest import ADA, GRACE, ZOOM_ADA, ZOOM_GRACE, Mesh, reason_of
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


async def test_a_person_connects(mesh: Mesh) -> None:
    created = await mesh.stub.CreateConnectLink(
        pb.CreateConnectLinkRequest(user=ADA, slack_display_name="Ada", slack_team_name="Acme", continuation=b"go on"),
        timeout=5,
    )
    address, _, state = created.connect_url.partition("?link=")
    assert address == "http://127.0.0.1:8080/zoom/connect"
    shown = await mesh.stub.GetConnectLink(pb.GetConnectLinkRequest(state=state), timeout=5)
    assert (shown.user, shown.slack_display_name, shown.slack_team_name) == (ADA, "Ada", "Acme")
    assert shown.expire_time == created.expire_time

    code = await mesh.consent(shown.authorize_url)
    completed = await mesh.complete(state, code)

    assert completed.user == ADA
    assert completed.continuation == b"go on"
    assert completed.connection.zoom_user_id == ZOOM_ADA
    assert completed.connection.zoom_account_id == "AcmeZoomAccount0000001"
    assert completed.connection.zoom_plan == pb.ZOOM_PLAN_LICENSED
    assert "meeting:write:meeting" in completed.connection.scopes
    found = await mesh.stub.GetConnection(pb.GetConnectionRequest(user=ADA), timeout=5)
    assert found.connection == completed.connection
    assert await mesh.zoom_status(await mesh.token()) == 200


async def test_the_plan_follows_zooms_type(laptop: Mesh) -> None:
    connection = await laptop.connect(ADA, "benZoomUserId000000003")
    assert connection.zoom_plan == pb.ZOOM_PLAN_BASIC


async def test_the_consent_page_is_asked_for_with_pkce_s256(laptop: Mesh) -> None:
    query = parse_qs(urlsplit(await laptop.authorize_url(await laptop.link())).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["redirect_uri"] == ["http://127.0.0.1:8080/zoom/oauth/callback"]


async def test_a_code_made_for_another_challenge_is_worth_nothing(laptop: Mesh) -> None:
    state = await laptop.link()
    url = urlsplit(await laptop.authorize_url(state))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    query["code_challenge"] = links.challenge(links.new_secret())
    code = await laptop.consent(url._replace(query=urlencode(query)).geturl())
    assert await reason_of(laptop.complete(state, code)) is Reason.AUTHORIZATION_FAILED


async def test_a_repeat_answers_again_from_the_store(mesh: Mesh) -> None:
    state = await mesh.link(continuation=b"go on")
    code = await mesh.consent(await mesh.authorize_url(state))
    first, second = await mesh.complete(state, code), await mesh.complete(state, code)
    first.ClearField("zoom_email")  # which is not stored
    assert second == first
    assert await mesh.zoom_requests("authorization_code") == 1
    assert await reason_of(mesh.authorize_url(state)) is Reason.LINK_USED


async def test_another_code_does_not_use_a_link_again(mesh: Mesh) -> None:
    state = await mesh.link()
    url = await mesh.authorize_url(state)
    first, second = await mesh.consent(url), await mesh.consent(url, ZOOM_GRACE)
    await mesh.complete(state, first)
    assert await reason_of(mesh.complete(state, second)) is Reason.LINK_USED
    found = await mesh.stub.GetConnection(pb.GetConnectionRequest(user=ADA), timeout=5)
    assert found.connection.zoom_user_id == ZOOM_ADA


async def test_twenty_repeats_at_once_exchange_the_code_once(mesh: Mesh) -> None:
    await mesh.add_replica()
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    answers = await asyncio.gather(*(mesh.complete(state, code, stub=mesh.stubs[n % 2]) for n in range(20)))
    assert all(answer.connection == answers[0].connection for answer in answers)
    assert sum(bool(answer.zoom_email) for answer in answers) == 1
    assert await mesh.zoom_requests("authorization_code") == 1


async def test_of_twenty_codes_at_once_one_uses_the_link(mesh: Mesh) -> None:
    await mesh.add_replica()
    state = await mesh.link()
    url = await mesh.authorize_url(state)
    codes = [await mesh.consent(url) for _ in range(20)]
    results = await asyncio.gather(
        *(mesh.complete(state, code, stub=mesh.stubs[n % 2]) for n, code in enumerate(codes)), return_exceptions=True
    )
    assert sum(isinstance(result, pb.CompleteConnectionResponse) for result in results) == 1
    refused = [result.reason for result in results if isinstance(result, MeshError)]
    assert refused == [Reason.LINK_USED] * 19
    assert await mesh.zoom_requests("authorization_code") == 1


async def test_an_unknown_state_is_invalid(mesh: Mesh) -> None:
    assert await reason_of(mesh.authorize_url("unknown")) is Reason.LINK_INVALID
    assert await reason_of(mesh.complete("unknown", "code")) is Reason.LINK_INVALID
    assert await reason_of(mesh.complete("unknown", error="access_denied")) is Reason.LINK_INVALID


async def test_a_link_ends_after_ten_minutes(mesh: Mesh) -> None:
    state = await mesh.link()
    mesh.clock.advance(599)
    code = await mesh.consent(await mesh.authorize_url(state))
    mesh.clock.advance(2)
    assert await reason_of(mesh.authorize_url(state)) is Reason.LINK_EXPIRED
    assert await reason_of(mesh.complete(state, code)) is Reason.LINK_EXPIRED
    assert await reason_of(mesh.complete(state, error="access_denied")) is Reason.LINK_EXPIRED
    assert await mesh.zoom_requests("authorization_code") == 0


async def test_a_declined_consent_uses_the_link_up(mesh: Mesh) -> None:
    state = await mesh.link()
    url = await mesh.authorize_url(state)
    error = await mesh.consent(url, decision="deny")
    with pytest.raises(MeshError) as caught:
        await mesh.complete(state, error=error)
    assert (caught.value.reason, caught.value.metadata) == (Reason.CONSENT_DENIED, {"vendor": "zoom"})
    assert await reason_of(mesh.complete(state, error=error)) is Reason.CONSENT_DENIED
    assert await reason_of(mesh.complete(state, await mesh.consent(url))) is Reason.LINK_USED


async def test_an_error_after_a_code_does_not_undo_the_connection(mesh: Mesh) -> None:
    state = await mesh.link()
    await mesh.complete(state, await mesh.consent(await mesh.authorize_url(state)))
    assert await reason_of(mesh.complete(state, error="access_denied")) is Reason.LINK_USED
    assert (await mesh.stub.GetConnection(pb.GetConnectionRequest(user=ADA), timeout=5)).connection.user == ADA


async def test_another_error_of_zoom_is_no_denial(laptop: Mesh) -> None:
    state = await laptop.link()
    assert await reason_of(laptop.complete(state, error="server_error")) is Reason.AUTHORIZATION_FAILED


async def test_neither_code_nor_error_leaves_the_link_as_it_is(mesh: Mesh) -> None:
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    assert await reason_of(mesh.complete(state)) is Reason.INVALID_REQUEST
    assert (await mesh.complete(state, code)).connection.zoom_user_id == ZOOM_ADA


async def test_a_link_connects_nobody_but_whom_it_was_made_for(mesh: Mesh) -> None:
    state = await mesh.link(ADA)
    code = await mesh.consent(await mesh.authorize_url(state))
    async with mesh.database().transaction("tamper") as connection:
        await connection.execute(connect_links.update().values(slack_user_id=GRACE.slack_user_id))
    assert await reason_of(mesh.complete(state, code)) is Reason.INTERNAL
    assert await reason_of(mesh.stub.GetConnection(pb.GetConnectionRequest(user=GRACE), timeout=5)) is (
        Reason.ZOOM_NOT_CONNECTED
    )
    assert await mesh.zoom_requests("authorization_code") == 0


REFUSALS = [
    pytest.param({"kind": "status", "status": 400, "code": "invalid_grant"}, Reason.AUTHORIZATION_FAILED, id="grant"),
    pytest.param(
        {"kind": "status", "status": 400, "message": "Code expired. (4,733)"}, Reason.AUTHORIZATION_FAILED, id="4733"
    ),
    pytest.param({"kind": "status", "status": 400, "code": "4734"}, Reason.AUTHORIZATION_FAILED, id="4734"),
    pytest.param({"kind": "status", "status": 403, "body": "<html>"}, Reason.AUTHORIZATION_FAILED, id="403"),
    pytest.param({"kind": "status", "status": 400, "code": "4738"}, Reason.ZOOM_APP_NOT_APPROVED, id="4738"),
    pytest.param({"kind": "status", "status": 400, "code": "4717"}, Reason.ZOOM_APP_NOT_APPROVED, id="4717"),
    pytest.param({"kind": "status", "status": 401, "code": "invalid_client"}, Reason.ZOOM_CLIENT_INVALID, id="client"),
    pytest.param({"kind": "status", "status": 401, "body": ""}, Reason.ZOOM_CLIENT_INVALID, id="401"),
    pytest.param({"kind": "status", "status": 400, "code": "4704"}, Reason.ZOOM_CLIENT_INVALID, id="4704"),
    pytest.param({"kind": "status", "status": 429}, Reason.ZOOM_UNAVAILABLE, id="429"),
    pytest.param({"kind": "status", "status": 500}, Reason.ZOOM_UNAVAILABLE, id="500"),
    pytest.param({"kind": "status", "status": 502, "body": "<html>bad gateway"}, Reason.ZOOM_UNAVAILABLE, id="502"),
    pytest.param({"kind": "status", "status": 200, "body": "not json"}, Reason.ZOOM_UNAVAILABLE, id="garbage"),
    pytest.param({"kind": "status", "status": 200, "body": "[]"}, Reason.ZOOM_UNAVAILABLE, id="no object"),
    pytest.param(
        {"kind": "status", "status": 200, "body": '{"access_token":"a","refresh_token":"b","expires_in":-5}'},
        Reason.ZOOM_UNAVAILABLE,
        id="lifetime",
    ),
    pytest.param({"kind": "status", "status": 200, "body": "x" * 70_000}, Reason.ZOOM_UNAVAILABLE, id="too long"),
    pytest.param({"kind": "close"}, Reason.ZOOM_UNAVAILABLE, id="no answer"),
]


@pytest.mark.parametrize(("fault", "reason"), REFUSALS)
async def test_what_zoom_refuses_has_a_reason_and_the_code_may_be_tried_again(
    laptop: Mesh, fault: dict[str, Any], reason: Reason
) -> None:
    state = await laptop.link()
    code = await laptop.consent(await laptop.authorize_url(state))
    await laptop.zoom_fault("/oauth/token", **fault)
    assert await reason_of(laptop.complete(state, code)) is reason
    await laptop.clear_faults()
    assert (await laptop.complete(state, code)).connection.zoom_user_id == ZOOM_ADA


async def test_a_code_that_zoom_does_not_know_fails(laptop: Mesh) -> None:
    assert await reason_of(laptop.complete(await laptop.link(), "invented")) is Reason.AUTHORIZATION_FAILED


async def test_zooms_retry_after_is_handed_on(laptop: Mesh) -> None:
    state = await laptop.link()
    code = await laptop.consent(await laptop.authorize_url(state))
    await laptop.zoom_fault("/oauth/token", kind="status", status=429, headers={"Retry-After": "7"})
    with pytest.raises(MeshError) as caught:
        await laptop.complete(state, code)
    assert caught.value.retry_delay == timedelta(seconds=7)


async def test_a_slow_exchange_outlives_its_caller(mesh: Mesh) -> None:
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    await mesh.zoom_fault("/oauth/token", kind="delay", delay_seconds=1.0)
    assert await reason_of(mesh.complete(state, code, timeout=0.4)) in {
        Reason.ZOOM_UNAVAILABLE,
        Reason.DEADLINE_TOO_SHORT,
    }
    assert (await mesh.complete(state, code)).connection.zoom_user_id == ZOOM_ADA
    assert await mesh.zoom_requests("authorization_code") == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status", "status": 500}, id="500"),
        pytest.param({"kind": "status", "status": 429}, id="429"),
        pytest.param({"kind": "status", "status": 200, "body": '{"id": 5}'}, id="garbage"),
        pytest.param({"kind": "close"}, id="no answer"),
    ],
)
async def test_the_tokens_are_kept_while_the_profile_cannot_be_read(laptop: Mesh, fault: dict[str, Any]) -> None:
    state = await laptop.link()
    code = await laptop.consent(await laptop.authorize_url(state))
    await laptop.zoom_fault("/v2/users/me", **fault)
    assert await reason_of(laptop.complete(state, code)) is Reason.ZOOM_UNAVAILABLE
    await laptop.clear_faults()
    assert (await laptop.complete(state, code)).connection.zoom_user_id == ZOOM_ADA
    assert await laptop.zoom_requests("authorization_code") == 1


async def test_a_profile_that_may_not_be_read_names_the_cause(laptop: Mesh) -> None:
    state = await laptop.link()
    code = await laptop.consent(await laptop.authorize_url(state))
    text = "Invalid access token, does not contain scopes:[user:read:user]."
    await laptop.zoom_fault("/v2/users/me", kind="status", status=400, code=4711, message=text)
    assert await reason_of(laptop.complete(state, code)) is Reason.ZOOM_CLIENT_INVALID


async def test_a_claim_whose_holder_died_is_taken_over(mesh: Mesh) -> None:
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    dead = await mesh.links().claim_link(links.digest(state), AppLevel.USER, links.digest(code), "dead", CLAIM)
    assert dead is not None
    assert dead.mine
    assert await reason_of(mesh.complete(state, code, timeout=0.5)) in {
        Reason.ZOOM_UNAVAILABLE,
        Reason.DEADLINE_TOO_SHORT,
    }
    assert await mesh.zoom_requests("authorization_code") == 0
    mesh.clock.advance(CLAIM.total_seconds() + 1)
    assert (await mesh.complete(state, code)).connection.zoom_user_id == ZOOM_ADA


async def test_connecting_another_zoom_user_ends_the_first_grant(mesh: Mesh) -> None:
    await mesh.connect(ADA, ZOOM_ADA)
    first = await mesh.token()
    await mesh.connect(ADA, ZOOM_GRACE)
    assert await mesh.zoom_status(first) == 401
    assert await mesh.zoom_status(await mesh.token()) == 200
    assert await mesh.grants().get(ZOOM_ADA) is None


async def test_the_first_grant_ends_at_zoom_even_where_its_access_token_expired(mesh: Mesh) -> None:
    await mesh.connect(ADA, ZOOM_ADA)
    mesh.clock.advance(3600)
    await mesh.connect(ADA, ZOOM_GRACE)
    await mesh.replicas[0].detached.drain()
    assert await mesh.live_tokens() == {"access": 1, "refresh": 1}
    assert await mesh.zoom_status(await mesh.token()) == 200


async def test_a_holder_who_lost_the_claim_stores_nothing(mesh: Mesh) -> None:
    state = await mesh.link()
    links_store, store = mesh.links(), ConnectionStore(mesh.database(), mesh.vault, mesh.clock)
    slow = await links_store.claim_link(links.digest(state), AppLevel.USER, links.digest("code"), "slow", CLAIM)
    mesh.clock.advance(CLAIM.total_seconds() + 1)
    successor = await links_store.claim_link(
        links.digest(state), AppLevel.USER, links.digest("code"), "successor", CLAIM
    )
    assert slow is not None
    assert successor is not None
    assert (slow.mine, successor.mine) == (True, True)
    tokens = TokenPair("access", "refresh", mesh.clock.now() + timedelta(hours=1), ())
    profile = ZoomProfile(ZOOM_ADA, "AcmeZoomAccount0000001", ZoomPlan.LICENSED)
    assert not (await store.connect(slow.link, "slow", tokens, profile)).mine
    assert (await store.standing(slow.link.user)).connection is None
    assert (await store.connect(successor.link, "successor", tokens, profile)).mine
    assert (await store.standing(slow.link.user)).connection is not None
    assert not (await store.connect(successor.link, "successor", tokens, profile)).mine


async def test_a_workspace_that_joins_an_organisation_keeps_its_connections(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    in_organisation = slack_pb2.SlackUser(
        slack_enterprise_id="E0ACME", slack_team_id=ADA.slack_team_id, slack_user_id=ADA.slack_user_id
    )
    found = await mesh.stub.GetConnection(pb.GetConnectionRequest(user=in_organisation), timeout=5)
    assert found.connection.zoom_user_id == ZOOM_ADA
    assert (await mesh.connect(in_organisation)).user.slack_enterprise_id == "E0ACME"


async def test_the_same_user_id_in_another_workspace_is_somebody_else(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    stranger = slack_pb2.SlackUser(slack_team_id="T0OTHER01", slack_user_id=ADA.slack_user_id)
    assert await reason_of(mesh.token(stranger)) is Reason.ZOOM_NOT_CONNECTED


async def test_old_links_are_forgotten(mesh: Mesh) -> None:
    state = await mesh.link()
    install = await mesh.stub.CreateSlackInstallLink(pb.CreateSlackInstallLinkRequest(), timeout=5)
    mesh.clock.advance(3600)
    fresh = await mesh.link()
    await mesh.replicas[0].purge()
    assert await reason_of(mesh.complete(state, "code")) is Reason.LINK_EXPIRED
    mesh.clock.advance(links.KEPT.total_seconds() - 3000)
    await mesh.replicas[0].purge()
    assert await reason_of(mesh.complete(state, "code")) is Reason.LINK_INVALID
    assert await reason_of(mesh.complete(fresh, "code")) is Reason.LINK_EXPIRED
    assert await reason_of(
        mesh.stub.CompleteSlackInstallation(
            pb.CompleteSlackInstallationRequest(state=install.state, code="code"), timeout=5
        )
    ) is (Reason.LINK_INVALID)


async def test_the_simulators_page_knows_the_redirect_address(laptop: Mesh) -> None:
    # A guard for the harness: an authorize URL that Zoom refuses would make the tests above pass for nothing.
    url = (await laptop.authorize_url(await laptop.link())).replace("callback", "elsewhere")
    assert (await laptop.zoom.get(url)).status_code == httpx.codes.BAD_REQUEST


async def test_who_consented_is_told_once_and_stored_nowhere(mesh: Mesh) -> None:
    state = await mesh.link()
    code = await mesh.consent(await mesh.authorize_url(state))
    assert (await mesh.complete(state, code)).zoom_email == "ada@acme.example"
    assert (await mesh.complete(state, code)).zoom_email == ""
    async with mesh.database().snapshot("look") as connection:
        for table in metadata.sorted_tables:
            assert "acme.example" not in str((await connection.execute(table.select())).all())
