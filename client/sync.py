"""The client for programs without asyncio. One is enough for a program; threads may share it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.meetings.v1.meetings_service_pb2 import WatchMeetingRequest, WatchMeetingResponse
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceStub
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub

from .channels import AUTH, DEFAULT_TIMEOUT, MEETINGS, PHONE, Tls, metadata_of, options, target_of, timeout_of
from .errors import error_from
from .following import PATIENCE, Following


class Client:
    """Calls the services of one mesh. Use it as a context manager, or close it."""

    def __init__(
        self,
        *,
        auth: str | None = None,
        meetings: str | None = None,
        phone: str | None = None,
        tls: Tls | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        language: str = "",
    ) -> None:
        """Takes the targets (`host:port` or `dns:///host:port`) of the services that the program calls.

        Without `tls` nothing is encrypted, which services accept on their own machine only. `timeout` is in seconds,
        for calls that name none themselves. `language` (`de`, or several as in HTTP's Accept-Language) has refusals
        come with a sentence for people, `CallError.message`; a call names another in its metadata `accept-language`.
        """
        self._targets = {"auth": auth, "meetings": meetings, "phone": phone}
        self._tls = tls
        self._timeout = timeout
        self._language = language
        self._channels: list[grpc.Channel] = []

    @cached_property
    def auth(self) -> AuthServiceStub:
        """Connections and connect links. Raises ValueError where the client was made without this target."""
        return AuthServiceStub(self._open("auth", AUTH))

    @cached_property
    def meetings(self) -> MeetingsServiceStub:
        """Meetings. Raises ValueError where the client was made without this target."""
        return MeetingsServiceStub(self._open("meetings", MEETINGS))

    @cached_property
    def phone(self) -> PhoneServiceStub:
        """Phone calls. Raises ValueError where the client was made without this target."""
        return PhoneServiceStub(self._open("phone", PHONE))

    def follow_meeting(
        self, request: WatchMeetingRequest, *, patience: float = PATIENCE
    ) -> Generator[WatchMeetingResponse, None, None]:
        """Yields each change of a meeting, once and in order, until it is over.

        Goes on with its token where the stream breaks off, at another replica if need be. Raises CallError: what the
        service refuses, and what stood in the way when nothing came through for `patience` seconds.
        """
        following = Following(request, patience)
        while True:
            stream = self.meetings.WatchMeeting(following.request, metadata=metadata_of(None, self._language))
            try:
                for response in stream:
                    yield following.take(response)
            except grpc.RpcError as error:
                time.sleep(following.pause(error))
            else:
                return
            finally:
                stream.cancel()

    def close(self) -> None:
        """Ends what is in flight, and the connections."""
        for channel in self._channels:
            channel.close()
        self._channels.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, name: str, service: ServiceDescriptor) -> grpc.Channel:
        target = target_of(self._targets, name)
        if self._tls is None:
            channel = grpc.insecure_channel(target, options=options(service))
        else:
            channel = grpc.secure_channel(target, self._tls.credentials(), options=options(service))
        self._channels.append(channel)
        return grpc.intercept_channel(channel, _Calls(self._timeout, self._language))


class _Details(grpc.ClientCallDetails):
    """A call's details with another deadline and language: gRPC has no way to change them."""

    def __init__(self, details: Any, timeout: float, language: str) -> None:
        self.method = details.method
        self.timeout = timeout_of(details, timeout)
        self.metadata = metadata_of(details.metadata, language)
        self.credentials = details.credentials
        self.wait_for_ready = getattr(details, "wait_for_ready", None)
        self.compression = getattr(details, "compression", None)


class _Calls(grpc.UnaryUnaryClientInterceptor):
    """Gives every call a deadline, and its failure a meaning."""

    def __init__(self, timeout: float, language: str) -> None:
        self._timeout = timeout
        self._language = language

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        call = continuation(_Details(client_call_details, self._timeout, self._language), request)
        failure = call.exception()  # waits for the answer
        if isinstance(failure, grpc.RpcError):
            raise error_from(failure) from None
        return call
