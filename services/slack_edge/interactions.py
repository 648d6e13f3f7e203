"""Buttons, shortcuts and modals: each is acknowledged in time, and what takes longer is done afterwards.

Slack wants its answer within three seconds and repeats nothing (Slack, "Handling user interaction"). So what must not
be lost with this process is acknowledged once it is done, or is surely recorded by the service that does it; of
whatever is not acknowledged Slack itself tells the person. What starts or ends something carries an id made of the
act's own ids, so that an act that arrives twice is done once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from opentelemetry import trace

from mesh import deadline
from mesh.errors import MeshError, Reason
from services.slack_edge import replies
from services.slack_edge.blocks import Json
from services.slack_edge.gate import Gate
from services.slack_edge.measures import count_interaction
from services.slack_edge.payloads import Interaction
from services.slack_edge.slack_api import SlackError
from services.slack_edge.tasks import Tasks
from services.slack_edge.telling import Teller

log = logging.getLogger(__name__)

WORK_SECONDS = 20.0
"""Seconds for what goes on after the acknowledgement."""

ACKNOWLEDGE_WITHIN = 2.0
"""Seconds after which even a reaction that must not be lost is acknowledged: Slack gives up after three."""

Key = tuple[str, str]
"""Slack's `type` of an interaction, and the `action_id` or `callback_id` of what was used."""


@dataclass(frozen=True)
class Reaction:
    """What an interaction leads to."""

    work: Callable[[Interaction], Awaitable[Json | None]] | None = None
    """Done after the acknowledgement; what it returns is told to the person, if anything."""
    answer: Callable[[Interaction], Json | None] | None = None
    """What a modal is answered with: its errors, or its next view. Where it returns one, no work is done."""
    is_kept: bool = False
    """Whether the acknowledgement waits for the work, as nobody would do it if this process died in between."""
    for_everybody: bool = False
    """Whether people of other companies, who see messages in shared channels, may do it, too."""


class Interactions:
    """Hands interactions to their reactions."""

    def __init__(self, reactions: Mapping[Key, Reaction], gate: Gate, teller: Teller, tasks: Tasks) -> None:
        self._reactions = reactions
        self._gate = gate
        self._teller = teller
        self._tasks = tasks

    async def take(self, interaction: Interaction) -> Json | None:
        """Takes one interaction and returns what to answer, None for the empty acknowledgement; always in time.

        What nobody reacts to is acknowledged, too: a link button opens its address without our help, and Slack marks it
        as broken where the app says nothing.
        """
        reaction = self._reactions.get((interaction.kind, interaction.key))
        log.info(
            "interaction",
            extra={"kind": interaction.kind, "action_id": interaction.key, "known": reaction is not None},
        )
        if reaction is None:
            count_interaction("unknown")
            return None
        if reaction.answer is not None and (answer := reaction.answer(interaction)) is not None:
            count_interaction(interaction.key)
            return answer
        if reaction.work is None:
            count_interaction(interaction.key)
        else:
            work = self._react(reaction.work, interaction, for_everybody=reaction.for_everybody)
            task = self._tasks.start(work, f"react to {interaction.key}")
            if reaction.is_kept:
                await asyncio.wait({task}, timeout=ACKNOWLEDGE_WITHIN)
        return None

    async def _react(
        self, work: Callable[[Interaction], Awaitable[Json | None]], interaction: Interaction, *, for_everybody: bool
    ) -> None:
        # A span of its own: it goes on after the acknowledgement, with which that of the request ends.
        with trace.get_tracer(__name__).start_as_current_span(
            f"react to {interaction.key}", record_exception=False, set_status_on_exception=False
        ):
            await self._react_traced(work, interaction, for_everybody=for_everybody)

    async def _react_traced(
        self, work: Callable[[Interaction], Awaitable[Json | None]], interaction: Interaction, *, for_everybody: bool
    ) -> None:
        who = interaction.who
        failure: Exception | None = None
        try:
            with deadline.budget(WORK_SECONDS):
                if for_everybody or interaction.is_surely_inside or await self._gate.is_colleague(who.user):
                    message = await work(interaction)
                else:
                    message = replies.outsiders()
        except MeshError as error:
            about = {"action_id": interaction.key, "reason": error.reason.value}
            log.info("an interaction came to nothing", extra=about)
            failure = error
            message = replies.failure(error)
        except SlackError as error:
            log.warning("Slack refused a reaction", extra={"action_id": interaction.key, "cause": str(error)})
            failure = error
            message = replies.ephemeral(error.sentence)
        except Exception as error:
            failure = error
            log.exception("an interaction hit a defect", extra={"action_id": interaction.key})
            trace_id = trace.get_current_span().get_span_context().trace_id
            message = replies.failure(MeshError(Reason.INTERNAL, {"trace_id": trace.format_trace_id(trace_id)}))
        count_interaction(interaction.key, failure)
        if message:
            await self._teller.try_to_tell(who.user, interaction.response_url, message)
