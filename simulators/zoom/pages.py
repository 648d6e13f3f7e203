"""Pages for people: the meeting board, joining by link, starting as host, and where recordings would play."""

import hmac
from pathlib import Path

from aiohttp import web

from simulators.zoom import html
from simulators.zoom.errors import ControlError
from simulators.zoom.scheduling import encrypted_passcode_of, join_url_of, passcode_of
from simulators.zoom.simulation import SIMULATION, Simulation
from simulators.zoom.world import Instance, Meeting, Participant

STATIC = Path(__file__).parent / "static"
MAX_NAME = 64
_GUEST = "guest"


async def board(_request: web.Request) -> web.FileResponse:
    """`GET /`: the page on which a person plays the meetings."""
    return web.FileResponse(STATIC / "index.html", headers=html.security_headers())


async def controls(_request: web.Request) -> web.FileResponse:
    """`GET /controls`: faults, time, and the log of everything that was received and sent."""
    return web.FileResponse(STATIC / "controls.html", headers=html.security_headers())


async def join_page(request: web.Request) -> web.Response:
    """`GET /j/<number>?pwd=…`: asks for a name and, when the link does not carry it, for the passcode."""
    simulation = request.app[SIMULATION]
    meeting = _meeting(simulation, request.match_info["number"])
    if meeting is None:
        return _gone()
    people = [(_GUEST, "a guest"), *((user.id, user.display_name) for user in simulation.world.users.values())]
    pwd = request.query.get("pwd", "")
    fields = [
        html.hidden("pwd", pwd),
        html.text_input("name", "Your name", limit=MAX_NAME, required=False),
        html.select("zoom_user_id", "Signed in as", people),
    ]
    if not _may_enter(meeting, pwd, ""):
        fields.append(html.text_input("passcode", "Passcode", limit=10))
    form = html.form(f"/j/{meeting.id}", *fields, html.button("Join"))
    return html.page(f"Join {meeting.topic}", html.paragraph(f"Hosted by {meeting.host.display_name}."), form)


async def join(request: web.Request) -> web.Response:
    """`POST /j/<number>`: goes in. The simulator lets the first person open the meeting."""
    simulation = request.app[SIMULATION]
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    meeting = _meeting(simulation, request.match_info["number"])
    if meeting is None:
        return _gone()
    if not _may_enter(meeting, form.get("pwd", ""), form.get("passcode", "")):
        return html.page("Wrong passcode", html.paragraph("Go back and try again."), status=403)
    user = simulation.world.users.get(form.get("zoom_user_id", ""))
    name = form.get("name", "").strip() or (user.display_name if user else "Guest")
    if len(name) > MAX_NAME:
        return html.page("Name too long", html.paragraph(f"At most {MAX_NAME} characters."), status=400)
    try:
        instance = simulation.life.instance_for_join(meeting, user)
        person = simulation.life.join(instance, name, user=user)
    except ControlError as error:
        return html.page("You cannot join", html.paragraph(error.message), status=error.status)
    raise web.HTTPSeeOther(f"/j/{meeting.id}/in/{person.user_id}")


async def in_meeting(request: web.Request) -> web.Response:
    """`GET /j/<number>/in/<user_id>`: you are in, or wait, with a way out. The host admits people here."""
    place = _place(request)
    if place is None:
        why = "You left, you were not let in, or the meeting is over."
        return html.page("You are not in the meeting", html.paragraph(why), live=True)
    instance, person = place
    path, topic = f"/j/{request.match_info['number']}/in/{person.user_id}", instance.meeting.topic
    leave_form = html.form(path, html.button("Leave"))
    if person in instance.waiting:
        text = html.paragraph(f"{topic}, as {person.name}. The host has been told that you are here.")
        return html.page("You are in the waiting room", text, leave_form, live=True)
    others = [other.name for other in instance.present if other is not person]
    company = f"With you: {', '.join(others)}." if others else "Nobody else is here."
    text = html.paragraph(f"{topic}, as {person.name}. {company}")
    waiting = instance.waiting if person.user is instance.meeting.host else []
    doors = [html.form(path, *_door(other)) for other in waiting]
    return html.page("You are in the meeting", text, *doors, leave_form, live=True)


def _door(person: Participant) -> tuple[str, ...]:
    return (
        html.paragraph(f"{person.name} is in the waiting room."),
        html.button(f"Admit {person.name}", name="admit", value=person.user_id),
        html.button(f"Refuse {person.name}", name="refuse", value=person.user_id, quiet=True),
    )


async def act_inside(request: web.Request) -> web.Response:
    """`POST /j/<number>/in/<user_id>`: out again; the host's page also sends whom to `admit` or `refuse`."""
    simulation, form, place = request.app[SIMULATION], await request.post(), _place(request)
    if place is None:
        return html.page("You are not in the meeting", html.paragraph("You left before."))
    instance, person = place
    if "admit" not in form and "refuse" not in form:
        simulation.life.leave(instance, person.user_id)
        return html.page("You left the meeting", html.paragraph("You can close this page."))
    if person.user is not instance.meeting.host:
        return html.page("Only the host can do this", html.paragraph("Ask the host to let people in."), status=403)
    try:
        if "admit" in form:
            simulation.life.admit(instance, str(form["admit"]))
        else:
            simulation.life.refuse(instance, str(form["refuse"]))
    except ControlError as error:
        return html.page("Nobody waits", html.paragraph(error.message), status=error.status)
    raise web.HTTPSeeOther(request.path)


def _place(request: web.Request) -> tuple[Instance, Participant] | None:
    """Where somebody is now, in the meeting or before its door."""
    simulation = request.app[SIMULATION]
    meeting = _meeting(simulation, request.match_info["number"])
    instance = simulation.world.running.get(meeting.room_id) if meeting else None
    if instance is None:
        return None
    people = (*instance.present, *instance.waiting)
    person = next((p for p in people if p.user_id == request.match_info["user_id"]), None)
    return None if person is None else (instance, person)


async def personal_link(request: web.Request) -> web.Response:
    """`GET /my/<name>`: leads to the person's own room."""
    simulation = request.app[SIMULATION]
    name = request.match_info["name"].lower()
    user = next((user for user in simulation.world.users.values() if user.vanity_name == name), None)
    if user is None:
        return html.page("Personal link not valid", html.paragraph("There is no such personal link."), status=404)
    raise web.HTTPFound(join_url_of(simulation.world.meetings[user.pmi], ""))


async def start_page(request: web.Request) -> web.Response:
    """`GET /s/<number>?zak=…`: whoever holds this link is the host."""
    meeting = _hosted(request, request.query.get("zak", ""))
    if meeting is None:
        return _gone()
    form = html.form(f"/s/{meeting.id}", html.hidden("zak", meeting.zak), html.button("Start"))
    return html.page(f"Start {meeting.topic}", html.paragraph(f"As {meeting.host.display_name}."), form)


async def start(request: web.Request) -> web.Response:
    """`POST /s/<number>`: starts as the host, or joins when the meeting runs."""
    simulation = request.app[SIMULATION]
    meeting = _hosted(request, str((await request.post()).get("zak", "")))
    if meeting is None:
        return _gone()
    instance = simulation.world.running.get(meeting.room_id) or simulation.life.start(meeting, host_joins=False)
    person = simulation.life.join(instance, meeting.host.display_name, user=meeting.host)
    raise web.HTTPSeeOther(f"/j/{meeting.id}/in/{person.user_id}")


async def recording(request: web.Request) -> web.Response:
    """`GET /rec/<kind>/<link>`: where a recording would play."""
    simulation = request.app[SIMULATION]
    link = request.match_info["link"]
    instance = next((i for i in simulation.world.instances if _has_recording(i, link)), None)
    if instance is None:
        return html.page("No such recording", html.paragraph("The link is wrong or the recording is gone."), status=404)
    return html.page(f"Recording of {instance.meeting.topic}", html.paragraph("Here the recording would play."))


def _has_recording(instance: Instance, link: str) -> bool:
    made = instance.recording
    if made is None or made.state != "there":
        return False
    return made.share_url.endswith(f"/{link}") or any(file.link == link for file in made.files)


def _meeting(simulation: Simulation, number: str) -> Meeting | None:
    meeting = simulation.world.meetings.get(int(number))
    return None if meeting is None or meeting.is_gone(simulation.clock.now()) else meeting


def _hosted(request: web.Request, zak: str) -> Meeting | None:
    meeting = _meeting(request.app[SIMULATION], request.match_info["number"])
    if meeting is None or not hmac.compare_digest(meeting.zak.encode(), zak.encode()):
        return None
    return meeting


def _may_enter(meeting: Meeting, pwd: str, passcode: str) -> bool:
    wanted = passcode_of(meeting)
    if not wanted:
        return True
    by_link = hmac.compare_digest(encrypted_passcode_of(meeting).encode(), pwd.encode())
    return by_link or hmac.compare_digest(wanted.encode(), passcode.encode())


def _gone() -> web.Response:
    return html.page("This meeting link is invalid", html.paragraph("The meeting has ended or never was."), status=404)
