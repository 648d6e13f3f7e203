"""The Call icon and the call menu of profiles, for partners' apps only (Slack, "Using the Calls API")."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from simulators.slack.commands import PATH
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, User
from simulators.slack.outgoing import FORM, Answer
from simulators.slack.simulator import Simulator

KINDS = ("video", "audio")


async def press(
    sim: Simulator, user: User, channel: Channel, kind: Literal["video", "audio"], phone_number: str = ""
) -> Answer:
    """Press the icon. The form has neither `command`, `text` nor `trigger_id`, and `phone_number` for `audio` only.

    Raises SlackError `app_not_installed`.
    """
    team_id = sim.world.acting_team(user, channel)
    if sim.world.installation_in(team_id) is None:
        raise SlackError("app_not_installed")
    response_url = sim.world.new_response_url("commands", user, channel, team_id)
    response_url.opens_calls = True
    form = {
        "token": "deprecated-verification-token",
        "team_id": team_id,
        "team_domain": sim.world.workspaces[team_id].domain,
        "channel_id": channel.id,
        "channel_name": channel.form_name,
        "user_id": user.id,
        "user_name": user.name,
        "response_url": sim.config.public_url + response_url.path,
        "type": kind,
        **({"phone_number": phone_number} if kind == "audio" else {}),
    }
    return await sim.app.post(PATH, urlencode(form).encode(), FORM, about="call_icon")
