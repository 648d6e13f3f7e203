"""People of Slack as protos. The other way is `mesh.slack_user.from_message`, which knows no transport."""

from __future__ import annotations

from mesh.slack_user import SlackUser
from zoomslack.type.v1 import slack_pb2


def user_message(user: SlackUser) -> slack_pb2.SlackUser:
    """Returns a person as requests name her."""
    return slack_pb2.SlackUser(
        slack_enterprise_id=user.enterprise_id, slack_team_id=user.team_id, slack_user_id=user.user_id
    )
