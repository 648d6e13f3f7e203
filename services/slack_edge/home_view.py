"""The app's Home tab. A pure function from facts to Slack's view, within its hundred blocks (Slack, "App Home")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.slack_edge import home_phone, host_controls, invitations, usage
from services.slack_edge.blocks import Json, actions, button, context, divider, header, mrkdwn, plain, section
from services.slack_edge.home_phone import Phone
from services.slack_edge.texts import clean, escape, grouped_meeting_id
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

START, JOIN, CONNECT = "zoom_home_start", "zoom_home_join", "zoom_home_connect"
"""The `action_id` of its buttons."""
MAX_MEETINGS = 25
_MAX_TOPIC = 200


@dataclass(frozen=True)
class Facts:
    """What the tab shows. None where it could not be learnt in time."""

    user_id: str
    is_connected: bool | None
    running: Sequence[pb.RunningMeeting] | None
    offers_meetings: bool
    offers_phone: bool
    company_wide: bool
    """How the app is installed."""
    phone: Phone | None
    help_url: str


def view(facts: Facts) -> Json:
    """Returns the whole tab."""
    offers = usage.offer(meetings=facts.offers_meetings, phone=facts.offers_phone)
    return home(
        [
            header("Zoom for Slack"),
            *_connection(facts.is_connected),
            actions(
                button("Start" if facts.offers_meetings else "Call", START, style="primary"),
                button("Join a meeting", JOIN),
            ),
            divider(),
            section(mrkdwn("*Running now*")),
            *_running(facts),
            divider(),
            section(mrkdwn("*Zoom Phone*")),
            *home_phone.blocks(
                facts.phone,
                is_connected=facts.is_connected,
                offers_phone=facts.offers_phone,
                company_wide=facts.company_wide,
            ),
            divider(),
            context(mrkdwn(f"Offered in this workspace: {offers}. <{escape(facts.help_url)}|Help and support>")),
        ]
    )


def home(blocks: Iterable[Json]) -> Json:
    """Returns a tab of these blocks: for what has to be read before everything else."""
    return {"type": "home", "blocks": list(blocks)}


def _connection(is_connected: bool | None) -> list[Json]:
    if is_connected is None:
        return [section(plain("Whether your Zoom account is connected cannot be told at the moment."))]
    if is_connected:
        return [section(plain("Your Zoom account is connected."))]
    return [
        section(plain("Your Zoom account is not connected.")),
        actions(button("Connect Zoom", CONNECT, style="primary")),
    ]


def _running(facts: Facts) -> list[Json]:
    if facts.running is None:
        return [section(plain("Your meetings cannot be told at the moment. Open this tab again in a minute."))]
    if not facts.running:
        return [section(plain("None of the meetings that you started from Slack, or that you are in."))]
    return [block for one in facts.running[:MAX_MEETINGS] for block in _meeting(one, facts.user_id)]


def _meeting(running: pb.RunningMeeting, user_id: str) -> list[Json]:
    meeting = running.meeting
    topic = clean(meeting.topic, _MAX_TOPIC) or "Zoom meeting"
    count = running.present_count
    people = "nobody is in it yet" if count == 0 else "1 person is in it" if count == 1 else f"{count} people are in it"
    buttons = [button("Join", invitations.JOIN, url=meeting.join_url)] if meeting.join_url else []
    if meeting.host.slack_user_id == user_id:
        buttons.append(host_controls.end_button(meeting, host_controls.END_AT_HOME))
    row = [actions(*buttons)] if buttons else []
    return [section(plain(f"{topic}\n{grouped_meeting_id(meeting.zoom_meeting_id)}, {people}")), *row]
