"""The accounts, people, meetings and recordings of the simulated Zoom. Data and look-ups; the rules are elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from simulators.zoom.ids import Ids

ACCOUNT_ID = "AcmeZoomAccount0000001"
BASIC, LICENSED, UNASSIGNED = 1, 2, 4
INSTANT, SCHEDULED, RECURRING, PERSONAL_ROOM, RECURRING_FIXED = 1, 2, 3, 4, 8
_DAY = 86_400
Kept = Literal["there", "trashed", "deleted"]
"""Where a recording or summary is: from the trash it can come back, deleted it is gone."""
_SCHEDULED_ID_LIVES = 30 * _DAY


@dataclass
class Settings:
    """The part of a person's Zoom settings that decides how meetings are made."""

    personal_meeting: bool = True
    use_pmi_for_instant_meetings: bool = False
    use_pmi_for_scheduled_meetings: bool = False
    pmi_password: str = ""
    require_password_for_instant_meetings: bool = True
    require_password_for_scheduling_new_meetings: bool = True
    require_password_for_pmi_meetings: str = "all"
    embed_password_in_join_link: bool = True
    join_before_host: bool = False
    host_video: bool = False
    participants_video: bool = False
    waiting_room: bool = False
    cloud_recording: bool = True
    meeting_summary: bool = True
    """AI Companion may write summaries."""
    zoom_phone: bool = False
    """Whether the person has a licence for Zoom Phone."""
    dynamic_host_key: bool = False
    """Each meeting gets a host key of its own."""


@dataclass
class Account:
    """A customer of Zoom: a company with its people. Without `phone_enabled` nobody in it has Zoom Phone."""

    id: str
    name: str
    phone_enabled: bool = True


@dataclass
class User:
    """A person of an account. `type` 1 is Basic (free), 2 Licensed, 4 Unassigned (without Meetings).

    `vanity_name` is the personal link name. `extension_number` (digits) and `phone_number` (E.164, or "" for none) are
    her phone line's, and count while she has one; `outside_calls` tells whether it has a calling plan.

    `status` is "active", "inactive" or "pending"; `verified` 1 once the e-mail address was confirmed, else 0.
    """

    id: str
    email: str
    first_name: str
    last_name: str
    display_name: str
    type: int
    role_name: str
    pmi: int
    vanity_name: str | None
    pmi_encrypted_password: str
    account_id: str = ACCOUNT_ID
    status: str = "active"
    verified: int = 1
    timezone: str = "Europe/Berlin"
    extension_number: str = ""
    phone_number: str = ""
    outside_calls: bool = False
    settings: Settings = field(default_factory=Settings)

    @property
    def is_admin(self) -> bool:
        """Whether this person may authorise an admin-managed app."""
        return self.role_name in {"Owner", "Admin"}

    @property
    def may_host(self) -> bool:
        """Whether she can have meetings of her own."""
        return self.status == "active" and self.type != UNASSIGNED

    @property
    def is_paid(self) -> bool:
        """Past meetings and cloud recordings exist for paid plans only."""
        return self.type == LICENSED


@dataclass
class Meeting:
    """A meeting number and what it stands for.

    `pmi` is set when the meeting takes place in the host's personal room: then webhooks and the join link carry that
    number instead of `id`. Times are Unix seconds, `duration` is in minutes.
    """

    id: int
    uuid: str
    host: User
    topic: str
    type: int
    created_at: float
    start_time: float | None
    duration: int
    timezone: str
    agenda: str
    password: str
    encrypted_password: str
    h323_password: str
    zak: str
    host_key: str = ""
    pmi: int | None = None
    settings: dict[str, object] = field(default_factory=dict)
    recurrence: dict[str, object] | None = None
    deleted: bool = False
    ended: bool = False

    @property
    def room_id(self) -> int:
        """The number people dial: the PMI if the meeting uses it."""
        return self.pmi if self.pmi is not None else self.id

    @property
    def has_waiting_room(self) -> bool:
        """Whether people have to be admitted: as the meeting says, else as its host wants it."""
        return bool(self.settings.get("waiting_room", self.host.settings.waiting_room))

    @property
    def opens_before_host(self) -> bool:
        """Whether others may begin: as the meeting says, else as its host wants it, and never with a waiting room."""
        allowed = bool(self.settings.get("join_before_host", self.host.settings.join_before_host))
        return allowed and not self.has_waiting_room

    def is_gone(self, now: float) -> bool:
        """Whether the id no longer answers: deleted, an instant meeting that ended, or 30 days after its date."""
        expired = self.type == SCHEDULED and (self.start_time or now) + _SCHEDULED_ID_LIVES < now
        return self.deleted or expired or (self.type == INSTANT and self.ended)


@dataclass
class Participant:
    """One join of one person. A rejoin or a second device is another `user_id`."""

    user_id: str
    uuid: str
    name: str
    join_time: float
    user: User | None = None
    leave_time: float | None = None


@dataclass
class RecordingFile:
    """One file of a finished cloud recording."""

    id: str
    file_type: str
    recording_type: str
    size: int
    link: str


@dataclass
class Recording:
    """A finished cloud recording of one meeting instance."""

    share_url: str
    password: str
    start: float
    end: float
    files: list[RecordingFile]
    state: Kept = "there"


@dataclass
class Summary:
    """What AI Companion wrote of one meeting instance, in Markdown. `edited` tells whether somebody changed it."""

    content: str
    doc_url: str
    created: float
    modified: float
    modified_by: User
    edited: bool = False
    state: Kept = "there"


@dataclass
class Instance:
    """One time that a meeting took place, from start to end.

    `participants` have all joins, `waiting` who stands before the door, `waited` the waits that are over.
    `arrivals` is how many came.
    """

    uuid: str
    meeting: Meeting
    room_id: int
    start_time: float
    end_time: float | None = None
    participants: list[Participant] = field(default_factory=list)
    waiting: list[Participant] = field(default_factory=list)
    waited: list[Participant] = field(default_factory=list)
    arrivals: int = 0
    summary: Summary | None = None
    recording: Recording | None = None
    recording_since: float | None = None

    @property
    def present(self) -> list[Participant]:
        """Who is in the meeting now, one entry per join."""
        return [person for person in self.participants if person.leave_time is None]

    def colleague(self, person: Participant) -> User | None:
        """Who a participant is, as far as Zoom tells the host: only of people of the host's account."""
        user = person.user
        return user if user is not None and user.account_id == self.meeting.host.account_id else None


class World:
    """Everything that exists."""

    def __init__(self, ids: Ids, accounts: Iterable[Account], people: Iterable[User]) -> None:
        self.accounts = {account.id: account for account in accounts}
        self.users = {user.id: user for user in people}
        self.meetings: dict[int, Meeting] = {}
        self.instances: list[Instance] = []
        self.running: dict[int, Instance] = {}
        for user in self.users.values():
            self.meetings[user.pmi] = _personal_room(user, ids)

    def user_by_email(self, email: str) -> User | None:
        """The person with this address, upper and lower case alike."""
        return next((user for user in self.users.values() if user.email.lower() == email.lower()), None)

    def admin_of(self, account_id: str) -> User | None:
        """Who changes things in an account: its owner, else an admin."""
        admins = [user for user in self.users.values() if user.account_id == account_id and user.is_admin]
        return min(admins, key=lambda user: user.role_name != "Owner", default=None)

    def has_phone(self, user: User) -> bool:
        """Whether she has a phone line: a licence, in an account with Zoom Phone."""
        licensed = user.status == "active" and user.settings.zoom_phone and user.extension_number != ""
        return licensed and self.accounts[user.account_id].phone_enabled

    def remove(self, user: User) -> None:
        """The person is no longer of any account; her meetings go with her."""
        del self.users[user.id]
        for meeting in self.meetings.values():
            if meeting.host is user:
                meeting.deleted = True

    def latest_instance(self, meeting_id: int, *, ended: bool = False) -> Instance | None:
        """The last time that this number was used, dialled or scheduled; with `ended`, the last that is over."""
        for instance in reversed(self.instances):
            if meeting_id in (instance.room_id, instance.meeting.id) and not (ended and instance.end_time is None):
                return instance
        return None

    def instance_by_uuid(self, uuid: str) -> Instance | None:
        """The instance with this UUID."""
        return next((instance for instance in self.instances if instance.uuid == uuid), None)

    def running_instance(self, meeting: Meeting) -> Instance | None:
        """The instance of this very meeting that runs now. A personal room also runs other meetings of its host."""
        instance = self.running.get(meeting.room_id)
        if instance is None or (meeting.type != PERSONAL_ROOM and instance.meeting is not meeting):
            return None
        return instance


def _personal_room(user: User, ids: Ids) -> Meeting:
    return Meeting(
        id=user.pmi,
        uuid=ids.meeting_uuid(),
        host=user,
        topic=f"{user.display_name}'s Personal Meeting Room",
        type=PERSONAL_ROOM,
        created_at=0.0,
        start_time=None,
        duration=60,
        timezone=user.timezone,
        agenda="",
        password="",
        encrypted_password="",
        h323_password=ids.digits(6),
        zak=ids.opaque(),
        pmi=user.pmi,
    )
