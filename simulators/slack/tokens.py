"""Issuing, checking and killing tokens."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Literal

from simulators.slack.errors import SlackError
from simulators.slack.model import Installation, Json, RefreshToken, Token
from simulators.slack.world import World

ROTATED_SECONDS = 43_200
MOST_ACTIVE = 2
"""With rotation, more live tokens than this kill the oldest (docs.slack.dev: using token rotation)."""

Kind = Literal["bot", "user"]


def authenticate(world: World, value: str | None) -> Token:
    """Return the live token. Raises SlackError `not_authed`, `invalid_auth`, or what the dead token died of."""
    if not value:
        raise SlackError("not_authed")
    token = world.tokens.get(value)
    if token is None:
        raise SlackError("invalid_auth")
    if token.dead is not None:
        raise SlackError(token.dead)
    if token.expires_at is not None and world.clock.now() >= token.expires_at:
        raise SlackError("token_expired")
    return token


def missing_scope(needed: str, token: Token) -> SlackError:
    """Return the refusal of a token that lacks a scope."""
    return SlackError("missing_scope", fields={"needed": needed, "provided": listed(token.scopes)})


def listed(scopes: Iterable[str]) -> str:
    """Return scopes in the form of answers and headers: sorted, with commas."""
    return ",".join(sorted(scopes))


def issue(
    world: World, tenant_id: str, kind: Kind, user_id: str, scopes: frozenset[str], *, rotation: bool
) -> tuple[Token, Json]:
    """Issue an access token. Returns it and its part of the `oauth.v2.access` answer.

    Without rotation a re-install answers with the token that is already there, its scopes widened.
    """
    now = world.clock.now()
    alive = live_tokens(world, tenant_id, kind, user_id)
    for token in alive:
        token.scopes = scopes
    letter = "b" if kind == "bot" else "p"
    if not rotation:
        token = alive[-1] if alive else Token(f"xox{letter}-{_secret()}", tenant_id, kind, user_id, scopes, now)
        world.tokens[token.value] = token
        return token, {"access_token": token.value, "token_type": kind, "scope": listed(scopes)}
    for old in alive[: max(0, len(alive) + 1 - MOST_ACTIVE)]:
        old.dead = "token_revoked"
    value = f"xoxe.xox{letter}-1-{_secret()}"
    token = Token(value, tenant_id, kind, user_id, scopes, now, expires_at=now + ROTATED_SECONDS)
    world.tokens[token.value] = token
    refresh = RefreshToken(f"xoxe-1-{_secret()}", tenant_id, kind, user_id)
    world.refresh_tokens[refresh.value] = refresh
    answer: Json = {"access_token": token.value, "token_type": kind, "scope": listed(scopes)}
    return token, {**answer, "refresh_token": refresh.value, "expires_in": ROTATED_SECONDS}


def live_tokens(world: World, tenant_id: str, kind: Kind, user_id: str) -> list[Token]:
    """Return the tokens of a bot or person that still work, oldest first."""
    now = world.clock.now()
    return [
        token
        for token in world.tokens.values()
        if (token.tenant_id, token.kind, token.user_id, token.dead) == (tenant_id, kind, user_id, None)
        and (token.expires_at is None or token.expires_at > now)
    ]


def kill(world: World, tenant_id: str, kind: Kind, user_id: str) -> None:
    """Kill the tokens of a bot or person, refresh tokens too."""
    _kill(world, lambda token: (token.tenant_id, token.kind, token.user_id) == (tenant_id, kind, user_id))


def kill_all(world: World, installation: Installation) -> None:
    """Kill every token of an installation, as removing the app does."""
    _kill(world, lambda token: token.tenant_id == installation.tenant_id)


def _kill(world: World, dies: Callable[[Token | RefreshToken], bool]) -> None:
    for token in filter(dies, world.tokens.values()):
        token.dead = token.dead or ("account_inactive" if token.kind == "bot" else "token_revoked")
    for refresh in filter(dies, world.refresh_tokens.values()):
        refresh.used = True


def _secret() -> str:
    return f"{secrets.randbelow(10**12)}-{secrets.token_hex(12)}"
