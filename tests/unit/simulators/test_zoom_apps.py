"""The registered Zoom apps: optional scopes, approval, changes at run time, late removals, the list of secrets."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.simulators.zoom_harness import ADA, GRACE, HEDY, Answer, Zoom, running_zoom

LIST, SETTINGS = "meeting:read:list_meetings", "user:read:settings"


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _granted(zoom: Zoom, consent: Answer) -> set[str]:
    code = parse_qs(urlsplit(consent.headers["Location"]).query)["code"][0]
    return set((await zoom.redeem(code)).json["scope"].split(" "))


async def test_optional_scopes_can_be_declined(zoom: Zoom) -> None:
    app = zoom.config.user_app
    consent = await zoom.consent(ADA, app, decline=f"{LIST} {SETTINGS}")
    token = (await zoom.redeem(parse_qs(urlsplit(consent.headers["Location"]).query)["code"][0])).json
    assert set(token["scope"].split(" ")) == set(app.scopes) - {LIST, SETTINGS}
    refused = await zoom.api("GET", "users/me/settings", token["access_token"])
    assert (refused.status, refused.json["code"]) == (400, 4711)
    [grant] = (await zoom.control("GET", "state"))["grants"]
    assert LIST not in grant["scopes"]


async def test_required_scopes_cannot_be_declined(zoom: Zoom) -> None:
    refused = await zoom.consent(ADA, zoom.config.user_app, decline="user:read:user")
    assert (refused.status, "Location" in refused.headers) == (400, False)


async def test_the_page_offers_what_the_request_names_and_its_button_sends_the_boxes(zoom: Zoom) -> None:
    app = zoom.config.user_app
    query = f"response_type=code&client_id={app.client_id}&redirect_uri={zoom.config.redirect_uri}"
    page = await zoom.request("GET", f"/oauth/authorize?{query}&optional_scope={LIST}%20{SETTINGS}")
    assert page.text.count('<input type="checkbox" name="grant"') == 2
    assert page.text.count("<legend>Optional permissions</legend>") == 1
    assert 'name="decision" value="allow_checked"' in page.text
    consent = await zoom.consent(ADA, app, "allow_checked", grant=LIST, optional_scope=f"{LIST} {SETTINGS}")
    assert await _granted(zoom, consent) == (set(app.scopes) - set(app.optional_scopes)) | {LIST}
    assert (await zoom.consent(ADA, app, optional_scope="user:read:user")).status == 400


async def test_what_was_granted_before_is_kept_on_demand(zoom: Zoom) -> None:
    app = zoom.config.user_app
    await _granted(zoom, await zoom.consent(ADA, app, optional_scope=LIST))
    kept = await _granted(zoom, await zoom.consent(ADA, app, optional_scope=SETTINGS, include_granted_scopes="true"))
    assert {LIST, SETTINGS} <= kept
    assert "phone:read:call" not in kept
    assert LIST not in await _granted(zoom, await zoom.consent(ADA, app, optional_scope=SETTINGS))
    assert (await zoom.consent(ADA, app, include_granted_scopes="maybe")).status == 400


async def test_events_follow_the_scopes_that_were_granted(zoom: Zoom) -> None:
    scope = "cloud_recording:read:recording"
    consent = await zoom.consent(ADA, zoom.config.user_app, decline=scope)
    token = (await zoom.redeem(parse_qs(urlsplit(consent.headers["Location"]).query)["code"][0])).json["access_token"]
    meeting = await zoom.create(token)
    await zoom.control("POST", f"meetings/{meeting['id']}/start", {"host_joins": False})
    await zoom.control("POST", f"meetings/{meeting['id']}/recording", {})
    await zoom.idle()
    assert zoom.app.names() == ["meeting.started"]


async def test_without_approval_nothing_goes(zoom: Zoom) -> None:
    tokens, code = await zoom.authorize(ADA), await zoom.code(GRACE)
    await zoom.control("POST", "approval", {"app": "user", "approved": False})
    refused = await zoom.consent(ADA, zoom.config.user_app)
    assert (refused.status, "Location" in refused.headers) == (403, False)
    assert "not approved" in refused.text
    assert "Contact your Zoom admin" in refused.text
    for answer in (await zoom.redeem(code), await zoom.refresh(tokens["refresh_token"])):
        assert (answer.status, answer.json["error"], answer.json["errorCode"]) == (400, "invalid_grant", 4738)
    assert (await zoom.api("GET", "users/me", tokens["access_token"])).json["code"] == 124
    assert (await zoom.consent(ADA, zoom.config.account_app)).status == 302
    await zoom.control("POST", "approval", {"app": "user", "approved": True})
    assert (await zoom.api("GET", "users/me", tokens["access_token"])).status == 200
    assert (await zoom.refresh(tokens["refresh_token"])).status == 200


async def test_approval_can_be_of_one_account(zoom: Zoom) -> None:
    account_id = "AcmeZoomAccount0000001"
    await zoom.control("POST", "approval", {"app": "user", "approved": False, "account_id": account_id})
    assert (await zoom.consent(ADA, zoom.config.user_app)).status == 403
    assert (await zoom.consent(HEDY, zoom.config.user_app)).status == 302
    await zoom.control("POST", "approval", {"app": "user", "approved": False})
    await zoom.control("POST", "approval", {"app": "user", "approved": True, "account_id": account_id})
    assert (await zoom.consent(ADA, zoom.config.user_app)).status == 302
    assert (await zoom.consent(HEDY, zoom.config.user_app)).status == 403


async def test_secrets_can_be_rotated(zoom: Zoom) -> None:
    tokens = await zoom.authorize()
    meeting = await zoom.create(tokens["access_token"])
    change = {"app": "user", "client_secret": "new-client-secret", "webhook_secret": "new-webhook-secret"}
    await zoom.control("POST", "apps", change)
    assert (await zoom.refresh(tokens["refresh_token"])).json["error"] == "invalid_client"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = replace(zoom.config.user_app, client_secret="new-client-secret")
    assert (await zoom.token_request(form, renewed)).status == 200
    await zoom.control("POST", f"meetings/{meeting['id']}/start", {"host_joins": False})
    await zoom.idle()
    [hook] = zoom.app.received
    assert hook.is_signed_with("new-webhook-secret")
    await zoom.control("POST", "reset")
    assert (await zoom.authorize())["access_token"]


async def test_grace_and_publication_can_be_changed(zoom: Zoom) -> None:
    await zoom.control("POST", "apps", {"app": "user", "old_refresh_grace_seconds": 60, "published": False})
    old = (await zoom.authorize())["refresh_token"]
    assert (await zoom.refresh(old)).status == 200
    zoom.clock.value += 59
    assert (await zoom.refresh(old)).status == 200
    zoom.clock.value += 1
    assert (await zoom.refresh(old)).json["error"] == "invalid_grant"
    assert await zoom.control("POST", "uninstall", {"zoom_user_id": ADA}) == {"removed": ["user"]}
    await zoom.idle()
    assert zoom.app.received == []


async def test_a_late_removal_is_told_after_the_next_authorisation(zoom: Zoom) -> None:
    old = await zoom.access_token()
    await zoom.control("POST", "uninstall", {"zoom_user_id": ADA, "late": True})
    assert (await zoom.api("GET", "users/me", old)).json["code"] == 124
    await zoom.control("POST", "clock", {"advance_seconds": 60})
    token = await zoom.access_token()
    assert zoom.app.received == []
    assert await zoom.control("POST", "uninstall/release") == {"released": 1}
    await zoom.idle()
    payload = zoom.app.received[0].event["payload"]
    assert (zoom.app.names(), payload["user_id"]) == (["app_deauthorized"], ADA)
    assert payload["deauthorization_time"] == "2026-10-30T12:00:00.000Z"
    assert (await zoom.api("GET", "users/me", token)).status == 200


async def test_all_secrets_are_listed_for_the_hunt_for_leaks(zoom: Zoom) -> None:
    code = await zoom.code()
    tokens: dict[str, Any] = (await zoom.redeem(code)).json
    meeting = await zoom.create(tokens["access_token"])
    await zoom.control("POST", "apps", {"app": "account", "client_secret": "second-secret"})
    found = set((await zoom.control("GET", "secrets"))["secrets"])
    app = zoom.config.account_app
    wanted = {code, tokens["access_token"], tokens["refresh_token"], meeting["password"], meeting["encrypted_password"]}
    assert wanted | {app.client_secret, "second-secret", app.webhook_secret} <= found
    assert parse_qs(urlsplit(meeting["start_url"]).query)["zak"][0] in found
    assert "" not in found


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("apps", {}, 400),
        ("apps", {"app": "user", "client_secret": ""}, 400),
        ("apps", {"app": "user", "colour": "red"}, 400),
        ("approval", {"app": "user"}, 400),
        ("approval", {"app": "user", "approved": True, "account_id": "nobody"}, 404),
        (f"users/{ADA}", {"gone": "fishing"}, 400),
        (f"users/{ADA}", {"status": "tired"}, 400),
    ],
)
async def test_nonsense_is_refused(zoom: Zoom, path: str, body: dict[str, object], status: int) -> None:
    assert (await zoom.request("POST", f"/control/{path}", json=body)).status == status


async def test_more_scopes_count_from_the_next_consent_on_and_may_be_declined(zoom: Zoom) -> None:
    before = await zoom.authorize()
    assert "meeting:read:summary" not in before["scope"].split()
    await zoom.ask_for_summaries()
    assert "meeting:read:summary" not in (await zoom.refresh(before["refresh_token"])).json["scope"].split()
    assert "meeting:read:summary" in (await zoom.authorize())["scope"].split()
    declined = await zoom.consent(ADA, zoom.config.user_app, decline="meeting:read:summary")
    code = parse_qs(urlsplit(declined.headers["Location"]).query)["code"][0]
    assert "meeting:read:summary" not in (await zoom.redeem(code)).json["scope"].split()


async def test_a_required_scope_that_went_and_came_back_is_required(zoom: Zoom) -> None:
    app = zoom.config.user_app
    few = [scope for scope in app.scopes if scope != "user:read:user"]
    await zoom.control("POST", "apps", {"app": "user", "scopes": few})
    assert await _granted(zoom, await zoom.consent(ADA, app)) == set(few)
    await zoom.control("POST", "apps", {"app": "user", "scopes": list(app.scopes)})
    refused = await zoom.consent(ADA, app, decline="user:read:user")
    assert (refused.status, "Location" in refused.headers) == (400, False)
    assert LIST not in await _granted(zoom, await zoom.consent(ADA, app, decline=LIST)), "optional as before"


@pytest.mark.parametrize("scopes", [[], ["meeting:read:nothing"], ["user:read:user:admin"], ["user:read:user"] * 2])
async def test_scopes_that_zoom_does_not_have_for_the_app_are_refused(zoom: Zoom, scopes: list[str]) -> None:
    answer = await zoom.request("POST", "/control/apps", json={"app": "user", "scopes": scopes})
    assert answer.status == 400


async def test_an_app_may_be_registered_at_other_addresses(zoom: Zoom) -> None:
    elsewhere = {"redirect_uri": f"{zoom.config.app_url}/other/back", "webhook_url": f"{zoom.config.app_url}/nowhere"}
    await zoom.control("POST", "apps", {"app": "user", **elsewhere})
    assert (await zoom.consent(ADA, zoom.config.user_app)).status == 400, "the old address is no longer registered"
    back = await zoom.consent(ADA, zoom.config.user_app, redirect_uri=elsewhere["redirect_uri"])
    assert back.headers["Location"].startswith(f"{elsewhere['redirect_uri']}?code=")
    assert (await zoom.control("POST", "webhooks/validate", {"app": "user"}))["status"] == 404
    assert (await zoom.control("POST", "webhooks/validate", {"app": "account"}))["status"] == 200
    assert (await zoom.request("POST", "/control/apps", json={"app": "user", "webhook_url": "ftp://x"})).status == 400
