"""Whether each approved proposal was approved as its workflow asks, by its entries alone."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from .. import registry
from ..models import Proposal, State, Verb, WorkflowEvent
from . import grounds
from .reading import content_type_of
from .replay import TOLD, Event, Replay, by_record, parts, within
from .trails import created

APPROVING = (Verb.APPROVED, Verb.STEP_COMPLETED, Verb.STEP_SKIPPED, Verb.APPROVED_BY_RULE)
# What ends a round of approval without an approval.
ENDED = (Verb.REJECTED, Verb.REJECTED_BY_RULE, Verb.CHANGE_REQUESTED, Verb.CONFLICT)
ENDED += (Verb.RECALLED, Verb.TERMINATED)
DONE = (Verb.COMPLETED, Verb.APPLIED)
READ = (*TOLD, *APPROVING, *ENDED, Verb.CREATED, Verb.COMPLETED)
TOUCHED = (Verb.PROPOSED, Verb.EDITED, Verb.DISCARDED, Verb.DROPPED, Verb.SUPERSEDED)
TOUCHED += (Verb.SUBMITTED,)


def follow(report, using="default") -> None:
    """Look at every approved proposal; tells what its entries since it was submitted lack."""
    versions = grounds.versions(using)
    for governed in registry.all_governed():
        model = content_type_of(governed.model, using)
        if model is None:  # which `trails` tells
            continue
        for part in parts(governed.model._base_manager.using(using)):
            approved = _approved(model, part, using)
            for trail in _trails(model, part, using):
                told = _Told(report, governed, versions, approved)
                for event in trail:
                    told.tell(event)
            for pk, row in approved.items():
                _find(report, governed, row.record, pk, _("but the history does not say so"))


class Row(NamedTuple):
    """An approved proposal as it is stored: its record's key, the version of its workflow."""

    record: str
    version: int | None


def _approved(model, part, using) -> dict[int, Row]:
    """Those of the records of a part, by id."""
    rows = Proposal.objects.using(using).filter(content_type=model, state=State.APPROVED)
    rows = within(rows, part, "object_id").order_by("pk")
    return {pk: Row(*own) for pk, *own in rows.values_list("pk", "record_key", "version_id")}


def _trails(model, part, using):
    """The entries of each record of which something was approved or applied."""
    events = within(
        WorkflowEvent.objects.using(using).filter(content_type=model), part, "object_id"
    )
    done = events.filter(verb__in=DONE).order_by().values("object_id")
    return by_record(events.filter(object_id__in=done, verb__in=READ))


def _find(report, governed, key, proposal, why):
    text = _("%(label)s %(key)s, proposal %(proposal)s: approved, %(why)s.")
    report.find(text % {"label": governed.label, "key": key, "proposal": proposal, "why": why})


@dataclass(eq=False)
class Round:
    """What came of a proposal since it was submitted, by that entry.

    changes: field -> original, value. record: the record's values as they were then, as far
    as they are known. All values are texts. rule: the name of the one that approved it.
    """

    submitted: Event
    changes: dict[str, tuple]
    record: dict[str, str | None]
    contributors: frozenset[int]
    votes: list[Event] = field(default_factory=list)
    completed: set[int] = field(default_factory=set)
    skipped: set[int] = field(default_factory=set)
    rule: str | None = None

    def tell(self, event: Event) -> None:
        """Go on by one entry that has to do with its approval."""
        if event.verb == Verb.APPROVED:
            self.votes.append(event)
        elif event.verb == Verb.STEP_COMPLETED:
            self.completed.add(event.step)
        elif event.verb == Verb.STEP_SKIPPED:
            self.skipped.add(event.step)
        elif event.verb == Verb.APPROVED_BY_RULE:
            self.rule = event.comment


class _Told:
    """The entries of one record, told again, and judged where they say that it was approved."""

    def __init__(self, report, governed, versions, approved):
        """approved: the proposals that are, by their rows; those that are told of are taken out."""
        self.report, self.governed, self.versions = report, governed, versions
        self.approved, self.replay = approved, Replay()
        self.contributors = defaultdict(set)
        self.rounds, self.due, self.joining = {}, defaultdict(dict), None

    def tell(self, event):
        """Go on by one entry."""
        self.replay.tell(event)
        if event.verb == Verb.CREATED:
            self.replay.live = {**(created(self.governed, event.new) or {}), **self.replay.live}
        if event.verb in TOUCHED:
            self.contributors[event.proposal].add(event.actor)
        if event.verb in (Verb.JOINED, Verb.RECALLED):
            self._join(event)
        if event.verb == Verb.SUBMITTED:
            self.rounds[event.proposal] = self._round(event)
        elif event.verb in ENDED:
            self.rounds.pop(event.proposal, None)
        elif event.verb in APPROVING and event.proposal in self.rounds:
            self.rounds[event.proposal].tell(event)
        elif event.verb == Verb.COMPLETED:
            self._complete(event)
        elif event.verb == Verb.APPLIED:
            self._apply(event)

    def _join(self, event):
        """A draft that joins what is recalled brings its contributors along."""
        if event.verb == Verb.JOINED:
            self.joining = event.proposal
        elif self.joining:
            self.contributors[event.proposal] |= self.contributors[self.joining]
            self.joining = None

    def _round(self, event):
        open_changes = self.replay.open[event.proposal]
        changes = {name: (change.original, change.value) for name, change in open_changes.items()}
        contributors = frozenset(self.contributors[event.proposal])
        return Round(event, changes, dict(self.replay.live), contributors)

    def _complete(self, event):
        ended = self.rounds.pop(event.proposal, None)
        for why in self._lacks(ended, self.approved.pop(event.proposal, None)):
            _find(self.report, self.governed, event.record, event.proposal, why)
        self.due[event.proposal] = dict(ended.changes) if ended else {}

    def _lacks(self, ended, row) -> Iterator[str]:
        if row is None:
            yield _("but its status is another")
        if ended is None:
            yield _("but not submitted")
            return
        # Entries of before there was that column name none.
        pk = ended.submitted.version or row and row.version
        if version := self.versions.get(pk):
            yield from grounds.lacks(self.governed, version, ended)
        else:
            yield _("but there is no workflow version %(version)s") % {"version": pk}

    def _apply(self, event):
        """What is applied is what was submitted and approved, once."""
        told = self.due[event.proposal].pop(event.field, None)
        if told != (event.old, event.new):
            text = _(
                "%(label)s %(key)s, proposal %(proposal)s: %(field)s was applied from %(old)s to "
                "%(new)s, but approved was %(told)s."
            )
            details = {"label": self.governed.label, "key": event.record}
            details |= {"proposal": event.proposal, "field": event.field}
            details |= {"old": repr(event.old), "new": repr(event.new)}
            told = _("nothing") if told is None else _("from %r to %r") % told
            self.report.find(text % {**details, "told": told})
