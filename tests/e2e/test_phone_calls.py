"""`/zoom call`, from the command to the page that dials."""

from __future__ import annotations

import pytest

from tests.e2e.people import ADA_AT_ZOOM, GRACE, GRACE_AT_ZOOM, Office, browser, link_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "+1 202 555 0143"


async def test_who_is_not_connected_gets_the_button_that_connects(office: Office) -> None:
    result = await office.type(f"call {NUMBER}")
    assert result["error"] is None
    link = link_in(result["answer"])
    async with browser() as person:
        page = await person.connect_zoom(link, ADA_AT_ZOOM)
    assert page.status == 200


async def test_S3_S31_a_number_becomes_a_button_whose_page_dials(office: Office) -> None:
    result = await office.type(f"call {NUMBER}")
    assert result["answer"]["response_type"] == "ephemeral", "whom somebody calls is nobody else's business"
    link = link_in(result["answer"], "zoom_call")
    async with browser() as person:
        page = await person.get(link)
        altered = await person.get(link[:-1] + ("A" if link[-1] != "A" else "Q"))
    assert page.status == 200
    assert 'href="zoomphonecall://+12025550143"' in page.text
    assert 'href="tel:+12025550143"' in page.text
    assert altered.status == 404
    assert "2025550143" not in altered.text


@pytest.mark.parametrize("text", ["call 911", "call ring my mother", "call 1-800-FLOWERS"])
async def test_what_cannot_be_dialled_gives_a_sentence_and_no_button(office: Office, text: str) -> None:
    result = await office.type(text)
    assert result["error"] is None
    assert result["answer"]["text"]
    assert "zoom_call" not in str(result["answer"])


async def test_S30_without_zoom_phone_there_is_no_button(office: Office) -> None:
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
    result = await office.type(f"call {NUMBER}", user=GRACE)
    assert result["error"] is None
    assert "Zoom Phone" in result["answer"]["text"]
    assert "zoom_call" not in str(result["answer"])
