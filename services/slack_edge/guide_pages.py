"""The guide for people in Slack, as pages. `tools/guide.py` makes them from docs/guide."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from markupsafe import Markup

from services.slack_edge.pages import Link, Pages

_FOLDER = Path(__file__).parent / "guide"
TO_GUIDE = Link("Begin at its first page", "/guide/index")
_PICTURE_AGE = "max-age=3600"


class Guide:
    """Serves what the folder held when it was made, by name: no path of a request ever reaches the disk."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._texts = {file.stem: Markup(file.read_text(encoding="utf-8")) for file in _FOLDER.glob("*.html")}  # noqa: S704 (made by us, with HTML in the source escaped)
        self._pictures = {file.name: file.read_bytes() for file in _FOLDER.glob("pictures/*.png")}

    @property
    def contents(self) -> Markup:
        """The list of the guide's pages, with the picture above it, for the product page."""
        _, start, rest = self._texts["index"].partition("<p><img")
        return Markup(start + rest)  # noqa: S704 (as above)

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes."""
        return [
            web.get("/guide/{page}", self._page),
            web.get("/guide/pictures/{picture}", self._picture),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info["page"]
        text = self._texts.get(name)
        if text is None:
            return self._pages.message(
                "There is no such page", "The guide has other pages.", status=404, links=(TO_GUIDE,)
            )
        return self._pages.page("guide.html", text=text, is_first=name == "index")

    async def _picture(self, request: web.Request) -> web.Response:
        picture = self._pictures.get(request.match_info["picture"])
        if picture is None:
            raise web.HTTPNotFound
        return web.Response(body=picture, content_type="image/png", headers={"Cache-Control": _PICTURE_AGE})
