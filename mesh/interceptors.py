"""What happens around every RPC, in the order of `server_layers`, and the client's half of it.

Tracing is outermost, so that it sees the status that everything inside decided on. Only methods of this mesh are
wrapped: health and reflection stay as they are.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
import protovalidate
from google.protobuf.message import Message
from grpc_status import rpc_status
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from mesh import deadline
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.localizing import language_wanted, read_all
from mesh.measuring import histogram
from mesh.wire_errors import from_rpc_error, to_status

log = logging.getLogger(__name__)

OURS = "/zoomslack."
DEFAULT_TIMEOUT = 10.0
"""Seconds a call may take when nobody set a deadline."""

# Statuses that mean the server is at fault; the others leave a server's span without an error (OpenTelemetry's rule).
_SERVER_FAULTS = {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
# How streams end in everyday life: read to the end, given up, out of time, drained. No fault, and how long such a one
# lasted says nothing of the server.
_ENDS_OF_STREAMS = {"OK", "CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE"}


@dataclass(frozen=True)
class Call:
    """One RPC on its way through the layers of a server."""

    method: str
    """The full name, `/zoomslack.auth.v1.AuthService/GetConnection`."""
    context: grpc.aio.ServicerContext[Any, Any]
    streams: bool = False
    """Whether it is answered by a stream, which may last, rather than by one response."""


Next = Callable[[Message], Awaitable[Message | None]]
"""What is inside of a layer: returns the response; None where a stream was sent instead."""
Layer = Callable[[Call, Message, Next], Awaitable[Message | None]]


def server_layers(check_caller: Layer) -> Sequence[Layer]:
    """Returns every layer of a server, the outermost first. `check_caller` is that of `mesh.callers`."""
    read_all()
    return (trace_call, map_errors, check_caller, keep_deadline, validate_request)


class LayeredInterceptor(grpc.aio.ServerInterceptor):
    """Runs the layers around each method of this mesh, whether one response answers it or a stream.

    Methods whose requests are streams are refused as unknown: the layers would let them pass unseen.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(OURS):
            return handler
        if handler.request_streaming:
            log.error("a method that no layer protects", extra={"method": method})
            return None
        inner = handler.unary_stream if handler.response_streaming else handler.unary_unary

        async def run(request: Message, context: grpc.aio.ServicerContext[Any, Any]) -> Message | None:
            call = Call(method, context, streams=handler.response_streaming)

            async def answer(request: Message) -> Message:
                response: Message = await inner(request, context)
                return response

            async def send(request: Message) -> None:
                # `write` waits for a slow reader: nothing piles up here. Who gives up ends the servicer's generator.
                async with aclosing(inner(request, context)) as responses:
                    async for response in responses:
                        await context.write(response)

            step: Next = send if call.streams else answer
            for layer in reversed(self._layers):
                step = _bind(layer, call, step)
            return await step(request)

        handle = (
            grpc.unary_stream_rpc_method_handler if handler.response_streaming else grpc.unary_unary_rpc_method_handler
        )
        return handle(run, handler.request_deserializer, handler.response_serializer)


def _bind(layer: Layer, call: Call, step: Next) -> Next:
    return lambda request: layer(call, request, step)


async def trace_call(call: Call, request: Message, proceed: Next) -> Message | None:
    """Opens the server's span as a child of the caller's, and counts and times the call; of streams those that fail."""
    service, _, method = call.method[1:].rpartition("/")
    parent = propagate.extract({k: v for k, v in call.context.invocation_metadata() or () if isinstance(v, str)})
    began, code = time.monotonic(), grpc.StatusCode.UNKNOWN
    with trace.get_tracer(__name__).start_as_current_span(
        f"{service}/{method}",
        context=parent,
        kind=SpanKind.SERVER,
        attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": method},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            response = await proceed(request)
        except asyncio.CancelledError:
            left = call.context.time_remaining()
            late = left is not None and left <= 0
            code = grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED
            raise
        except grpc.aio.AbortError:
            code = _code_of(call.context)
            raise
        else:
            code = grpc.StatusCode.OK
            return response
        finally:
            span.set_attribute("rpc.grpc.status_code", code.value[0])
            if not (call.streams and code.name in _ENDS_OF_STREAMS):
                if code.name in _SERVER_FAULTS:
                    span.set_status(Status(StatusCode.ERROR, code.name))
                histogram("rpc.server.call.duration", "Time of each call at its server.").record(
                    time.monotonic() - began, _measured(call.method, code.name)
                )


def _measured(method: str, code: str) -> dict[str, str]:
    return {"rpc.system.name": "grpc", "rpc.method": method.removeprefix("/"), "rpc.response.status_code": code}


def _code_of(context: grpc.aio.ServicerContext[Any, Any]) -> grpc.StatusCode:
    # After an abort grpc.aio gives an int or a StatusCode. Of a call that went well it gives None.
    code: Any = context.code()
    if isinstance(code, grpc.StatusCode):
        return code
    return next((member for member in grpc.StatusCode if member.value[0] == code), grpc.StatusCode.UNKNOWN)


async def map_errors(call: Call, request: Message, proceed: Next) -> Message | None:
    """Turns what the service raised into the status that crosses the wire. Unknown errors show a trace id only."""
    try:
        return await proceed(request)
    except grpc.aio.AbortError:
        raise
    except MeshError as error:
        failure = error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # gRPC cancels this call: the caller is gone or the deadline passed
        # A stray cancellation would send nothing, and the caller would wait until its deadline.
        failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    except Exception:
        log.exception("unexpected error", extra={"method": call.method})
        span = trace.get_current_span().get_span_context()
        failure = MeshError(Reason.INTERNAL, {"trace_id": trace.format_trace_id(span.trace_id)})
    language = language_wanted(call.context.invocation_metadata())
    status = rpc_status.to_status(to_status(failure, language))
    metadata = tuple(status.trailing_metadata)
    if failure.reason is not Reason.SERVICE_UNAVAILABLE:
        # The service did begin: its answer is an answer, also where its code (UNAVAILABLE, because Zoom is) would
        # have the caller's transport ask again at once.
        metadata += (("grpc-retry-pushback-ms", "-1"),)
    await call.context.abort(status.code, status.details, metadata)
    raise AssertionError("abort raises")


async def keep_deadline(call: Call, request: Message, proceed: Next) -> Message | None:
    """Takes over the caller's deadline, shaved; refuses what cannot be done in time.

    A stream without a deadline lasts as long as somebody reads it.
    """
    left: Any = call.context.time_remaining()
    if left is None and call.streams:
        with deadline.budget(None):
            return await proceed(request)
    seconds = DEFAULT_TIMEOUT if left is None else left - deadline.RETURN_OVERHEAD
    if seconds < deadline.MINIMUM:
        raise MeshError(Reason.DEADLINE_TOO_SHORT, {"method": call.method.rpartition("/")[2]})
    with deadline.budget(seconds):
        return await proceed(request)


async def validate_request(call: Call, request: Message, proceed: Next) -> Message | None:
    """Refuses requests that break a rule of their proto, naming field and rule."""
    violations = protovalidate.collect_violations(request)
    if violations:
        raise MeshError(
            Reason.INVALID_REQUEST,
            violations=tuple(FieldViolation(_path(v.proto), v.proto.message) for v in violations),
        )
    return await proceed(request)


def _path(violation: Any) -> str:
    return ".".join(element.field_name for element in violation.field.elements) if violation.field else ""


class MeshClientInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    """The client's half: a deadline on every call, the trace handed on, failures raised as MeshError."""

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        name: str | bytes = client_call_details.method
        method = name.decode() if isinstance(name, bytes) else name
        service, _, rpc = method[1:].rpartition("/")
        began, code = time.monotonic(), "CANCELLED"
        with trace.get_tracer(__name__).start_as_current_span(
            f"{service}/{rpc}",
            kind=SpanKind.CLIENT,
            attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": rpc},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            details = grpc.aio.ClientCallDetails(
                method=client_call_details.method,
                timeout=deadline.within(client_call_details.timeout or DEFAULT_TIMEOUT),
                metadata=_with_trace(client_call_details.metadata),
                credentials=client_call_details.credentials,
                wait_for_ready=client_call_details.wait_for_ready,
            )
            try:
                call = await continuation(details, request)
                response = await call
            except grpc.aio.AioRpcError as error:
                code = error.code().name
                span.set_attribute("rpc.grpc.status_code", error.code().value[0])
                span.set_status(Status(StatusCode.ERROR, code))
                raise from_rpc_error(error) from None
            else:
                code = "OK"
                return response
            finally:
                histogram("rpc.client.call.duration", "Time of each call as its caller sees it.").record(
                    time.monotonic() - began, _measured(method, code)
                )


def _with_trace(metadata: grpc.aio.Metadata | None) -> grpc.aio.Metadata:
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    result = grpc.aio.Metadata(*(metadata or ()))
    for key, value in carrier.items():
        result.add(key, value)
    return result
