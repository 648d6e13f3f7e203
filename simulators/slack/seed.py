"""Who and what exists when the simulator starts, and the tenants that are added on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulators.slack.model import Channel, Enterprise, User, Workspace

ACME = "T0ACME001"
ADA = "U0ADA0001"
GRACE = "U0GRACE01"
LIN = "U0LIN0001"
BEN = "U0BEN0001"
GUS = "U0GUS0001"
UMA = "U0UMA0001"
NIA = "U0NIA0001"

GLOBEX = "T0GLOBEX1"
HEDY = "U0HEDY001"

UMBRELLA = "E0UMBRELA"
NORTH = "T0UMBRA01"
SOUTH = "T0UMBRB01"
RUTH = "U0RUTH001"
OLAF = "U0OLAF001"


@dataclass(frozen=True)
class Tenant:
    """A company: its workspaces, its people, and the conversations that come with it."""

    workspaces: list[Workspace]
    people: list[User]
    channels: list[Channel]


def acme() -> Tenant:
    """Return the workspace of the product's walk-through: an owner, members, a guest, and more.

    Uma never confirmed her e-mail address, of Nia Slack knows none.
    """
    people = [
        User(ADA, ACME, "ada", "Ada Lovelace", "ada@acme.example", is_admin=True, is_owner=True),
        User(
            GRACE, ACME, "grace", "Grace Hopper", "grace@acme.example", tz="America/New_York", phone="+1 (202) 555-0187"
        ),
        User(LIN, ACME, "lin", "Lin Lanying", "lin@acme.example", tz="Asia/Shanghai"),
        User(BEN, ACME, "ben", "Ben Basic", "ben@acme.example"),
        User(GUS, ACME, "gus", "Gus Guest", "gus@acme.example", is_restricted=True),
        User(UMA, ACME, "uma", "Uma Unconfirmed", "uma@acme.example", is_email_confirmed=False),
        User(NIA, ACME, "nia", "Nia Nomail", ""),
    ]
    channels = [
        Channel("C0GENERAL", ACME, "general", "public", [ADA, GRACE, BEN, UMA]),
        Channel("C0RANDOM1", ACME, "random", "public", [ADA, GRACE, BEN, GUS, UMA, NIA]),
        Channel("C0SECRET1", ACME, "secret-plans", "private", [ADA, GRACE]),
        Channel("C0OLDNEWS", ACME, "old-news", "public", [ADA, GRACE], is_archived=True),
        Channel("C0MPIM001", ACME, "mpdm-ada--grace--lin-1", "mpim", [ADA, GRACE, LIN]),
        Channel("D0ADAGRAC", ACME, "directmessage", "im", [ADA, GRACE]),
    ]
    return Tenant([Workspace(ACME, "Acme", "acme")], people, channels)


def globex() -> Tenant:
    """Return a second company, and the channel that Acme shares with it.

    Tenants cannot see each other, except in that channel; of Acme only Grace is in it.
    """
    people = [User(HEDY, GLOBEX, "hedy", "Hedy Lamarr", "hedy@globex.example", is_admin=True, is_owner=True)]
    channels = [
        Channel("C0GLOBEX1", GLOBEX, "lobby", "public", [HEDY]),
        Channel("C0SHARED1", ACME, "shared-with-globex", "public", [GRACE, HEDY], shared_with=(GLOBEX,)),
    ]
    return Tenant([Workspace(GLOBEX, "Globex", "globex")], people, channels)


def umbrella() -> Tenant:
    """Return an organisation (Enterprise Grid) of two workspaces, whose people have one id in both."""
    enterprise = Enterprise(UMBRELLA, "Umbrella")
    workspaces = [
        Workspace(NORTH, "Umbrella North", "umbrella-north", enterprise),
        Workspace(SOUTH, "Umbrella South", "umbrella-south", enterprise),
    ]
    ruth = User(
        *(RUTH, NORTH, "ruth", "Ruth Teitelbaum", "ruth@umbrella.example"),
        is_admin=True,
        is_owner=True,
        is_org_admin=True,
        is_org_owner=True,
        also_in=(SOUTH,),
    )
    olaf = User(OLAF, NORTH, "olaf", "Olaf Olsen", "olaf@umbrella.example", also_in=(SOUTH,))
    channels = [
        Channel("C0NORTH01", NORTH, "north", "public", [RUTH, OLAF]),
        Channel("C0SOUTH01", SOUTH, "south", "public", [RUTH, OLAF]),
    ]
    return Tenant(workspaces, [ruth, olaf], channels)


ON_DEMAND: Mapping[str, Callable[[], Tenant]] = {"globex": globex, "umbrella": umbrella}
