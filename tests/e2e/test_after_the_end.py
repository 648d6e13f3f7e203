"""What comes when a meeting is over: summaries and recordings, where they belong, each once."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.people import (
    ADA,
    BEN,
    BEN_AT_ZOOM,
    GRACE,
    GRACE_AT_ZOOM,
    LIN,
    Office,
    browser,
    digits,
    eventually,
    link_in,
    written,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
PLAY = "zoom_recording"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connected(office: Office) -> None:
    """Ada, Grace and Ben have connected Zoom; Ben is on the Basic plan."""
    await office.connect()
    for user, zoom_user_id in ((GRACE, GRACE_AT_ZOOM), (BEN, BEN_AT_ZOOM)):
        await office.connect(user=user, zoom_user_id=zoom_user_id)


async def hold(office: Office, topic: str, channel: str, *, user: str = ADA, minutes: int = 0) -> str:
    """Holds a meeting with Grace and a guest; returns its number."""
    number, _ = await office.fresh_meeting(topic, user=user, channel=channel)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"zoom_user_id": GRACE_AT_ZOOM})
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Sam <!channel> Guest"})
    await office.zoom("POST", "clock", {"advance_seconds": minutes * 60})
    await office.zoom("POST", f"meetings/{number}/end")
    return number


async def record(office: Office, number: str, **how: str) -> None:
    """Lets Zoom finish, change or delete the recording of a meeting."""
    await office.zoom("POST", f"meetings/{number}/recording", how)


async def posts_when(office: Office, count: int, channel: str, user: str = ADA, *, about: str = "") -> list[Json]:
    """Waits until the app has posted so much about something, and returns it."""

    async def look() -> list[Json]:
        return [one for one in await office.posts(channel, user) if about in written(one)]

    return await eventually(look, lambda found: len(found) == count)


async def marker(office: Office) -> None:
    """Waits until what was due before is posted: a later meeting's results are there."""
    here = await office.conversation("public")
    await hold(office, "A later one", here)
    await posts_when(office, 1, here)


async def test_S4_S22_S39_S52_when_a_meeting_ends_its_public_channel_gets_the_summary(office: Office) -> None:
    here = await office.conversation("public")
    number = await hold(office, "Weekly <!channel>", here, minutes=34)
    [summary] = await posts_when(office, 1, here, GRACE)
    text = written(summary)
    assert number in digits(text)
    assert "Weekly <!channel>" in text
    assert "<!date^" in text, "the start, in each reader's own time zone"
    assert "Duration: 34 minutes" in text
    assert "3 attendees: Ada Lovelace, Grace Hopper, Sam <!channel> Guest" in text
    assert "<!channel>" not in summary["text"], "nothing rings"
    for block in summary["blocks"]:
        if "<!channel>" in str(block):
            assert block["text"]["type"] == "plain_text"
    await marker(office)
    assert len(await office.posts(here)) == 1, "and it comes once"


async def test_S4_S24_S39_S53_S58_the_recording_follows_with_id_link_and_passcode(office: Office) -> None:
    here, other = await office.conversation("public"), await office.conversation("public")
    number = await hold(office, "Recorded", here)
    await record(office, number, password="Rec0rd!ng")
    [recording] = await posts_when(office, 1, here, about=PLAY)
    assert number in digits(written(recording))
    assert "Passcode: Rec0rd!ng" in written(recording)
    async with browser() as person:
        page = await person.get(link_in(recording, PLAY))
    assert (page.status, "Recording of Recorded" in page.text) == (200, True)
    # A further part is of the same page: the post stays one.
    await record(office, number)
    await marker(office)
    assert len(await office.posts(here)) == 2
    assert await office.posts(other) == []


async def test_S24_a_recording_without_passcode_says_none(office: Office) -> None:
    here = await office.conversation("public")
    number = await hold(office, "Open", here)
    await record(office, number, password="")
    [recording] = await posts_when(office, 1, here, about=PLAY)
    assert "Passcode" not in written(recording)


async def test_S53_a_recording_that_was_deleted_leaves_no_dead_link_and_comes_back(office: Office) -> None:
    here = await office.conversation("public")
    number = await hold(office, "Regretted", here)
    await record(office, number, password="Rec0rd!ng")
    [posted] = await posts_when(office, 1, here, about=PLAY)
    await record(office, number, action="trash")
    [gone] = await posts_when(office, 1, here, about="was deleted")
    assert gone["ts"] == posted["ts"], "the post itself says so"
    assert PLAY not in written(gone)
    assert "Rec0rd!ng" not in written(gone)
    await record(office, number, action="recover")
    [back] = await posts_when(office, 1, here, about=PLAY)
    assert (back["ts"], "Passcode: Rec0rd!ng" in written(back)) == (posted["ts"], True)
    assert len(await posts_when(office, 2, here)) == 2, "it and the summary"


async def test_S23_a_host_on_basic_gets_no_results_and_is_told_why_once(office: Office) -> None:
    here = await office.conversation("public", BEN, GRACE)
    for topic in ("On Basic", "On Basic again"):
        await hold(office, topic, here, user=BEN)
    await posts_when(office, 1, "app", BEN, about="Zoom gives no summaries and recordings for Basic accounts")
    await marker(office)
    assert len(await office.posts("app", BEN)) == 1
    assert await office.posts(here, BEN) == []


async def test_S40_N5_results_of_a_private_channel_wait_until_the_app_is_invited(office: Office) -> None:
    here = await office.conversation("private")
    first = await hold(office, "The first", here)
    await record(office, first, password="Rec0rd!ng1")
    [told] = await posts_when(office, 1, "app", about=f"<#{here}>")
    assert "Type `/invite @Zoom` there, and they are posted." in told["text"]
    second = await hold(office, "The second", here)
    await record(office, second, password="Rec0rd!ng2")
    await marker(office)
    assert await office.posts(here) == [], "nothing is posted where the app was not let in"
    assert len(await posts_when(office, 1, "app", about=f"<#{here}>")) == 1, "told once"
    await office.slack("POST", "type", {"user_id": GRACE, "channel_id": here, "text": "/invite @Zoom"})
    posts = await posts_when(office, 4, here)
    order = [
        ("Zoom meeting ended", "The first"),
        ("Passcode: Rec0rd!ng1", "The first"),
        ("Zoom meeting ended", "The second"),
        ("Passcode: Rec0rd!ng2", "The second"),
    ]
    for post, words in zip(posts, order, strict=True):
        assert all(word in written(post) for word in words), words
    third = await hold(office, "The third", here)
    await posts_when(office, 5, here)
    assert third in digits(written((await office.posts(here))[-1])), "from now on they come by themselves"


async def test_S40_N5_what_waits_follows_a_channel_that_is_shared_and_gets_another_name(office: Office) -> None:
    here = await office.conversation("private")
    await hold(office, "Before it was shared", here)
    await posts_when(office, 1, "app", about=f"<#{here}>")
    now = (await office.slack("POST", f"channels/{here}/rename", {}))["id"]
    await office.slack("POST", "type", {"user_id": GRACE, "channel_id": now, "text": "/invite @Zoom"})
    [summary] = await posts_when(office, 1, now)
    assert "Before it was shared" in written(summary)


async def test_S41_to_a_group_message_the_app_comes_in_a_new_chat_only(office: Office) -> None:
    here = await office.conversation("mpim", ADA, GRACE, LIN)
    await hold(office, "In the old chat", here)
    [told] = await posts_when(office, 1, "app", about=f"<#{here}>")
    assert "To a direct message nobody can be added" in told["text"]
    invited = await office.slack("POST", "type", {"user_id": ADA, "channel_id": here, "text": "/invite @Zoom"})
    there = invited["channel_id"]
    assert there != here
    number = await hold(office, "In the new chat", there)
    [summary] = await posts_when(office, 1, there, LIN)
    assert number in digits(written(summary))
    await marker(office)
    assert len(await office.posts(there)) == 1, "the new chat learns nothing of the old one"
    assert await office.posts(here) == []


async def test_S42_N4_of_a_direct_message_each_linked_person_gets_the_results_from_the_app(office: Office) -> None:
    here = await office.conversation("im")
    number = await hold(office, "Between us", here)
    await record(office, number, password="Rec0rd!ng")
    for user in (ADA, GRACE):
        found = "".join(map(written, await posts_when(office, 2, "app", user, about="Between us")))
        assert "Zoom meeting ended" in found
        assert "Passcode: Rec0rd!ng" in found
    await marker(office)
    assert await office.posts(here) == [], "nothing there: the guide's known limitation"
    assert len(await posts_when(office, 2, "app", GRACE, about="Between us")) == 2
    assert [one for one in await office.posts("app", BEN) if "Between us" in written(one)] == []
