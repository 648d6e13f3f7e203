"""The accounts that exist at the start, and their people."""

from simulators.zoom.ids import Ids
from simulators.zoom.world import ACCOUNT_ID, BASIC, LICENSED, Account, Settings, User

GLOBEX = "GlobexZoomAccount00002"
UMBRELLA = "UmbrellaZoomAccount003"


def accounts() -> list[Account]:
    """Three companies that are customers of Zoom and cannot see each other."""
    return [Account(ACCOUNT_ID, "Acme"), Account(GLOBEX, "Globex"), Account(UMBRELLA, "Umbrella")]


def people(ids: Ids) -> list[User]:
    """Everybody. New people come last: the generated passcodes of those before stay what they are.

    Everybody has an extension, which counts once she has a licence for Zoom Phone. Ada has one with all that belongs to
    it, Ben one without a calling plan: he reaches his colleagues only.
    """
    ada = _person(ids, "adaZoomUserId000000001", "ada@acme.example", "Ada Lovelace", 5551234567, role="Owner")
    _give_line(ada, "1001", "+12025550101")
    ada.settings.zoom_phone = True
    ada.vanity_name = "ada.lovelace"
    grace = _person(ids, "graceZoomUserId0000002", "grace@acme.example", "Grace Hopper", 5557654321)
    _give_line(grace, "1002", "+12025550102")
    grace.vanity_name = "grace.hopper"
    ben = _person(ids, "benZoomUserId000000003", "ben@acme.example", "Ben Basic", 5559876543, plan=BASIC)
    ben.settings.cloud_recording = False
    ben.settings.zoom_phone = True
    _give_line(ben, "1003")
    hedy_details = ("hedyZoomUserId00000004", "hedy@globex.example", "Hedy Lamarr", 5552000004)
    ruth_details = ("ruthZoomUserId00000005", "ruth@umbrella.example", "Ruth Teitelbaum", 5553000005)
    olaf_details = ("olafZoomUserId00000006", "olaf@umbrella.example", "Olaf Olsen", 5553000006)
    hedy = _person(ids, *hedy_details, role="Admin", account_id=GLOBEX)
    _give_line(hedy, "1001", "+12025550104")
    ruth = _person(ids, *ruth_details, role="Owner", account_id=UMBRELLA)
    _give_line(ruth, "1001", "+12025550105")
    olaf = _person(ids, *olaf_details, account_id=UMBRELLA)
    _give_line(olaf, "1002", "+12025550106")
    gus = _person(ids, "gusZoomUserId000000007", "gus@acme.example", "Gus Guest", 5551000007)
    _give_line(gus, "1007", "+12025550107")
    uma = _person(ids, "umaZoomUserId000000008", "uma@acme.example", "Uma Unconfirmed", 5551000008)
    _give_line(uma, "1008", "+12025550108")
    return [ada, grace, ben, hedy, ruth, olaf, gus, uma]


def _give_line(user: User, extension_number: str, phone_number: str = "") -> None:
    user.extension_number = extension_number
    user.phone_number = phone_number
    user.outside_calls = phone_number != ""


def _person(
    ids: Ids,
    user_id: str,
    email: str,
    name: str,
    pmi: int,
    *,
    role: str = "Member",
    plan: int = LICENSED,
    account_id: str = ACCOUNT_ID,
) -> User:
    first_name, last_name = name.split(" ")
    encrypted = ids.encrypted_passcode()
    return User(
        id=user_id,
        email=email,
        first_name=first_name,
        last_name=last_name,
        display_name=name,
        type=plan,
        role_name=role,
        pmi=pmi,
        vanity_name=None,
        pmi_encrypted_password=encrypted,
        account_id=account_id,
        settings=Settings(pmi_password=ids.passcode()),
    )
