"""Telling one person something: where she acted, else in her own conversation with the app."""

from __future__ import annotations

import logging
from functools import partial

from mesh.errors import MeshError
from mesh.slack_user import SlackUser
from services.slack_edge.blocks import Json
from services.slack_edge.slack_api import SlackApi, SlackError

log = logging.getLogger(__name__)

NO_UNFURL = {"unfurl_links": False, "unfurl_media": False}
"""Slack's preview of a Zoom link would stand under our own message."""
# What means something in an answer to an action only.
_OF_ANSWERS = frozenset({"response_type", "replace_original", "thread_ts"})


class Teller:
    """Tells people things. One per process."""

    def __init__(self, slack: SlackApi) -> None:
        self._slack = slack

    async def tell(self, user: SlackUser, response_url: str, message: Json) -> Json:
        """Tells `user`; returns Slack's answer, empty where Slack does not say where the message is.

        `response_url` may be empty. Raises SlackError, and MeshError where there is no token.
        """
        if response_url:
            try:
                await self._slack.respond(response_url, message)
            except SlackError as failure:
                if not failure.is_final:
                    raise
                log.info("response url is used up", extra={"slack_error": failure.error})
            else:
                return {}
        direct = {name: value for name, value in message.items() if name not in _OF_ANSWERS}
        # A person's id opens her conversation with the app (Slack, `chat.postMessage`).
        return await self._slack.call(user, "chat.postMessage", {"channel": user.user_id, **direct, **NO_UNFURL})

    async def try_to_tell(self, user: SlackUser, response_url: str, message: Json) -> None:
        """The same for what nobody tries again: now, in a moment, and then in her own conversation.

        Never raises SlackError or MeshError.
        """
        places = dict.fromkeys((response_url, ""))
        for place in places:
            try:
                await self._slack.patiently(partial(self.tell, user, place, message), or_twice=True)
            except (SlackError, MeshError) as error:
                log.info("somebody could not be told", extra={"cause": str(error)[:100]})
                if not isinstance(error, SlackError) or error.is_final:
                    return
            else:
                return
