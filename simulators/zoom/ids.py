"""Identifiers as Zoom makes them, from one seeded generator so that runs can be repeated."""

import base64
import random
import string
import uuid
from typing import TypeVar

from simulators.zoom.clock import utc_day
from simulators.zoom.config import UuidStyle

T = TypeVar("T")

_ALPHANUMERIC = string.ascii_letters + string.digits
_FIRST_USER_ID = 16_778_240
_USER_ID_STEP = 1024


class Ids:
    """Makes ids and passcodes. Nothing here is a credential: tokens come from `secrets`."""

    def __init__(self, seed: int, uuid_style: UuidStyle) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable ids, not secrets
        self._uuid_style = uuid_style
        self._uuids = 0

    def meeting_uuid(self) -> str:
        """A base64 UUID, new for every meeting instance.

        One that begins with "/" or contains "//" has to be URL-encoded twice in a path; those are made on purpose.
        """
        raw = bytearray(self._random.randbytes(16))
        self._uuids += 1
        if self._uuid_style == "plain":
            return _without_slashes(raw)
        if self._uuid_style == "slashes" or self._uuids % 8 == 0:
            if self._random.random() < 0.5:
                raw[0] |= 0b1111_1100  # the first character becomes "/"
            else:
                raw[3], raw[4] = 0xFF, raw[4] | 0xF0  # the fifth and sixth become "//"
        return base64.b64encode(raw).decode()

    def meeting_id(self) -> int:
        """An 11 digit meeting number."""
        return self._random.randrange(81_000_000_000, 89_999_999_999)

    def passcode(self, length: int = 6) -> str:
        """What people type: letters and digits."""
        return "".join(self._random.choices(_ALPHANUMERIC, k=length))

    def recording_passcode(self) -> str:
        """Eight characters, one of them a sign, as Zoom's own."""
        return self.passcode(2) + self._random.choice("#$*@!") + self.passcode(5)

    def digits(self, length: int) -> str:
        """A numeric passcode for phones and room systems."""
        return "".join(self._random.choices(string.digits, k=length))

    def encrypted_passcode(self) -> str:
        """The `pwd=` of a join link. It is another value than the passcode that people type."""
        return self.passcode(24) + ".1"

    def participant_uuid(self) -> str:
        """Upper-case UUID of one participant in one meeting instance."""
        return self.guid().upper()

    def guid(self) -> str:
        """A random UUID in its usual form: recording files, tracking ids."""
        return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def dated_guid(self, seconds: float) -> str:
        """The id of something in the call history: a UUID after the UTC day."""
        return f"{utc_day(seconds).replace('-', '')}-{self.guid()}"

    def opaque(self, length: int = 40) -> str:
        """A long unguessable-looking part of a link."""
        return self.passcode(length)

    def chance(self, percent: float) -> bool:
        """True in `percent` of 100 cases."""
        return self._random.uniform(0, 100) < percent

    def part_of(self, seconds: float) -> float:
        """Some of this time."""
        return self._random.uniform(0, seconds)

    def shuffle(self, items: list[T]) -> None:
        """Shuffle in place."""
        self._random.shuffle(items)


def participant_user_id(joins_before: int) -> str:
    """The id of a join within its meeting instance: a number as a string, new for each join."""
    return str(_FIRST_USER_ID + joins_before * _USER_ID_STEP)


def _without_slashes(raw: bytearray) -> str:
    """Replace the six ones that base64 writes as "/"."""
    return base64.b64encode(raw).decode().replace("/", "S")
