"""The rules of placing a phone call.

Nobody's telephone rings from here: Zoom has no API that dials. What a person gets is a link, and the page behind it
hands the number to her own Zoom client. The link is a bearer's: whoever holds it within its fifteen minutes sees the
number, and nothing more.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser

if TYPE_CHECKING:
    from services.phone.store import CallStore

log = logging.getLogger(__name__)


class CallState(StrEnum):
    """The life of a phone call."""

    PREPARED = "prepared"


@dataclass(frozen=True)
class PhoneNumber:
    """A number that can be dialled from anywhere."""

    e164: str = field(repr=False)
    """`+` and digits only."""
    national: str = field(repr=False)
    """As people of its country write it."""


@dataclass(frozen=True)
class Call:
    """A phone call that was placed from Slack."""

    call_id: str
    caller: SlackUser
    channel_id: str
    number: PhoneNumber
    state: CallState
    create_time: datetime


@dataclass(frozen=True)
class CallCommand:
    """What a person asked for."""

    user: SlackUser
    request_id: str
    channel_id: str
    phone_number: str = field(repr=False)
    """As it was typed."""
    region_code: str
    """The country of a number without `+`; empty for the deployment's."""

    def fingerprint(self) -> str:
        """Returns a digest of what must not change under one request id."""
        parts = (self.user.user_id, self.channel_id, self.phone_number, self.region_code)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class PlacedCall:
    """A call together with the address that dials it."""

    call: Call
    url: str = field(repr=False)


class NumberReader(Protocol):
    """What phone numbers mean (`services.phone.phone_numbers`)."""

    def read(self, text: str, region_code: str) -> PhoneNumber: ...


class PhonePlan(Protocol):
    """Who has Zoom Phone (`services.phone.zoom_phone`)."""

    async def has_phone(self, user: SlackUser) -> bool: ...


class Links(Protocol):
    """Signed links (`services.phone.links`)."""

    def url(self, call_id: str) -> str: ...

    def call_id(self, signed_id: str) -> str: ...


class Calls:
    """Places calls and tells what is behind their links."""

    def __init__(
        self, *, store: CallStore, numbers: NumberReader, zoom_phone: PhonePlan, links: Links, clock: Clock
    ) -> None:
        self._store = store
        self._numbers = numbers
        self._zoom_phone = zoom_phone
        self._links = links
        self._clock = clock

    async def place(self, command: CallCommand) -> PlacedCall:
        """Stores a call and returns it with a fresh link; a repeated command gets the same call.

        Zoom is only read, so nothing needs to be reserved before it is asked: the unique request id decides between
        two that arrive together. Raises MeshError: PHONE_NUMBER_INVALID, PHONE_NUMBER_EMERGENCY, REQUEST_ID_REUSED,
        PHONE_NOT_AVAILABLE, and what reading Zoom's settings raises.
        """
        number = self._numbers.read(command.phone_number, command.region_code)
        call = await self._store.find(command)
        if call is None:
            if not await self._zoom_phone.has_phone(command.user):
                raise MeshError(Reason.PHONE_NOT_AVAILABLE)
            fresh = Call(
                call_id=str(uuid.uuid4()),
                caller=command.user,
                channel_id=command.channel_id,
                number=number,
                state=CallState.PREPARED,
                create_time=self._clock.now(),
            )
            call = await self._store.add(command, fresh)
            log.info(
                "call prepared",
                extra={"call_id": call.call_id, "team_id": call.caller.team_id, "slack_user_id": call.caller.user_id},
            )
        return PlacedCall(call, self._links.url(call.call_id))

    async def resolve(self, signed_id: str) -> Call:
        """Returns the call behind a link. Raises MeshError(CALL_LINK_INVALID) for any other text."""
        call = await self._store.get(self._links.call_id(signed_id))
        if call is None:
            raise MeshError(Reason.CALL_LINK_INVALID)
        return call
