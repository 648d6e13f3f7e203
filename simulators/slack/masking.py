"""What stands in journals in the place of secrets."""

from __future__ import annotations

import re
from typing import Any

MASK = "***"
SECRET_NAMES = frozenset({"client_secret", "code", "refresh_token", "access_token", "token", "code_verifier"})
_IN_TEXTS = (
    (re.compile(r"\bxox[a-z][.\w-]*-[\w-]+"), MASK),
    # A response URL needs no token: its last part is the secret.
    (re.compile(r"(/(?:commands|actions)/[A-Z0-9]+/\d+/)[\w-]+"), rf"\1{MASK}"),
    # Addresses carry passcodes, codes and states behind the question mark.
    (re.compile(r"([?&][\w.~-]+=)[^&#\s<>|\"\\]+"), rf"\1{MASK}"),
)


def masked(value: Any) -> Any:
    """Return a copy of a JSON value in which what is called like a secret is masked."""
    if isinstance(value, dict):
        return {k: MASK if k in SECRET_NAMES and v else masked(v) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def masked_deeply(value: Any) -> Any:
    """Return a copy of a JSON value that also masks secrets within texts: tokens, response URLs, queries of links."""
    if isinstance(value, dict):
        return {k: MASK if k in SECRET_NAMES and v else masked_deeply(v) for k, v in value.items()}
    if isinstance(value, list):
        return [masked_deeply(item) for item in value]
    return masked_text(value) if isinstance(value, str) else value


def masked_text(text: str) -> str:
    """Return a text without the secrets that can be told by their form."""
    for pattern, instead in _IN_TEXTS:
        text = pattern.sub(instead, text)
    return text
