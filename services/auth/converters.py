"""Types of the rules into messages of the proto."""

from __future__ import annotations

from datetime import datetime

from google.protobuf import timestamp_pb2

from mesh.departed import Departed
from mesh.slack_protos import user_message
from services.auth.accounts import ZoomInstallation
from services.auth.departures import Cause, Eraser, Receipt
from services.auth.grants import AppLevel, Standing, ZoomPlan
from services.auth.installations import CallOptions, Installation
from zoomslack.auth.v1 import auth_service_pb2 as pb

PLANS = {
    ZoomPlan.UNKNOWN: pb.ZOOM_PLAN_UNSPECIFIED,
    ZoomPlan.BASIC: pb.ZOOM_PLAN_BASIC,
    ZoomPlan.LICENSED: pb.ZOOM_PLAN_LICENSED,
    ZoomPlan.UNASSIGNED: pb.ZOOM_PLAN_UNASSIGNED,
}
LEVELS = {
    AppLevel.USER: pb.ZOOM_APP_LEVEL_USER,
    AppLevel.ACCOUNT: pb.ZOOM_APP_LEVEL_ACCOUNT,
}
CALL_OPTIONS = {
    CallOptions.VIDEO_AND_PHONE: pb.CALL_OPTIONS_VIDEO_AND_PHONE,
    CallOptions.VIDEO: pb.CALL_OPTIONS_VIDEO,
    CallOptions.PHONE: pb.CALL_OPTIONS_PHONE,
}
ERASERS = {
    Eraser.MEETINGS: pb.ERASER_MEETINGS,
    Eraser.PHONE: pb.ERASER_PHONE,
}
CAUSES = {
    Cause.LOGGED_OUT: pb.DEPARTURE_CAUSE_LOGGED_OUT,
    Cause.ZOOM_DEAUTHORIZED: pb.DEPARTURE_CAUSE_ZOOM_DEAUTHORIZED,
    Cause.ZOOM_USER_GONE: pb.DEPARTURE_CAUSE_ZOOM_USER_GONE,
    Cause.SLACK_UNINSTALLED: pb.DEPARTURE_CAUSE_SLACK_UNINSTALLED,
}
LEVEL_OF = {number: level for level, number in LEVELS.items()}
CALL_OPTIONS_OF = {number: options for options, number in CALL_OPTIONS.items()}
ERASER_OF = {number: eraser for eraser, number in ERASERS.items()}


def moment(value: datetime) -> timestamp_pb2.Timestamp:
    """Returns a time."""
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(value)
    return message


def connection_message(standing: Standing) -> pb.Connection | None:
    """Returns the connection of a person whom a grant serves; None where none does."""
    connection, grants = standing.connection, standing.grants()
    if connection is None or not grants:
        return None
    return pb.Connection(
        user=user_message(connection.user),
        zoom_user_id=connection.profile.zoom_user_id,
        zoom_account_id=connection.profile.zoom_account_id,
        zoom_plan=PLANS[connection.profile.plan],
        scopes=grants[0].tokens.scopes,
        connect_time=moment(connection.connect_time),
        app_level=LEVELS[grants[0].level],
    )


def installation_message(installation: Installation) -> pb.SlackInstallation:
    """Returns an installation without its tokens."""
    return pb.SlackInstallation(
        slack_enterprise_id=installation.enterprise_id,
        slack_team_id=installation.team_id,
        slack_team_name=installation.team_name,
        slack_app_id=installation.app_id,
        slack_bot_user_id=installation.bot_user_id,
        scopes=installation.tokens.scopes,
        install_time=moment(installation.install_time),
        zoom_account_id=installation.zoom_account_id,
    )


def zoom_installation_message(installation: ZoomInstallation) -> pb.ZoomInstallation:
    """Returns what an administrator granted."""
    return pb.ZoomInstallation(
        zoom_account_id=installation.zoom_account_id,
        scopes=installation.scopes,
        install_time=moment(installation.install_time),
    )


def departure_message(departed: Departed) -> pb.Departure:
    """Returns a departure."""
    return pb.Departure(
        departure_id=departed.departure_id,
        slack_enterprise_id=departed.enterprise_id,
        slack_team_id=departed.team_id,
        slack_user_id=departed.user_id,
        depart_time=moment(departed.depart_time),
    )


def receipt_message(receipt: Receipt) -> pb.Receipt:
    """Returns a receipt."""
    return pb.Receipt(
        departure=departure_message(receipt.departed),
        cause=CAUSES[receipt.cause],
        record_time=moment(receipt.record_time),
        erasures=[
            pb.Erasure(
                eraser=pb.ERASER_UNSPECIFIED if erasure.eraser is None else ERASERS[erasure.eraser],
                erased_rows=erasure.erased_rows,
                complete_time=None if erasure.complete_time is None else moment(erasure.complete_time),
            )
            for erasure in receipt.erasures
        ],
    )
