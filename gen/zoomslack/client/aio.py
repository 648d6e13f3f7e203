# Copied from client/aio.py by tools/generate.py. DO NOT EDIT.
"""The client for asyncio. Make it within the running loop; one is enough for a program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.meetings.v1.meetings_service_pb2 import WatchMeetingRequest, WatchMeetingResponse
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceStub
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub

from .channels import AUTH, DEFAULT_TIMEOUT, MEETINGS, PHONE, Tls, metadata_of, options, target_of, timeout_of
from .errors import error_from
from .following import PATIENCE, Following

if TYPE_CHECKING:  # names that only the stub files have
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub


class AsyncClient:
    """Calls the services of one mesh. Use it as an asynchronous context manager, or close it."""

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
        """Takes what `Client` takes."""
        self._targets = {"auth": auth, "meetings": meetings, "phone": phone}
        self._tls = tls
        self._timeout = timeout
        self._language = language
        self._channels: list[grpc.aio.Channel] = []

    @cached_property
    def auth(self) -> AuthServiceAsyncStub:
        """Connections and connect links. Raises ValueError where the client was made without this target."""
        return AuthServiceStub(self._open("auth", AUTH))

    @cached_property
    def meetings(self) -> MeetingsServiceAsyncStub:
        """Meetings. Raises ValueError where the client was made without this target."""
        return MeetingsServiceStub(self._open("meetings", MEETINGS))

    @cached_property
    def phone(self) -> PhoneServiceAsyncStub:
        """Phone calls. Raises ValueError where the client was made without this target."""
        return PhoneServiceStub(self._open("phone", PHONE))

    async def follow_meeting(
        self, request: WatchMeetingRequest, *, patience: float = PATIENCE
    ) -> AsyncGenerator[WatchMeetingResponse, None]:
        """Yields each change of a meeting, once and in order, until it is over.

        Goes on with its token where the stream breaks off, at another replica if need be. Raises CallError: what the
        service refuses, and what stood in the way when nothing came through for `patience` seconds.
        """
        following = Following(request, patience)
        while True:
            stream = self.meetings.WatchMeeting(following.request, metadata=metadata_of(None, self._language))
            try:
                async for response in stream:
                    yield following.take(response)
            except grpc.aio.AioRpcError as error:
                await asyncio.sleep(following.pause(error))
            else:
                return
            finally:
                stream.cancel()

    async def close(self) -> None:
        """Ends what is in flight, and the connections."""
        for channel in self._channels:
            await channel.close()
        self._channels.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _open(self, name: str, service: ServiceDescriptor) -> grpc.aio.Channel:
        target = target_of(self._targets, name)
        interceptors = [_Calls(self._timeout, self._language)]
        if self._tls is None:
            channel = grpc.aio.insecure_channel(target, options=options(service), interceptors=interceptors)
        else:
            channel = grpc.aio.secure_channel(
                target, self._tls.credentials(), options=options(service), interceptors=interceptors
            )
        self._channels.append(channel)
        return channel


class _Calls(grpc.aio.UnaryUnaryClientInterceptor):
    """Gives every call a deadline, and its failure a meaning."""

    def __init__(self, timeout: float, language: str) -> None:
        self._timeout = timeout
        self._language = language

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        details = grpc.aio.ClientCallDetails(
            method=client_call_details.method,
            timeout=timeout_of(client_call_details, self._timeout),
            metadata=grpc.aio.Metadata(*metadata_of(client_call_details.metadata, self._language)),
            credentials=client_call_details.credentials,
            wait_for_ready=client_call_details.wait_for_ready,
        )
        try:
            call = await continuation(details, request)
            return await call
        except grpc.aio.AioRpcError as error:
            raise error_from(error) from None
