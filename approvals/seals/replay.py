"""The entries of one record, told again: which changes were proposed, and what became of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from django.db.models import QuerySet

from ..models import Outcome, Verb
from .trails import AT_ONCE, WRITTEN

CLOSED = {
    Verb.APPLIED: Outcome.APPLIED,
    **dict.fromkeys((Verb.DISCARDED, Verb.DROPPED, Verb.SUPERSEDED), Outcome.DISCARDED),
}
MOVED = (Verb.SUBMITTED, Verb.RECALLED, Verb.JOINED)
# What a replay needs to be told.
TOLD = (*WRITTEN, Verb.PROPOSED, Verb.EDITED, *CLOSED, *MOVED)
COLUMNS = "object_id", "record_key", "verb", "proposal_id", "field", "old", "new"
COLUMNS += "actor_id", "on_behalf_of_id", "step_id", "version_id", "origin", "comment"


class Event(NamedTuple):
    """What is needed of an entry; at: where it is asked for."""

    record_id: int
    record: str
    verb: str
    proposal: int | None
    field: str
    old: str | None
    new: str | None
    actor: int | None
    on_behalf_of: int | None
    step: int | None
    version: int | None
    origin: str
    comment: str
    at: str = ""


def parts(records: QuerySet) -> Iterator[tuple]:
    """From behind which id to which, so that each id is in one part, also of what is gone."""
    after, behind = None, records.order_by("pk")
    while ids := list(behind.values_list("pk", flat=True)[:AT_ONCE]):
        yield after, ids[-1]
        after, behind = ids[-1], behind.filter(pk__gt=ids[-1])
    yield after, None


def within(queryset: QuerySet, part: tuple, name: str) -> QuerySet:
    """What is about the records of a part. name: of the column with the record's id."""
    after, last = part
    if after is not None:
        queryset = queryset.filter(**{f"{name}__gt": after})
    return queryset if last is None else queryset.filter(**{f"{name}__lte": last})


def by_record(events: QuerySet, *more) -> Iterator[Iterator[Event]]:
    """The entries of each record, in their order; more: what gives their moment."""
    rows = events.order_by("object_id", "pk").values_list(*COLUMNS, *more)
    for _pk, trail in groupby(rows, itemgetter(0)):
        yield (Event(*row) for row in trail)


@dataclass(eq=False)
class Change:
    """A proposed change while it is told of."""

    event: Event
    proposal: int | None
    original: str | None
    value: str | None
    person: int | None
    outcome: Outcome = Outcome.OPEN


@dataclass(eq=False)
class Replay:
    """The entries of one record, told again.

    proposed: its changes as they should stand. open: those that are, by proposal and field.
    live: its values, as far as entries have told them.
    """

    proposed: list[Change] = field(default_factory=list)
    open: dict = field(default_factory=lambda: defaultdict(dict))
    live: dict = field(default_factory=dict)
    _joining: int | None = None

    def tell(self, event: Event) -> None:
        """Go on by one entry."""
        if event.verb in (Verb.PROPOSED, Verb.CHANGED_WITHOUT_APPROVAL):
            self._propose(event)
        elif event.verb == Verb.EDITED:
            self._edit(event)
        elif event.verb in CLOSED:
            self._close(event)
        elif event.verb in MOVED:
            self._move(event)
        if event.verb in WRITTEN:
            self.live[event.field] = event.new

    def _propose(self, event):
        values = event.old, event.new
        change = Change(event, event.proposal, *values, event.actor)
        self.proposed.append(change)
        if event.verb == Verb.PROPOSED:
            self.live.setdefault(event.field, event.old)
            self.open[event.proposal][event.field] = change
        else:
            change.outcome = Outcome.APPLIED

    def _edit(self, event):
        change = self.open[event.proposal].get(event.field)
        if change is None:
            self._propose(event._replace(verb=Verb.PROPOSED))
        else:
            change.value, change.person = event.new, event.actor

    def _close(self, event):
        change = self.open[event.proposal].pop(event.field, None)
        if change is None:
            change = Change(event, event.proposal, event.old, event.new, None)
            self.proposed.append(change)
        change.outcome = CLOSED[event.verb]

    def _move(self, event):
        """Submitted, live values are the originals; recalled, a draft's changes may join it."""
        changes = self.open[event.proposal]
        if event.verb == Verb.SUBMITTED:
            for name, change in changes.items():
                change.original = self.live[name]
        elif event.verb == Verb.JOINED:
            self._joining = event.proposal
        elif self._joining:
            for name, change in self.open.pop(self._joining, {}).items():
                changes[name], change.proposal = change, event.proposal
            self._joining = None
