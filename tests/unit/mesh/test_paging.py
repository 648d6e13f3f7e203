"""Page tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.errors import MeshError, Reason
from mesh.paging import make_token, read_token


@given(st.text(), st.lists(st.text(), max_size=3))
def test_a_token_gives_its_cursor_back_to_its_request(cursor: str, request: list[str]) -> None:
    assert read_token(make_token(cursor, *request), *request) == cursor


def test_no_token_is_the_first_page() -> None:
    assert read_token("", "ListMeetings", "T1") is None


@given(st.text(min_size=1))
def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(MeshError) as failure:
        read_token(token, "ListMeetings", "T1")
    assert failure.value.reason is Reason.PAGE_TOKEN_INVALID


def test_a_token_of_another_tenant_is_refused() -> None:
    with pytest.raises(MeshError):
        read_token(make_token("cursor", "ListMeetings", "T1"), "ListMeetings", "T2")
