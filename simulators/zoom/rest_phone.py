"""`GET /phone/users/{userId}` and `GET /phone/users/{userId}/call_history`."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import unquote

from simulators.zoom.errors import ZoomError
from simulators.zoom.paging import MAX_PAGE_SIZE
from simulators.zoom.phone_events import phone_id
from simulators.zoom.phone_history import element_record, history_record
from simulators.zoom.rest import Answer, Call
from simulators.zoom.world import User

_METERED_PLAN = 100
_DATE, _MOMENT = "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"
_MONTHS_KEPT = 6
_DEFAULT_SPAN = timedelta(hours=24)
_KNOWN = frozenset({"from", "to", "page_size", "next_page_token", "time_type"})


def get_profile(call: Call) -> Answer:
    """The phone profile. Numbers are without "+", unlike everywhere else."""
    user = _owner(call, no_such_user=1001)
    number = user.phone_number.removeprefix("+")
    body: dict[str, object] = {
        "id": user.id,
        "email": user.email,
        "phone_user_id": phone_id("phone user", user),
        "extension_id": phone_id("extension", user),
        "extension_number": int(user.extension_number),
        "status": "activate",
        "phone_numbers": [{"id": phone_id("number", user), "number": number}] if number else [],
        "calling_plans": [{"type": _METERED_PLAN}] if user.outside_calls else [],
        "department": "",
        "cost_center": "",
        "site_admin": False,
    }
    return Answer(200, body)


def get_call_history(call: Call) -> Answer:
    """What is over of a person's calls, the newest first, in both forms. Its errors have numbers of their own."""
    user = _owner(call, no_such_user=300)
    _check_query(call)
    shown_from, shown_to, begin, end = _span(call)
    by_end = call.query.get("time_type") == "end_time"
    found = [
        (moment, past, leg)
        for past, leg in call.simulation.exchange.past_legs(user)
        for moment in [leg.end_time if by_end and leg.end_time is not None else leg.ring_time]
        if begin.timestamp() <= moment < end.timestamp()
    ]
    found.sort(key=lambda entry: entry[0], reverse=True)
    page = call.simulation.pager.page(found, call.query, f"calls|{user.id}|{shown_from}|{shown_to}|{by_end}")
    body: dict[str, object] = {
        "from": shown_from,
        "to": shown_to,
        "page_size": page.size,
        "page_count": -(-page.total // page.size),
        "total_records": page.total,
        "next_page_token": page.next_token,
        "call_logs": [history_record(past, leg) for _, past, leg in page.items],
        "call_elements": [element_record(past, leg) for _, past, leg in page.items],
    }
    return Answer(200, body)


def _owner(call: Call, *, no_such_user: int) -> User:
    """The person in the path, who has a line. Raises ZoomError 403/2031, 404 with the operation's own number.

    Both are guesses where there is no line: Zoom documents 2031 for the settings of an account, and no answer at all
    for a person without a licence, who gets that for an unknown one.
    """
    world = call.simulation.world
    if not world.accounts[call.authorization.account_id].phone_enabled:
        raise ZoomError(403, 2031, "Zoom Phone has not been enabled for this account.")
    try:
        user = call.user()
    except ZoomError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        user = None
    if user is None or not world.has_phone(user):
        raise ZoomError(404, no_such_user, f"User does not exist: {unquote(call.segments[0])}.")
    return user


def _wrong(name: str) -> ZoomError:
    return ZoomError(400, 301, f"Invalid request param: {name}.")


def _check_query(call: Call) -> None:
    """Raise ZoomError 400/301. Zoom has more filters; what the simulator does not have it does not pretend to apply."""
    for name in call.query:
        if name not in _KNOWN:
            raise _wrong(name)
    if call.query.get("time_type", "start_time") not in {"start_time", "end_time"}:
        raise _wrong("time_type")
    size = call.query.get("page_size", "1")
    if not (size.isascii() and size.isdigit() and len(size) <= 3 and 1 <= int(size) <= MAX_PAGE_SIZE):
        raise _wrong("page_size")


def _span(call: Call) -> tuple[str, str, datetime, datetime]:
    """From and to as the answer names them, and the moments between which calls count; a `to` without time is that day.

    One needs the other, in the same format. They may be a month apart, and `from` six months ago.
    """
    now = datetime.fromtimestamp(call.simulation.clock.now(), UTC)
    given = [call.query.get(name) for name in ("from", "to")]
    if given == [None, None]:
        begin = now - _DEFAULT_SPAN
        return begin.strftime(_DATE), now.strftime(_DATE), begin, now + timedelta(seconds=1)
    shown_from, shown_to = (text or "" for text in given)
    style = _DATE if len(shown_from) == len("2026-10-30") else _MOMENT
    begin, end = _moment("from", shown_from, style), _moment("to", shown_to, style)
    if begin < _months_later(now, -_MONTHS_KEPT).replace(hour=0, minute=0, second=0, microsecond=0):
        raise _wrong("from")
    if not begin <= end <= _months_later(begin, 1):
        raise _wrong("to")
    return shown_from, shown_to, begin, end + (timedelta(days=1) if style == _DATE else timedelta(seconds=1))


def _moment(name: str, text: str, style: str) -> datetime:
    try:
        moment = datetime.strptime(text, style).replace(tzinfo=UTC)
    except ValueError:
        raise _wrong(name) from None
    if moment.strftime(style) != text:  # strptime takes 2026-1-1, too
        raise _wrong(name)
    return moment


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day of another month, or its last one."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
