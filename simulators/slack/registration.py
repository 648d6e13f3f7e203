"""The app as it is registered at Slack: as configured at first, later as its owner changes it."""

from __future__ import annotations

import hmac
from dataclasses import replace

from simulators.slack.clock import SimulatedClock
from simulators.slack.config import SlackConfig
from simulators.slack.errors import SlackError

OLD_CLIENT_SECRET_SECONDS = 24 * 3600
"""A rotated client secret goes on working for a day (docs.slack.dev: verifying requests from Slack)."""


class Registration:
    """The app's settings, and the secrets that it had before."""

    def __init__(self, config: SlackConfig, clock: SimulatedClock) -> None:
        self.config = config
        self._at_start = config
        self._clock = clock
        self._old_client_secrets: dict[str, float] = {}
        self._known_secrets = {config.client_secret, config.signing_secret}

    def change(self, *, token_rotation: bool | None, client_secret: str | None, signing_secret: str | None) -> None:
        """Change what is not None. The next request is signed with a new signing secret; the old one is gone at once.

        Raises SlackError `invalid_arguments`: token rotation cannot be switched off again.
        """
        if token_rotation is False and self.config.token_rotation:
            raise SlackError("invalid_arguments", ["token rotation cannot be switched off"])
        old = self.config
        self.config = replace(
            old,
            token_rotation=old.token_rotation if token_rotation is None else token_rotation,
            client_secret=client_secret or old.client_secret,
            signing_secret=signing_secret or old.signing_secret,
        )
        if self.config.client_secret != old.client_secret:
            self._old_client_secrets[old.client_secret] = self._clock.now() + OLD_CLIENT_SECRET_SECONDS
        self._known_secrets |= {self.config.client_secret, self.config.signing_secret}

    def reset(self) -> None:
        """Go back to the settings at start."""
        self.config = self._at_start
        self._old_client_secrets.clear()
        self._known_secrets = {self.config.client_secret, self.config.signing_secret}

    def is_client_secret(self, text: str) -> bool:
        """Tell whether this is the client secret, or an earlier one that still works."""
        now = self._clock.now()
        good = [self.config.client_secret, *(s for s, until in self._old_client_secrets.items() if now < until)]
        return any(hmac.compare_digest(text.encode(), secret.encode()) for secret in good)

    def secrets(self) -> set[str]:
        """Return every secret that the app has or had."""
        return set(self._known_secrets)
