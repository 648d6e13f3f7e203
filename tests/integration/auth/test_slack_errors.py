"""Every error that Slack lists for what auth asks of it: nobody is signed out by what passes, and nothing loops."""

from __future__ import annotations

import logging

import pytest

from mesh.errors import Reason
from tests.integration.auth.conftest import GRACE, ZOOM_GRACE, Mesh, reason_of
from tests.integration.auth.test_accounts import install, issued
from tests.integration.auth.test_bot_tokens import LIFE, rotating
from tests.integration.auth.test_installations import begin, complete, consent, fault, find, works
from tests.support.slack_methods import METHODS, UNLISTED, listed

pytestmark = [
    pytest.mark.needs_shared,
    pytest.mark.skipif(not METHODS.exists(), reason="Slack's list of errors is not part of this tree"),
]


def errors_of(method: str) -> list[str]:
    return [*listed(method)[method], *UNLISTED]


async def calm(mesh: Mesh) -> None:
    """Takes what is left of a fault away, and what was asked so far."""
    for path in ("/control/faults", "/control/requests"):
        assert (await mesh.slack.delete(path)).status_code == 200


async def asked(mesh: Mesh, method: str) -> int:
    """Returns how often Slack was asked since it was calm."""
    return len((await mesh.slack.get("/control/requests", params={"method": method})).json()["requests"])


async def test_an_installation_that_slack_refuses_has_a_reason_and_the_log_has_slacks(
    laptop: Mesh, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for error in errors_of("oauth.v2.access"):
        caplog.clear()
        link = await begin(laptop)
        code = await consent(laptop, link)
        await fault(laptop, kind="error", error=error)
        reason = await reason_of(complete(laptop, link.state, code))
        assert reason in {Reason.AUTHORIZATION_FAILED, Reason.SLACK_UNAVAILABLE}, error
        written = [getattr(record, "slack_error", "") for record in caplog.records]
        assert (error in written) is (reason is Reason.AUTHORIZATION_FAILED), error
        assert await asked(laptop, "oauth.v2.access") == 1, error
        await calm(laptop)
        assert await reason_of(find(laptop)) is Reason.SLACK_NOT_INSTALLED
    link = await begin(laptop)
    assert (await complete(laptop, link.state, await consent(laptop, link))).slack_team_id == "T0ACME001"


async def test_a_renewal_that_slack_refuses_ends_the_installation_or_is_tried_again(laptop: Mesh) -> None:
    ended = set()
    for error in errors_of("oauth.v2.access"):
        await rotating(laptop)
        laptop.clock.advance(LIFE + 1)
        await calm(laptop)
        await fault(laptop, kind="error", error=error)
        reason = await reason_of(find(laptop))
        assert reason in {Reason.SLACK_NOT_INSTALLED, Reason.SLACK_UNAVAILABLE}, error
        assert await asked(laptop, "oauth.v2.access") == 1, error
        await calm(laptop)
        if reason is Reason.SLACK_NOT_INSTALLED:
            ended.add(error)
        else:
            assert await works(laptop, (await find(laptop)).bot_access_token), error
    assert ended == {"invalid_refresh_token", "token_revoked", "token_expired", "account_inactive"}


async def test_a_person_whom_slack_does_not_show_is_asked_to_connect_or_to_try_again(laptop: Mesh) -> None:
    await install(laptop)
    for error in errors_of("users.info"):
        laptop.clock.advance(3600)  # who is not known is not looked for again at once
        await calm(laptop)
        body = {"method": "users.info", "kind": "error", "error": error, "times": 100}
        assert (await laptop.slack.post("/control/faults", json=body)).status_code < 300
        reason = await reason_of(issued(laptop, GRACE))
        assert reason in {Reason.ZOOM_NOT_CONNECTED, Reason.SLACK_UNAVAILABLE}, error
        if error in {"token_revoked", "account_inactive", "invalid_auth"}:
            assert reason is Reason.ZOOM_NOT_CONNECTED, "to try again in a minute would not help"
        assert 1 <= await asked(laptop, "users.info") <= 2, error
    laptop.clock.advance(3600)
    await calm(laptop)
    assert (await issued(laptop, GRACE)).zoom_user_id == ZOOM_GRACE
