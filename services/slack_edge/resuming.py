"""What was going on before a sign-in goes on after it, and the page that says so."""

from __future__ import annotations

import logging

from aiohttp import web

from mesh.errors import MeshError
from mesh.slack_user import SlackUser
from services.slack_edge import continuations, replies
from services.slack_edge.command_handlers import CommandHandlers
from services.slack_edge.features import Feature
from services.slack_edge.pages import Pages

log = logging.getLogger(__name__)


class Resuming:
    """Lets interrupted commands go on."""

    def __init__(self, pages: Pages, handlers: CommandHandlers) -> None:
        self._pages = pages
        self._handlers = handlers

    async def page(
        self, user: SlackUser, continuation: bytes, title: str, missing: list[Feature] | None = None
    ) -> web.Response:
        """Goes on with what `user` was doing; the page says what became of it, and what is `missing`."""
        what = continuations.decode(continuation)
        if what is None:
            return self._page(title, "You can close this page and type `/zoom` in Slack.", missing)
        try:
            await self._handlers.resume(user, what)
        except MeshError as error:
            log.info("a continued command failed", extra={"reason": error.reason.value})
            text = f"Your meeting could not be started, though. {replies.sentence(error)}"
            return self._page(title, text, missing)
        return self._page(title, "Your meeting is starting in Slack; you can close this page.", missing)

    def _page(self, title: str, text: str, missing: list[Feature] | None) -> web.Response:
        # Odd parts stood between backticks, as in messages.
        return self._pages.page("connected.html", title=title, parts=text.split("`"), missing=missing or [])
