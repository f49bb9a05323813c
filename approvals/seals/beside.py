"""Whether decisions and proposed changes, which pages show beside the history, say what it says."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from .. import registry
from ..deciding.decisions import VERBS
from ..models import Decision, Outcome, ProposedChange, Verb, WorkflowEvent
from .digests import moment
from .reading import content_type_of
from .trails import WRITTEN

WHAT = {action.value: verb.value for action, verb in VERBS.items()}
DECIDED = tuple(WHAT.values())
CLOSED = {
    Verb.APPLIED: Outcome.APPLIED,
    **dict.fromkeys((Verb.DISCARDED, Verb.DROPPED, Verb.SUPERSEDED), Outcome.DISCARDED),
}
OF_PROPOSAL = "proposal__record_key", "proposal_id", "proposal__object_id"
MOVED = (Verb.SUBMITTED, Verb.RECALLED, Verb.JOINED)
TOLD = (*DECIDED, *WRITTEN, Verb.PROPOSED, Verb.EDITED, *CLOSED, *MOVED)
# An entry is written in the transaction of what it is about, behind it.
SOON = timedelta(minutes=1)
AT_ONCE = 1000


class Decided(NamedTuple):
    """A decision, by the history or as its row has it."""

    record: str
    proposal: int
    record_id: int
    step: int
    person: int
    on_behalf_of: int | None
    what: str
    comment: str
    at: str


class Proposed(NamedTuple):
    """A proposed change, by the history or as its row has it. about: the record, by its own row."""

    record: str
    proposal: int
    record_id: int
    about: tuple[int, int]
    field: str
    original: str | None
    value: str | None
    outcome: str
    person: int | None


class Event(NamedTuple):
    """What is needed of an entry."""

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
    comment: str
    at: str


def follow(report, using="default") -> None:
    """Look at every decision and every proposed change; tells what the history does not."""
    for governed in registry.all_governed():
        model = content_type_of(governed.model, using)
        if model is None:  # which `trails` tells
            continue
        for part in _parts(governed.model._base_manager.using(using)):
            decided, proposed = _told(model, part, using)
            found = list(_at_their_entries(_decisions(model, part, using), decided))
            _compare(report, governed, decided, found)
            _compare(report, governed, proposed, _changes(model, part, using))


def _parts(records):
    """From behind which id to which, so that each id is in one part, also of what is gone."""
    after, behind = None, records.order_by("pk")
    while ids := list(behind.values_list("pk", flat=True)[:AT_ONCE]):
        yield after, ids[-1]
        after, behind = ids[-1], behind.filter(pk__gt=ids[-1])
    yield after, None


def _within(queryset, part, name):
    after, last = part
    if after is not None:
        queryset = queryset.filter(**{f"{name}__gt": after})
    return queryset if last is None else queryset.filter(**{f"{name}__lte": last})


def _told(model, part, using) -> tuple[list[Decided], list[Proposed]]:
    """What entries tell of the records of a part."""
    names = "object_id", "record_key", "verb", "proposal_id", "field", "old", "new"
    names += "actor_id", "on_behalf_of_id", "step_id", "comment"
    events = WorkflowEvent.objects.using(using).filter(content_type=model, verb__in=TOLD)
    rows = _within(events, part, "object_id").order_by("object_id", "pk")
    decided, proposed = [], []
    for _pk, trail in groupby(rows.values_list(*names, _text("at")), itemgetter(0)):
        replay = _Replay(model)
        for row in trail:
            replay.tell(Event(*row))
        decided += replay.decided
        proposed += [change.told() for change in replay.proposed]
    return decided, proposed


def _text(name):
    """A moment as it is stored: what is none has no place in Python."""
    return Cast(name, TextField())


def _decisions(model, part, using):
    names = *OF_PROPOSAL, "step_run__step_id", "person_id", "on_behalf_of_id", "action", "comment"
    rows = Decision.objects.using(using).filter(proposal__content_type=model).order_by("pk")
    rows = _within(rows, part, "proposal__object_id")
    for *row, action, comment, at in rows.values_list(*names, _text("decided_at")):
        yield Decided(*row, WHAT.get(action, action), comment, moment(at))


def _changes(model, part, using):
    names = *OF_PROPOSAL, "content_type_id", "object_id"
    own = "field", "original", "value", "outcome", "proposed_by_id"
    rows = ProposedChange.objects.using(using).filter(proposal__content_type=model)
    rows = _within(rows, part, "proposal__object_id").values_list(*names, *own)
    for key, proposal, record, *about_and_own in rows:
        yield Proposed(key, proposal, record, tuple(about_and_own[:2]), *about_and_own[2:])


def _at_their_entries(decisions, told):
    """The decisions, each with the moment of the entry of its proposal that came soon after it."""
    moments = defaultdict(list)
    for one in told:
        moments[one.proposal].append(one.at)
    for decision in decisions:
        soon = (at for at in moments[decision.proposal] if _is_soon(decision.at, at))
        yield decision._replace(at=next(soon, decision.at))


def _is_soon(decided, at):
    try:
        after = datetime.fromisoformat(at) - datetime.fromisoformat(decided)
    except ValueError:
        return False
    return timedelta(0) <= after <= SOON


def _compare(report, governed, told, found):
    told, found = Counter(told), Counter(found)
    if told == found:
        return
    proposals = defaultdict(lambda: ([], []))
    for side, rows in enumerate((told - found, found - told)):
        for row in sorted(rows.elements(), key=repr):
            proposals[row[:2]][side].append(row)
    text = _(
        "%(label)s %(key)s, proposal %(proposal)s: the history says %(told)s, "
        "but there is %(found)s."
    )
    for (key, proposal), sides in proposals.items():
        details = {"label": governed.label, "key": key, "proposal": proposal}
        for one, other in zip_longest(*sides):
            said = {"told": _in_words(one, other), "found": _in_words(other, one)}
            report.find(text % {**details, **said})


def _in_words(row, other):
    """Where it differs from the other one; all of it where there is none."""
    if row is None:
        return _("nothing")
    other = other or [None] * len(row)
    pairs = zip(row._fields, row, other, strict=True)
    return ", ".join(f"{name} {value!r}" for name, value, differs in pairs if value != differs)


@dataclass(eq=False)
class _Change:
    """A proposed change while it is told of."""

    event: Event
    model: int
    proposal: int | None
    original: str | None
    value: str | None
    person: int | None
    outcome: Outcome = Outcome.OPEN

    def told(self) -> Proposed:
        """As its row should be."""
        event = self.event
        of = event.record, self.proposal, event.record_id, (self.model, event.record_id)
        own = self.original, self.value, self.outcome.value, self.person
        return Proposed(*of, event.field, *own)


@dataclass(eq=False)
class _Replay:
    """The entries of one record, told again: its decisions, its changes as they should stand."""

    model: int
    decided: list[Decided] = field(default_factory=list)
    proposed: list[_Change] = field(default_factory=list)
    _live: dict = field(default_factory=dict)
    _open: dict = field(default_factory=lambda: defaultdict(dict))
    _joining: int | None = None

    def tell(self, event):
        """Go on by one entry."""
        if event.verb in DECIDED:
            self._decide(event)
        elif event.verb in (Verb.PROPOSED, Verb.CHANGED_WITHOUT_APPROVAL):
            self._propose(event)
        elif event.verb == Verb.EDITED:
            self._edit(event)
        elif event.verb in CLOSED:
            self._close(event)
        elif event.verb in MOVED:
            self._move(event)
        if event.verb in WRITTEN:
            self._live[event.field] = event.new

    def _decide(self, event):
        # What a time limit ends, nobody has decided.
        if event.actor:
            people = event.actor, event.on_behalf_of
            of = event.record, event.proposal, event.record_id
            said = event.verb, event.comment, moment(event.at)
            self.decided.append(Decided(*of, event.step, *people, *said))

    def _propose(self, event):
        values = event.old, event.new
        change = _Change(event, self.model, event.proposal, *values, event.actor)
        self.proposed.append(change)
        if event.verb == Verb.PROPOSED:
            self._live.setdefault(event.field, event.old)
            self._open[event.proposal][event.field] = change
        else:
            change.outcome = Outcome.APPLIED

    def _edit(self, event):
        change = self._open[event.proposal].get(event.field)
        if change is None:
            self._propose(event._replace(verb=Verb.PROPOSED))
        else:
            change.value, change.person = event.new, event.actor

    def _close(self, event):
        change = self._open[event.proposal].pop(event.field, None)
        if change is None:
            change = _Change(event, self.model, event.proposal, event.old, event.new, None)
            self.proposed.append(change)
        change.outcome = CLOSED[event.verb]

    def _move(self, event):
        """Submitted, live values are the originals; recalled, a draft's changes may join it."""
        changes = self._open[event.proposal]
        if event.verb == Verb.SUBMITTED:
            for name, change in changes.items():
                change.original = self._live[name]
        elif event.verb == Verb.JOINED:
            self._joining = event.proposal
        elif self._joining:
            for name, change in self._open.pop(self._joining, {}).items():
                changes[name], change.proposal = change, event.proposal
            self._joining = None
