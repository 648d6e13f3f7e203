"""What a person can do with Zoom Phone, and what she wants to see of it."""

from __future__ import annotations

from typing import Protocol

from mesh.slack_user import SlackUser
from services.phone.lines import Profile


class ZoomProfiles(Protocol):
    """What Zoom says (`services.phone.zoom_phone`)."""

    async def profile(self, user: SlackUser) -> Profile: ...

    async def identity(self, user: SlackUser) -> tuple[str, str]: ...


class Choices(Protocol):
    """What people chose (`services.phone.store_shown_calls`)."""

    async def shows_all(self, user: SlackUser) -> bool: ...

    async def choose(self, user: SlackUser, *, show_all: bool, zoom_user_id: str, zoom_account_id: str) -> None: ...

    async def follow(self, user: SlackUser, *, zoom_user_id: str, zoom_account_id: str) -> None: ...


class Profiles:
    """Tells and changes them."""

    def __init__(self, zoom: ZoomProfiles, choices: Choices) -> None:
        self._zoom = zoom
        self._choices = choices

    async def of(self, user: SlackUser) -> tuple[Profile, bool]:
        """Returns what Zoom says of the telephone of `user`, and whether she wants to see all of her calls.

        What she chose follows her where she is connected as somebody else by now. Raises MeshError as Zoom refuses.
        """
        profile = await self._zoom.profile(user)
        shows_all = await self._choices.shows_all(user)
        if shows_all:
            await self._choices.follow(user, zoom_user_id=profile.zoom_user_id, zoom_account_id=profile.zoom_account_id)
        return profile, shows_all

    async def shows_all(self, user: SlackUser) -> bool:
        """Tells whether `user` wants to see all of her calls. Asks nobody else."""
        return await self._choices.shows_all(user)

    async def choose(self, user: SlackUser, *, show_all: bool) -> None:
        """Stores what `user` wants to see. Raises MeshError where she is not connected, or auth does not tell."""
        zoom_user_id, zoom_account_id = await self._zoom.identity(user)
        await self._choices.choose(user, show_all=show_all, zoom_user_id=zoom_user_id, zoom_account_id=zoom_account_id)
