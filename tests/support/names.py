"""A name server whose answers a test changes: how clients follow a roll-out is how they ask it."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

_HEADER = struct.Struct("!6H")
_ANSWER = 0x8580
"""Flags: an answer with authority."""
_A = 1


class NameServer(asyncio.DatagramProtocol):
    """Answers each question for an IPv4 address with those that it has now, and all others with none."""

    def __init__(self) -> None:
        self.addresses: Sequence[str] = ()
        self.asked = 0
        """Questions for IPv4 addresses so far."""
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        number, _, _, _, _, _ = _HEADER.unpack_from(data)
        end = data.index(0, _HEADER.size) + 5  # labels, the zero, type and class
        question = data[_HEADER.size : end]
        wanted = int.from_bytes(question[-4:-2]) == _A
        self.asked += wanted
        found = self.addresses if wanted else ()
        records = b"".join(
            # A pointer to the name in the question, type A, class IN, no second to be kept, four bytes.
            struct.pack("!HHHIH", 0xC00C, _A, 1, 0, 4) + ipaddress.IPv4Address(one).packed
            for one in found
        )
        self._transport.sendto(_HEADER.pack(number, _ANSWER, 1, len(found), 0, 0) + question + records, addr)


@asynccontextmanager
async def naming() -> AsyncIterator[tuple[NameServer, int]]:
    """Yields a name server on loopback, and its port."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    try:
        yield server, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
