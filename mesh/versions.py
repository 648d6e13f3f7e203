"""Rows that say what Slack is to show: a desired version, and since when the delivered one lags behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Table, case, func

from mesh.origins import origin


def next_version(deliveries: Table, now: datetime) -> dict[str, Any]:
    """Returns the values that mark deliveries as showing something old: from `now` on, or since they do already."""
    up_to_date = deliveries.c.delivered_version == deliveries.c.desired_version
    return {
        "desired_version": deliveries.c.desired_version + 1,
        "lag_time": case((up_to_date, now), else_=func.coalesce(deliveries.c.lag_time, now)),
        "change_origin": origin(),
    }
