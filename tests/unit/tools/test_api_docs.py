"""docs/api.md tells of every RPC, and its examples and reasons are true."""

from __future__ import annotations

import json
import re

import protovalidate
import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor

from mesh.errors import CODES, Reason
from mesh.policy import OFFERED
from tools.api_docs import EVERYWHERE, PAGE, offered, page
from tools.api_reading import SERVICES, comments, limits, reason_texts, reasons_of, whole_limits
from tools.generate import PROTOS, ROOT
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

METHODS = [method for service in SERVICES for method in service.methods]


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    return comments()


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / PAGE).read_text(encoding="utf-8")


def section(text: str, method: MethodDescriptor) -> str:
    """Returns what the page says of an offered RPC."""
    return text.partition(f"\n### {method.name}\n")[2].partition("\n### ")[0]


def test_the_page_is_up_to_date(text: str) -> None:
    assert text == page()


def test_every_rpc_of_every_proto_is_there_once(text: str) -> None:
    in_protos = [
        name for file in PROTOS.rglob("*.proto") for name in re.findall(r"^  rpc (\w+)", file.read_text(), re.MULTILINE)
    ]
    assert sorted(in_protos) == sorted(method.name for method in METHODS)
    rows = re.findall(r"^\| `([A-Z]\w+)` \| [^|]+\| (?:Safe|Not safe)", text, re.MULTILINE)
    headings = [method.name for method in offered() if section(text, method)]
    assert sorted(rows + headings) == sorted(in_protos)


def test_what_other_teams_need_first_is_offered() -> None:
    names = {method.name for method in offered()}
    assert names >= {"GetConnection", "CreateConnectLink", "StartMeeting", "EndMeeting", "PlaceCall", "ListCalls"}
    assert {service.full_name for service in SERVICES} == OFFERED.keys()


@pytest.mark.parametrize("method", offered(), ids=lambda method: str(method.name))
def test_each_example_keeps_the_rules(text: str, method: MethodDescriptor) -> None:
    found = re.findall(r"```json\n(.*?)\n```", section(text, method), re.DOTALL)
    assert len(found) == 1
    request = message_factory.GetMessageClass(method.input_type)()
    json_format.Parse(found[0], request)
    protovalidate.validate(request)
    # It says something: without what it says, the rules are broken.
    assert "user" in json.loads(found[0])
    with pytest.raises(protovalidate.ValidationError):
        protovalidate.validate(type(request)())


def test_each_reason_that_a_comment_names_exists_and_nothing_else_is_named_so(said: dict[str, str]) -> None:
    unknown = {
        method.full_name: wrong
        for method in METHODS
        if (wrong := [name for name in reasons_of(said[method.full_name]) if name not in Reason.__members__])
    }
    assert unknown == {}
    assert set(EVERYWHERE) <= set(Reason.__members__)
    named = {name for method in METHODS for name in reasons_of(said[method.full_name])}
    assert {"ZOOM_NOT_CONNECTED", "MEETING_NOT_FOUND", "CALL_NOT_FOUND"} <= named


def test_the_table_of_reasons_is_that_of_the_code(said: dict[str, str]) -> None:
    told = {reason.name: reason.code for reason in reason_texts(said)}
    assert told == {reason.value: code.value for reason, code in CODES.items()}
    lacking = next(reason for reason in reason_texts(said) if reason.name == "CALLER_NOT_ALLOWED")
    assert "caller" in lacking.metadata
    assert lacking.retry.startswith("No retry")


def test_a_comment_of_another_form_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="ERROR_REASON_INTERNAL: the comment should read"):
        reason_texts({**said, "zoomslack.errors.v1.ErrorReason.ERROR_REASON_INTERNAL": "A defect."})


def test_every_link_within_the_page_leads_somewhere(text: str) -> None:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    places = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    places |= set(re.findall(r'<a id="([^"]+)">', text))
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert len(links) > 30
    assert links - places == set()


def test_limits_are_those_of_the_protos() -> None:
    start = meetings_service_pb2.StartMeetingRequest.DESCRIPTOR
    page_of = phone_service_pb2.ListCallsRequest.DESCRIPTOR
    link = auth_service_pb2.CreateConnectLinkRequest.DESCRIPTOR
    wait = auth_service_pb2.ListDeparturesRequest.DESCRIPTOR
    assert limits(start.fields_by_name["user"]) == ["required"]
    assert limits(start.fields_by_name["request_id"]) == ["a UUID"]
    assert limits(start.fields_by_name["topic"]) == ["at most 200 characters"]
    assert set(limits(page_of.fields_by_name["page_size"])) == {"≥ 0", "≤ 100"}
    assert set(limits(link.fields_by_name["zoom_scopes"])) == {
        "at most 16 entries",
        "each at most 100 characters",
        "each `^[a-z_]+(:[a-z_]+)+$`",
    }
    assert set(limits(wait.fields_by_name["wait"])) == {"≥ 0 s", "≤ 30 s"}
    assert whole_limits(phone_service_pb2.PlaceCallRequest.DESCRIPTOR) == [
        "exactly one of phone_number and contact says whom to call"
    ]
    assert whole_limits(phone_service_pb2.CompleteDeliveryRequest.DESCRIPTOR)[0].startswith("one of `delivered`")
