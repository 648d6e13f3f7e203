"""Recordings: several events, late ones, deleted and recovered ones; one post for each run, always as it is."""

from __future__ import annotations

import itertools

import pytest

from services.meetings.deliveries import LEASE
from tests.integration.meetings.conftest import Mesh, later
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

APPLIED = pb.EVENT_DISPOSITION_APPLIED
URL = "https://zoom.example/rec/share/INVENTED"


async def recordings(mesh: Mesh) -> list[pb.Delivery]:
    """Leases what lags and returns the recordings."""
    return [delivery for delivery in await mesh.lease() if delivery.HasField("recording")]


async def post(mesh: Mesh, *events: bytes) -> pb.Delivery:
    """Holds a meeting with these events and shows its one recording."""
    await mesh.start()
    for event in (zoom.started(), zoom.ended(), *events):
        await mesh.record(event)
    [delivery] = await recordings(mesh)
    await mesh.complete(delivery, slack_channel_id="C0GENERAL", slack_message_ts="1.1")
    later(mesh.clock, LEASE)
    return delivery


async def test_S24_a_recording_that_comes_days_later_is_posted(mesh: Mesh) -> None:
    await mesh.start()
    await mesh.record(zoom.started())
    await mesh.record(zoom.ended())
    await mesh.lease()
    mesh.clock.advance(3 * 86_400)
    await mesh.record(zoom.recorded())
    [delivery] = await recordings(mesh)
    assert (delivery.recording.play_url, delivery.recording.passcode) == (URL, "k8#Rm2Vt")
    assert not delivery.recording.deleted


async def test_S24_further_parts_update_the_one_post(mesh: Mesh) -> None:
    first = await post(mesh, zoom.recorded(files=("a",)))
    await mesh.record(zoom.recorded(files=("a", "b"), sent=1))
    assert await recordings(mesh) == [], "nothing that is shown has changed"
    await mesh.record(zoom.recorded(f"{URL}2", files=("c",), sent=2))
    [update] = await recordings(mesh)
    assert update.delivery_id == first.delivery_id
    assert update.delivered.slack_message_ts == "1.1"
    assert update.recording.play_url == f"{URL}2"


@pytest.mark.parametrize("newer_first", [True, False])
async def test_S24_of_two_links_the_newer_one_counts_whatever_comes_last(mesh: Mesh, newer_first: bool) -> None:
    events = [zoom.recorded(f"{URL}old"), zoom.recorded(f"{URL}new", sent=5)]
    delivery = await post(mesh, *(events[::-1] if newer_first else events))
    assert delivery.recording.play_url == f"{URL}new"


async def test_S53_the_post_of_a_deleted_recording_says_so_and_has_its_link_back_once_recovered(mesh: Mesh) -> None:
    first = await post(mesh, zoom.recorded())
    await mesh.record(zoom.removed(sent=1))
    [delivery] = await recordings(mesh)
    assert delivery.delivery_id == first.delivery_id
    assert delivery.recording.deleted
    assert not delivery.recording.play_url, "the link is dead"
    assert not delivery.recording.passcode
    await mesh.complete(delivery, slack_channel_id="C0GENERAL", slack_message_ts="1.1")
    await mesh.record(zoom.removed("recording.deleted", sent=2))
    assert await recordings(mesh) == [], "it says so already"
    await mesh.record(zoom.recovered(sent=3))
    [delivery] = await recordings(mesh)
    assert (delivery.recording.play_url, delivery.recording.passcode) == (URL, "k8#Rm2Vt")
    assert not delivery.recording.deleted


async def test_S53_as_long_as_a_file_is_left_the_recording_is_not_deleted(mesh: Mesh) -> None:
    await post(mesh, zoom.recorded(files=("a", "b")))
    await mesh.record(zoom.removed(files=("a",), sent=1))
    assert await recordings(mesh) == []
    await mesh.record(zoom.removed(files=("b",), sent=2))
    [delivery] = await recordings(mesh)
    assert delivery.recording.deleted


async def test_S53_what_is_deleted_before_it_is_posted_is_not_posted_until_it_is_recovered(mesh: Mesh) -> None:
    await mesh.start()
    for event in (zoom.started(), zoom.ended(), zoom.recorded(), zoom.removed(sent=1)):
        await mesh.record(event)
    assert await recordings(mesh) == []
    await mesh.record(zoom.recovered(sent=2))
    [delivery] = await recordings(mesh)
    assert delivery.recording.play_url == URL


async def test_S53_deleted_while_an_edge_posts_it_is_updated_afterwards(mesh: Mesh) -> None:
    await mesh.start()
    for event in (zoom.started(), zoom.ended(), zoom.recorded()):
        await mesh.record(event)
    [delivery] = await recordings(mesh)
    await mesh.record(zoom.removed(sent=1))
    await mesh.complete(delivery, slack_channel_id="C0GENERAL", slack_message_ts="1.1")
    [delivery] = await recordings(mesh)
    assert delivery.recording.deleted


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_S53_any_order_of_its_events_leaves_it_recovered(mesh: Mesh, order: tuple[int, ...]) -> None:
    events = [zoom.recorded(), zoom.removed(sent=1), zoom.recovered(sent=2)]
    delivery = await post(mesh, *(events[n] for n in order))
    assert (delivery.recording.play_url, delivery.recording.passcode) == (URL, "k8#Rm2Vt")
    assert not delivery.recording.deleted


async def test_S53_a_deleted_recording_that_waits_for_an_invitation_is_not_posted_after_it(mesh: Mesh) -> None:
    await mesh.start()
    for event in (zoom.started(), zoom.ended(), zoom.recorded()):
        await mesh.record(event)
    [delivery] = await recordings(mesh)
    await mesh.end(delivery, refused=pb.DeliveryRefused(slack_error="channel_not_found"))
    await mesh.record(zoom.removed(sent=1))
    await mesh.stub.ReleaseDeliveries(
        pb.ReleaseDeliveriesRequest(user=delivery.user, conversation=delivery.conversation), timeout=5
    )
    assert await recordings(mesh) == []


@pytest.mark.parametrize("name", ["started", "stopped", "paused", "resumed", "renamed", "transcript_completed"])
async def test_S53_other_news_of_a_recording_is_of_no_interest(mesh: Mesh, name: str) -> None:
    await post(mesh, zoom.recorded())
    assert await mesh.record(zoom.removed(f"recording.{name}", sent=1)) == pb.EVENT_DISPOSITION_IGNORED
    assert await recordings(mesh) == []


RUN = str(zoom.meeting_object()["uuid"])


async def test_S53_recordings_that_are_deleted_and_recovered_by_the_batch_are_shown_so(mesh: Mesh) -> None:
    await post(mesh, zoom.recorded(files=("a", "b")))
    assert await mesh.record(zoom.batch("recording.batch_trashed", ("other", ()), (RUN, ()), sent=1)) == APPLIED
    [gone] = await recordings(mesh)
    assert gone.recording.deleted
    await mesh.complete(gone, slack_channel_id="C0GENERAL", slack_message_ts="1.1")
    recovered = zoom.batch("recording.batch_recovered", (RUN, ("a",)), sent=2)
    assert await mesh.record(recovered) == APPLIED
    [back] = await recordings(mesh)
    assert (back.recording.play_url, back.recording.deleted) == (URL, False)
    await mesh.complete(back, slack_channel_id="C0GENERAL", slack_message_ts="1.1")
    assert await mesh.record(recovered) == pb.EVENT_DISPOSITION_DUPLICATE
    assert await mesh.record(zoom.batch("recording.batch_deleted", (RUN, ("a", "b")), sent=3)) == APPLIED
    [deleted] = await recordings(mesh)
    assert deleted.recording.deleted
    assert deleted.delivered.slack_message_ts == "1.1"


async def test_S53_a_batch_of_another_account_changes_nothing(mesh: Mesh) -> None:
    await post(mesh, zoom.recorded())
    foreign = zoom.batch("recording.batch_deleted", (RUN, ("f2a91c4e",)), sent=1, account_id="AnotherAccount")
    assert await mesh.record(foreign) == pb.EVENT_DISPOSITION_IGNORED
    assert await recordings(mesh) == []
