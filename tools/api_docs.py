"""Writes docs/api.md from the protos.

python -m tools.api_docs           write it
python -m tools.api_docs --check   fail where it is out of date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor

from mesh.policy import OFFERED
from tools.api_intro import INTRO
from tools.api_reading import (
    SERVICES,
    changes,
    comments,
    example,
    limits,
    reason_texts,
    reasons_of,
    whole_limits,
    without_reasons,
)
from tools.generate import ROOT

PAGE = Path("docs/api.md")

# The order in which other teams meet what they may call.
ORDER = (
    "GetConnection",
    "CreateConnectLink",
    "StartMeeting",
    "ScheduleMeeting",
    "GetMeeting",
    "ListMeetings",
    "ListRunningMeetings",
    "WatchMeeting",
    "EndMeeting",
    "PlaceCall",
    "GetCall",
    "ListCalls",
)
EVERYWHERE = (
    "INTERNAL",
    "INVALID_REQUEST",
    "DEADLINE_TOO_SHORT",
    "CALLER_NOT_ALLOWED",
    "WORKSPACE_NOT_ALLOWED",
    "SERVICE_UNAVAILABLE",
)

_SCALARS = {
    getattr(FieldDescriptor, name): name.removeprefix("TYPE_").lower()
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_")
}


def offered() -> list[MethodDescriptor]:
    """Returns the RPCs for other teams."""
    return [
        service.methods_by_name[name]
        for service in SERVICES
        for name in sorted(OFFERED[service.full_name], key=ORDER.index)
    ]


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _type(field: FieldDescriptor) -> str:
    """Returns the type of a field, with a link to what is described on this page."""
    other = field.message_type or field.enum_type
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields
        return f"map of {_type(key)} to {_type(value)}"
    if other is None:
        name = _SCALARS[field.type]
    elif other.full_name.startswith("zoomslack."):
        name = f"[{other.name}](#{_anchor(other.full_name)})"
    else:
        name = other.full_name.removeprefix("google.protobuf.")
    return f"list of {name}" if field.is_repeated else name


def _fields(message: Descriptor, said: Mapping[str, str], *, with_limits: bool) -> Iterator[str]:
    if not message.fields:
        yield "No fields."
        yield ""
        return
    yield "| field | type | | limits |" if with_limits else "| field | type | |"
    yield "|---|---|---|---|" if with_limits else "|---|---|---|"
    for field in message.fields:
        text = _cell(said.get(field.full_name, ""))
        if field.containing_oneof is not None and len(field.containing_oneof.fields) > 1:
            text += f" (one of `{field.containing_oneof.name}`)"
        row = f"| `{field.name}` | {_type(field)} | {text} |"
        yield f"{row} {_cell(', '.join(limits(field)))} |" if with_limits else row
    yield ""
    if with_limits:
        for rule in whole_limits(message):
            yield f"As a whole: {rule}."
            yield ""


def _reasons(names: Iterable[str]) -> str:
    return ", ".join(f"[`{name}`](#{name.lower()})" for name in names)


def _streams(method: MethodDescriptor) -> str:
    match method.client_streaming, method.server_streaming:
        case False, False:
            return "one request, one answer"
        case False, True:
            return "one request, a stream of answers"
        case True, False:
            return "a stream of requests, one answer"
        case _:
            return "a stream of requests, a stream of answers"


def _in_full(method: MethodDescriptor, said: Mapping[str, str]) -> Iterator[str]:
    comment = said[method.full_name]
    path = f"{method.containing_service.full_name}/{method.name}"
    yield f"### {method.name}\n"
    yield without_reasons(comment) + "\n"
    yield f"- **Call**: `{path}`, {_streams(method)}"
    yield f"- **Repeating**: {changes(method)}"
    yield f"- **Errors**: {_reasons(reasons_of(comment)) or 'only those that every RPC may give'}\n"
    yield f"`{method.input_type.name}`\n"
    yield from _fields(method.input_type, said, with_limits=True)
    yield "For example:\n"
    yield f"```json\n{json_format.MessageToJson(example(method.input_type), preserving_proto_field_name=True)}\n```\n"
    yield f"`{method.output_type.name}`\n"
    yield from _fields(method.output_type, said, with_limits=False)


def _in_short(said: Mapping[str, str]) -> Iterator[str]:
    full = {method.full_name for method in offered()}
    for service in SERVICES:
        yield f"### {service.full_name}\n"
        yield "| RPC | | repeating | errors |\n|---|---|---|---|"
        for method in service.methods:
            if method.full_name not in full:
                comment = said[method.full_name]
                first = _cell(comment.partition("\n\n")[0])
                yield f"| `{method.name}` | {first} | {changes(method)} | {_reasons(reasons_of(comment))} |"
        yield ""


def described() -> list[Descriptor | EnumDescriptor]:
    """Returns every message and enum that requests and answers of the offered RPCs hold, by full name."""
    found: dict[str, Descriptor | EnumDescriptor] = {}
    waiting = [part for method in offered() for part in (method.input_type, method.output_type)]
    while waiting:
        for field in waiting.pop().fields:
            other = field.message_type or field.enum_type
            if other is None or not other.full_name.startswith("zoomslack.") or other.full_name in found:
                continue
            if field.message_type is not None:
                waiting.append(field.message_type)
            if field.message_type is None or not field.message_type.GetOptions().map_entry:
                found[other.full_name] = other
    return [found[name] for name in sorted(found)]


def _types(said: Mapping[str, str]) -> Iterator[str]:
    for kind in described():
        yield f"### {kind.full_name}\n"
        yield said[kind.full_name] + "\n"
        if isinstance(kind, Descriptor):
            yield from _fields(kind, said, with_limits=True)
        else:
            yield "| value | number | |\n|---|---|---|"
            for value in kind.values:
                text = _cell(said.get(f"{kind.full_name}.{value.name}", ""))
                yield f"| `{value.name}` | {value.number} | {text} |"
            yield ""


def page() -> str:
    """Returns the page."""
    said = comments()
    contents = ", ".join(f"[{method.name}](#{_anchor(method.name)})" for method in offered())
    lines = [INTRO, "## For other teams\n", f"{contents}.\n", f"Every RPC may also fail with {_reasons(EVERYWHERE)}.\n"]
    for method in offered():
        lines += _in_full(method, said)
    lines += ["## Messages and enums\n", *_types(said)]
    lines += ["## Reasons\n", "| reason | code | metadata | | again? |\n|---|---|---|---|---|"]
    for reason in reason_texts(said):
        keys = ", ".join(f"`{key.strip()}`" for key in reason.metadata.split(",") if key.strip())
        name = f'<a id="{reason.name.lower()}"></a>`{reason.name}`'
        lines.append(f"| {name} | {reason.code} | {keys} | {_cell(reason.text)} | {_cell(reason.retry)} |")
    lines += [
        "",
        "## For the mesh itself\n",
        "What the services ask of each other. It is not offered to other teams.\n",
    ]
    lines += _in_short(said)
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Writes or checks the page; returns the exit code."""
    text, file = page(), ROOT / PAGE
    if "--check" not in sys.argv[1:]:
        file.write_text(text, encoding="utf-8")
    elif not file.is_file() or file.read_text(encoding="utf-8") != text:
        print(f"{PAGE} is not what protos/ say: run `make api-docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
