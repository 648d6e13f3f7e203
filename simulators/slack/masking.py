"""What stands in journals in the place of secrets."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

MASK = "***"
SECRET_NAMES = frozenset({"client_secret", "code", "refresh_token", "access_token", "token", "code_verifier"})

# Lengths are bounded, so that no text takes long. `=` and its like as they are, percent-encoded, or as entities.
_NAME = r"[\w.~%+*\[\]-]{0,200}"
_IS = r"(?:=|%3D)"
_VALUE = r"[^&#\s<>|\"\\]+"
_AND = r"(?:[?&]|%3F|%26|\\u0026)(?:amp;|#38;|#x26;)?"
_IN_TEXTS = (
    (re.compile(r"\bxox[a-z](?:\.xox[a-z])?-[\w-]+"), MASK),
    # A response URL needs no token: its last part is the secret.
    (re.compile(r"(/(?:commands|actions)/[A-Z0-9]+/\d+/)[\w-]+"), rf"\1{MASK}"),
    # Addresses carry passcodes, codes and states behind the question mark, whatever they are called.
    (re.compile(rf"({_AND}{_NAME}{_IS}){_VALUE}", re.IGNORECASE), rf"\1{MASK}"),
)
_FORM_PAIR = re.compile(rf"(?<![\w.~%+*\[\]-])({_NAME})({_IS}){_VALUE}", re.IGNORECASE)
_JSON_PAIR = re.compile(rf'(\\?"(?:{"|".join(sorted(SECRET_NAMES))})\\?"\s{{0,20}}:\s{{0,20}}\\?")[^"\\]+')


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
        return {masked_text(k): MASK if k in SECRET_NAMES and v else masked_deeply(v) for k, v in value.items()}
    if isinstance(value, list):
        return [masked_deeply(item) for item in value]
    return masked_text(value) if isinstance(value, str) else value


def masked_text(text: str) -> str:
    """Return a text without the secrets that can be told by their form, or by the names before them."""
    for pattern, instead in _IN_TEXTS:
        text = pattern.sub(instead, text)
    return _JSON_PAIR.sub(rf"\1{MASK}", _FORM_PAIR.sub(_without_secret, text))


def _without_secret(pair: re.Match[str]) -> str:
    name, equals = pair.groups()
    return f"{name}{equals}{MASK}" if unquote_plus(name) in SECRET_NAMES else pair[0]
