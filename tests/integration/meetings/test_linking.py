"""S51, P75: attendees who are connected appear as who they are in the meeting's workspace, and there alone."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mesh.departed import Departed
from mesh.errors import MeshError, Reason
from services.meetings.linking import Linking
from services.meetings.store_departures import DepartureStore
from services.meetings.store_links import LinkStore
from services.meetings.tables import deliveries, participant_sessions
from tests.integration.meetings.conftest import ADA, KEYS, Mesh
from tests.support import zoom_bodies as zoom
from tests.support.fake_departures import FakeDepartures
from zoom_api.connected_users import ConnectedUsers
from zoomslack.auth.v1 import auth_service_pb2 as auth_pb
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

DIRECT = slack_pb2.SlackConversation(slack_channel_id="D0ADAGRACE")
BEN_ELSEWHERE = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0BEN")


class Auth(FakeDepartures):
    """The half of auth that knows who is connected."""

    def __init__(self) -> None:
        super().__init__()
        self.connected: set[tuple[str, str, str]] = set()
        """Workspace, Zoom user and Slack user."""
        self.questions: list[auth_pb.FindConnectedUsersRequest] = []
        self.failure: MeshError | None = None
        self.failing_for = ""
        """The one workspace of which it cannot tell; empty: of none."""

    async def FindConnectedUsers(self, request: auth_pb.FindConnectedUsersRequest, context: Any) -> Any:
        self.questions.append(request)
        if self.failure is not None:
            raise self.failure
        if request.user.slack_team_id == self.failing_for:
            raise MeshError(Reason.INTERNAL)
        return auth_pb.FindConnectedUsersResponse(
            users=[
                auth_pb.ConnectedUser(zoom_user_id=zoom_user_id, slack_user_id=slack_user_id)
                for team_id, zoom_user_id, slack_user_id in self.connected
                if team_id == request.user.slack_team_id and zoom_user_id in request.zoom_user_ids
            ]
        )


class Office:
    """A mesh with an auth, and the loop between the two that a test turns."""

    def __init__(self, mesh: Mesh, auth: Auth, people: ConnectedUsers) -> None:
        self.mesh = mesh
        self.auth = auth
        self._people = people
        self.link = self.linking()

    def linking(self, **options: int) -> Linking:
        return Linking(LinkStore(self.mesh.database, KEYS, self.mesh.clock), self._people, **options)

    async def meeting_with(self, *people: tuple[str, str], user: slack_pb2.SlackUser = ADA, **start: Any) -> None:
        """Starts a meeting that these people (name, Zoom user) are in."""
        meeting = (await self.mesh.start(user=user, **start)).meeting
        fields = {"id": meeting.zoom_meeting_id, "uuid": f"run-{meeting.zoom_meeting_id}=="}
        await self.mesh.record(zoom.started(**fields))
        for n, (name, zoom_user_id) in enumerate(people):
            await self.mesh.record(zoom.joined(f"{n}", name, zoom_user_id, **fields))

    async def show(self) -> pb.Delivery:
        """Leases the one card and shows it."""
        self.mesh.clock.advance(3)
        [card] = await self.mesh.lease()
        await self.mesh.complete(card, slack_call_id="R0CALL", attendees=card.card.present)
        return card

    async def settled(self) -> bool:
        async with self.mesh.database.snapshot("look for due sessions") as connection:
            due = await connection.scalars(
                select(participant_sessions.c.session_id).where(participant_sessions.c.link_due)
            )
            return not due.all()


@pytest.fixture
async def office(mesh: Mesh) -> AsyncIterator[Office]:
    auth = Auth()  # type: ignore[abstract]  # plays only this RPC
    auth.connected = {("T0ACME", "graceZoomId", "U0GRACE"), ("T0OTHER", "benZoomId", "U0BEN")}
    async with auth.serving() as stub:
        yield Office(mesh, auth, ConnectedUsers(stub))


def in_slack(card: pb.Delivery) -> dict[str, str]:
    return {attendee.display_name: attendee.slack_user_id for attendee in card.card.present}


async def test_S51_attendees_become_who_they_are_in_slack_and_stay_so_after_coming_back(office: Office) -> None:
    await office.meeting_with(("Grace Hopper", "graceZoomId"), ("Ben Basic", "benZoomId"), ("Sam Guest", ""))
    unknown = {"": "U0ADA", "Grace Hopper": "", "Ben Basic": "", "Sam Guest": ""}
    assert in_slack(await office.show()) == unknown
    await office.link()
    known = {**unknown, "Grace Hopper": "U0GRACE"}
    assert in_slack(await office.show()) == known
    await office.mesh.record(zoom.left("0", "Grace Hopper", "graceZoomId", uuid="run-85012345678=="))
    await office.mesh.record(zoom.joined("9", "Grace Hopper", "graceZoomId", uuid="run-85012345678=="))
    assert in_slack(await office.show()) == known, "not as somebody else until she is looked up again"
    await office.link()
    await office.link()
    office.mesh.clock.advance(3)
    assert await office.mesh.lease() == [], "nothing has changed"
    assert await office.settled()


async def test_S51_one_question_for_a_workspace_and_none_when_nobody_is_new(office: Office) -> None:
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    await office.meeting_with(("Grace Hopper", "graceZoomId"), ("Lin", "linZoomId"), ("Sam Guest", ""))
    await office.meeting_with(("Ben Basic", "benZoomId"), user=BEN_ELSEWHERE)
    await office.link()
    asked = {q.user.slack_team_id: set(q.zoom_user_ids) for q in office.auth.questions}
    guests = {zoom_id for ids in asked.values() for zoom_id in ids if ":" in zoom_id}
    assert not guests, "who is not signed in is nobody's Zoom user"
    assert len(office.auth.questions) == 2
    assert asked["T0ACME"] >= {"graceZoomId", "linZoomId"}
    assert "benZoomId" not in asked["T0ACME"]
    await office.link()  # once more those who were found
    assert [list(q.zoom_user_ids) for q in office.auth.questions[2:]] in (
        [["graceZoomId"], ["benZoomId"]],
        [["benZoomId"], ["graceZoomId"]],
    )
    assert await office.settled()
    await office.link()
    assert len(office.auth.questions) == 4


async def test_S51_nobody_is_linked_across_workspaces(office: Office) -> None:
    await office.meeting_with(("Ben Basic", "benZoomId"))
    await office.link()
    assert in_slack(await office.show())["Ben Basic"] == ""


@pytest.mark.parametrize("reason", [Reason.SERVICE_UNAVAILABLE, Reason.INTERNAL])
async def test_S51_while_auth_is_away_events_go_on_and_links_follow_later(office: Office, reason: Reason) -> None:
    office.auth.failure = MeshError(reason)
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    await office.link()
    assert in_slack(await office.show())["Grace Hopper"] == ""
    office.auth.failure = None
    await office.link()
    assert in_slack(await office.show())["Grace Hopper"] == "U0GRACE"


async def test_S51_a_question_that_auth_refuses_is_not_asked_for_ever(office: Office) -> None:
    office.auth.failure = MeshError(Reason.INVALID_REQUEST)
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    await office.link()
    assert await office.settled()


async def test_S51_who_becomes_known_after_the_end_is_in_the_summary(office: Office) -> None:
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    await office.mesh.record(zoom.ended(uuid="run-85012345678=="))
    for delivery in await office.mesh.lease():
        await office.mesh.complete(delivery)
    await office.link()
    [summary] = await office.mesh.lease()
    assert [a.slack_user_id for a in summary.summary.attendees] == ["U0ADA", "U0GRACE"]


def leaving(mesh: Mesh, **who: str) -> Departed:
    fields: dict[str, Any] = {"enterprise_id": "", "team_id": "T0ACME", "user_id": "U0GRACE", **who}
    return Departed(departure_id=str(uuid.uuid4()), depart_time=mesh.clock.now() + timedelta(hours=1), **fields)


async def test_whoever_left_is_known_by_her_zoom_name_alone_in_the_meetings_of_others(office: Office) -> None:
    mesh = office.mesh
    office.auth.connected.add(("T0ACME", "linZoomId", "U0LIN"))
    await office.meeting_with(("Grace Hopper", "graceZoomId"), ("Lin", "linZoomId"))
    await office.link()
    await office.link()
    await office.show()
    store = DepartureStore(mesh.database, mesh.clock)
    assert await store.erase(leaving(mesh, team_id="T0OTHER")) == 0, "that was somebody else"
    office.auth.connected.clear()
    assert await store.erase(leaving(mesh)) == 1
    assert in_slack(await office.show()) == {"": "U0ADA", "Grace Hopper": "", "Lin": "U0LIN"}
    async with mesh.database.snapshot("look at everything") as connection:
        for table in (participant_sessions, deliveries):
            assert "U0GRACE" not in repr((await connection.execute(select(*table.c))).all())


async def test_what_a_card_that_is_over_showed_of_her_is_forgotten(office: Office) -> None:
    mesh = office.mesh
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    await office.link()
    await office.link()
    await mesh.record(zoom.ended(uuid="run-85012345678=="))
    present = [pb.Attendee(attendee_id="graceZoomId", slack_user_id="U0GRACE"), pb.Attendee(attendee_id="lin")]
    for delivery in await mesh.lease():
        await mesh.complete(delivery, slack_call_id="R0CALL", attendees=present, ended=True)
    assert await DepartureStore(mesh.database, mesh.clock).erase(leaving(mesh)) == 1
    async with mesh.database.snapshot("look at the card") as connection:
        card = (await connection.execute(select(*deliveries.c).where(deliveries.c.kind == "card"))).one()
    assert "U0GRACE" not in card.shown_attendees
    assert "lin" in card.shown_attendees
    assert card.delivered_version == card.desired_version


async def test_an_answer_that_came_before_a_departure_is_taken_back(office: Office) -> None:
    mesh = office.mesh
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    # Auth answered, then she left and was erased, and then the answer was stored.
    assert await DepartureStore(mesh.database, mesh.clock).erase(leaving(mesh)) == 0
    await office.link()
    office.auth.connected.clear()
    await office.link()
    assert in_slack(await office.show())["Grace Hopper"] == ""
    assert await office.settled()


async def recipients(mesh: Mesh) -> list[str]:
    """Returns in whose own conversations with the app a summary is, or was, to be shown."""
    query = select(deliveries.c.recipient_slack_user_id).where(deliveries.c.kind == "summary")
    async with mesh.database.snapshot("look at summaries") as connection:
        return sorted(await connection.scalars(query))


@pytest.mark.parametrize("ends_first", [True, False], ids=["after the end", "before the end"])
async def test_N4_who_was_erased_between_two_answers_gets_no_results(office: Office, ends_first: bool) -> None:
    mesh = office.mesh
    await office.meeting_with(("Grace Hopper", "graceZoomId"), conversation=DIRECT)
    ended = zoom.ended(uuid="run-85012345678==")
    if ends_first:
        await mesh.record(ended)
    assert await DepartureStore(mesh.database, mesh.clock).erase(leaving(mesh)) == 0
    await office.link()  # what auth had said before she left
    if not ends_first:
        await mesh.record(ended)
    office.auth.connected.clear()
    await office.link()
    assert await recipients(mesh) == ["U0ADA"]


@pytest.mark.parametrize("ends_after", [0, 1, 2])
async def test_N4_who_is_known_for_sure_gets_hers_whenever_it_ends(office: Office, ends_after: int) -> None:
    mesh = office.mesh
    await office.meeting_with(("Grace Hopper", "graceZoomId"), conversation=DIRECT)
    for answers in range(3):
        if answers == ends_after:
            await mesh.record(zoom.ended(uuid="run-85012345678=="))
        await office.link()
    assert await recipients(mesh) == ["U0ADA", "U0GRACE"]
    assert sorted(d.recipient_slack_user_id for d in await mesh.lease() if d.HasField("summary")) == [
        "U0ADA",
        "U0GRACE",
    ]


async def test_S51_a_workspace_that_auth_fails_for_holds_up_no_other(office: Office) -> None:
    office.auth.failing_for = "T0OTHER"
    link = office.linking(batch=3)
    for n in range(6):
        await office.meeting_with((f"Ben {n}", f"ben{n}"), user=BEN_ELSEWHERE)
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    for _ in range(8):
        await link()
    people = {name: user for card in await office.mesh.lease() for name, user in in_slack(card).items()}
    assert people["Grace Hopper"] == "U0GRACE"
    office.auth.failing_for = ""
    for _ in range(8):
        await link()
    assert await office.settled()


async def test_two_slack_users_with_one_zoom_user_do_not_take_turns(office: Office) -> None:
    office.auth.connected |= {("T0ACME", "graceZoomId", f"U0GRACE{n}") for n in range(5)}
    await office.meeting_with(("Grace Hopper", "graceZoomId"))
    await office.link()
    await office.link()
    assert await office.settled()
    assert in_slack(await office.show())["Grace Hopper"] == "U0GRACE"
