"""The rules of placing a phone call.

Nobody's telephone rings from here: Zoom has no API that dials. What a person gets is a link, and the page behind it
hands the number to her own Zoom client. The link is a bearer's: whoever holds it within its fifteen minutes sees whom
it calls under which number, and nothing more.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.phone.lines import Access, Line, Profile
from services.phone.progress import CallState, Direction, Progress

if TYPE_CHECKING:
    from services.phone.store import CallStore

log = logging.getLogger(__name__)

_NOTHING = Progress()


@dataclass(frozen=True)
class Contact:
    """A person who is to be called."""

    user_id: str
    """`U…` or `W…`, in the workspace of the caller."""
    display_name: str = field(repr=False)
    phone_number: str = field(repr=False)
    """As it stands in her Slack profile; empty where it does not."""


@dataclass(frozen=True)
class Call:
    """A phone call as one person sees it."""

    call_id: str
    user: SlackUser
    """The caller of an outbound call, the callee of an inbound one."""
    channel_id: str
    """Where it was placed; empty for a call that was not placed from Slack."""
    line: Line
    """The other side."""
    contact_name: str = field(repr=False)
    contact_user_id: str
    zoom_user_id: str
    zoom_account_id: str
    direction: Direction
    from_slack: bool
    create_time: datetime
    progress: Progress = _NOTHING
    is_wiped: bool = False
    """Whether its person left, and nothing is known of it any more."""

    @property
    def state(self) -> CallState:
        """How far it is."""
        return CallState.UNFOLLOWED if self.is_wiped else self.progress.state

    @property
    def talk_duration(self) -> timedelta | None:
        """How long they talked; None before the end, and where nobody answered."""
        answered, ended = self.progress.answer_time, self.progress.end_time
        if self.state is not CallState.ENDED or answered is None or ended is None or ended < answered:
            return None
        return ended - answered


@dataclass(frozen=True)
class CallCommand:
    """What a person asked for: a number or extension as it was typed, or a contact."""

    user: SlackUser
    request_id: str
    channel_id: str
    phone_number: str = field(repr=False)
    """As it was typed; empty where there is a contact."""
    region_code: str
    """The country of a number without `+`; empty for that of the caller's own number."""
    contact: Contact | None = None

    def fingerprint(self) -> str:
        """Returns a digest of what must not change under one request id."""
        contact = (self.contact.user_id,) if self.contact else ()
        parts = (self.user.user_id, self.channel_id, self.phone_number, self.region_code, *contact)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class PlacedCall:
    """A call together with the address that dials it."""

    call: Call
    url: str = field(repr=False)


class NumberReader(Protocol):
    """What phone numbers mean (`services.phone.phone_numbers`)."""

    def check(self, text: str) -> None: ...

    def read(self, text: str, region_code: str) -> Line: ...


class Profiles(Protocol):
    """Who has Zoom Phone (`services.phone.zoom_phone`)."""

    async def profile(self, user: SlackUser) -> Profile: ...


class Links(Protocol):
    """Signed links (`services.phone.links`)."""

    def url(self, call_id: str) -> str: ...

    def call_id(self, signed_id: str) -> str: ...


class Calls:
    """Places calls and tells what is behind their links."""

    def __init__(
        self, *, store: CallStore, numbers: NumberReader, profiles: Profiles, links: Links, clock: Clock
    ) -> None:
        self._store = store
        self._numbers = numbers
        self._profiles = profiles
        self._links = links
        self._clock = clock

    async def place(self, command: CallCommand) -> PlacedCall:
        """Stores a call and returns it with a fresh link; a repeated command gets the same call.

        Zoom is only read, so nothing needs to be reserved before it is asked: the unique request id decides between
        two that arrive together. Raises MeshError: PHONE_NUMBER_INVALID, PHONE_NUMBER_EMERGENCY, PHONE_NUMBER_PREMIUM,
        PHONE_CONTACT_UNREACHABLE, REQUEST_ID_REUSED, PHONE_NOT_AVAILABLE, PHONE_NO_OUTSIDE_LINE,
        PHONE_DISABLED_FOR_ACCOUNT, and what reading Zoom's profiles raises.
        """
        if command.contact is None:
            self._numbers.check(command.phone_number)
        call = await self._store.find(command)
        if call is None:
            profile = await self._profiles.profile(command.user)
            call = await self._store.add(command, await self._prepared(command, profile))
            log.info(
                "call prepared",
                extra={"call_id": call.call_id, "team_id": call.user.team_id, "slack_user_id": call.user.user_id},
            )
        return PlacedCall(call, self._links.url(call.call_id))

    async def resolve(self, signed_id: str, opening_id: str) -> tuple[Call, bool]:
        """Returns the call behind a link and whether it was opened before, and records that it was opened.

        Repeating one opening is no other one; an empty `opening_id` is another one each time. Raises
        MeshError(CALL_LINK_INVALID) for any other text.
        """
        opened = await self._store.open(self._links.call_id(signed_id), opening_id)
        if opened is None:
            raise MeshError(Reason.CALL_LINK_INVALID)
        return opened

    async def _prepared(self, command: CallCommand, profile: Profile) -> Call:
        if profile.access is Access.DISABLED:
            raise MeshError(Reason.PHONE_DISABLED_FOR_ACCOUNT)
        if profile.access is Access.NONE:
            raise MeshError(Reason.PHONE_NOT_AVAILABLE)
        region = command.region_code or profile.region
        contact = command.contact
        if contact is None:
            line = self._numbers.read(command.phone_number, region)
        else:
            line = await self._line_of(command.user, profile, contact, region)
        if line.e164 and not line.extension and profile.access is Access.INTERNAL:
            raise MeshError(Reason.PHONE_NO_OUTSIDE_LINE)
        return Call(
            call_id=str(uuid.uuid4()),
            user=command.user,
            channel_id=command.channel_id,
            line=line,
            contact_name=contact.display_name if contact else "",
            contact_user_id=contact.user_id if contact else "",
            zoom_user_id=profile.zoom_user_id,
            zoom_account_id=profile.zoom_account_id,
            direction=Direction.OUTBOUND,
            from_slack=True,
            create_time=self._clock.now(),
            progress=Progress(own_number=profile.line.e164),
        )

    async def _line_of(self, caller: SlackUser, profile: Profile, contact: Contact, region: str) -> Line:
        """Returns how to reach a contact: by her Slack profile, else by what their company lets Zoom tell of her.

        Who can call extensions only is not given a number. Raises MeshError(PHONE_CONTACT_UNREACHABLE).
        """
        internal = profile.access is Access.INTERNAL
        in_slack = self._readable(contact.phone_number, region)
        if in_slack is not None and not internal:
            return in_slack
        at_zoom = await self._line_at_zoom(SlackUser(caller.enterprise_id, caller.team_id, contact.user_id), profile)
        if at_zoom is not None and internal and at_zoom.extension:
            return Line(extension=at_zoom.extension)
        if at_zoom is not None and not internal:
            return at_zoom
        if internal and (in_slack is not None or at_zoom is not None):
            raise MeshError(Reason.PHONE_NO_OUTSIDE_LINE)
        raise MeshError(Reason.PHONE_CONTACT_UNREACHABLE, {"access": profile.access.value})

    def _readable(self, text: str, region: str) -> Line | None:
        """Returns the number in a profile, where people write what they like; None where it cannot be dialled."""
        try:
            line = self._numbers.read(text, region)
        except MeshError:
            return None
        return line if line.e164 else None  # an extension there may be of any company's telephones

    async def _line_at_zoom(self, user: SlackUser, of_caller: Profile) -> Line | None:
        try:
            profile = await self._profiles.profile(user)
        except MeshError as error:
            if error.reason not in _NOT_TOLD:
                raise
            return None
        # Who is a guest here, of another company, is not told what this one's directory says.
        colleague = profile.by_company and profile.zoom_account_id == of_caller.zoom_account_id
        if not colleague or profile.access in (Access.NONE, Access.DISABLED):
            return None
        return profile.line if profile.line.e164 or profile.line.extension else None


_NOT_TOLD = frozenset(
    {Reason.ZOOM_NOT_CONNECTED, Reason.ZOOM_SCOPE_MISSING, Reason.ZOOM_REFUSED, Reason.ZOOM_NOT_FOUND}
)
"""Why Zoom does not tell about somebody, however often it is asked."""
