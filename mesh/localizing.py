"""What a person is told in her language where a call fails: `google.rpc.LocalizedMessage`, for callers that ask.

Callers ask by the metadata `accept-language`, as HTTP's header of this name has it (RFC 9110, 12.5.4). There is one
sentence for each reason and language, in `languages/`, without anything of the request in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from mesh.errors import Reason

LANGUAGES: Final = ("en", "de", "es", "fr", "ja", "pt")
"""What the sentences are written in. The first is for those who want another one."""
HEADER: Final = "accept-language"
LONGEST_HEADER: Final = 200
"""Characters of a header that is read; a longer one asks for nothing in particular."""


@cache
def sentences(language: str) -> Mapping[Reason, str]:
    """Returns the sentence of each reason in one of `LANGUAGES`. Reads a file, the first time."""
    text = Path(__file__).with_name("languages").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return {Reason(reason): sentence for reason, sentence in tomllib.loads(text).items()}


def read_all() -> None:
    """Reads every language, so that nothing waits for files later."""
    for language in LANGUAGES:
        sentences(language)


def language_wanted(metadata: Iterable[tuple[str, str | bytes]] | None) -> str | None:
    """Returns the one of `LANGUAGES` that a call's metadata asks for; None where it asks for no text.

    What cannot be read, and languages that are not here, give the first of `LANGUAGES`.
    """
    values = [value for key, value in metadata or () if key == HEADER and isinstance(value, str)]
    return best_language(",".join(values)) if values else None


def best_language(header: str) -> str:
    """Returns the one of `LANGUAGES` that fits best: the heaviest range that has one (`de` has `de-CH`)."""
    if len(header) > LONGEST_HEADER:
        return LANGUAGES[0]
    ranges = []
    for item in header.split(","):
        tag, _, parameter = (part.strip() for part in item.partition(";"))
        ranges.append((-_weight(parameter), tag.partition("-")[0].lower()))
    # Sorting keeps the order of what weighs the same.
    found = (language for weight, language in sorted(ranges, key=lambda each: each[0]) if weight < 0)
    return next((language for language in found if language in LANGUAGES), LANGUAGES[0])


def _weight(parameter: str) -> float:
    """Returns the weight of a range, 0 to 1: 1 where it has none, 0 (do not use it) where it cannot be read."""
    if not parameter:
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0
