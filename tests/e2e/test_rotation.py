"""Signing secrets are exchanged for new ones while people go on: the steps that docs/operations.md tells."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.people import Office, eventually
from tests.e2e.system import running


async def test_signing_secrets_of_both_vendors_are_exchanged_without_a_refused_request(tmp_path: Path) -> None:
    lists = {
        "ZOOMSLACK_SLACK_SIGNING_SECRET": "the-next-signing-secret, simulated-slack-signing-secret",
        "ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET": "the-next-user-secret,simulated-zoom-user-webhook-secret",
        "ZOOMSLACK_ZOOM_ACCOUNT_WEBHOOK_SECRET": "the-next-account-secret,simulated-zoom-account-webhook-secret",
    }
    async with running(tmp_path, lists) as system:
        office = Office(system)
        assert (await office.connect()).status == 200
        here = await office.conversation("im")
        number, _ = await office.fresh_meeting("Across the exchange", channel=here)
        await office.zoom("POST", f"meetings/{number}/start")
        await eventually(
            lambda: office.calls(channel=here), lambda calls: any(len(call["users"]) == 1 for call in calls)
        )

        await office.slack("POST", "app", {"signing_secret": "the-next-signing-secret"})
        for app in ("user", "account"):
            await office.zoom("POST", "apps", {"app": app, "webhook_secret": f"the-next-{app}-secret"})

        assert "/zoom meeting" in (await office.type("help"))["answer"]["text"]
        await office.zoom("POST", f"meetings/{number}/join", {"name": "Somebody Else"})
        await eventually(
            lambda: office.calls(channel=here), lambda calls: any(len(call["users"]) == 2 for call in calls)
        )
        # What a removed app tells is signed by the secret of that app, and still means that app.
        await office.zoom("POST", "uninstall", {"zoom_user_id": "adaZoomUserId000000001", "app": "user"})
        await eventually(
            lambda: office.calls(channel=here), lambda calls: all(call["date_end"] is not None for call in calls)
        )
        assert "was refused" not in system.output
