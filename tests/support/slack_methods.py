"""The errors that Slack lists for its methods, where its lists are at hand."""

from __future__ import annotations

import json
from pathlib import Path

METHODS = Path(__file__).parents[3] / "shared/specs/slack/current/web_methods.json"
UNLISTED = ("invalid_auth", "invalid_arguments", "team_access_not_granted", "a_word_of_tomorrow")
"""What Slack says beside its lists."""


def listed(*methods: str) -> dict[str, list[str]]:
    """Returns the errors of each of some methods; nothing where Slack's lists are not at hand."""
    known = json.loads(METHODS.read_text(encoding="utf-8"))["methods"] if METHODS.exists() else {}
    return {method: known[method]["errors"] for method in methods if method in known}
