"""Secrets at rest: AES-256-GCM under a ring of keys.

A sealed value names its key, so that a new first key can be put in front while the old ones still open what they
sealed. The associated data binds a value to its place (tenant, user, column): a row copied elsewhere does not open.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class SealError(Exception):
    """A value does not open: an unknown key, altered bytes, or bytes from another place. Says nothing of the value."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by id, the first one seals."""

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Reads `id:base64 of 32 bytes`, comma-separated. Raises ValueError, without the text, when it is not that."""
        keys: list[tuple[str, bytes]] = []
        for entry in filter(None, (part.strip() for part in text.split(","))):
            key_id, _, encoded = entry.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except binascii.Error:
                key = b""
            if not key_id.isascii() or not key_id.isalnum() or len(key_id) > 32 or len(key) != 32:
                raise ValueError("each key is an id of letters and digits, a colon, and 32 bytes in base64")
            keys.append((key_id, key))
        if not keys or len({key_id for key_id, _ in keys}) != len(keys):
            raise ValueError("at least one key is needed, and each id only once")
        return cls(tuple(keys))

    def seal(self, value: bytes, *place: str) -> bytes:
        """Returns `value` sealed for `place`."""
        key_id, key = self.keys[0]
        nonce = os.urandom(_NONCE)
        return key_id.encode() + b":" + nonce + AESGCM(key).encrypt(nonce, value, _associated(key_id, place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """Returns the value that was sealed for `place`. Raises SealError."""
        prefix, _, rest = sealed.partition(b":")
        for key_id, key in self.keys:
            if key_id.encode() == prefix:
                try:
                    return AESGCM(key).decrypt(rest[:_NONCE], rest[_NONCE:], _associated(key_id, place))
                except (InvalidTag, ValueError):
                    raise SealError("altered, or sealed for another place") from None
        raise SealError("sealed with a key that is not on the ring")

    def seal_text(self, value: str, *place: str) -> bytes:
        """Returns `value` sealed for `place`; an empty text stays empty."""
        return self.seal(value.encode(), *place) if value else b""

    def open_text(self, sealed: bytes, *place: str) -> str:
        """Returns the text that was sealed for `place`. Raises SealError."""
        return self.open(sealed, *place).decode() if sealed else ""

    def signatures(self, message: bytes, purpose: str) -> list[bytes]:
        """Returns a MAC of `message` per key, the first one being the one to hand out."""
        return [
            hmac.digest(hmac.digest(key, b"signing:" + purpose.encode(), sha256), message, sha256)
            for _, key in self.keys
        ]


def load_or_create(path: Path) -> str:
    """Returns the key ring kept at `path`, made on first use: the laptop's default.

    Several processes may start at once: whoever links its file first wins, the others read that one.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"k1:{base64.b64encode(os.urandom(32)).decode()}\n")
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


def _associated(key_id: str, place: Sequence[str]) -> bytes:
    return b"\x00".join(part.encode() for part in (key_id, *place))
