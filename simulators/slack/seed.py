"""Who and what exists when the simulator starts."""

from __future__ import annotations

from simulators.slack.model import Channel, User, Workspace

ACME = "T0ACME001"
ADA = "U0ADA0001"
GRACE = "U0GRACE01"
LIN = "U0LIN0001"

GLOBEX = "T0GLOBEX1"
HEDY = "U0HEDY001"


def acme() -> tuple[Workspace, list[User], list[Channel]]:
    """Return the workspace of the product's walk-through."""
    people = [
        User(ADA, ACME, "ada", "Ada Lovelace", "ada@acme.example", is_admin=True),
        User(GRACE, ACME, "grace", "Grace Hopper", "grace@acme.example", tz="America/New_York"),
        User(LIN, ACME, "lin", "Lin Lanying", "lin@acme.example", tz="Asia/Shanghai"),
    ]
    channels = [
        Channel("C0GENERAL", ACME, "general", "public", [ADA, GRACE]),
        Channel("C0RANDOM1", ACME, "random", "public", [ADA, GRACE]),
        Channel("C0SECRET1", ACME, "secret-plans", "private", [ADA, GRACE]),
        Channel("C0MPIM001", ACME, "mpdm-ada--grace--lin-1", "mpim", [ADA, GRACE, LIN]),
        Channel("D0ADAGRAC", ACME, "directmessage", "im", [ADA, GRACE]),
    ]
    return Workspace(ACME, "Acme", "acme"), people, channels


def globex() -> tuple[Workspace, list[User], list[Channel]]:
    """Return a second tenant; it is only added on demand, to try that tenants cannot see each other."""
    people = [User(HEDY, GLOBEX, "hedy", "Hedy Lamarr", "hedy@globex.example", is_admin=True)]
    return Workspace(GLOBEX, "Globex", "globex"), people, [Channel("C0GLOBEX1", GLOBEX, "lobby", "public", [HEDY])]
