"""What the vendors' events mean for people and installations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.departures import Cause, SlackLeft, ZoomAccountLeft, ZoomPlanChanged, ZoomUserLeft
from services.auth.grants import AppLevel, ZoomPlan
from services.auth.vendor_events import UnreadableError, slack_facts, zoom_fact

CLIENTS = {AppLevel.USER: "userApp", AppLevel.ACCOUNT: "accountApp"}
TIME = datetime(2026, 10, 30, 14, 20, tzinfo=UTC)
SECONDS = int(TIME.timestamp())


def zoom(event: dict[str, Any], level: AppLevel = AppLevel.USER) -> object:
    return zoom_fact(json.dumps(event).encode(), level, CLIENTS)


def removal(client_id: str | None, **changes: Any) -> dict[str, Any]:
    payload = {
        "account_id": "Q1w2E3r4T5y6U7i8O9p0Aa",
        "user_id": "hM7kT2xQRdSvW9bN4cJf1g",
        "deauthorization_time": "2026-10-30T14:20:00.000Z",
        "client_id": client_id,
        **changes,
    }
    return {"event": "app_deauthorized", "event_ts": 1, "payload": payload}


def test_a_removal_is_the_persons_or_the_accounts_by_the_app_that_signed() -> None:
    assert zoom(removal("userApp")) == ZoomUserLeft("hM7kT2xQRdSvW9bN4cJf1g", TIME, Cause.ZOOM_DEAUTHORIZED)
    assert zoom(removal("accountApp"), AppLevel.ACCOUNT) == ZoomAccountLeft("Q1w2E3r4T5y6U7i8O9p0Aa", TIME)


@pytest.mark.parametrize(("level", "client_id"), [(AppLevel.USER, "accountApp"), (AppLevel.ACCOUNT, "userApp")])
def test_one_app_cannot_speak_of_the_other(level: AppLevel, client_id: str) -> None:
    assert zoom(removal(client_id), level) is None
    assert zoom_fact(json.dumps(removal("userApp")).encode(), AppLevel.USER, {}) is None
    assert zoom_fact(json.dumps(removal(None)).encode(), AppLevel.USER, {}) is None


@pytest.mark.parametrize("name", ["user.deactivated", "user.deleted", "user.disassociated"])
def test_a_user_who_is_gone_left(name: str) -> None:
    event = {"event": name, "event_ts": SECONDS * 1000, "payload": {"object": {"id": "zoomAda"}}}
    assert zoom(event) == ZoomUserLeft("zoomAda", TIME, Cause.ZOOM_USER_GONE)
    assert zoom({**event, "event_ts": "soon"}) is None


def test_an_updated_user_matters_only_by_her_plan() -> None:
    event = {"event": "user.updated", "event_ts": SECONDS * 1000}
    payload = {"object": {"id": "zoomAda", "type": 1}}
    assert zoom({**event, "payload": payload}) == ZoomPlanChanged("zoomAda", ZoomPlan.BASIC, TIME)
    assert zoom({**event, "payload": {"object": {"id": "zoomAda", "pmi": "1"}}}) is None
    assert zoom({"event": "user.updated", "payload": payload}) is None


def slack(**changes: Any) -> list[SlackLeft]:
    envelope = {"team_id": "T0ACME", "event_time": SECONDS, "event": {"type": "app_uninstalled"}, **changes}
    return slack_facts(json.dumps(envelope).encode())


def test_an_uninstalled_app_left_the_workspace_or_the_organisation() -> None:
    assert slack() == [SlackLeft("", "T0ACME", TIME)]
    assert slack(enterprise_id="E0ORG") == [SlackLeft("E0ORG", "T0ACME", TIME)]
    assert slack(enterprise_id="E0ORG", team_id="E0ORG") == [SlackLeft("E0ORG", "", TIME)]
    assert slack(enterprise_id="E0ORG", team_id=None) == [SlackLeft("E0ORG", "", TIME)]
    assert slack(team_id=None) == []


def test_slacks_authorization_tells_whose_the_installation_was() -> None:
    def says(org_wide: object) -> list[SlackLeft]:
        return slack(enterprise_id="E0ORG", authorizations=[{"is_enterprise_install": org_wide}])

    assert says(True) == [SlackLeft("E0ORG", "", TIME)]
    assert says(False) == [SlackLeft("E0ORG", "T0ACME", TIME)]
    assert says("true") == [SlackLeft("E0ORG", "T0ACME", TIME)], "in doubt the workspace"
    for nonsense in (None, [], [None], "x"):
        assert slack(enterprise_id="E0ORG", authorizations=nonsense) == [SlackLeft("E0ORG", "T0ACME", TIME)]


def test_revoked_tokens_matter_where_the_bots_are_among_them() -> None:
    assert slack(event={"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}}) == [SlackLeft("", "T0ACME", TIME)]
    assert slack(event={"type": "tokens_revoked", "tokens": {"oauth": ["U0ADA"]}}) == []
    assert slack(event={"type": "tokens_revoked"}) == []


def test_access_that_is_taken_away_is_each_workspaces() -> None:
    event = {"type": "team_access_revoked", "team_ids": ["T0NORTH", "T0SOUTH", 5, "nonsense"]}
    assert slack(enterprise_id="E0ORG", event=event) == [
        SlackLeft("E0ORG", "T0NORTH", TIME, access_only=True),
        SlackLeft("E0ORG", "T0SOUTH", TIME, access_only=True),
    ]


@pytest.mark.parametrize("seconds", [None, "now", True, 0, -1, 2**60])
def test_an_event_without_a_time_removes_nothing(seconds: object) -> None:
    assert slack(event_time=seconds) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"nothing", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        slack_facts(body)
    with pytest.raises(UnreadableError):
        zoom_fact(body, AppLevel.USER, CLIENTS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=20,
)
NAMES = st.sampled_from(["app_deauthorized", "user.deleted", "user.updated", "app_uninstalled", "tokens_revoked"])


@given(NAMES, JSON, JSON, JSON)
def test_whatever_an_event_holds_it_has_an_answer(name: str, first: object, second: object, third: object) -> None:
    event = {"event": name, "event_ts": first, "payload": {"object": second, "client_id": "userApp", "user_id": third}}
    zoom_fact(json.dumps(event).encode(), AppLevel.USER, CLIENTS)
    envelope = {"event_time": first, "team_id": second, "event": {"type": name, "tokens": third, "team_ids": second}}
    slack_facts(json.dumps(envelope).encode())
