"""Foreign text, made fit to be shown: what people typed here or called themselves in Zoom."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

_ZERO_WIDTH_JOINER = "\u200d"
# Marks that reorder or hide what stands around them. The joiner above is not among them: emoji need it.
_INVISIBLE = re.compile("[\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_WHITESPACE = re.compile(r"\s+")
_REGIONAL_INDICATORS = ("\U0001f1e6", "\U0001f1ff")
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")


def clean(text: str, limit: int) -> str:
    """Returns `text` on one line, without control and bidi characters, of at most `limit` characters.

    What would be cut through its middle (a letter with its accents, a composed emoji, a flag) is left out whole.
    """
    visible = _INVISIBLE.sub("", text)
    kept = "".join(
        " " if char in "\u2028\u2029" or char.isspace() else char
        for char in visible
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cs")
    )
    return _cut(_WHITESPACE.sub(" ", kept).strip(), limit)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = limit
    while end > 0 and _joined(text, end):
        end -= 1
    return text[:end].rstrip()


def _joined(text: str, at: int) -> bool:
    """Tells whether the characters before and after position `at` belong to one sign."""
    before, after = text[at - 1], text[at]
    if _ZERO_WIDTH_JOINER in {before, after}:
        return True
    if unicodedata.category(after).startswith("M") or _SKIN_TONES[0] <= after <= _SKIN_TONES[1]:
        return True
    if not _is_regional(after):
        return False
    run = 0
    while run < at and _is_regional(text[at - 1 - run]):
        run += 1
    return run % 2 == 1


def _is_regional(char: str) -> bool:
    return _REGIONAL_INDICATORS[0] <= char <= _REGIONAL_INDICATORS[1]


def escape(text: str) -> str:
    """Returns `text` for use in mrkdwn: without this, a topic `<!channel>` rings for everybody (Slack's rule)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Undoes `escape`, once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def grouped_meeting_id(number: str) -> str:
    """Returns a meeting id as Zoom prints it: `850 1234 5678`, `555 123 4567`; anything else unchanged."""
    sizes = {11: (3, 4, 4), 10: (3, 3, 4), 9: (3, 3, 3)}.get(len(number))
    if sizes is None or not number.isdecimal():
        return number
    first, second, _ = sizes
    return f"{number[:first]} {number[first : first + second]} {number[first + second :]}"


def in_words(length: timedelta) -> str:
    """Returns a duration as people say it: `less than a minute`, `34 minutes`, `1 hour 5 minutes`."""
    minutes = max(0, round(length.total_seconds() / 60))
    if minutes == 0:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    parts = [_counted(hours, "hour")] if hours else []
    if rest:
        parts.append(_counted(rest, "minute"))
    return " ".join(parts)


def to_the_second(length: timedelta) -> str:
    """Returns a short duration as it is read off a phone: `45 s`, `3 min 5 s`, `1 h 2 min`."""
    minutes, seconds = divmod(max(0, round(length.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if count]
    return " ".join(parts) or "0 s"


def date(moment: datetime) -> str:
    """Returns a moment, in UTC, for use in mrkdwn: Slack shows it in the reader's own time zone."""
    fallback = moment.strftime("%Y-%m-%d %H:%M UTC")  # for clients that cannot
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
