"""The pages of the guide are what docs/guide says."""

from __future__ import annotations

import pytest

from tools.guide import problems, render


def test_the_pages_are_up_to_date_and_lead_nowhere_wrong() -> None:
    assert list(problems()) == []


def test_links_and_pictures_lead_to_what_is_served() -> None:
    html = render("[use](using.md) [Zoom](https://zoom.us) ![A card](pictures/card.png)")
    assert 'href="/guide/using"' in html
    assert 'href="https://zoom.us"' in html
    assert 'src="/guide/pictures/card.png"' in html
    assert 'alt="A card"' in html


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a <img src=x onerror=alert(1)>"])
def test_html_stays_text(text: str) -> None:
    assert "<script" not in render(text)
    assert "<img" not in render(text)


def test_tables_become_tables() -> None:
    assert "<td>b</td>" in render("| a |\n|---|\n| b |")
