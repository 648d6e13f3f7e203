"""What the control API and the page show of the world."""

from dataclasses import asdict

from simulators.zoom.clock import iso
from simulators.zoom.config import ZoomApp
from simulators.zoom.phone_world import Party, PhoneCall
from simulators.zoom.rest_meetings import is_listed
from simulators.zoom.rest_users import vanity_url
from simulators.zoom.scheduling import join_url_of, passcode_of
from simulators.zoom.simulation import Simulation
from simulators.zoom.world import BASIC, Account, Instance, Meeting, Participant, User


def state(simulation: Simulation) -> dict[str, object]:
    """Everything at a glance."""
    grants = [
        {
            "app": grant.level,
            "zoom_user_id": grant.user_id,
            "account_id": grant.account_id,
            "scopes": list(grant.scopes),
            "authorized_at": iso(grant.authorized_at),
        }
        for grant in simulation.grants.authorizations()
    ]
    return {
        "now": iso(simulation.clock.now()),
        "speed": simulation.clock.speed,
        "accounts": [account_view(simulation, account) for account in simulation.world.accounts.values()],
        "apps": [app_view(app) for app in simulation.registry.apps],
        "users": [user_view(simulation, user) for user in simulation.world.users.values()],
        "meetings": meetings(simulation),
        "calls": phone_calls(simulation),
        "tokens": simulation.grants.live_counts(),
        "grants": grants,
        "webhooks": simulation.outbox.counts(),
        "webhook_faults": asdict(simulation.outbox.faults),
        "faults": simulation.faults.list(),
    }


def app_view(app: ZoomApp) -> dict[str, object]:
    """An app as it is registered, without its secrets."""
    return {"level": app.level, "name": app.name, "published": app.published, "scopes": list(app.scopes)}


def account_view(simulation: Simulation, account: Account) -> dict[str, object]:
    """A company, and of which apps its people may make use."""
    apps = [app.level for app in simulation.registry.apps if simulation.registry.is_approved(app.level, account.id)]
    return {**asdict(account), "approved_apps": apps}


def meetings(simulation: Simulation) -> list[dict[str, object]]:
    """All meetings, the newest first; personal rooms come last."""
    newest_first = reversed(simulation.world.meetings.values())
    return [meeting_view(simulation, meeting) for meeting in newest_first if not meeting.deleted]


def user_view(simulation: Simulation, user: User) -> dict[str, object]:
    """A person with plan and settings."""
    public_url = simulation.config.public_url
    return {
        "id": user.id,
        "account_id": user.account_id,
        "status": user.status,
        "verified": user.verified,
        "email": user.email,
        "display_name": user.display_name,
        "type": user.type,
        "plan": "Basic" if user.type == BASIC else "Licensed",
        "role_name": user.role_name,
        "pmi": str(user.pmi),
        "vanity_url": vanity_url(user, public_url) if user.vanity_name else None,
        "personal_meeting_url": join_url_of(simulation.world.meetings[user.pmi], public_url),
        "extension_number": user.extension_number,
        "phone_number": user.phone_number,
        "outside_calls": user.outside_calls,
        "has_phone": simulation.world.has_phone(user),
        "settings": asdict(user.settings),
    }


def meeting_view(simulation: Simulation, meeting: Meeting) -> dict[str, object]:
    """A meeting, whether it runs, and who is in. Ids are strings."""
    running = simulation.world.running_instance(meeting)
    past = [i for i in simulation.world.instances if i.meeting is meeting and i.end_time is not None]
    state_name = "started" if running else "ended" if past else "waiting"
    return {
        "id": str(meeting.id),
        "uuid": meeting.uuid,
        "pmi": None if meeting.pmi is None else str(meeting.pmi),
        "topic": meeting.topic,
        "type": meeting.type,
        "host_id": meeting.host.id,
        "host_name": meeting.host.display_name,
        "host_email": meeting.host.email,
        "password": passcode_of(meeting),
        "host_key": meeting.host_key,
        "join_url": join_url_of(meeting, simulation.config.public_url),
        "state": state_name,
        "listed": is_listed(simulation, meeting, "scheduled"),
        "can_start": running is None and not meeting.is_gone(simulation.clock.now()),
        "waiting_room": meeting.has_waiting_room,
        "can_summarize": meeting.host.is_paid and meeting.host.settings.meeting_summary,
        "can_record": meeting.host.is_paid and meeting.host.settings.cloud_recording,
        "instance": None if running is None else instance_view(running),
        "past_instances": [instance_view(instance) for instance in past[-5:]],
    }


def instance_view(instance: Instance) -> dict[str, object]:
    """One run of a meeting."""
    return {
        "uuid": instance.uuid,
        "topic": instance.meeting.topic,
        "start_time": iso(instance.start_time),
        "end_time": None if instance.end_time is None else iso(instance.end_time),
        "participants": [participant_view(person) for person in instance.present],
        "waiting": [participant_view(person) for person in instance.waiting],
        "joins": len(instance.participants),
        "recorded": instance.recording is not None,
        "recording": None if instance.recording is None else instance.recording.state,
        "recording_now": instance.recording_since is not None,
        "summary": None if instance.summary is None else instance.summary.state,
    }


def participant_view(person: Participant) -> dict[str, object]:
    """One join."""
    return {
        "user_id": person.user_id,
        "participant_uuid": person.uuid,
        "name": person.name,
        "zoom_user_id": person.user.id if person.user else "",
        "email": person.user.email if person.user else "",
        "join_time": iso(person.join_time),
        "leave_time": None if person.leave_time is None else iso(person.leave_time),
    }


def phone_calls(simulation: Simulation) -> list[dict[str, object]]:
    """All phone calls, the newest first."""
    return [phone_call_view(call) for call in reversed(simulation.exchange.calls.values())]


def phone_call_view(call: PhoneCall) -> dict[str, object]:
    """A phone call, and who is in it now. `result` is that of the call history, None before the end."""
    return {
        "call_id": call.call_id,
        "state": call.state,
        "result": call.result,
        "caller": _party_view(call.caller.party),
        "callee": _party_view(call.callee.party),
        "ring_time": iso(call.ring_time),
        "answer_time": None if call.answer_time is None else iso(call.answer_time),
        "end_time": None if call.end_time is None else iso(call.end_time),
    }


def _party_view(party: Party) -> dict[str, object]:
    return {
        "user_id": party.user.id if party.user else "",
        "name": party.name,
        "number": party.number,
        "extension_number": party.extension_number,
    }
