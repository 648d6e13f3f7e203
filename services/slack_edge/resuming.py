"""What was going on before a sign-in goes on after it, and the words that say so."""

from __future__ import annotations

import logging

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.slack_edge import replies
from services.slack_edge.command_handlers import CommandHandlers
from services.slack_edge.continuations import Continuation, Resumed

log = logging.getLogger(__name__)


class Resuming:
    """Lets interrupted commands go on."""

    def __init__(self, handlers: CommandHandlers) -> None:
        self._handlers = handlers

    async def go_on(self, user: SlackUser, what: Continuation | None) -> str:
        """Goes on with what `user` was doing; returns a `Resumed`, else the reason why a meeting did not start."""
        if what is None:
            return Resumed.NOTHING
        try:
            return await self._handlers.resume(user, what)
        except MeshError as error:
            log.info("a continued command failed", extra={"reason": error.reason.value})
            return error.reason.value


def told(outcome: str) -> str:
    """Returns what to tell about an outcome, with `code` between backticks; an unknown one is told as nothing."""
    if outcome == Resumed.STARTING:
        return "Your meeting is starting in Slack; you can close this page."
    if outcome == Resumed.ASKED:
        return "Somebody started a meeting there a moment ago: in Slack you are asked whether to join it."
    if outcome in set(Reason):
        sentence = replies.sentence(MeshError(Reason(outcome)))
        return f"Your meeting could not be started, though. {sentence}"
    return "You can close this page and type your command again in Slack."
