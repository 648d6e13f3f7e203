"""What Zoom's client may be told to dial. Nothing else gets into an address that a client acts on."""

from __future__ import annotations

import re

from zoomslack.phone.v1 import phone_service_pb2 as pb

_NUMBER = re.compile(r"\+?[0-9]{3,15}", re.ASCII)
_EXTENSION = re.compile(r"[0-9]{1,15}", re.ASCII)


def number(call: pb.PhoneCall) -> str:
    """Returns the other side's number where it is one; else empty."""
    return call.phone_number if _NUMBER.fullmatch(call.phone_number) else ""


def extension(call: pb.PhoneCall) -> str:
    """Returns the other side's extension where it is one and no number is known; else empty."""
    return call.extension_number if not call.phone_number and _EXTENSION.fullmatch(call.extension_number) else ""


def client_url(call: pb.PhoneCall) -> str:
    """Returns the address that has Zoom's client dial (Zoom, "Zoom Phone URI scheme"); empty where nothing can be."""
    dialled = number(call) or extension(call)
    return f"zoomphonecall://{dialled}" if dialled else ""
