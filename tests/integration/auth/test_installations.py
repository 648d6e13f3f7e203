"""The app in Slack workspaces."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from sqlalchemy import text

from mesh.errors import MeshError, Reason
from services.auth.installations import BOT_SCOPES, BotTokens, Installation
from services.auth.store_installations import InstallationStore
from tests.integration.auth.conftest import ADA, Mesh, reason_of
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


async def begin(mesh: Mesh) -> pb.CreateSlackInstallLinkResponse:
    return await mesh.stub.CreateSlackInstallLink(pb.CreateSlackInstallLinkRequest(), timeout=5)


async def consent(mesh: Mesh, link: pb.CreateSlackInstallLinkResponse, decision: str = "allow") -> str:
    """Presses a button on Slack's consent page. Returns the code, or the error."""
    assert (await mesh.slack.get(link.authorize_url)).status_code == 200
    form = dict(parse_qsl(urlsplit(link.authorize_url).query))
    answer = await mesh.slack.post(
        "/oauth/v2/authorize/decide", data={**form, "user_id": "U0ADA0001", "decision": decision}
    )
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert back["state"] == link.state
    return back.get("code") or back["error"]


async def complete(mesh: Mesh, state: str, code: str = "", error: str = "") -> pb.SlackInstallation:
    request = pb.CompleteSlackInstallationRequest(state=state, code=code, error=error)
    return (await mesh.stub.CompleteSlackInstallation(request, timeout=10)).installation


async def find(mesh: Mesh, user: slack_pb2.SlackUser = ADA) -> pb.GetSlackInstallationResponse:
    return await mesh.stub.GetSlackInstallation(pb.GetSlackInstallationRequest(user=user), timeout=5)


async def fault(mesh: Mesh, **fault: Any) -> None:
    body = {"method": "oauth.v2.access", "times": 100, **fault}
    assert (await mesh.slack.post("/control/faults", json=body)).status_code < 300


async def works(mesh: Mesh, token: str) -> bool:
    answer = await mesh.slack.post("/api/auth.test", headers={"Authorization": f"Bearer {token}"})
    return answer.json()["ok"] is True


async def test_a_workspace_installs_the_app(mesh: Mesh) -> None:
    link = await begin(mesh)
    query = parse_qs(urlsplit(link.authorize_url).query)
    assert query["redirect_uri"] == ["http://127.0.0.1:8080/slack/oauth/callback"]
    assert query["scope"] == [",".join(BOT_SCOPES)]

    installation = await complete(mesh, link.state, await consent(mesh, link))

    assert (installation.slack_team_id, installation.slack_team_name) == ("T0ACME001", "Acme")
    assert (installation.slack_enterprise_id, installation.slack_app_id) == ("", "A0ZOOMSIM1")
    assert "calls:write" in installation.scopes
    found = await find(mesh)
    assert found.installation == installation
    assert not found.HasField("expire_time")
    assert await works(mesh, found.bot_access_token)


async def test_a_proxy_of_the_environment_is_not_used(laptop: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody listens there. The secret and the code go to Slack, past whatever the environment names.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    laptop.stubs.insert(0, await laptop.add_replica())
    link = await begin(laptop)
    assert (await complete(laptop, link.state, await consent(laptop, link))).slack_team_id == "T0ACME001"


async def test_without_an_installation_there_is_no_token(mesh: Mesh) -> None:
    assert await reason_of(find(mesh)) is Reason.SLACK_NOT_INSTALLED


async def test_a_state_is_used_once(mesh: Mesh) -> None:
    link = await begin(mesh)
    codes = [await consent(mesh, link) for _ in range(10)]
    results = await asyncio.gather(*(complete(mesh, link.state, code) for code in codes), return_exceptions=True)
    assert sum(isinstance(result, pb.SlackInstallation) for result in results) == 1
    refused = [result.reason for result in results if isinstance(result, MeshError)]
    assert refused == [Reason.LINK_USED] * 9


async def test_a_state_is_known_and_young(mesh: Mesh) -> None:
    assert await reason_of(complete(mesh, "unknown", "code")) is Reason.LINK_INVALID
    link = await begin(mesh)
    code = await consent(mesh, link)
    mesh.clock.advance(601)
    assert await reason_of(complete(mesh, link.state, code)) is Reason.LINK_EXPIRED


async def test_a_declined_consent_uses_the_state_up(mesh: Mesh) -> None:
    link = await begin(mesh)
    error = await consent(mesh, link, "deny")
    with pytest.raises(MeshError) as caught:
        await complete(mesh, link.state, error=error)
    assert (caught.value.reason, caught.value.metadata) == (Reason.CONSENT_DENIED, {"vendor": "slack"})
    assert await reason_of(complete(mesh, link.state, await consent(mesh, link))) is Reason.LINK_USED


async def test_a_request_without_code_and_error_uses_nothing_up(mesh: Mesh) -> None:
    link = await begin(mesh)
    code = await consent(mesh, link)
    assert await reason_of(complete(mesh, link.state)) is Reason.INVALID_REQUEST
    assert (await complete(mesh, link.state, code)).slack_team_id == "T0ACME001"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        pytest.param({"kind": "error", "error": "invalid_code"}, Reason.AUTHORIZATION_FAILED, id="invalid_code"),
        pytest.param({"kind": "error", "error": "bad_client_secret"}, Reason.AUTHORIZATION_FAILED, id="secret"),
        pytest.param({"kind": "error", "error": "internal_error"}, Reason.SLACK_UNAVAILABLE, id="internal"),
        pytest.param({"kind": "ratelimited"}, Reason.SLACK_UNAVAILABLE, id="429"),
        pytest.param({"kind": "status", "status": 503}, Reason.SLACK_UNAVAILABLE, id="503"),
        pytest.param({"kind": "close"}, Reason.SLACK_UNAVAILABLE, id="no answer"),
    ],
)
async def test_what_slack_refuses_has_a_reason(laptop: Mesh, broken: dict[str, Any], reason: Reason) -> None:
    link = await begin(laptop)
    code = await consent(laptop, link)
    await fault(laptop, **broken)
    assert await reason_of(complete(laptop, link.state, code)) is reason
    assert await reason_of(find(laptop)) is Reason.SLACK_NOT_INSTALLED


def installation(mesh: Mesh, *, team: str, enterprise: str, token: str) -> Installation:
    return Installation(
        enterprise_id=enterprise,
        team_id=team,
        team_name="Acme",
        app_id="A0ZOOMSIM1",
        bot_user_id="U0BOT",
        tokens=BotTokens(token, "", None, ("commands",)),
        install_time=mesh.clock.now(),
    )


async def test_the_workspaces_own_installation_goes_before_its_organisations(mesh: Mesh) -> None:
    store = InstallationStore(mesh.database(), mesh.vault, mesh.clock)
    user = slack_pb2.SlackUser(slack_enterprise_id="E0ACME", slack_team_id="T0ACME001", slack_user_id="U0ADA0001")
    await store.put(installation(mesh, team="", enterprise="E0ACME", token="xoxb-of-the-organisation"))
    assert (await find(mesh, user)).bot_access_token == "xoxb-of-the-organisation"
    # Installed before the workspace joined the organisation.
    await store.put(installation(mesh, team="T0ACME001", enterprise="", token="xoxb-of-the-workspace"))
    assert (await find(mesh, user)).bot_access_token == "xoxb-of-the-workspace"
    assert await reason_of(find(mesh, slack_pb2.SlackUser(slack_team_id="T0OTHER01", slack_user_id="U0X"))) is (
        Reason.SLACK_NOT_INSTALLED
    )


async def test_a_newer_installation_replaces_the_older_one(mesh: Mesh) -> None:
    store = InstallationStore(mesh.database(), mesh.vault, mesh.clock)
    await store.put(installation(mesh, team="T0ACME001", enterprise="", token="xoxb-older"))
    link = await begin(mesh)
    newer = await complete(mesh, link.state, await consent(mesh, link))
    found = await find(mesh)
    assert found.installation == newer
    assert await works(mesh, found.bot_access_token)


async def test_what_slack_gave_is_stored_as_soon_as_the_database_serves(cluster: Mesh) -> None:
    """Slack's code works once: without the tokens that it gave, Slack has an app of which nobody knows."""
    link = await begin(cluster)
    code = await consent(cluster, link)
    async with cluster.database().transaction("hold the table") as connection:
        await connection.execute(text("LOCK TABLE slack_installations IN ACCESS EXCLUSIVE MODE"))
        installing = asyncio.create_task(complete(cluster, link.state, code))
        async with asyncio.timeout(20):
            while not await waiting_for_a_lock(cluster):  # noqa: ASYNC110 (only asking tells)
                await asyncio.sleep(0.02)
        await end_whoever_waits(cluster)
    assert (await installing).slack_team_id == "T0ACME001"
    assert await works(cluster, (await find(cluster)).bot_access_token)


async def waiting_for_a_lock(mesh: Mesh) -> int:
    """Returns how many connections of this database wait for a lock."""
    async with mesh.database().snapshot("look") as connection:
        return int((await connection.execute(text(f"SELECT count(*) {_WAITING}"))).scalar_one())


async def end_whoever_waits(mesh: Mesh) -> None:
    async with mesh.database().transaction("fail over") as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) {_WAITING}"))


_WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
