"""What a typed phone number means.

Only what is written like a number is read as one: the library behind this also takes letters, extensions and digits of
other scripts, and what it makes of them is not always what the person meant.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, shortnumberinfo

from mesh.errors import MeshError, Reason
from services.phone.calls import PhoneNumber

_WRITTEN = re.compile(r"\+?[0-9 ().\-]*[0-9][0-9 ().\-]*", re.ASCII)
_EVERYWHERE = frozenset({"112", "911"})
"""What a mobile telephone takes for an emergency number in every country (3GPP TS 22.101)."""
_COSTLY = frozenset({PhoneNumberType.PREMIUM_RATE})


def is_region(code: str) -> bool:
    """Tells whether numbers of this two-letter country can be read."""
    return code in phonenumbers.SUPPORTED_REGIONS


class PhoneNumbers:
    """Reads phone numbers by the rules of their countries."""

    def __init__(self, default_region: str) -> None:
        """`default_region` is the country of numbers without `+` whose sender names none."""
        self._default_region = default_region

    def read(self, text: str, region_code: str) -> PhoneNumber:
        """Returns the number that `text` stands for in `region_code`, or in the default region if that is empty.

        Raises MeshError: PHONE_NUMBER_EMERGENCY for emergency numbers, also with a country code in front, and
        PHONE_NUMBER_INVALID for short codes, premium rate numbers and everything that is no number in use.
        """
        region = region_code or self._default_region
        written = re.sub(r"^tel:", "", text.strip(), flags=re.IGNORECASE)
        if not _WRITTEN.fullmatch(written):
            raise MeshError(Reason.PHONE_NUMBER_INVALID)
        digits = re.sub(r"[^0-9]", "", written)
        if digits in _EVERYWHERE or shortnumberinfo.is_emergency_number(digits, region):
            raise MeshError(Reason.PHONE_NUMBER_EMERGENCY)
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            raise MeshError(Reason.PHONE_NUMBER_INVALID) from None
        if _is_emergency(number):
            raise MeshError(Reason.PHONE_NUMBER_EMERGENCY)
        if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in _COSTLY:
            raise MeshError(Reason.PHONE_NUMBER_INVALID)
        return PhoneNumber(
            e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
            national=phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        )


def _is_emergency(number: phonenumbers.PhoneNumber) -> bool:
    # `+49 110` is a valid German number to the library, and the police to a telephone in Germany.
    significant = phonenumbers.national_significant_number(number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    return any(shortnumberinfo.is_emergency_number(significant, region) for region in regions)
