"""What `python -m services` decides to start, and with which settings."""

from __future__ import annotations

import socket

import pytest

from services import simulated
from services.plan import PlanError, make_plan, taken


def test_without_credentials_the_simulators_run_and_every_setting_matches_them() -> None:
    plan = make_plan({}, simulators=None)
    assert plan.simulators
    assert {program.name for program in plan.programs} == {"auth", "meetings", "phone", "slack_edge", "simulators"}
    assert plan.environ["ZOOMSLACK_SLACK_API_URL"] == "http://127.0.0.1:8081/api"
    assert plan.environ["ZOOMSLACK_ZOOM_API_URL"] == "http://127.0.0.1:8082/v2"
    assert plan.environ["ZOOMSLACK_PUBLIC_URL"] == "http://127.0.0.1:8080"
    assert plan.environ["ZOOMSLACK_LOG_FORMAT"] == "text"


@pytest.mark.parametrize("variable", simulated.CREDENTIALS)
@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_with_credentials_only_the_services_run_and_nothing_is_made_up(variable: str, suffix: str) -> None:
    plan = make_plan({variable + suffix: "real"}, simulators=None)
    assert not plan.simulators
    assert "simulators" not in {program.name for program in plan.programs}
    assert "ZOOMSLACK_SLACK_API_URL" not in plan.environ
    assert "ZOOMSLACK_SLACK_SIGNING_SECRET" not in plan.environ


def test_the_switches_go_before_the_credentials() -> None:
    assert make_plan({"ZOOMSLACK_SLACK_CLIENT_ID": "real"}, simulators=True).simulators
    assert not make_plan({}, simulators=False).simulators


def test_what_is_set_wins_and_empty_counts_as_absent() -> None:
    environ = {
        "ZOOMSLACK_SLACK_SIGNING_SECRET": "mine",
        "ZOOMSLACK_ZOOM_USER_CLIENT_SECRET_FILE": "secrets/zoom",
        "ZOOMSLACK_ZOOM_API_URL": "",
        "ZOOMSLACK_LOG_FORMAT": "json",
        "ZOOMSLACK_AUTH_TARGET": "127.0.0.1:6000",
        "PATH": "/bin",
        "EMPTY": "",
    }
    children = make_plan(environ, simulators=True).environ
    assert children["ZOOMSLACK_SLACK_SIGNING_SECRET"] == "mine"
    assert "ZOOMSLACK_ZOOM_USER_CLIENT_SECRET" not in children
    assert children["ZOOMSLACK_ZOOM_USER_CLIENT_SECRET_FILE"] == "secrets/zoom"
    assert children["ZOOMSLACK_ZOOM_API_URL"] == "http://127.0.0.1:8082/v2"
    assert children["ZOOMSLACK_LOG_FORMAT"] == "json"
    assert children["ZOOMSLACK_AUTH_TARGET"] == "127.0.0.1:6000"
    assert children["PATH"] == "/bin"
    assert children["EMPTY"] == ""


def test_moved_addresses_reach_everybody_who_needs_them() -> None:
    plan = make_plan(
        {
            "ZOOMSLACK_AUTH_LISTEN": "127.0.0.1:6001",
            "ZOOMSLACK_EDGE_LISTEN": "0.0.0.0:6080",
            "ZOOMSLACK_SIMULATORS_SLACK_LISTEN": ":6081",
            "ZOOMSLACK_SIMULATORS_ZOOM_LISTEN": "[::1]:6082",
        },
        simulators=None,
    )
    assert plan.environ["ZOOMSLACK_AUTH_TARGET"] == "127.0.0.1:6001"
    assert plan.environ["ZOOMSLACK_PUBLIC_URL"] == "http://127.0.0.1:6080"
    assert plan.environ["ZOOMSLACK_SLACK_AUTHORIZE_URL"] == "http://127.0.0.1:6081/oauth/v2/authorize"
    assert plan.environ["ZOOMSLACK_ZOOM_OAUTH_URL"] == "http://[::1]:6082/oauth"
    [simulators] = [program for program in plan.programs if program.name == "simulators"]
    assert simulators.arguments[simulators.arguments.index("--app-url") + 1] == "http://127.0.0.1:6080"
    assert simulators.arguments[simulators.arguments.index("--slack-listen") + 1] == "127.0.0.1:6081"


def test_every_address_that_is_none_is_named_at_once() -> None:
    with pytest.raises(PlanError) as failure:
        make_plan({"ZOOMSLACK_AUTH_LISTEN": "nowhere", "ZOOMSLACK_EDGE_LISTEN": "127.0.0.1:0"}, simulators=None)
    lines = str(failure.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["ZOOMSLACK_AUTH_LISTEN", "ZOOMSLACK_EDGE_LISTEN"]


def test_a_taken_port_is_named_with_the_variable_that_changes_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        plan = make_plan({"ZOOMSLACK_PHONE_LISTEN": f"127.0.0.1:{port}"}, simulators=False)
        [sentence] = [text for text in taken(plan) if f":{port} " in text]
    assert "ZOOMSLACK_PHONE_LISTEN" in sentence
