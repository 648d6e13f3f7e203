"""Storing what exists nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mesh.clock import Clock
from mesh.errors import MeshError

log = logging.getLogger(__name__)

T = TypeVar("T")

SAVE_PAUSES = (0.1, 0.5, 1.0, 2.0, 4.0)
"""Seconds between tries to store a new pair: it is the only copy."""


async def save_tokens(save: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Returns what `save` returns, trying again while the database does not serve. Raises the last try's MeshError."""
    for pause in SAVE_PAUSES:
        try:
            return await save()
        except MeshError as error:
            log.warning("new tokens are not stored yet", extra={"reason": error.reason.value})
            await clock.sleep(pause)
    return await save()
