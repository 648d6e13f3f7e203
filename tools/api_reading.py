"""What the protos say, taken apart for `docs/api.md`: comments, rules, reasons, and requests that keep the rules."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from tools.generate import run_protoc
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.errors.v1 import error_reason_pb2
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    service
    for module in (auth_service_pb2, meetings_service_pb2, phone_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
)
REASON = "ERROR_REASON_"
_REASON_COMMENT = re.compile(
    r"^(?P<code>[A-Z_]+) \{(?P<metadata>[^}]*)\}: (?P<text>.*?) ?(?P<retry>(?:No retry|Retry)\b.*)$"
)

# What stands in examples, by the name of the field. What is not here is left out where no rule asks for it.
VALUES: Mapping[str, Any] = {
    "slack_team_id": "T0123ABCD",
    "slack_user_id": "U0123ABCD",
    "slack_channel_id": "C0123ABCD",
    "request_id": "0b8e5a52-6a3f-4f0e-9d0c-0f6f5d1c7e11",
    "meeting_id": "4c0f6a0e-9a53-4d0b-8f66-2f1a1c9f7a20",
    "call_id": "7f3d2b1c-5e4a-4c9b-a8d7-6e5f4a3b2c1d",
    "topic": "Weekly sync",
    "scheduled_time": "2027-01-11T09:00:00Z",
    "phone_number": "+1 202 555 0143",
    "page_size": 10,
    "slack_display_name": "Ada",
    "slack_team_name": "Acme",
}


@dataclass(frozen=True)
class ReasonText:
    """A reason as the comment in error_reason.proto tells it."""

    name: str
    code: str
    metadata: str
    text: str
    retry: str


def comments() -> dict[str, str]:
    """Returns the comment above everything in the protos that has a name, by its full name."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.binpb"
        run_protoc(Path(folder), "--include_source_info", f"--descriptor_set_out={image}")
        files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    found: dict[str, str] = {}
    for file in files.file:
        for place in file.source_code_info.location:
            if place.leading_comments and (name := _name_at(file, list(place.path))):
                paragraphs = place.leading_comments.split("\n\n" if "\n\n" in place.leading_comments else "\n \n")
                found[name] = "\n\n".join(" ".join(part.split()) for part in paragraphs)
    return found


def _name_at(file: descriptor_pb2.FileDescriptorProto, path: list[int]) -> str:
    """Returns the full name of what is at a path of a file; empty where that has no name."""
    names, at = [file.package], file
    for number, index in zip(path[::2], path[1::2], strict=False):
        field = at.DESCRIPTOR.fields_by_number[number]
        if field.message_type is None or not field.is_repeated:
            return ""
        at = getattr(at, field.name)[index]
        if not hasattr(at, "name"):
            return ""
        names.append(at.name)
    return ".".join(names) if len(path) % 2 == 0 else ""


def reasons_of(comment: str) -> list[str]:
    """Returns the reasons that the comment of an RPC names after "Reasons:"."""
    _, _, named = comment.partition("Reasons:")
    return re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bINTERNAL\b", named)


def without_reasons(comment: str) -> str:
    """Returns the comment of an RPC up to its reasons."""
    return comment.partition("Reasons:")[0].strip()


def reason_texts(said: Mapping[str, str]) -> list[ReasonText]:
    """Returns every reason but the one that is never sent. Raises ValueError for a comment of another form."""
    found = []
    for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values[1:]:
        comment = said[f"zoomslack.errors.v1.ErrorReason.{value.name}"]
        match = _REASON_COMMENT.match(" ".join(comment.split()))
        if match is None:
            raise ValueError(
                f"{value.name}: the comment should read `CODE {{metadata}}: text. Retry…` or `… No retry…`"
            )
        found.append(ReasonText(name=value.name.removeprefix(REASON), **match.groupdict()))
    return found


def _rules(options: Message, kind: str) -> Any:
    extension = descriptor_pool.Default().FindExtensionByName(f"buf.validate.{kind}")
    return options.Extensions[extension]  # type: ignore[index]  # known by name only: nothing is generated for it


def limits(field: FieldDescriptor) -> list[str]:
    """Returns the rules of a field, in words."""
    rules = _rules(field.GetOptions(), "field")
    return [*(["required"] if rules.required else []), *_limits(rules)]


def _limits(rules: Any) -> Iterator[str]:
    for kind, inner in rules.ListFields():
        if kind.message_type is None or kind.is_repeated:
            continue
        for rule, value in inner.ListFields():
            if rule.name == "items":
                yield from (f"each {limit}" for limit in _limits(value))
            else:
                yield _phrase(kind.name, rule.name, value)


def _phrase(kind: str, rule: str, value: Any) -> str:
    unit = {"string": "characters", "bytes": "bytes", "repeated": "entries"}.get(kind, "")
    if kind == "duration":
        value = f"{value.ToTimedelta().total_seconds():g} s"
    match rule:
        case "max_len" | "max_items":
            return f"at most {value} {unit}"
        case "min_len" | "min_items":
            return f"at least {value} {unit}"
        case "gte":
            return f"≥ {value}"
        case "lte":
            return f"≤ {value}"
        case "gt":
            return f"> {value}"
        case "lt":
            return f"< {value}"
        case "pattern":
            return f"`{value}`".replace("|", "\\|")
        case "uuid":
            return "a UUID"
        case "defined_only":
            return "a known value"
        case "not_in" if kind == "enum" and list(value) == [0]:
            return "not unspecified"
        case _:
            return f"{rule} {value}"


def whole_limits(message: Descriptor) -> list[str]:
    """Returns the rules that a message keeps as a whole, in words."""
    return [
        *(rule.message for rule in _rules(message.GetOptions(), "message").cel),
        *(
            f"one of {', '.join(f'`{field.name}`' for field in oneof.fields)} is required"
            for oneof in message.oneofs
            if _rules(oneof.GetOptions(), "oneof").required
        ),
    ]


def example(message: Descriptor) -> Message:
    """Returns a request that keeps its rules, with the fields that one would set."""
    made = message_factory.GetMessageClass(message)()
    for field in message.fields:
        rules = _rules(field.GetOptions(), "field")
        if field.is_repeated:
            continue
        if field.message_type is not None:
            if field.name in VALUES:
                getattr(made, field.name).FromJsonString(VALUES[field.name])
            elif rules.required:
                getattr(made, field.name).CopyFrom(example(field.message_type))
        elif (value := _value(field, rules)) is not None:
            setattr(made, field.name, value)
    return made


def _value(field: FieldDescriptor, rules: Any) -> Any:
    if field.name in VALUES:
        return VALUES[field.name]
    if field.enum_type is not None:
        return field.enum_type.values[1].number if rules.enum.not_in else None
    if rules.string.uuid:
        return VALUES["request_id"]
    return "x" * rules.string.min_len or None


def changes(method: MethodDescriptor) -> str:
    """Returns what the proto's `idempotency_level` means for a caller."""
    levels = descriptor_pb2.MethodOptions
    match method.GetOptions().idempotency_level:
        case levels.NO_SIDE_EFFECTS:
            return "Safe: it changes nothing."
        case levels.IDEMPOTENT:
            return "Safe: repeating does no harm."
        case _:
            return "Not safe: a second call may do a second thing."
