"""One thing that is wrong in a copy of the chart."""

from __future__ import annotations

from dataclasses import dataclass

from tests.deploy.policies import Policy


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong in a file of the chart, and what the policy says of it."""

    policy: Policy
    values: str
    file: str
    right: str
    wrong: str
    complaint: str
