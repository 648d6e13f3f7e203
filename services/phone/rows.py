"""Rows of calls as calls, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from mesh.slack_user import SlackUser
from services.phone.calls import Call
from services.phone.lines import CallWarning, Line
from services.phone.progress import Direction, Progress, Result


def call_from(row: Row[Any]) -> Call:
    """Returns the call in a row of `calls`."""
    return Call(
        call_id=row.call_id,
        user=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        channel_id=row.channel_id,
        line=line_from(row),
        contact_name=row.contact_name,
        contact_user_id=row.contact_slack_user_id,
        zoom_user_id=row.zoom_user_id,
        zoom_account_id=row.zoom_account_id,
        direction=Direction(row.direction),
        from_slack=row.from_slack,
        create_time=row.create_time,
        progress=progress_from(row),
        is_wiped=row.erase_time is not None,
    )


def line_from(row: Row[Any]) -> Line:
    """Returns the other side in a row of `calls`."""
    return Line(row.phone_number, row.national_number, row.extension_number, CallWarning(row.warning))


def progress_from(row: Row[Any]) -> Progress:
    """Returns how far the call in a row of `calls` is."""
    return Progress(
        ring_time=row.ring_time,
        connect_time=row.connect_time,
        answer_time=row.answer_time,
        end_time=row.end_time,
        result=Result(row.result),
        transferred=row.transferred,
        own_number=row.user_phone_number,
        in_history=row.in_history,
        given_up=row.given_up,
    )


def values_of(call: Call) -> dict[str, Any]:
    """Returns the columns of a call that is new."""
    return {
        "call_id": call.call_id,
        "team_id": call.user.team_id,
        "enterprise_id": call.user.enterprise_id,
        "slack_user_id": call.user.user_id,
        "channel_id": call.channel_id,
        **line_values(call.line),
        "contact_name": call.contact_name,
        "contact_slack_user_id": call.contact_user_id,
        "zoom_user_id": call.zoom_user_id,
        "zoom_account_id": call.zoom_account_id,
        "direction": call.direction.value,
        "from_slack": call.from_slack,
        "create_time": call.create_time,
        **progress_values(call.progress),
    }


def line_values(line: Line) -> dict[str, Any]:
    """Returns the columns of the other side."""
    return {
        "phone_number": line.e164,
        "national_number": line.national,
        "extension_number": line.extension,
        "warning": line.warning.value,
    }


def progress_values(progress: Progress) -> dict[str, Any]:
    """Returns the columns of how far a call is."""
    return {
        "state": progress.state.value,
        "ring_time": progress.ring_time,
        "connect_time": progress.connect_time,
        "answer_time": progress.answer_time,
        "end_time": progress.end_time,
        "result": progress.result.value,
        "transferred": progress.transferred,
        "user_phone_number": progress.own_number,
        "in_history": progress.in_history,
        "given_up": progress.given_up,
    }
