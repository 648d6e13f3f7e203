"""Brings Slack to the state that a delivery describes, in few calls, from wherever an earlier attempt ended."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser, from_message
from services.slack_edge import cards, host_controls, notices, profiles, replies
from services.slack_edge.asks import Asks
from services.slack_edge.blocks import Json
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.slack_errors import CALL_OVER, REFUSALS, THREAD_GONE, Nature
from services.slack_edge.telling import NO_UNFURL, Teller
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

if TYPE_CHECKING:
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub

log = logging.getLogger(__name__)

PATIENCE_WITH_PEOPLE = 10
"""Attempts to bring the people of a card up to date before what else is to be shown of it goes on without."""


class Presenter:
    """Shows things in Slack. Every method may be repeated after a failure halfway."""

    def __init__(self, slack: SlackApi, teller: Teller, meetings: MeetingsServiceAsyncStub, asks: Asks) -> None:
        self._slack = slack
        self._teller = teller
        self._meetings = meetings
        self._asks = asks

    def content_of(self, delivery: pb.Delivery) -> str:
        """Returns what a delivery brings, in a word."""
        return delivery.WhichOneof("content") or "nothing"

    async def show(self, delivery: pb.Delivery) -> pb.Delivered:
        """Shows `delivery` and returns what Slack shows then.

        Raises SlackError, and MeshError where a service is needed and fails (DELIVERY_LEASE_LOST among them).
        """
        match delivery.WhichOneof("content"):
            case "card":
                return await self._show_card(delivery)
            case "summary":
                return await self._show_message(delivery, cards.summary_message(delivery.summary))
            case "recording":
                return await self._show_message(delivery, cards.recording_message(delivery.recording))
            case "failure":
                return await self._show_failure(delivery)
            case "notice" if (message := notices.message(delivery.notice)) is not None:
                return await self._show_message(delivery, message)
        # From a newer version of meetings: another edge may know it, later.
        raise SlackError("deliver", "unknown_content", Nature.PASSING)

    async def add_call(self, delivery: pb.Delivery, host_name: str) -> Json:
        """Makes the call of a new card known to Slack and returns Slack's `call`. Raises as `show` does."""
        call = await self._added_call(delivery, host_name)
        await self._meetings.RecordDeliveryProgress(
            pb.RecordDeliveryProgressRequest(
                user=delivery.user,
                delivery_id=delivery.delivery_id,
                lease_token=delivery.lease_token,
                slack_call_id=call["id"],
            ),
            timeout=3.0,
        )
        return call

    async def _added_call(self, delivery: pb.Delivery, host_name: str) -> Json:
        """Adds the call. Where Slack did that before and its answer got lost, it may refuse the name the second time.

        What it does with a name that is taken it does not say: where it answers with that call, nothing is added.
        """
        user, meeting, attempts = from_message(delivery.user), delivery.card.meeting, delivery.failed_attempts
        try:
            answer = await self._slack.call(user, "calls.add", cards.call_arguments(meeting, host_name))
        except SlackError as failure:
            if failure.nature is not Nature.OURS or not attempts:
                raise
            answer = await self._slack.call(user, "calls.add", cards.call_arguments(meeting, host_name, attempts))
        return _call_of("calls.add", answer)

    async def _show_card(self, delivery: pb.Delivery) -> pb.Delivered:
        if delivery.HasField("delivered"):
            state = pb.Delivered()
            state.CopyFrom(delivery.delivered)
        else:
            state = await self._first_card(delivery)
        state.version = delivery.version
        if state.ended or not state.slack_call_id:
            return state
        user, card = from_message(delivery.user), delivery.card
        try:
            await self._show_people(delivery, state)
            if delivery.HasField("delivered") or card.meeting.state == pb.MEETING_STATE_ENDED:
                await self._correct(user, state, card.meeting)
            if card.meeting.state == pb.MEETING_STATE_ENDED:
                await self._end_call(user, state.slack_call_id, card.meeting)
                state.ended = True
        except SlackError as failure:
            if failure.error not in CALL_OVER:
                raise
            state.ended = True
        return state

    async def _first_card(self, delivery: pb.Delivery) -> pb.Delivered:
        user, meeting = from_message(delivery.user), delivery.card.meeting
        call = await self._known_call(user, delivery.slack_call_id)
        if call is None:
            call = await self.add_call(delivery, await self._name_of(user))
        state = pb.Delivered(
            slack_call_id=call["id"],
            slack_channel_id=delivery.conversation.slack_channel_id,
            attendees=cards.people_of_call(call.get("users"), delivery.card.present),
        )
        if call.get("channels"):  # an earlier attempt posted it, and its report got lost
            return state
        message = cards.card_message(meeting, call["id"])
        channel_id, state.slack_message_ts = await self._post(delivery, message, anywhere=True)
        state.slack_channel_id = channel_id or state.slack_channel_id
        return state

    async def _known_call(self, user: SlackUser, call_id: str) -> Json | None:
        if not call_id:
            return None
        try:
            return _call_of("calls.info", await self._slack.call(user, "calls.info", {"id": call_id}))
        except SlackError as failure:
            if failure.error == "invalid_call_id":
                return None
            raise

    async def _name_of(self, user: SlackUser) -> str:
        """Returns what Slack calls a person; empty where it will not tell: a title does without."""
        try:
            answer = await self._slack.call(user, "users.info", {"user": user.user_id}, form=True, is_needed=False)
        except SlackError as failure:
            log.info("no name for a card", extra={"slack_error": failure.error})
            return ""
        return profiles.understand(answer).name

    async def _correct(self, user: SlackUser, state: pb.Delivered, meeting: pb.Meeting) -> None:
        """Has the message of a card say for when its meeting waits by now, or that it was not held.

        The rest of the card follows also where Slack refuses.
        """
        if not state.slack_message_ts or not (cards.waits(meeting) or cards.was_not_held(meeting)):
            return
        place = {"channel": state.slack_channel_id, "ts": state.slack_message_ts}
        try:
            await self._slack.call(user, "chat.update", {**place, **cards.card_message(meeting, state.slack_call_id)})
        except SlackError as failure:
            if not failure.is_final:
                raise
            log.info("a card still says for when", extra={"slack_error": failure.error})

    async def _end_call(self, user: SlackUser, call_id: str, meeting: pb.Meeting) -> None:
        duration = int(cards.lasted(meeting).total_seconds())
        await self._slack.call(user, "calls.end", {"id": call_id, "duration": duration})

    async def _show_people(self, delivery: pb.Delivery, state: pb.Delivered) -> None:
        """Has the card list who is there. Where Slack refuses that for good, the rest of the card does without.

        The next change tries again: a card must still end that could not show somebody.
        """
        user = from_message(delivery.user)
        try:
            shown = await self._sync_people(user, state, cards.people(delivery.card.present))
        except SlackError as failure:
            stubborn = failure.error == "bad_users" and delivery.failed_attempts >= PATIENCE_WITH_PEOPLE
            if failure.error in CALL_OVER or not (failure.is_final or stubborn):
                raise
            about = {"delivery_id": delivery.delivery_id, "method": failure.method, "slack_error": failure.error}
            log.warning("a card does not show who is there", extra=about)
            return
        del state.attendees[:]
        state.attendees.extend(shown)

    async def _sync_people(self, user: SlackUser, state: pb.Delivered, present: list[pb.Attendee]) -> list[pb.Attendee]:
        """Makes the card list exactly `present`; returns them in the form in which it does.

        Each refusal is seen to once. One half of the changes may be made by then, so either is a reason to look again.
        """
        shown, known, seen_to = list(state.attendees), present, set[str]()
        while True:
            try:
                return await self._apply_changes(user, state.slack_call_id, shown, present)
            except SlackError as failure:
                if failure.error in seen_to and failure.error == "bad_users":  # changed between look and write
                    raise SlackError(failure.method, failure.error, Nature.PASSING) from None
                if failure.error in seen_to or failure.error not in {"bad_users", "user_not_found"}:
                    raise
                seen_to.add(failure.error)
                if failure.error == "user_not_found":  # somebody of another workspace, or gone
                    present = [cards.without_slack(attendee) for attendee in present]
            call = await self._known_call(user, state.slack_call_id)
            shown = cards.people_of_call((call or {}).get("users"), [*present, *known, *shown])

    async def _apply_changes(
        self, user: SlackUser, call_id: str, shown: list[pb.Attendee], present: list[pb.Attendee]
    ) -> list[pb.Attendee]:
        joined, left = cards.changes(shown, present)
        for method, attendees in (("calls.participants.remove", left), ("calls.participants.add", joined)):
            if attendees:
                users = [cards.participant(attendee) for attendee in attendees]
                await self._slack.call(user, method, {"id": call_id, "users": users})
        gone = {attendee.attendee_id for attendee in left}
        return [attendee for attendee in shown if attendee.attendee_id not in gone] + joined

    async def _show_message(self, delivery: pb.Delivery, message: Json) -> pb.Delivered:
        user, before = from_message(delivery.user), delivery.delivered
        if before.slack_message_ts:
            place = {"channel": before.slack_channel_id, "ts": before.slack_message_ts}
            await self._slack.call(user, "chat.update", {**place, **message})
            channel_id, ts = before.slack_channel_id, before.slack_message_ts
        else:
            channel_id, ts = await self._post(delivery, message, anywhere=False)
        return pb.Delivered(version=delivery.version, slack_channel_id=channel_id, slack_message_ts=ts)

    async def _show_failure(self, delivery: pb.Delivery) -> pb.Delivered:
        message = await self._failure_message(from_message(delivery.user), delivery.failure)
        channel_id, ts = await self._tell(delivery, message)
        return pb.Delivered(version=delivery.version, slack_channel_id=channel_id, slack_message_ts=ts)

    async def follow_up(self, delivery: pb.Delivery) -> None:
        """Gives whoever started a meeting its controls, beside a card that was just shown. Best effort: never raises.

        Only where she typed: without that address nothing can be shown to her alone there, and the Home tab has them.
        """
        if delivery.WhichOneof("content") != "card" or delivery.HasField("delivered"):
            return
        meeting, url = delivery.card.meeting, delivery.slack_response_url
        if url and meeting.state != pb.MEETING_STATE_ENDED:
            message = _in_thread(delivery, host_controls.controls(meeting, delivery.card.host_key))
            try:  # often the card has just gone the same way
                await self._slack.patiently(lambda: self._slack.respond(url, message))
            except SlackError as error:
                log.info("no controls for a host", extra={"delivery_id": delivery.delivery_id, "cause": str(error)})

    async def comfort(self, delivery: pb.Delivery, error: Exception) -> None:
        """Gives the host the link to a meeting whose card Slack will never show, once. Best effort: never raises."""
        if delivery.WhichOneof("content") != "card" or delivery.HasField("delivered") or delivery.refused_before:
            return
        message = replies.cannot_show_card(delivery.card.meeting.join_url, _sentence(error))
        try:
            await self._tell(delivery, message)
        except (SlackError, MeshError) as failure:
            log.info("the host could not be told", extra={"delivery_id": delivery.delivery_id, "cause": str(failure)})

    async def _tell(self, delivery: pb.Delivery, message: Json) -> tuple[str, str]:
        """Tells one person something: where she typed, else in her own conversation with the app."""
        answer = await self._teller.tell(from_message(delivery.user), delivery.slack_response_url, message)
        return _place(answer) if answer else ("", "")

    async def _failure_message(self, user: SlackUser, failure: pb.CommandFailure) -> Json:
        known = failure.reason in Reason.__members__
        error = MeshError(Reason(failure.reason) if known else Reason.INTERNAL, failure.metadata)
        if error.reason is Reason.ZOOM_NOT_CONNECTED:
            return await self._asks.connect(user, "", "", None)
        if error.reason is Reason.ZOOM_SCOPE_MISSING:
            return await self._asks.scopes(user, "", "", error)
        return replies.failure(error)

    async def _post(self, delivery: pb.Delivery, message: Json, *, anywhere: bool) -> tuple[str, str]:
        """Posts where the delivery belongs; returns channel and ts, empty where Slack does not tell.

        `anywhere`: by the response URL where there is one, which also works where the app is no member. Summaries and
        recordings are not posted so: they belong only where the app was let in (S39 to S42), or to one person (N4).
        """
        if anywhere and delivery.slack_response_url:
            try:
                answer = {"response_type": "in_channel", **_in_thread(delivery, message)}
                await self._slack.patiently(lambda: self._slack.respond(delivery.slack_response_url, answer))
            except SlackError as failure:
                if not failure.is_final:
                    raise
                log.info("response url is used up", extra={"slack_error": failure.error})
            else:
                return "", ""
        # A person's id opens her conversation with the app, which has no threads of others.
        channel = delivery.recipient_slack_user_id or delivery.conversation.slack_channel_id
        threaded = message if delivery.recipient_slack_user_id else _in_thread(delivery, message)
        user, where = from_message(delivery.user), {"channel": channel, **NO_UNFURL}
        try:
            return _place(await self._slack.call(user, "chat.postMessage", {**where, **threaded}))
        except SlackError as failure:
            if failure.error not in THREAD_GONE or threaded is message:
                raise
        return _place(await self._slack.call(user, "chat.postMessage", {**where, **message}))


def _sentence(error: Exception) -> str:
    match error:
        case SlackError():
            return error.sentence
        case MeshError():
            return replies.sentence(error)
    return REFUSALS[Nature.OURS].sentence


def _call_of(method: str, answer: Json) -> Json:
    call = answer.get("call")
    if not isinstance(call, dict) or not isinstance(call.get("id"), str) or not 0 < len(call["id"]) <= 64:
        raise SlackError(method, "no_call_in_answer", Nature.PASSING)
    return call


def _in_thread(delivery: pb.Delivery, message: Json) -> Json:
    return {**message, "thread_ts": delivery.slack_thread_ts} if delivery.slack_thread_ts else message


def _place(answer: Json) -> tuple[str, str]:
    return str(answer.get("channel", ""))[:64], str(answer.get("ts", ""))[:64]
