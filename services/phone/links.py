"""Links that dial: `<public>/call/<signed id>`.

The signed id holds the call's id, the second at which it ends, and a MAC over both. It is checked before anything is
looked up, so that guessing never reaches the database.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
import uuid
from datetime import timedelta

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.sealing import KeyRing

LIFETIME = timedelta(minutes=15)
"""How long a link works."""

_PURPOSE = "call link"
_BODY = struct.Struct(">16sQ")  # the call's UUID, seconds since 1970
_MAC = 16  # bytes kept of the 32: 128 bits, for links that live for minutes


class CallLinks:
    """Makes and checks links."""

    def __init__(self, keys: KeyRing, public_url: str, clock: Clock) -> None:
        """`public_url` is the edge's own address, without a slash at the end."""
        self._keys = keys
        self._public_url = public_url
        self._clock = clock

    def url(self, call_id: str) -> str:
        """Returns an address that works for fifteen minutes from now."""
        expiry = int((self._clock.now() + LIFETIME).timestamp())
        body = _BODY.pack(uuid.UUID(call_id).bytes, expiry)
        return f"{self._public_url}/call/{_encode(body + self._keys.signatures(body, _PURPOSE)[0][:_MAC])}"

    def call_id(self, signed_id: str) -> str:
        """Returns the id of the call that a link names.

        Raises MeshError(CALL_LINK_INVALID) when the text is no link of ours, was altered, or is too old.
        """
        raw = _decode(signed_id)
        body, mac = raw[: _BODY.size], raw[_BODY.size :]
        # Every key is compared, whichever fits: the time taken tells nothing.
        matches = [hmac.compare_digest(known[:_MAC], mac) for known in self._keys.signatures(body, _PURPOSE)]
        if not any(matches):
            raise MeshError(Reason.CALL_LINK_INVALID)
        identity, expiry = _BODY.unpack(body)
        if self._clock.now().timestamp() >= expiry:
            raise MeshError(Reason.CALL_LINK_INVALID)
        return str(uuid.UUID(bytes=identity))


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Returns the bytes behind `text`, which must be the one way to write them."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _BODY.size + _MAC or _encode(raw) != text:
        raise MeshError(Reason.CALL_LINK_INVALID)
    return raw
