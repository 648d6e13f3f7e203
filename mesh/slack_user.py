"""A person in Slack with her tenant, as rules, stores and clients pass it around. Knows no transport."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class SlackUser:
    """Who acts, and in which tenant. Every store takes it, or its tenant, first."""

    enterprise_id: str
    """`E…`, or empty for a workspace without an organisation."""
    team_id: str
    """`T…`: the tenant."""
    user_id: str
    """`U…` or `W…`."""


class SlackUserMessage(Protocol):
    """The fields of `zoomslack.type.v1.SlackUser`."""

    slack_enterprise_id: str
    slack_team_id: str
    slack_user_id: str


def from_message(message: SlackUserMessage) -> SlackUser:
    """Returns the person that a request names."""
    return SlackUser(message.slack_enterprise_id, message.slack_team_id, message.slack_user_id)
