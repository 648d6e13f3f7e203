"""The addresses of our own pages, as messages and pages link to them."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode


class Addresses:
    """Addresses below the public one."""

    def __init__(self, public_url: str) -> None:
        """`public_url` is where browsers reach the edge, without a slash at the end."""
        self._public_url = public_url

    def install(self, zoom_scopes: Iterable[str] = ()) -> str:
        """The page of the choice how to install; with `zoom_scopes` company-wide asks for just these."""
        return self._with("/install", zoom_scopes=" ".join(zoom_scopes))

    def slack_install(self, team_id: str = "", scopes: Iterable[str] = ()) -> str:
        """What leads to Slack's consent, in the workspace `team_id`; with `scopes` it asks for just these."""
        return self._with("/slack/install", team=team_id, scopes=",".join(scopes))

    def _with(self, path: str, **query: str) -> str:
        given = {name: value for name, value in query.items() if value}
        return f"{self._public_url}{path}" + (f"?{urlencode(given)}" if given else "")


PATHS = Addresses("")
"""The same without a host, for links from one page to another."""
