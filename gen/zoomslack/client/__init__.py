# Copied from client/__init__.py by tools/generate.py. DO NOT EDIT.
"""The way into a Zoom-for-Slack mesh for programs of other teams.

    with Client(meetings="dns:///meetings.zoomslack:50052", tls=Tls.from_folder("certs")) as mesh:
        mesh.meetings.StartMeeting(request)

`Client` is for programs with threads or none, `AsyncClient` for asyncio. Both have one typed stub for each service,
give every call a deadline, repeat by themselves what never reached a service, and raise `CallError`.
"""

from .aio import AsyncClient
from .channels import DEFAULT_TIMEOUT, Tls
from .errors import CallError, FieldViolation
from .sync import Client

__all__ = ["DEFAULT_TIMEOUT", "AsyncClient", "CallError", "Client", "FieldViolation", "Tls"]
