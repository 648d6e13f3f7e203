"""Shortcuts, and the modals they open.

They do the jobs of Slack's Call icon and of the call menu in profiles, which Slack opens to its partners only.
"""

from __future__ import annotations

from services.slack_edge import call_replies, callees, commands, invitations, joining, modals, replies
from services.slack_edge.answers import Answer
from services.slack_edge.blocks import Json
from services.slack_edge.callees import Callee
from services.slack_edge.continuations import Continuation
from services.slack_edge.gate import Gate
from services.slack_edge.interactions import Key, Reaction
from services.slack_edge.payloads import Interaction
from services.slack_edge.phone_calls import PhoneCalls
from services.slack_edge.reactions import MeetingReactions
from services.slack_edge.slack_api import SlackApi
from services.slack_edge.texts import clean
from services.slack_edge.workspaces import Workspace

START, MEET_ABOUT, CALL_AUTHOR = "zoom_start", "zoom_meet_about", "zoom_call_author"
"""The `callback_id` of the shortcuts, as the manifest names them."""
SUBMITTED = "view_submission"


class Shortcuts:
    """Starts and joins from shortcuts and modals."""

    def __init__(
        self, slack: SlackApi, gate: Gate, meetings: MeetingReactions, calls: PhoneCalls, *, zoom_join_url: str
    ) -> None:
        self._slack = slack
        self._gate = gate
        self._meetings = meetings
        self._calls = calls
        self._zoom_join_url = zoom_join_url

    def table(self) -> dict[Key, Reaction]:
        """Returns what leads here."""
        return {
            ("shortcut", START): Reaction(self.ask_what_to_start),
            ("message_action", MEET_ABOUT): Reaction(self._meet_about, is_kept=True),
            ("message_action", CALL_AUTHOR): Reaction(self._call_author),
            (SUBMITTED, modals.JOIN): Reaction(answer=self._join),
        }

    async def ask_what_to_start(self, interaction: Interaction) -> Json | None:
        """Opens the modal that asks. First of all: its trigger lasts three seconds. Raises SlackError and MeshError."""

        async def work(workspace: Workspace) -> Answer:
            view = modals.start(
                meetings=workspace.offers_meetings,
                phone=workspace.offers_phone,
                origin=modals.FROM_HOME if interaction.view.is_home else "",
            )
            await self.open(interaction, view)
            return Answer({})

        return (await self._gate.enter(interaction.who, None, work)).message

    async def open(self, interaction: Interaction, view: Json) -> None:
        """Opens a modal for who did something a moment ago. Raises SlackError and MeshError."""
        arguments = {"trigger_id": interaction.trigger_id, "view": view}
        await self._slack.call(interaction.who.user, "views.open", arguments)

    async def start(self, interaction: Interaction) -> Json | None:
        """Starts what a modal asked for; returns what is to be said beside the card. Raises MeshError."""
        view = interaction.view
        if _wants_phone(interaction):
            return await self._call(interaction, _callee(interaction))
        topic = clean(view.text_of(modals.TOPIC), commands.MAX_TOPIC)
        return await self._meetings.start(interaction.who, _wish(interaction, topic))

    async def _call(self, interaction: Interaction, callee: Callee) -> Json:
        async def work(workspace: Workspace) -> Answer:
            ids = {"request_id": interaction.request_id, "channel_id": interaction.channel_id}
            return Answer(await self._calls.prepare(interaction.who.user, workspace, callee, **ids))

        return (await self._gate.enter(interaction.who, None, work)).message

    async def _call_author(self, interaction: Interaction) -> Json:
        """Calls who wrote a message; in a direct message that is the contact."""
        if not interaction.author_id:
            return call_replies.author_is_app()
        if interaction.author_id == interaction.who.user.user_id:
            return call_replies.author_is_herself(in_direct_message=interaction.channel_id.startswith("D"))
        return await self._call(interaction, callees.Person(interaction.author_id))

    async def _meet_about(self, interaction: Interaction) -> Json | None:
        """Starts a meeting about a message, in its thread."""
        topic = clean(commands.plain(interaction.message_text), commands.MAX_TOPIC)
        thread_ts = interaction.thread_ts or interaction.message_ts
        return await self._meetings.start(interaction.who, _wish(interaction, topic, thread_ts))

    def _join(self, interaction: Interaction) -> Json:
        """Answers the modal with the way in, or with what is wrong."""
        match joining.understand(interaction.view.text_of(modals.TARGET)):
            case joining.OwnRoom():
                return modals.errors(modals.TARGET, invitations.OWN_ROOM_ELSEWHERE)
            case joining.StartLink():
                return modals.errors(modals.TARGET, invitations.START_LINK.replace("`", ""))
            case joining.Nothing():
                return modals.errors(modals.TARGET, invitations.NOT_JOINABLE)
            case target:
                url = joining.join_url(target, self._zoom_join_url)
                return modals.instead(modals.message(invitations.join_blocks(target, url)))


def wrong_in_start(interaction: Interaction) -> Json | None:
    """Returns what is wrong in the modal that starts something, None where nothing is."""
    view = interaction.view
    if _wants_phone(interaction):
        if view.text_of(modals.TOPIC).strip():
            return modals.errors(modals.TOPIC, replies.NO_TOPIC)
        return _wrong_in_call(interaction)
    for block_id in (modals.PERSON, modals.NUMBER):
        if view.text_of(block_id).strip():
            return modals.errors(block_id, replies.NOBODY_TO_CALL)
    return None if interaction.channel_id else modals.errors(modals.WHERE, replies.CHOOSE_WHERE)


def _wrong_in_call(interaction: Interaction) -> Json | None:
    person, typed = _person(interaction), interaction.view.text_of(modals.NUMBER).strip()
    if person and typed:
        return modals.errors(modals.NUMBER, replies.ONE_CALLEE)
    if person == interaction.who.user.user_id:
        return modals.errors(modals.PERSON, replies.NOT_HERSELF)
    if not person and not typed:
        return modals.errors(modals.NUMBER, replies.CHOOSE_OR_TYPE)
    if typed and not isinstance(_callee(interaction), callees.Number):
        return modals.errors(modals.NUMBER, replies.TYPE_A_NUMBER)
    return None


def _callee(interaction: Interaction) -> Callee:
    """Returns whom a modal names; a number follows the rules of `/zoom call`."""
    if person := _person(interaction):
        return callees.Person(person)
    return callees.understand(interaction.view.text_of(modals.NUMBER))


def _person(interaction: Interaction) -> str:
    return interaction.view.text_of(modals.PERSON)


def _wants_phone(interaction: Interaction) -> bool:
    """Tells whether a call is wanted: chosen, or the only thing that was offered."""
    view = interaction.view
    return view.text_of(modals.HOW) == modals.PHONE or not {modals.HOW, modals.TOPIC} & view.values.keys()


def _wish(interaction: Interaction, topic: str, thread_ts: str = "") -> Continuation:
    return Continuation(
        interaction.request_id, interaction.channel_id, topic, interaction.response_url, thread_ts=thread_ts
    )
