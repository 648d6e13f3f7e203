"""What the Home tab tells of Zoom Phone."""

from __future__ import annotations

from services.slack_edge import home_phone
from zoomslack.phone.v1 import phone_service_pb2 as pb


def test_only_digits_of_her_own_number_get_into_markup() -> None:
    hostile = pb.GetPhoneProfileResponse(
        access=pb.PHONE_ACCESS_FULL, phone_number="<!channel>", extension_number="<@U1>"
    )
    [first, *_] = home_phone.blocks(hostile, is_connected=True, offers_phone=True, company_wide=True)
    assert "<" not in first["text"]["text"]
