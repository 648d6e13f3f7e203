"""Bodies of Zoom's events about the AI summary of a meeting, and what REST says of it."""

from simulators.zoom.clock import iso
from simulators.zoom.events import Event
from simulators.zoom.world import Instance, Summary, User


def completed(instance: Instance, summary: Summary, now: float) -> Event:
    """The summary is there."""
    return _event("meeting.summary_completed", instance, {**_facts(instance, summary), **_words(summary)}, now)


def updated(instance: Instance, summary: Summary, by: User, now: float) -> Event:
    """Somebody has put it in other words."""
    body = {
        **_facts(instance, summary),
        "summary_last_modified_user_id": summary.modified_by.id,
        "summary_last_modified_user_email": summary.modified_by.email,
        **_words(summary),
        "edited_summary": _edited(summary),
    }
    return _event("meeting.summary_updated", instance, body, now, by)


def shared(instance: Instance, summary: Summary, emails: list[str], by: User, now: float) -> Event:
    """Somebody has sent it to people. The words themselves are not in the event."""
    with_users = [{"user_email": email} for email in emails]
    return _event(
        "meeting.summary_shared", instance, {**_facts(instance, summary), "share_with_users": with_users}, now, by
    )


def moved(event: str, instance: Instance, summary: Summary, by: User, now: float) -> Event:
    """`meeting.summary_trashed`, `recovered` or `deleted`, without the words."""
    return _event(event, instance, _facts(instance, summary), now, by)


def answer(instance: Instance, summary: Summary) -> dict[str, object]:
    """What `GET /meetings/{uuid}/meeting_summary` gives."""
    edited = {"edited_summary": _edited(summary)} if summary.edited else {}
    return {
        **_facts(instance, summary),
        "summary_last_modified_user_id": summary.modified_by.id,
        "summary_last_modified_user_email": summary.modified_by.email,
        **_words(summary),
        **edited,
    }


def _facts(instance: Instance, summary: Summary) -> dict[str, object]:
    """Here the number of the meeting is an integer, as with recordings."""
    meeting = instance.meeting
    end = iso(instance.start_time if instance.end_time is None else instance.end_time)
    return {
        "meeting_host_id": meeting.host.id,
        "meeting_host_email": meeting.host.email,
        "meeting_uuid": instance.uuid,
        "meeting_id": instance.room_id,
        "meeting_topic": meeting.topic,
        "meeting_start_time": iso(instance.start_time),
        "meeting_end_time": end,
        "summary_start_time": iso(instance.start_time),
        "summary_end_time": end,
        "summary_created_time": iso(summary.created),
        "summary_last_modified_time": iso(summary.modified),
        "summary_title": f"Meeting summary for {meeting.topic}",
    }


def _words(summary: Summary) -> dict[str, object]:
    """Everything is in `summary_content`; the older fields are still there and have nothing more to say."""
    return {
        "summary_overview": "",
        "summary_details": [],
        "next_steps": [],
        "summary_content": summary.content,
        "summary_doc_url": summary.doc_url,
    }


def _edited(summary: Summary) -> dict[str, object]:
    return {"summary_overview": "", "summary_details": summary.content, "next_steps": []}


def _event(name: str, instance: Instance, about: dict[str, object], now: float, by: User | None = None) -> Event:
    operator = {} if by is None else {"operator": by.email, "operator_id": by.id}
    payload = {"account_id": instance.meeting.host.account_id, **operator, "object": about}
    return {"event": name, "event_ts": int(now * 1000), "payload": payload}
