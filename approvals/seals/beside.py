"""Whether decisions and proposed changes, which pages show beside the history, say what it says."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from .. import registry
from ..deciding.decisions import VERBS
from ..models import Decision, ProposedChange, WorkflowEvent
from .digests import moment
from .reading import content_type_of
from .replay import TOLD, Replay, by_record, parts, within

WHAT = {action.value: verb.value for action, verb in VERBS.items()}
DECIDED = tuple(WHAT.values())
OF_PROPOSAL = "proposal__record_key", "proposal_id", "proposal__object_id"
# An entry has the moment of its decision; older ones were written behind it, in its transaction.
SOON = timedelta(minutes=1)


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


def follow(report, using="default") -> None:
    """Look at every decision and every proposed change; tells what the history does not."""
    for governed in registry.all_governed():
        model = content_type_of(governed.model, using)
        if model is None:  # which `trails` tells
            continue
        for part in parts(governed.model._base_manager.using(using)):
            decided, proposed = _told(model, part, using)
            found = list(_at_their_entries(_decisions(model, part, using), decided))
            _compare(report, governed, decided, found)
            _compare(report, governed, proposed, _changes(model, part, using))


def _told(model, part, using) -> tuple[list[Decided], list[Proposed]]:
    """What entries tell of the records of a part."""
    events = WorkflowEvent.objects.using(using).filter(content_type=model)
    events = within(events.filter(verb__in=(*TOLD, *DECIDED)), part, "object_id")
    decided, proposed = [], []
    for trail in by_record(events, _text("at")):
        replay = Replay()
        for event in trail:
            replay.tell(event)
            # What a time limit ends, nobody has decided.
            if event.verb in DECIDED and event.actor:
                decided.append(_decided(event))
        proposed += [_proposed(model, change) for change in replay.proposed]
    return decided, proposed


def _decided(event):
    people = event.actor, event.on_behalf_of
    of = event.record, event.proposal, event.record_id
    return Decided(*of, event.step, *people, event.verb, event.comment, moment(event.at))


def _proposed(model, change):
    """A proposed change as its row should be."""
    event = change.event
    of = event.record, change.proposal, event.record_id, (model, event.record_id)
    own = change.original, change.value, change.outcome.value, change.person
    return Proposed(*of, event.field, *own)


def _text(name):
    """A moment as it is stored: what is none has no place in Python."""
    return Cast(name, TextField())


def _decisions(model, part, using):
    names = *OF_PROPOSAL, "step_run__step_id", "person_id", "on_behalf_of_id", "action", "comment"
    rows = Decision.objects.using(using).filter(proposal__content_type=model).order_by("pk")
    rows = within(rows, part, "proposal__object_id")
    for *row, action, comment, at in rows.values_list(*names, _text("decided_at")):
        yield Decided(*row, WHAT.get(action, action), comment, moment(at))


def _changes(model, part, using):
    names = *OF_PROPOSAL, "content_type_id", "object_id"
    own = "field", "original", "value", "outcome", "proposed_by_id"
    rows = ProposedChange.objects.using(using).filter(proposal__content_type=model)
    rows = within(rows, part, "proposal__object_id").values_list(*names, *own)
    for key, proposal, record, *about_and_own in rows:
        yield Proposed(key, proposal, record, tuple(about_and_own[:2]), *about_and_own[2:])


def _at_their_entries(decisions, told):
    """The decisions, each with the moment of its entry, where that came soon after it.

    That is the first one of its proposal which is left: both were made in the same order,
    whatever the clocks of different servers said.
    """
    left = defaultdict(list)
    for one in told:
        left[one.proposal].append(one.at)
    for decision in decisions:
        moments = left[decision.proposal]
        soon = next((at for at in moments if _is_soon(decision.at, at)), None)
        if soon:
            moments.remove(soon)
        yield decision._replace(at=soon or decision.at)


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
