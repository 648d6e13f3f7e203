"""Takes secrets out of what is shown of requests, answers and events."""

import re

_MASK = "***"
# A plain code challenge is the verifier itself.
_SECRET_FIELDS = frozenset(
    {
        "access_token",
        "client_secret",
        "code",
        "code_challenge",
        "code_verifier",
        "download_token",
        "dynamic_host_key",
        "encryptedToken",
        "encrypted_password",
        "h323_password",
        "password",
        "plainToken",
        "pmi_password",
        "pstn_password",
        "pwd",
        "refresh_token",
        "signature",
        "state",
        "token",
        "zak",
    }
)
_SECRET_IN_LINK = re.compile(r"([?&](?:access_token|code|code_challenge|pwd|state|zak)=)[^&#\s]+")


def masked(value: object) -> object:
    """A JSON value without its secrets. Numbers stay: Zoom's `code` of an error is one; and so does what is empty."""
    if isinstance(value, dict):
        return {key: _without(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return _SECRET_IN_LINK.sub(rf"\1{_MASK}", value) if isinstance(value, str) else value


def _without(key: str, value: object) -> object:
    return _MASK if key in _SECRET_FIELDS and isinstance(value, str) and value else masked(value)
