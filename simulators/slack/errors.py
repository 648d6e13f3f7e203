"""The one exception by which rules refuse a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SlackError(Exception):
    """A refusal in Slack's words.

    `code` becomes `error`, `messages` becomes `response_metadata.messages`, `fields` are further members of the answer
    (`needed` and `provided` of `missing_scope`).
    """

    def __init__(self, code: str, messages: Sequence[str] = (), fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.messages = list(messages)
        self.fields = dict(fields or {})

    def answer(self) -> dict[str, Any]:
        """Return the body of the answer: `{"ok": false, "error": …}`."""
        body: dict[str, Any] = {"ok": False, "error": self.code, **self.fields}
        if self.messages:
            body["response_metadata"] = {"messages": self.messages}
        return body
