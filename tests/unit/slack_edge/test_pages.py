"""The cookies that tie a browser to what it began."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from services.slack_edge.pages import Pages


def pages(public_url: str) -> Pages:
    return Pages(public_url=public_url, help_url="https://help.example")


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("https://zoom.example", "__Host-zoomslack_setup", True), ("http://127.0.0.1:8080", "zoomslack_setup", False)],
)
def test_the_cookie_of_an_installation_is_of_this_host_alone(public_url: str, name: str, secure: bool) -> None:
    response = web.Response()
    pages(public_url).set_setup(response, "state", "secret")
    [(set_name, cookie)] = response.cookies.items()
    assert set_name == name
    assert cookie.value == "state.secret"
    assert (bool(cookie["secure"]), cookie["path"], cookie["domain"]) == (secure, "/", "")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("cookie", "state", "found"),
    [
        ("state.secret", "state", "secret"),
        ("state.secret", "other", ""),
        ("state.", "state", ""),
        ("state", "state", ""),
        (".secret", "", ""),
        ("", "", ""),
    ],
)
def test_a_browser_goes_on_with_what_it_began_alone(cookie: str, state: str, found: str) -> None:
    held = SimpleCookie({"zoomslack_setup": cookie}).output(header="").strip()
    request = make_mocked_request("GET", "/", headers={"Cookie": held})
    assert pages("http://127.0.0.1:8080").setup_secret(request, state) == found
