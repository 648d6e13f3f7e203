"""Whether a recording is there, worked out from what is known of its files, whatever the order in which it came.

A recording has several files, which come, are put in the trash, come back and are deleted one by one or together.
Of each file only the newest news counts, by the time at which Zoom sent it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

_ALL = ""
"""Stands for every file that is not named."""


@dataclass(frozen=True)
class FileNews:
    """The newest that is known of a file."""

    sent_ms: int
    """When Zoom sent it, in milliseconds since 1970."""
    there: bool


Files = Mapping[str, FileNews]


def changed(files: Files, file_ids: Iterable[str], send_time: datetime, *, there: bool) -> Files:
    """Returns what is known with one more piece of news, which is about all files where it names none.

    Of two at the same moment, the one that takes away counts: a dead link is worse than a missing one.
    """
    news = FileNews(round(send_time.timestamp() * 1000), there)
    known = dict(files)
    for file_id in tuple(file_ids) or (_ALL,):
        old = known.get(file_id)
        if old is None or (news.sent_ms, not news.there) > (old.sent_ms, not old.there):
            known[file_id] = news
    return known


def is_deleted(files: Files) -> bool:
    """Tells whether no file is left."""
    whole = files.get(_ALL)
    gone_until = whole.sent_ms if whole is not None and not whole.there else -1
    return not any(news.there and news.sent_ms > gone_until for news in files.values())
