"""What happens in phone calls. Every step publishes the events that Zoom would send to each person who is in the call.

Where Zoom's rules leave something open, the simulator does the plainest thing: both sides of a call within the account,
and whoever it is put through to, see one `call_id`; a call that nobody answered gives each side one last event, however
many devices rang; and on the devices that did not answer it just stops ringing, for there is no event that says so.
"""

from collections.abc import Sequence

from simulators.zoom import phone_events, phone_history
from simulators.zoom.clock import SimulatedClock
from simulators.zoom.errors import ControlError
from simulators.zoom.events import Event
from simulators.zoom.ids import Ids
from simulators.zoom.phone_history import HistoryForm
from simulators.zoom.phone_world import HUNG_UP, UNANSWERED, CallSide, Exchange, Leg, Outcome, Party, PhoneCall
from simulators.zoom.publisher import Publisher
from simulators.zoom.world import User

HANG_UP = "hang-up"
ENDINGS = (*UNANSWERED, HANG_UP)


class PhoneLife:
    """Plays the people at the phones."""

    def __init__(self, exchange: Exchange, publisher: Publisher, clock: SimulatedClock, ids: Ids) -> None:
        self._exchange = exchange
        self._publisher = publisher
        self._clock = clock
        self._ids = ids

    def dial(self, user: User, dialled: str, *, devices: int = 1) -> PhoneCall:
        """A person calls an extension or a number; with a colleague, `devices` of hers ring.

        Raises ControlError 404 for an extension that nobody has, 409 where she cannot call.
        """
        caller = self._person(user, user.phone_number)
        return self._ring(caller, self._reach(user, dialled), devices)

    def call_in(self, number: str, name: str, user: User, *, devices: int = 1) -> PhoneCall:
        """Somebody outside calls a person's direct number. Raises ControlError 409 where she has none."""
        callee = self._person(user, user.phone_number)
        if not user.phone_number or not user.outside_calls:
            raise ControlError(409, f"{user.display_name} has no number that can be called from outside")
        if self._exchange.by_number(user.account_id, number) is not None:
            raise ControlError(409, f"{number} is not outside: let that person dial")
        return self._ring(Party(number, name), callee, devices)

    def answer(self, call: PhoneCall) -> None:
        """Whoever is called picks up. Raises ControlError 409 unless it rings."""
        _require_state(call, "ringing")
        now = self._clock.now()
        for leg in (call.callee, call.caller):
            if leg.answer_time is None:  # who was put through to another one was answered before
                leg.answer_time = now
                self._publish(call, leg, phone_events.talking(call, leg, now))
        call.answer_time = call.answer_time or now

    def end(self, call: PhoneCall, action: str, forms: Sequence[HistoryForm]) -> None:
        """The call is over; the history comes at once, in these forms.

        `action` is one of ENDINGS. Raises ControlError 409 for hanging up where nobody answered, and the reverse.
        """
        _require_state(call, "connected" if action == HANG_UP else "ringing")
        outcome = UNANSWERED.get(action, HUNG_UP)
        call.end_time, call.result = self._clock.now(), outcome.result
        legs = (call.callee, call.caller)
        for leg in legs:
            self._leave(call, leg, outcome)
        for leg in legs:
            self._tell_history(call, leg, forms)

    def put_through(
        self, call: PhoneCall, dialled: str, forms: Sequence[HistoryForm], *, side: CallSide | None = None
    ) -> None:
        """One side puts the other through to somebody else, unasked, and is out of the call.

        Without `side` it is the callee, if she is a person of the account, else the caller. Raises ControlError 404 for
        an extension that nobody has, 409 where this cannot be done.
        """
        _require_state(call, "connected")
        if side is None:
            side = "caller" if call.callee.party.user is None else "callee"
        leaving, staying = (call.caller, call.callee) if side == "caller" else (call.callee, call.caller)
        by = leaving.party.user
        if by is None:
            raise ControlError(409, f"the {side} is outside and cannot put calls through")
        target = self._reach(by, dialled)
        if target.user is not None and target.user is staying.party.user:
            raise ControlError(409, f"{target.name} is in the call")
        now = self._clock.now()
        self._publish(call, leaving, phone_events.put_through(call, by, dialled, now))
        self._leave(call, leaving, HUNG_UP)
        self._tell_history(call, leaving, forms)
        call.caller, call.callee = staying, self._leg("callee", target, staying.party, put_through_by=leaving.party)
        call.legs.append(call.callee)
        self._publish(call, call.callee, phone_events.ringing(call, call.callee, 1, now))

    def _person(self, user: User, number: str) -> Party:
        if not self._exchange.has_line(user):
            raise ControlError(409, f"{user.display_name} has no Zoom Phone")
        return Party(number, user.display_name, user, user.extension_number)

    def _reach(self, user: User, dialled: str) -> Party:
        """Who answers what this person dials. A colleague's number needs no calling plan."""
        outside = dialled.startswith("+")
        find = self._exchange.by_number if outside else self._exchange.by_extension
        colleague = find(user.account_id, dialled)
        if colleague is user:
            raise ControlError(409, "nobody can call herself")
        if colleague is not None:
            return self._person(colleague, dialled if outside else "")
        if not outside:
            raise ControlError(404, f"nobody has the extension {dialled}")
        if not user.outside_calls:
            raise ControlError(409, f"{user.display_name} has no calling plan and cannot call outside")
        return Party(dialled, "")

    def _ring(self, caller: Party, callee: Party, devices: int) -> PhoneCall:
        ours, theirs = self._leg("caller", caller, callee), self._leg("callee", callee, caller)
        call_id = "7" + self._ids.digits(18)
        call = PhoneCall(call_id, self._dated_id(), ours.ring_time, ours, theirs, legs=[ours, theirs])
        self._exchange.calls[call_id] = call
        self._publish(call, ours, phone_events.ringing(call, ours, 1, ours.ring_time))
        for device in range(1, devices + 1):
            self._publish(call, theirs, phone_events.ringing(call, theirs, device, theirs.ring_time))
        return call

    def _leg(self, side: CallSide, party: Party, other: Party, *, put_through_by: Party | None = None) -> Leg:
        ids = (self._dated_id(), self._dated_id())
        return Leg(*ids, side, party, other, self._clock.now(), put_through_by=put_through_by)

    def _dated_id(self) -> str:
        return self._ids.dated_guid(self._clock.now())

    def _leave(self, call: PhoneCall, leg: Leg, outcome: Outcome) -> None:
        """One is out of the call. For who was answered before, it ends as a call that was."""
        leg.end_time = self._clock.now()
        leg.outcome = outcome if leg.answer_time is None else HUNG_UP
        self._publish(call, leg, phone_events.over(call, leg, leg.end_time))

    def _tell_history(self, call: PhoneCall, leg: Leg, forms: Sequence[HistoryForm]) -> None:
        user = leg.party.user
        if user is not None:
            for form in forms:
                self._publish(call, leg, phone_history.completed(form, call, leg, user, self._clock.now()))

    def _publish(self, call: PhoneCall, leg: Leg, event: Event) -> None:
        """Tell this side, unless it is outside."""
        if leg.party.user is not None:
            self._publisher.publish(event, about=leg.party.user, subject=call.call_id)


def _require_state(call: PhoneCall, state: str) -> None:
    if call.state != state:
        raise ControlError(409, f"the call is not {state} but {call.state}")
