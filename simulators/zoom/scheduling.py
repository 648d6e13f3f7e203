"""How a meeting comes to be: Zoom's rules for numbers, passcodes, personal rooms and times."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulators.zoom.clock import SimulatedClock
from simulators.zoom.errors import ZoomError, validation_failed
from simulators.zoom.fields import problems
from simulators.zoom.ids import Ids
from simulators.zoom.meeting_fields import CREATE_FIELDS, PATCH_FIELDS
from simulators.zoom.world import INSTANT, PERSONAL_ROOM, RECURRING, RECURRING_FIXED, SCHEDULED, Meeting, User, World

DEFAULT_MINUTES = 60
DEFAULT_TOPIC = "Zoom Meeting"


def check_create(body: Mapping[str, object]) -> None:
    """Refuse what Zoom refuses in a create request. Raises ZoomError 400/300 or 400/3000."""
    _check(body, problems(body, CREATE_FIELDS))
    kind = body.get("type", SCHEDULED)
    if kind == INSTANT and "schedule_for" in body:
        raise ZoomError(400, 3000, "Instant meetings do not support the schedule_for parameter.")
    if "schedule_for" in body:
        raise ZoomError(400, 3000, "You are not allowed to schedule a meeting for this user.")
    if kind == RECURRING_FIXED and "recurrence" not in body:
        raise validation_failed(("recurrence", "Invalid field."))


def check_host(host: User) -> None:
    """Refuse who may not have meetings. Raises ZoomError 400/3161.

    Zoom documents the code for people without the right to host. That it also stands for a deactivated person, whom an
    admin's token still names, is a choice.
    """
    if not host.may_host:
        message = "Your user account is not allowed meeting hosting and scheduling capabilities."
        raise ZoomError(400, 3161, message)


def check_patch(body: Mapping[str, object]) -> None:
    """Refuse what Zoom refuses in a change. Raises ZoomError 400/300."""
    _check(body, problems(body, PATCH_FIELDS))


def _check(body: Mapping[str, object], found: list[tuple[str, str]]) -> None:
    for name, parse in (("timezone", _zone), ("start_time", _naive_time)):
        value = body.get(name)
        if isinstance(value, str) and not any(field == name for field, _ in found):
            try:
                parse(value)
            except ValueError:
                found.append((name, "Invalid field."))
    if found:
        raise validation_failed(*found)


def create(world: World, ids: Ids, clock: SimulatedClock, host: User, body: Mapping[str, object]) -> Meeting:
    """Make a meeting from a checked body and put it into the world."""
    kind = _integer(body.get("type"), SCHEDULED)
    settings = dict(_mapping(body.get("settings")))
    pmi = host.pmi if _takes_place_in_personal_room(host, kind, settings) else None
    timezone = str(body.get("timezone") or host.timezone)
    start = body.get("start_time")
    if kind == INSTANT:
        start_time = None
    elif isinstance(start, str):
        start_time = parse_time(start, timezone)
    else:
        start_time = clock.now() if kind == SCHEDULED else None
    meeting = Meeting(
        id=_free_id(world, ids),
        uuid=ids.meeting_uuid(),
        host=host,
        topic=str(body.get("topic") or DEFAULT_TOPIC),
        type=kind,
        created_at=clock.now(),
        start_time=start_time,
        duration=_integer(body.get("duration"), DEFAULT_MINUTES),
        timezone=timezone,
        agenda=str(body.get("agenda", "")),
        password=_passcode(ids, host, kind, body),
        encrypted_password=ids.encrypted_passcode(),
        h323_password=ids.digits(6),
        zak=ids.opaque(),
        host_key=ids.digits(6) if host.settings.dynamic_host_key else "",
        pmi=pmi,
        settings=settings,
        recurrence=dict(_mapping(body["recurrence"])) if "recurrence" in body else None,
    )
    world.meetings[meeting.id] = meeting
    return meeting


def change(meeting: Meeting, body: Mapping[str, object]) -> None:
    """Apply a checked PATCH body."""
    meeting.topic = str(body.get("topic", meeting.topic))
    meeting.agenda = str(body.get("agenda", meeting.agenda))
    meeting.password = str(body.get("password", meeting.password))
    meeting.timezone = str(body.get("timezone", meeting.timezone))
    meeting.duration = _integer(body.get("duration"), meeting.duration)
    start = body.get("start_time")
    if isinstance(start, str) and meeting.type != INSTANT:
        meeting.start_time = parse_time(start, meeting.timezone)
    settings = _mapping(body.get("settings"))
    meeting.settings.update(settings)
    if "use_pmi" in settings and meeting.type in {SCHEDULED, RECURRING}:
        in_room = _takes_place_in_personal_room(meeting.host, meeting.type, settings)
        meeting.pmi = meeting.host.pmi if in_room else None


def passcode_of(meeting: Meeting) -> str:
    """What people have to type; "" when the meeting has no passcode. A personal room's is its owner's setting."""
    if meeting.pmi is None:
        return meeting.password
    settings = meeting.host.settings
    rule = settings.require_password_for_pmi_meetings
    asks = rule == "all" or (rule == "jbh_only" and settings.join_before_host)
    return settings.pmi_password if asks else ""


def encrypted_passcode_of(meeting: Meeting) -> str:
    """The value behind `pwd=`; "" when the meeting has no passcode."""
    if not passcode_of(meeting):
        return ""
    return meeting.encrypted_password if meeting.pmi is None else meeting.host.pmi_encrypted_password


def join_url_of(meeting: Meeting, public_url: str) -> str:
    """The link for everybody. In a personal room it carries the PMI, and `omn` tells which meeting was meant."""
    query = []
    encrypted = encrypted_passcode_of(meeting)
    if encrypted and meeting.host.settings.embed_password_in_join_link:
        query.append(f"pwd={encrypted}")
    if meeting.pmi is not None and meeting.type != PERSONAL_ROOM:
        query.append(f"omn={meeting.id}")
    return f"{public_url}/j/{meeting.room_id}" + ("?" + "&".join(query) if query else "")


def parse_time(text: str, timezone: str) -> float:
    """`yyyy-MM-ddTHH:mm:ssZ`, or the same without Z as local time of `timezone`, to Unix seconds."""
    zone = UTC if text.endswith("Z") else _zone(timezone)
    return _naive_time(text).replace(tzinfo=zone).timestamp()


def _naive_time(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z"))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(name) from error


def _takes_place_in_personal_room(host: User, kind: int, settings: Mapping[str, object]) -> bool:
    """`settings.use_pmi` counts for types 2 and 3 only; absent, the host's own setting decides."""
    if kind not in {SCHEDULED, RECURRING} or not host.settings.personal_meeting:
        return False
    return bool(settings.get("use_pmi", host.settings.use_pmi_for_scheduled_meetings))


def _passcode(ids: Ids, host: User, kind: int, body: Mapping[str, object]) -> str:
    given = body.get("password")
    if isinstance(given, str) and given:
        return given
    settings = host.settings
    required = (
        settings.require_password_for_instant_meetings
        if kind == INSTANT
        else settings.require_password_for_scheduling_new_meetings
    )
    return ids.passcode() if required and body.get("default_password", True) else ""


def _free_id(world: World, ids: Ids) -> int:
    while (number := ids.meeting_id()) in world.meetings:
        pass
    return number


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _integer(value: object, default: int) -> int:
    return value if isinstance(value, int) else default
