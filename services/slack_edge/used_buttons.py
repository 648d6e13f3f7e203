"""Buttons whose link works once: pressed, they give way to words, and those to what came of the link.

Slack tells of a press with an address at which the message may be replaced, five times within half an hour (Slack,
"Handling user interaction"). Only this process knows it: where another replica hears of the connection, the words that
came with the press stay, and stay true.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from mesh.clock import Clock
from mesh.errors import Reason
from services.slack_edge import link_names, prompts
from services.slack_edge.blocks import Json
from services.slack_edge.interactions import Key, Reaction
from services.slack_edge.payloads import Interaction
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.tasks import Tasks

log = logging.getLogger(__name__)

T = TypeVar("T")

_LIFE = 30 * 60.0
_MOST = 10_000
_ON_ITS_WAY = 30.0
"""Seconds that Slack may take to tell of a press whose page is open already."""


@dataclass(frozen=True)
class _Press:
    response_url: str = field(repr=False)
    until: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Keeps what is said first before what is said next."""


class UsedButtons:
    """Replaces the messages of buttons that were pressed. One per process."""

    def __init__(self, slack: SlackApi, tasks: Tasks, clock: Clock) -> None:
        self._slack = slack
        self._tasks = tasks
        self._clock = clock
        self._presses: OrderedDict[str, _Press] = OrderedDict()
        self._early: OrderedDict[str, tuple[Json, float]] = OrderedDict()
        """What came of links of whose press Slack has not told yet: it does so while it opens them."""

    def table(self) -> dict[Key, Reaction]:
        """Returns what leads here."""
        # Whoever sees such a button may press it: she typed the command, and Slack opens the link by itself.
        return {("block_actions", prompts.CONNECT): Reaction(self._pressed, for_everybody=True)}

    async def _pressed(self, interaction: Interaction) -> None:
        if not interaction.response_url:  # in a modal
            return
        now = self._clock.monotonic()
        press = _Press(interaction.response_url, now + _LIFE)
        message, until = self._early.pop(interaction.value, ({}, 0.0))
        if now < until:
            await self._tell(press, message)
            return
        async with press.turn:
            _keep(self._presses, interaction.value, press)
            await self._replace(press, prompts.go_on_in_browser())

    def connected(self, state: str, *, starts: bool) -> None:
        """Says that the link with `state` has connected somebody, and whether her meeting `starts`. Never blocks."""
        self._say(state, prompts.connected(starts=starts))

    def ended(self, state: str, reason: Reason) -> None:
        """Says that nothing came of the link with `state`, for this reason. Never blocks."""
        self._say(state, prompts.not_connected(reason))

    def _say(self, state: str, message: Json) -> None:
        name = link_names.of_state(state)
        press = self._presses.pop(name, None)
        if press is None:
            _keep(self._early, name, (message, self._clock.monotonic() + _ON_ITS_WAY))
        elif self._clock.monotonic() < press.until:
            self._tasks.start(self._tell(press, message), "tell what came of a link")

    async def _tell(self, press: _Press, message: Json) -> None:
        async with press.turn:
            await self._replace(press, message)

    async def _replace(self, press: _Press, message: Json) -> None:
        try:
            await self._slack.patiently(partial(self._slack.respond, press.response_url, message), or_twice=True)
        except SlackError as error:
            log.info("a used button stays", extra={"cause": str(error)})


def _keep(kept: OrderedDict[str, T], name: str, what: T) -> None:
    kept[name] = what
    kept.move_to_end(name)
    if len(kept) > _MOST:
        kept.popitem(last=False)
