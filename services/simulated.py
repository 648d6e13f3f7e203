"""The settings that match the simulators, for whatever is not set otherwise.

The values repeat what the simulators are born with (`simulators/*/config.py`). They are written out a second time
because services and simulators do not import each other; they protect nothing, as both sides are on this machine.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CREDENTIALS = ("ZOOMSLACK_SLACK_CLIENT_ID", "ZOOMSLACK_ZOOM_USER_CLIENT_ID")
"""While none of these is set there is no real Slack and no real Zoom to talk to."""

SLACK_ADMIN = "U0ADA0001"
"""The person of the simulated workspace who installs the app."""

_SECRETS = {
    "ZOOMSLACK_SLACK_CLIENT_ID": "1000000000001.1000000000002",
    "ZOOMSLACK_SLACK_CLIENT_SECRET": "simulated-slack-client-secret",
    "ZOOMSLACK_SLACK_SIGNING_SECRET": "simulated-slack-signing-secret",
    "ZOOMSLACK_ZOOM_USER_CLIENT_ID": "simulatedUserAppId0001",
    "ZOOMSLACK_ZOOM_USER_CLIENT_SECRET": "simulated-zoom-user-client-secret",
    "ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET": "simulated-zoom-user-webhook-secret",
    "ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_ID": "simulatedAdminAppId001",
    "ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_SECRET": "simulated-zoom-account-client-secret",
    "ZOOMSLACK_ZOOM_ACCOUNT_WEBHOOK_SECRET": "simulated-zoom-account-webhook-secret",
}


def is_set(environ: Mapping[str, str], variable: str) -> bool:
    """Tells whether a variable, or the file that may stand for it, is named. Empty counts as absent."""
    return bool(environ.get(variable) or environ.get(f"{variable}_FILE"))


def wanted(environ: Mapping[str, str]) -> bool:
    """Tells whether the simulators are the sensible choice: no credentials of Slack or Zoom are set."""
    return not any(is_set(environ, variable) for variable in CREDENTIALS)


def settings(environ: Mapping[str, str], *, slack_url: str, zoom_url: str, edge_url: str) -> dict[str, str]:
    """Returns the variables that are absent from `environ`, with the values the simulators expect.

    The addresses are those of the two simulators and of the edge, without a slash at the end.
    """
    matching = {
        "ZOOMSLACK_PUBLIC_URL": edge_url,
        "ZOOMSLACK_SLACK_API_URL": f"{slack_url}/api",
        "ZOOMSLACK_SLACK_AUTHORIZE_URL": f"{slack_url}/oauth/v2/authorize",
        "ZOOMSLACK_ZOOM_API_URL": f"{zoom_url}/v2",
        "ZOOMSLACK_ZOOM_OAUTH_URL": f"{zoom_url}/oauth",
        "ZOOMSLACK_ZOOM_JOIN_URL": zoom_url,
        **_SECRETS,
    }
    return {variable: value for variable, value in matching.items() if not is_set(environ, variable)}


def main(arguments: Sequence[str]) -> int:
    """Writes secrets of the simulators into a folder, for services that read them from files; returns the exit code.

    `python -m services.simulated <folder> <file>…`, where a file is named as in `deploy/k8s`: `slack-signing-secret`.
    """
    values = {
        variable.removeprefix("ZOOMSLACK_").lower().replace("_", "-"): text for variable, text in _SECRETS.items()
    }
    unknown = [name for name in arguments[1:] if name not in values]
    if len(arguments) < 2 or unknown:
        known = "\n  ".join(sorted(values))
        print(f"python -m services.simulated FOLDER FILE...; a file is one of\n  {known}", file=sys.stderr)  # noqa: T201
        return 2
    for name in arguments[1:]:
        (Path(arguments[0]) / name).write_text(values[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
