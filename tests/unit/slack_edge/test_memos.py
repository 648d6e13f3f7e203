"""What a browser keeps for us."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import SimpleCookie

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from services.slack_edge.memos import Facts, Memo


@dataclass(frozen=True)
class Kept(Facts):
    words: str = ""
    is_true: bool = False


MEMO = Memo(Kept, "kept", path="/slack", seconds=60, secure=True)
STATES = st.text(min_size=1, max_size=64)


def sent_back(response: web.Response) -> web.Request:
    """Returns a request with the cookies that a response has set."""
    jar = SimpleCookie({name: morsel.value for name, morsel in response.cookies.items()})
    return make_mocked_request("GET", "/", headers={"Cookie": jar.output(header="", sep=";").strip()})


@given(STATES, st.text(max_size=200), st.booleans())
def test_what_is_kept_comes_back(state: str, words: str, is_true: bool) -> None:
    response = web.Response()
    assert MEMO.write(response, state, Kept(words, is_true))
    request = sent_back(response)
    assert MEMO.read(request, state) == MEMO.read(request) == Kept(words, is_true)


@given(STATES, STATES)
def test_of_another_consent_nothing_is_kept(state: str, other: str) -> None:
    response = web.Response()
    MEMO.write(response, state, Kept("words"))
    assert (MEMO.read(sent_back(response), other) is None) is (state != other)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='";,\\'), max_size=200))
def test_what_somebody_made_up_is_nothing(value: str) -> None:
    assert MEMO.read(make_mocked_request("GET", "/", headers={"Cookie": f"kept={value}"})) is None


def test_what_no_browser_would_keep_is_not_written() -> None:
    response = web.Response()
    assert not MEMO.write(response, "state", Kept("x" * 4_000))
    assert not response.cookies


def test_the_cookie_is_for_us_alone_and_not_for_scripts() -> None:
    response = web.Response()
    MEMO.write(response, "the state", Kept("words"))
    cookie = response.cookies["kept"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == ("/slack", True, "Lax", True)
    assert "state" not in cookie.value
