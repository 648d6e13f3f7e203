"""What a typed phone number or extension means.

Only what is written like a number is read as one: the library behind this also takes letters, extensions and digits of
other scripts, and what it makes of them is not always what the person meant.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, shortnumberinfo

from mesh.errors import MeshError, Reason
from services.phone.lines import CallWarning, Line, Policy

_WRITTEN = re.compile(r"\+?[0-9 ().\-]*[0-9][0-9 ().\-]*", re.ASCII)
_EXTENSION = re.compile(r"[0-9]{3,6}", re.ASCII)
"""How people write extensions. Longer ones exist (with the code of a site), but look like numbers."""
_EVERYWHERE = frozenset({"112", "911"})
"""What a mobile telephone takes for an emergency number in every country (3GPP TS 22.101)."""


def is_region(code: str) -> bool:
    """Tells whether numbers of this two-letter country can be read."""
    return code in phonenumbers.SUPPORTED_REGIONS


def region_of(e164: str) -> str:
    """Returns the two-letter country of a number in E.164; empty where that is not known."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164, None)) or ""
    except phonenumbers.NumberParseException:
        return ""


def national(e164: str) -> str:
    """Returns a number in E.164 as people of its country write it, or as it is where the library does not know it."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164, None), PhoneNumberFormat.NATIONAL)
    except phonenumbers.NumberParseException:
        return e164


def written_for(e164: str, own_e164: str) -> str:
    """Returns a number in E.164 as somebody reads it whose own number is `own_e164`, which may be empty.

    Within her own numbering plan (Canada and the United States share one) that is how people of its country write it;
    else it is the international way: `030 901820` could be anywhere.
    """
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    try:
        at_home = phonenumbers.parse(own_e164, None).country_code == number.country_code
    except phonenumbers.NumberParseException:
        at_home = False
    style = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


class PhoneNumbers:
    """Reads phone numbers by the rules of their countries."""

    def __init__(
        self, default_region: str, *, emergency: Policy = Policy.REFUSE, premium: Policy = Policy.REFUSE
    ) -> None:
        """`default_region` is the country of numbers without `+` whose caller has none."""
        self._default_region = default_region
        self._emergency = emergency
        self._premium = premium

    def check(self, text: str) -> None:
        """Raises MeshError for what no country's rules make a number, as `read` does."""
        digits = _digits(_written(text))
        if digits in _EVERYWHERE:
            self._emergency_line(digits)

    def read(self, text: str, region_code: str) -> Line:
        """Returns the line that `text` stands for in `region_code`, or in the default region if that is empty.

        Raises MeshError: PHONE_NUMBER_EMERGENCY for emergency numbers, also with a country code in front, and
        PHONE_NUMBER_PREMIUM for what costs more, unless callers are to be warned only; PHONE_NUMBER_INVALID for
        everything that is no number in use.
        """
        region = region_code or self._default_region
        written = _written(text)
        digits = _digits(written)
        if digits in _EVERYWHERE or shortnumberinfo.is_emergency_number(digits, region):
            return self._emergency_line(digits)
        if _EXTENSION.fullmatch(written):
            return Line(extension=written)
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            raise MeshError(Reason.PHONE_NUMBER_INVALID) from None
        if _is_emergency(number):
            return self._emergency_line(digits)
        if not phonenumbers.is_valid_number(number):
            raise MeshError(Reason.PHONE_NUMBER_INVALID)
        return Line(
            e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
            national=phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
            warning=self._cost(number),
        )

    def _emergency_line(self, digits: str) -> Line:
        if self._emergency is Policy.REFUSE:
            raise MeshError(Reason.PHONE_NUMBER_EMERGENCY)
        return Line(national=digits, extension=digits, warning=CallWarning.EMERGENCY)

    def _cost(self, number: phonenumbers.PhoneNumber) -> CallWarning:
        if phonenumbers.number_type(number) != PhoneNumberType.PREMIUM_RATE:
            return CallWarning.NONE
        if self._premium is Policy.REFUSE:
            raise MeshError(Reason.PHONE_NUMBER_PREMIUM)
        return CallWarning.PREMIUM_RATE


def _written(text: str) -> str:
    written = re.sub(r"^tel:", "", text.strip(), flags=re.IGNORECASE)
    if not _WRITTEN.fullmatch(written):
        raise MeshError(Reason.PHONE_NUMBER_INVALID)
    return written


def _digits(written: str) -> str:
    return re.sub(r"[^0-9]", "", written)


def _is_emergency(number: phonenumbers.PhoneNumber) -> bool:
    # `+49 110` is a valid German number to the library, and the police to a telephone in Germany.
    significant = phonenumbers.national_significant_number(number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    return any(shortnumberinfo.is_emergency_number(significant, region) for region in regions)
