"""The two apps as Zoom has them registered: as configured at first, later as their owner or an admin changes them."""

from collections.abc import Iterable
from dataclasses import replace

from simulators.zoom.config import AppLevel, ZoomApp, ZoomConfig


class Registry:
    """Looks apps up and changes them. Records elsewhere name an app by its level, so that they see the change."""

    def __init__(self, config: ZoomConfig) -> None:
        self._config = config
        self.reset()

    def reset(self) -> None:
        """Back to the apps as configured, approved everywhere."""
        self._apps: dict[AppLevel, ZoomApp] = {app.level: app for app in self._config.apps}
        self._known_secrets: set[str] = set()
        self._approved: dict[AppLevel, bool] = dict.fromkeys(self._apps, True)
        self._approved_in: dict[tuple[AppLevel, str], bool] = {}
        for app in self._apps.values():
            self._remember(app)

    @property
    def apps(self) -> tuple[ZoomApp, ...]:
        """Both apps, the user-managed one first."""
        return tuple(self._apps.values())

    def app(self, level: AppLevel) -> ZoomApp:
        """The app of this level."""
        return self._apps[level]

    def by_client_id(self, client_id: str) -> ZoomApp | None:
        """The app with this client id, if there is one."""
        return next((app for app in self.apps if app.client_id == client_id), None)

    def by_level(self, level: str) -> ZoomApp | None:
        """The app named "user" or "account", if it is one of them."""
        return next((app for app in self.apps if app.level == level), None)

    def change(
        self,
        level: AppLevel,
        *,
        client_secret: str | None = None,
        webhook_secret: str | None = None,
        published: bool | None = None,
        old_refresh_grace_seconds: float | None = None,
        scopes: tuple[str, ...] | None = None,
        redirect_uri: str | None = None,
        webhook_url: str | None = None,
    ) -> ZoomApp:
        """Change what is given. A new secret counts from the next request on, the old one is gone.

        Other scopes count from the next consent on, where people may decline those that the app was configured with as
        optional, or not at all; what is required stays so, also when it goes and comes back.
        """
        given: dict[str, object] = {
            "client_secret": client_secret,
            "webhook_secret": webhook_secret,
            "published": published,
            "old_refresh_grace_seconds": old_refresh_grace_seconds,
            "redirect_uri": redirect_uri,
            "webhook_url": webhook_url,
        }
        if scopes is not None:
            [configured] = [app for app in self._config.apps if app.level == level]
            optional = tuple(s for s in scopes if s in configured.optional_scopes or s not in configured.scopes)
            given |= {"scopes": scopes, "optional_scopes": optional}
        changes = {name: value for name, value in given.items() if value is not None}
        changed = replace(self._apps[level], **changes)  # type: ignore[arg-type]  # each has its field's type
        self._apps[level] = changed
        self._remember(changed)
        return changed

    def refresh_grace_seconds(self, level: AppLevel) -> float:
        """How long a refresh token works after it was used."""
        own = self._apps[level].old_refresh_grace_seconds
        return self._config.old_refresh_grace_seconds if own is None else own

    def redirect_uri(self, level: AppLevel) -> str:
        """Where a consent leads back to."""
        return self._apps[level].redirect_uri or self._config.redirect_uri

    def webhook_url(self, level: AppLevel) -> str:
        """Where the app wants its events."""
        return self._apps[level].webhook_url or self._config.webhook_url

    def set_approval(self, level: AppLevel, account_id: str | None, *, approved: bool) -> None:
        """An admin of an account, or of every account (None), approves the app or withdraws that."""
        if account_id is None:
            self._approved[level] = approved
            self._approved_in = {key: value for key, value in self._approved_in.items() if key[0] != level}
        else:
            self._approved_in[level, account_id] = approved

    def is_approved(self, level: AppLevel, account_id: str) -> bool:
        """Whether people of this account may use the app."""
        return self._approved_in.get((level, account_id), self._approved[level])

    def is_approved_in_any(self, level: AppLevel, account_ids: Iterable[str]) -> bool:
        """Whether there is an account whose people may use the app."""
        return any(self.is_approved(level, account_id) for account_id in account_ids)

    def secrets(self) -> set[str]:
        """Every client and webhook secret that an app has or had."""
        return set(self._known_secrets)

    def _remember(self, app: ZoomApp) -> None:
        self._known_secrets |= {app.client_secret, app.webhook_secret}
