"""Recordings in the Zoom simulator: further files, the trash, and what REST says of them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.simulators.zoom_harness import Zoom, running_zoom


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _recorded(zoom: Zoom) -> tuple[str, dict[str, Any]]:
    token = await zoom.access_token()
    meeting = await zoom.create(token)
    await zoom.control("POST", f"meetings/{meeting['id']}/start", {})
    await zoom.control("POST", f"meetings/{meeting['id']}/end", {})
    await _record(zoom, meeting)
    await zoom.idle()
    zoom.app.received.clear()
    return token, meeting


async def _record(zoom: Zoom, meeting: dict[str, Any], **body: object) -> None:
    await zoom.control("POST", f"meetings/{meeting['id']}/recording", body)


async def test_a_further_part_adds_files_to_the_same_page(zoom: Zoom) -> None:
    token, meeting = await _recorded(zoom)
    before = (await zoom.api("GET", f"meetings/{meeting['id']}/recordings", token)).json
    await _record(zoom, meeting)
    await zoom.idle()
    [event] = zoom.app.received
    assert event.name == "recording.completed"
    files = [file["id"] for file in event.object["recording_files"]]
    assert files[:2] == [file["id"] for file in before["recording_files"]]
    assert len(files) == event.object["recording_count"] == 4
    assert event.object["password"] == before["password"]


async def test_from_the_trash_it_comes_back_and_deleted_it_is_gone(zoom: Zoom) -> None:
    token, meeting = await _recorded(zoom)
    path = f"meetings/{meeting['id']}/recordings"
    await _record(zoom, meeting, action="trash")
    assert (await zoom.api("GET", path, token)).json["code"] == 3301
    await _record(zoom, meeting, action="recover")
    assert (await zoom.api("GET", path, token)).status == 200
    await _record(zoom, meeting, action="rename")
    await _record(zoom, meeting, action="delete")
    assert (await zoom.api("GET", path, token)).json["code"] == 3301
    refused = await zoom.request("POST", f"/control/meetings/{meeting['id']}/recording", json={"action": "recover"})
    assert refused.status == 409
    await zoom.idle()
    assert zoom.app.names() == ["recording.trashed", "recording.recovered", "recording.renamed", "recording.deleted"]
    assert all("password" not in webhook.object for webhook in zoom.app.received)


async def test_the_page_of_a_recording_in_the_trash_is_dead(zoom: Zoom) -> None:
    _, meeting = await _recorded(zoom)
    await _record(zoom, meeting, share_url=f"{zoom.base}/rec/share/here")
    assert (await zoom.request("GET", "/rec/share/here")).status == 200
    await _record(zoom, meeting, action="trash")
    assert (await zoom.request("GET", "/rec/share/here")).status == 404
