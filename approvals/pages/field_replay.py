"""What the history of a record tells of one field: its values, and what was submitted when.

Proposed values are overwritten where they stand, so what somebody saw when he decided is
found by telling the history again from its beginning, in memory.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from .. import values
from ..models import Verb
from ..registry import Governed

WRITTEN = (Verb.CREATED, Verb.CHANGED, Verb.CHANGED_WITHOUT_APPROVAL, Verb.APPLIED)
PROPOSED = (Verb.PROPOSED, Verb.EDITED)
CLOSED = (Verb.DISCARDED, Verb.DROPPED, Verb.SUPERSEDED)
MOVED = (Verb.SUBMITTED, Verb.RECALLED, Verb.JOINED)
# What has to be read of a record's history to tell it again.
VERBS = (*WRITTEN, *PROPOSED, *CLOSED, *MOVED)


class Event(NamedTuple):
    """What is needed of an entry of the history."""

    pk: int
    at: datetime
    verb: str
    proposal_id: int | None
    field: str
    old: str | None
    new: str | None


class Seen(NamedTuple):
    """A proposed change as it stood when it was submitted; values as they are stored."""

    field: str
    original: str | None
    value: str | None


class Submission(NamedTuple):
    """A proposal was submitted, by the entry `pk`, with these changes by field."""

    pk: int
    at: datetime
    seen: dict[str, Seen]


@dataclass(eq=False)
class Change:
    """A proposed change, from the entry that proposed it; closed: the one that discarded it."""

    proposed: list[Event]
    closed: Event | None = None

    @property
    def value(self) -> str | None:
        """The value that stands in it now."""
        return self.proposed[-1].new


@dataclass(eq=False)
class Period:
    """A value that was in force. start: None where it stood there before the history begins.

    unexplained: the value before it is not the one that the history left there.
    """

    start: Event | None
    value: str | None
    until: datetime | None = None
    unexplained: bool = False

    @property
    def since(self) -> datetime | None:
        """From when on it was in force."""
        return self.start and self.start.at


@dataclass(eq=False)
class Replay:
    """The history of one field of a record, told again.

    periods: the values in force, oldest first. changes: the proposed ones, by proposal, in
    the order in which they were proposed. submissions: by proposal, oldest first.
    """

    governed: Governed
    name: str
    periods: list[Period] = field(default_factory=list)
    changes: dict[int, list[Change]] = field(default_factory=lambda: defaultdict(list))
    submissions: dict[int, list[Submission]] = field(default_factory=lambda: defaultdict(list))
    _live: dict = field(default_factory=dict)
    _open: dict = field(default_factory=lambda: defaultdict(dict))
    _joining: int | None = None

    def tell(self, events: Iterable[Event], live: str | None) -> "Replay":
        """Go through the entries of a record, oldest first. live: the field's value now."""
        for event in events:
            if event.verb in WRITTEN:
                self._write(event)
            elif event.verb in PROPOSED:
                self._propose(event)
            elif event.verb in CLOSED:
                self._close(event)
            elif event.verb == Verb.SUBMITTED:
                self._submit(event)
            else:
                self._take_back(event)
        if not self.periods:
            self.periods.append(Period(None, live))
        return self

    def submission_before(self, proposal_id: int, pk: int) -> Submission | None:
        """The submission of a proposal that an entry on what became of it is about."""
        before = [s for s in self.submissions[proposal_id] if s.pk < pk]
        return before[-1] if before else None

    def _write(self, event):
        if event.verb == Verb.CREATED:
            self._begin(event, self._first_value(event))
            return
        self._live[event.field] = event.new
        if event.verb == Verb.APPLIED:
            self._open[event.proposal_id].pop(event.field, None)
        if event.field != self.name:
            return
        if event.verb == Verb.CHANGED_WITHOUT_APPROVAL:
            self.changes[event.proposal_id].append(Change([event]))
        if not self.periods:
            self.periods.append(Period(None, event.old))
        self._begin(event, event.new)

    def _begin(self, event, value):
        last = self.periods[-1] if self.periods else None
        unexplained = last is not None and last.value != event.old
        if last and last.since == event.at:
            self.periods.pop()  # it was never in force, such as the default of a new record
        elif last:
            last.until = event.at
        self.periods.append(Period(event, value, unexplained=unexplained))

    def _first_value(self, event):
        given = values.unpack(event.new)
        default = self.governed.initial.get(self.name, self.governed.defaults[self.name])
        return given.get(self.name, values.encode(self.governed.fields[self.name], default))

    def _propose(self, event):
        self._live.setdefault(event.field, event.old)
        change = self._open[event.proposal_id].get(event.field)
        if change:
            change.proposed.append(event)
            return
        change = self._open[event.proposal_id][event.field] = Change([event])
        if event.field == self.name:
            self.changes[event.proposal_id].append(change)

    def _close(self, event):
        change = self._open[event.proposal_id].pop(event.field, None)
        if change:
            change.closed = event

    def _submit(self, event):
        changes = self._open[event.proposal_id].items()
        seen = {name: Seen(name, self._live[name], change.value) for name, change in changes}
        self.submissions[event.proposal_id].append(Submission(event.pk, event.at, seen))

    def _take_back(self, event):
        """A recall; the draft that joined just before it has its changes in the recalled one."""
        if event.verb == Verb.JOINED:
            self._joining = event.proposal_id
        elif self._joining:
            moved = self._open.pop(self._joining, {})
            self._open[event.proposal_id] |= moved
            if change := moved.get(self.name):
                self.changes[self._joining].remove(change)
                self.changes[event.proposal_id].append(change)
            self._joining = None
