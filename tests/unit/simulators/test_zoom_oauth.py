"""OAuth of the Zoom simulator: consent, codes, PKCE, rotation, revocation."""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from simulators.zoom.config import ZoomConfig
from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, Zoom, basic, running_zoom

# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
DEAD_REFRESH = {"reason": "Invalid Token!", "error": "invalid_grant"}


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def test_token_answer_has_zooms_shape(zoom: Zoom) -> None:
    answer = await zoom.authorize()
    assert set(answer) == {"access_token", "token_type", "refresh_token", "expires_in", "scope", "api_url"}
    assert answer["token_type"] == "bearer"
    assert int(answer["expires_in"]) == 3599
    assert set(answer["scope"].split(" ")) == set(zoom.config.user_app.scopes)


async def test_consent_comes_back_with_state_unchanged(zoom: Zoom) -> None:
    answer = await zoom.consent(ADA, zoom.config.user_app, state='a"b&c=<d>é')
    target = urlsplit(answer.headers["Location"])
    assert answer.status == 302
    assert f"{target.scheme}://{target.netloc}{target.path}" == zoom.config.redirect_uri
    assert parse_qs(target.query)["state"] == ['a"b&c=<d>é']


async def test_declining_comes_back_as_access_denied(zoom: Zoom) -> None:
    answer = await zoom.consent(ADA, zoom.config.user_app, decision="deny")
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"error": ["access_denied"], "state": ["st-1"]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "http://127.0.0.1:1/zoom/oauth/callback"},
        {"response_type": "token"},
        {"code_challenge": "short"},
        {"code_challenge": CHALLENGE, "code_challenge_method": "S512"},
        {"state": "x" * 4097},
    ],
)
async def test_wrong_authorize_request_shows_a_page_and_never_redirects(zoom: Zoom, wrong: dict[str, str]) -> None:
    answer = await zoom.consent(ADA, zoom.config.user_app, **wrong)
    assert answer.status == 400
    assert "Location" not in answer.headers


async def test_account_app_needs_an_admin(zoom: Zoom) -> None:
    refused = await zoom.consent(GRACE, zoom.config.account_app)
    assert refused.status == 403
    assert "Contact your Zoom admin" in refused.text
    assert (await zoom.authorize(ADA, zoom.config.account_app))["scope"].count(":admin") > 1


async def test_code_works_once_and_five_minutes(zoom: Zoom) -> None:
    used, late = await zoom.code(), await zoom.code()
    assert (await zoom.redeem(used)).status == 200
    assert (await zoom.redeem(used)).json["error"] == "invalid_grant"
    zoom.clock.value += 300
    assert (await zoom.redeem(late)).json["error"] == "invalid_grant"


async def test_code_belongs_to_app_and_redirect_uri(zoom: Zoom) -> None:
    code = await zoom.code()
    assert (await zoom.redeem(code, zoom.config.account_app)).json["error"] == "invalid_grant"
    assert (await zoom.redeem(code, redirect_uri="http://127.0.0.1:1/")).json["error"] == "invalid_request"
    assert (await zoom.redeem(code)).status == 200


async def test_pkce_s256_wants_the_verifier(zoom: Zoom) -> None:
    code = await zoom.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert (await zoom.redeem(code)).json["error"] == "invalid_grant"
    assert (await zoom.redeem(code, code_verifier=CHALLENGE)).json["error"] == "invalid_grant"
    assert (await zoom.redeem(code, code_verifier=VERIFIER)).status == 200


async def test_pkce_without_method_is_plain(zoom: Zoom) -> None:
    code = await zoom.code(code_challenge=CHALLENGE)
    assert (await zoom.redeem(code, code_verifier=VERIFIER)).status == 400
    assert (await zoom.redeem(code, code_verifier=CHALLENGE)).status == 200


async def test_client_is_authenticated_by_basic_header_only(zoom: Zoom) -> None:
    app = zoom.config.user_app
    form = {"grant_type": "refresh_token", "refresh_token": (await zoom.authorize())["refresh_token"]}
    in_body = {**form, "client_id": app.client_id, "client_secret": app.client_secret}
    for headers, data in ((None, in_body), (basic(app, "wrong"), form), ({"Authorization": "Basic é"}, form)):
        answer = await zoom.request("POST", "/oauth/token", data=data, headers=headers)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")


async def test_parameters_belong_into_a_form_body(zoom: Zoom) -> None:
    headers, refresh_token = basic(zoom.config.user_app), (await zoom.authorize())["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    in_query = await zoom.request(
        "POST", f"/oauth/token?grant_type=refresh_token&refresh_token={refresh_token}", data={}, headers=headers
    )
    as_json = await zoom.request("POST", "/oauth/token", json=form, headers=headers)
    twice = await zoom.request("POST", "/oauth/token", data=[*form.items(), ("grant_type", "x")], headers=headers)
    assert [a.json["error"] for a in (in_query, as_json, twice)] == ["invalid_request"] * 3
    assert (await zoom.refresh(refresh_token)).status == 200


async def test_refresh_rotates_and_the_old_token_is_dead(zoom: Zoom) -> None:
    first = await zoom.authorize()
    second = (await zoom.refresh(first["refresh_token"])).json
    again = await zoom.refresh(first["refresh_token"])
    assert (again.status, again.json) == (400, DEAD_REFRESH)
    assert (await zoom.refresh(second["refresh_token"])).status == 200
    # The old access token lives on until it expires, as measured on the real service.
    assert (await zoom.api("GET", "users/me", first["access_token"])).status == 200


async def test_grace_time_for_the_old_refresh_token() -> None:
    config = ZoomConfig(enforce_rate_limits=False, old_refresh_grace_seconds=60)
    async with running_zoom(config) as zoom:
        old = (await zoom.authorize())["refresh_token"]
        assert (await zoom.refresh(old)).status == 200
        zoom.clock.value += 59
        assert (await zoom.refresh(old)).status == 200
        zoom.clock.value += 1
        assert (await zoom.refresh(old)).json == DEAD_REFRESH


async def test_tokens_age(zoom: Zoom) -> None:
    tokens = await zoom.authorize()
    await zoom.control("POST", "clock", {"advance_seconds": 3600})
    expired = await zoom.api("GET", "users/me", tokens["access_token"])
    assert (expired.status, expired.json) == (401, {"code": 124, "message": "Access token is expired."})
    await zoom.control("POST", "clock", {"advance_seconds": 90 * 86_400})
    assert (await zoom.refresh(tokens["refresh_token"])).json == DEAD_REFRESH


async def test_new_authorization_kills_earlier_tokens_of_that_person_only(zoom: Zoom) -> None:
    old, grace = await zoom.authorize(ADA), await zoom.authorize(GRACE)
    await zoom.authorize(ADA)
    assert (await zoom.api("GET", "users/me", old["access_token"])).status == 401
    assert (await zoom.refresh(old["refresh_token"])).json == DEAD_REFRESH
    assert (await zoom.api("GET", "users/me", grace["access_token"])).status == 200


async def test_revoke_kills_access_and_refresh_token(zoom: Zoom) -> None:
    tokens = await zoom.authorize()
    answer = await zoom.token_request({"token": tokens["access_token"]}, path="revoke")
    assert (answer.status, answer.json) == (200, {"status": "success"})
    assert (await zoom.api("GET", "users/me", tokens["access_token"])).json["code"] == 124
    assert (await zoom.refresh(tokens["refresh_token"])).json == DEAD_REFRESH
    assert (await zoom.token_request({"token": tokens["access_token"]}, path="revoke")).status == 400


async def test_control_expires_and_revokes(zoom: Zoom) -> None:
    tokens = await zoom.authorize(BEN)
    await zoom.control("POST", "tokens/expire", {"zoom_user_id": BEN})
    assert (await zoom.api("GET", "users/me", tokens["access_token"])).status == 401
    fresh = (await zoom.refresh(tokens["refresh_token"])).json
    await zoom.control("POST", "tokens/revoke", {"zoom_user_id": BEN})
    assert (await zoom.api("GET", "users/me", fresh["access_token"])).json["message"] == "Invalid access token."
    assert (await zoom.refresh(fresh["refresh_token"])).json == DEAD_REFRESH


async def test_missing_scope_is_http_400_code_4711() -> None:
    config = ZoomConfig(enforce_rate_limits=False)
    few = replace(config.user_app, scopes=("meeting:write:meeting",))
    async with running_zoom(replace(config, user_app=few)) as zoom:
        answer = await zoom.api("GET", "users/me", await zoom.access_token())
        assert answer.status == 400
        assert answer.json == {
            "code": 4711,
            "message": "Invalid access token, does not contain scopes:[user:read:user]",
        }
