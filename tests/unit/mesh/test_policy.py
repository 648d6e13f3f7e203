"""The policy of other teams' programs: what is granted, and every mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from mesh.policy import EDGE_ALONE, OFFERED, Grant, PolicyError, parse
from mesh.settings import PolicySettings, SettingsError
from tests.support.certificates import Authority
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

START = "zoomslack.meetings.v1.MeetingsService/StartMeeting"
GET = "zoomslack.meetings.v1.MeetingsService/GetMeeting"
GOOD = f"""
[callers."standup-bot.teams.example"]
rpcs = ["{START}", "{GET}"]
workspaces = ["T0123456789", "T2"]
organisations = ["E1"]
[callers."spiffe://teams.example/ns/bots/sa/reports"]
rpcs = ["{GET}"]
workspaces = ["*"]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyError) as failure:
        parse(text)
    return failure.value.problems


def caller(**lines: str) -> str:
    """Returns a policy of one caller, good but for `lines`."""
    given = {"rpcs": f'["{START}"]', "workspaces": '["T1"]', **lines}
    return '[callers."bot.example"]\n' + "\n".join(f"{key} = {value}" for key, value in given.items() if value)


def test_a_policy_says_who_may_call_what_for_whom() -> None:
    grants = parse(GOOD).grants
    assert grants["standup-bot.teams.example"] == Grant(
        frozenset({START, GET}), frozenset({"T0123456789", "T2"}), frozenset({"E1"})
    )
    assert grants["spiffe://teams.example/ns/bots/sa/reports"] == Grant(frozenset({GET}), frozenset({"*"}))
    assert parse("").grants == {}


def test_callers_are_found_by_any_name_of_their_certificate() -> None:
    policy = parse(GOOD)
    found = policy.find({"localhost", "standup-bot.teams.example"})
    assert found is not None
    assert found[0] == "standup-bot.teams.example"
    assert policy.find({"localhost", "bot.teams.example"}) is None
    assert policy.find(set()) is None


@pytest.mark.parametrize(
    ("team_id", "enterprise_id", "covered"),
    [
        ("T2", "", True),
        ("T2", "E1", True),
        ("T2", "E2", False),  # an organisation's grants would serve a workspace that is not in it
        ("T3", "", False),
        ("T3", "E1", False),
        ("", "E1", False),
        ("*", "", False),
    ],
)
def test_a_workspace_is_covered_together_with_its_organisation(team_id: str, enterprise_id: str, covered: bool) -> None:
    assert parse(GOOD).grants["standup-bot.teams.example"].covers(team_id, enterprise_id) is covered


def test_every_workspace_is_still_a_workspace() -> None:
    grant = parse(GOOD).grants["spiffe://teams.example/ns/bots/sa/reports"]
    assert grant.covers("T9", "E9")
    assert not grant.covers("", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("callers = [", "the policy is no TOML: "),
        ("[caller.a]", "'caller' is unknown at the top"),
        ("callers = 1", "callers should be a table"),
        ('[callers]\n"bot.example" = 1', "callers.'bot.example' should be a table"),
        (caller(rpc="[]"), "callers.'bot.example'.'rpc' is unknown; known are rpcs, workspaces, organisations"),
        (caller(rpcs=""), "callers.'bot.example'.rpcs is missing"),
        (caller(workspaces=""), "callers.'bot.example'.workspaces is missing"),
        (caller(rpcs="[]"), "callers.'bot.example'.rpcs should be a list of texts with at least one"),
        (caller(workspaces="[]"), "callers.'bot.example'.workspaces should be a list of texts"),
        (caller(workspaces='"T1"'), "callers.'bot.example'.workspaces should be a list of texts"),
        (caller(workspaces="[1]"), "callers.'bot.example'.workspaces should be a list of texts"),
        (caller(workspaces='["t1"]'), "callers.'bot.example'.workspaces: 't1' should be a Slack team id"),
        (caller(workspaces='["E1"]'), "callers.'bot.example'.workspaces: 'E1' should be a Slack team id"),
        (caller(organisations='["*"]'), "callers.'bot.example'.organisations: '*' should be the id of"),
        (caller(rpcs='["GetMeeting"]'), "callers.'bot.example'.rpcs: 'GetMeeting' is not offered to other teams"),
        (caller(rpcs='["*"]'), "callers.'bot.example'.rpcs: '*' is not offered"),
        (caller(rpcs=f'["/{START}"]'), "is not offered"),
    ],
)
def test_a_mistake_is_one_sentence_that_says_where(text: str, problem: str) -> None:
    [found] = problems(text)
    assert found.startswith(problem) or problem in found


@pytest.mark.parametrize(
    "rpc",
    [
        "zoomslack.auth.v1.AuthService/IssueZoomAccessToken",
        "zoomslack.auth.v1.AuthService/GetSlackBotToken",
        "zoomslack.meetings.v1.MeetingsService/LeaseDeliveries",
        "zoomslack.meetings.v1.MeetingsService/RecordZoomEvent",
        "zoomslack.phone.v1.PhoneService/ResolveCallLink",
    ],
)
def test_tokens_events_and_deliveries_are_never_offered(rpc: str) -> None:
    assert problems(caller(rpcs=f'["{rpc}"]')) == [f"callers.'bot.example'.rpcs: '{rpc}' is not offered to other teams"]


@pytest.mark.parametrize("name", ["slack-edge.zoomslack", "bot.zoomslack"])
def test_names_of_the_mesh_are_not_given_away(name: str) -> None:
    text = caller().replace("bot.example", name)
    assert problems(text) == [f"callers.'{name}' is a name of the mesh's own; its services are not listed in a policy"]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "Bot.Example", "*.example", "bot example.com", ""])
def test_names_that_are_nobodys_or_everybodys_are_refused(name: str) -> None:
    [problem] = problems(caller().replace("bot.example", name))
    assert problem == f"callers.'{name}' should be a name as certificates have it, in lower case and with a dot"


def test_all_mistakes_come_at_once_and_short() -> None:
    found = problems(caller(workspaces='["t1", "t2"]', rpcs='["' + "x" * 5000 + '"]'))
    assert len(found) == 3
    assert max(map(len, found)) < 300


def test_what_is_offered_exists_and_names_a_person() -> None:
    for file, name in (
        (auth_service_pb2, "AuthService"),
        (meetings_service_pb2, "MeetingsService"),
        (phone_service_pb2, "PhoneService"),
    ):
        service = file.DESCRIPTOR.services_by_name[name]
        for rpc in OFFERED[service.full_name]:
            request = service.methods_by_name[rpc].input_type
            assert request.fields_by_name["user"].message_type.full_name == "zoomslack.type.v1.SlackUser"
            for field in EDGE_ALONE.get(f"{service.full_name}/{rpc}", ()):
                assert field in request.fields_by_name
    assert len(OFFERED) == 3


class Example(PolicySettings):
    other: str = Field("", alias="ZOOMSLACK_EXAMPLE_OTHER")


def test_the_setting_is_a_text_or_a_file_and_needs_certificates(tmp_path: Path) -> None:
    tls_dir = str(Authority().write(tmp_path / "tls", "phone.zoomslack"))
    file = tmp_path / "policy.toml"
    file.write_text(GOOD)
    loaded = Example.load({"ZOOMSLACK_TLS_DIR": tls_dir, "ZOOMSLACK_POLICY_FILE": str(file)})
    assert loaded.policy == parse(GOOD)
    assert Example.load({"ZOOMSLACK_TLS_DIR": tls_dir}).policy is None
    with pytest.raises(SettingsError) as failure:
        Example.load({"ZOOMSLACK_POLICY": GOOD})
    assert failure.value.problems == ["ZOOMSLACK_POLICY: goes by the certificates of callers; set ZOOMSLACK_TLS_DIR"]
    with pytest.raises(SettingsError) as failure:
        Example.load({"ZOOMSLACK_TLS_DIR": tls_dir, "ZOOMSLACK_POLICY": caller(workspaces='["t1"]')})
    [problem] = failure.value.problems
    assert problem.startswith("ZOOMSLACK_POLICY: callers.'bot.example'.workspaces: 't1' should be")
