"""Somebody who left, as auth tells the services that hold personal data. Knows no transport."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Departed:
    """Whose data is to be erased, everywhere the same: a person's, a workspace's, or a whole organisation's."""

    departure_id: str
    """A UUID. Erasing twice under one id does the work once."""
    enterprise_id: str
    """`E…`, or empty for a workspace without an organisation."""
    team_id: str
    """`T…`, or empty for every workspace of the organisation."""
    user_id: str
    """`U…` or `W…`, or empty for everybody there."""
    depart_time: datetime
    """What came into being after this moment stays: somebody may have come back meanwhile."""
