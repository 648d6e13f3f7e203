"""Foreign text, made fit to be shown: what people typed here or called themselves in Zoom."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta

_ZERO_WIDTH_JOINER = "\u200d"
# Letters and signs that are drawn as nothing: the fillers of Hangul, and an empty pattern of Braille.
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800\u2065"
# A flag that is spelt with tags (Unicode, UTS #51): of at most six letters, so that it carries nothing else.
_TAGGED_FLAG = re.compile("(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)")
_TAGS = ("\U000e0020", "\U000e007f")
_UNSEEN_ALONE = frozenset({"Cf", "Mn", "Me", "Zs"})
_WHITESPACE = re.compile(r"\s+")
_REGIONAL_INDICATORS = ("\U0001f1e6", "\U0001f1ff")
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")


def clean(text: str, limit: int) -> str:
    """Returns `text` on one line, without what is not seen or reorders what is, of at most `limit` characters.

    What would be cut through its middle (a letter with its accents, a composed emoji, a flag) is left out whole. Where
    nothing would be seen it is empty.
    """
    kept = "".join(
        part if position % 2 else "".join(filter(_is_kept, part))
        for position, part in enumerate(_TAGGED_FLAG.split(text))
    )
    line = _cut(_WHITESPACE.sub(" ", kept).strip(), limit)
    return line if any(unicodedata.category(char) not in _UNSEEN_ALONE for char in line) else ""


def _is_kept(char: str) -> bool:
    if char.isspace() or char == _ZERO_WIDTH_JOINER:  # emoji need the joiner
        return True
    # Controls, halves of characters, and formats: marks that hide, or reorder what stands around them.
    return char not in _FILLERS and unicodedata.category(char) not in ("Cc", "Cs", "Cf")


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
    if _TAGS[0] <= after <= _TAGS[1]:
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
