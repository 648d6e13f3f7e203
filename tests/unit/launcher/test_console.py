"""One terminal for many processes."""

from __future__ import annotations

import asyncio
import io

import pytest

from services.console import Console, colours_wanted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def write(self, text: str, /) -> int:
        raise BrokenPipeError


async def relayed(*chunks: bytes, colours: bool = False) -> str:
    stream, reader = io.StringIO(), asyncio.StreamReader()
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    await Console(stream, colours=colours).relay("auth", reader)
    return stream.getvalue()


async def test_every_line_says_whose_it_is() -> None:
    assert await relayed(b"one\ntw", b"o\r\nthree") == "auth       │ one\nauth       │ two\nauth       │ three\n"


async def test_colours_mark_the_name_only() -> None:
    assert await relayed(b"one\n", colours=True) == "\x1b[36mauth      \x1b[0m │ one\n"


async def test_bytes_that_are_no_text_are_shown_as_well_as_possible() -> None:
    assert await relayed(b"a\xffb\n") == "auth       │ a\ufffdb\n"


async def test_a_line_that_never_ends_is_broken() -> None:
    lines = (await relayed(b"x" * 100_000)).splitlines()
    assert len(lines) > 1
    assert sum(line.count("x") for line in lines) == 100_000


async def test_nobody_minds_that_the_terminal_is_gone() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"one\ntwo\n")
    reader.feed_eof()
    await Console(Gone(), colours=False).relay("auth", reader)
    assert reader.at_eof()


@pytest.mark.parametrize(
    ("stream", "environ", "wanted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_terminals_of_people_who_want_them(
    stream: io.StringIO, environ: dict[str, str], wanted: bool
) -> None:
    assert colours_wanted(stream, environ) is wanted
