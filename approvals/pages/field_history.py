"""One field of one record, as an auditor asks for it: its values over time, who approved each
and what they saw; and what was proposed for it beside that."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import batch, registry
from ..deciding.decisions import VERBS as VERBS_OF_DECISIONS
from ..models import Decision, Outcome, Proposal, ProposedChange, Verb, WorkflowEvent
from ..values import display_text, encode, person_name
from .field_replay import PROPOSED, VERBS, Event, Period, Replay
from .people import tell_apart
from .timeline import KIND, origin_of, who
from .work_list import read_id

PER_PAGE = 25
# Decisions on a work item: by a person, or by a time limit that passed.
DECIDED = {verb: action for action, verb in VERBS_OF_DECISIONS.items()}
# What the approvers said, and what else became of a proposal.
ANSWERED = (
    *DECIDED,
    Verb.APPROVED_BY_RULE,
    Verb.REJECTED_BY_RULE,
    Verb.CONFLICT,
    Verb.RECALLED,
    Verb.TERMINATED,
)
HOW = {
    None: gettext_lazy("On record before this history begins"),
    Verb.CHANGED: gettext_lazy("Changed directly: the change needed no approval"),
    Verb.APPLIED: gettext_lazy("Approved"),
}


@dataclass
class Answer:
    """A decision on a proposal, or what else ended its way to the approvers; as the history
    has it, whose entries are sealed.

    saw: original and new value of the field, as who decided saw them; beside: the other
    changes of the proposal. Both are empty where nobody was shown anything. revision: what
    his decision says that it was about.
    """

    what: str
    who: str
    at: datetime
    comment: str
    step: str = ""
    revision: int | None = None
    saw: dict = field(default_factory=dict)
    beside: list[dict] = field(default_factory=list)


@dataclass
class Told:
    """A value of the field, in force or only proposed, and everything that is known of it.

    how: in words; kind: as for `_badge.html`. entry: what put it into force, or took the
    proposed change back. proposed, submitted: entries of the history, oldest first.
    """

    key: int
    value: str
    how: str
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    unexplained: bool = False
    entry: dict | None = None
    proposal: Proposal | None = None
    proposed: list[dict] = field(default_factory=list)
    submitted: list[dict] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """Some of what there is to tell, newest first; after: where older ones begin, if any."""

    told: list[Told]
    after: int | None = None


@dataclass(frozen=True)
class FieldHistory:
    """The values that were in force, and the proposed ones that were not, each a page of them.

    differs: the value on record is not the last one of which the history tells.
    """

    label: str
    live: str
    differs: bool
    in_force: Page
    not_in_force: Page


def of_field(record, name: str, params) -> FieldHistory:
    """What there is to tell of one field of a record. params: the query string.

    However long the history is, with the same few queries.
    """
    governed = registry.get(record)
    f = governed.fields[name]
    live = encode(f, getattr(record, f.attname))
    replay = Replay(governed, name).tell(_events(governed, record), live)
    changes = list(_changes(governed, record, name))
    open_ones = [change for change in changes if change.outcome != Outcome.APPLIED]
    periods, older = _cut(replay.periods, _key, params.get("before"))
    rows, further = _cut(open_ones, lambda change: change.pk, params.get("proposed_before"))
    teller = _Teller(governed, name, replay, changes, periods, rows)
    return FieldHistory(
        label=capfirst(f.verbose_name),
        live=display_text(f, live),
        differs=replay.periods[-1].value != live,
        in_force=Page([teller.period(period) for period in periods], older),
        not_in_force=Page([teller.change(row) for row in rows], further),
    )


def _events(governed, record):
    found = WorkflowEvent.objects.filter(
        content_type=batch.content_type(governed), object_id=record.pk, verb__in=VERBS
    )
    rows = found.order_by("id").values_list(
        "pk", "at", "verb", "proposal_id", "field", "old", "new"
    )
    return (Event(*row) for row in rows.iterator(chunk_size=2000))


def _changes(governed, record, name):
    """Every change ever proposed for the field, oldest first."""
    content_type = batch.content_type(governed)
    found = ProposedChange.objects.filter(
        proposal__content_type=content_type, proposal__object_id=record.pk, field=name
    )
    return found.select_related("proposed_by").order_by("pk")


def _key(period: Period) -> int:
    return period.start.pk if period.start else 0


def _cut(rows, key, before) -> tuple[list, int | None]:
    """The newest of `rows` before the one of key `before`, newest first; and where older begin."""
    before = read_id(before)
    rows = [row for row in reversed(rows) if not before or key(row) < before]
    return rows[:PER_PAGE], key(rows[PER_PAGE - 1]) if len(rows) > PER_PAGE else None


class _Teller:
    """Reads what a page's periods and changes need, all at once, and puts it into words."""

    def __init__(self, governed, name, replay, changes, periods, rows):
        self.governed, self.name, self.replay = governed, name, replay
        self.lives = _lives(replay, changes)
        starts = [period.start for period in periods if period.start]
        ids = {start.proposal_id for start in starts} | {row.proposal_id for row in rows}
        ids.discard(None)
        related = ("version__workflow", "import_job", "automatic_action", "submitted_by")
        self.proposals = Proposal.objects.select_related(*related).in_bulk(ids)
        self.events = self._read_events(starts, ids, rows)
        self.revisions = self._read_revisions(ids)
        self._tell_apart(rows)

    def _read_events(self, starts, ids, rows):
        """The entries that are told, whole; and those of answers, by proposal."""
        found = {start.pk for start in starts}
        told = [life for key in ids for life in self.replay.changes[key]]
        told += [self.lives[row.pk] for row in rows if row.pk in self.lives]
        found |= {event.pk for life in told for event in (*life.proposed, life.closed) if event}
        found |= {s.pk for key in ids for s in self.replay.submissions[key]}
        related = ("actor", "on_behalf_of", "step", "version__workflow", "import_job")
        events = WorkflowEvent.objects.select_related(*related).order_by("id")
        own = events.filter(pk__in=found)
        self.answered = defaultdict(list)
        for event in events.filter(proposal__in=ids, verb__in=ANSWERED):
            self.answered[event.proposal_id].append(event)
        return {event.pk: event for event in own}

    def _read_revisions(self, ids):
        """The revision of each decision, by its entry: both were made in the same order."""
        names = "proposal", "step_run__step", "person", "on_behalf_of", "action", "revision"
        rows = Decision.objects.filter(proposal__in=ids).order_by("pk").values_list(*names)
        found = defaultdict(list)
        for *of, action, revision in rows:
            found[*of, VERBS_OF_DECISIONS[action]].append(revision)
        revisions = {key: iter(many) for key, many in found.items()}
        return {
            event.pk: next(revisions.get(_decision(event), iter(())), None)
            for event in chain(*self.answered.values())
        }

    def _tell_apart(self, rows):
        events = chain(self.events.values(), *self.answered.values())
        people = [p for event in events for p in (event.actor, event.on_behalf_of)]
        tell_apart([*people, *(row.proposed_by for row in rows)])

    def period(self, period: Period) -> Told:
        """A value that was in force."""
        told = Told(
            key=_key(period),
            value=self._shown(self.name, period.value),
            how=str(HOW[None]),
            since=period.since,
            until=period.until,
            unexplained=period.unexplained,
        )
        if period.start:
            event = self.events[period.start.pk]
            told.how, told.kind = self._how(event), KIND.get(event.verb, "")
            told.entry = self._entry(event)
            if event.proposal_id:
                self._add_way(told, event.proposal_id, self._applied(event))
        return told

    def change(self, row: ProposedChange) -> Told:
        """A value that was only proposed."""
        life = self.lives.get(row.pk)
        told = Told(key=row.pk, value=self._shown(self.name, row.value), how="")
        self._add_way(told, row.proposal_id, life)
        if life is None:
            by = person_name(row.proposed_by)
            told.proposed = [{"who": by, "at": row.proposed_at, "value": told.value}]
        elif life.closed:
            told.entry = self._entry(self.events[life.closed.pk])
        return told

    def _applied(self, event):
        """The change that an entry put into force: the one of its proposal that is not closed."""
        kept = [life for life in self.replay.changes[event.proposal_id] if not life.closed]
        return kept[-1] if kept else None

    def _add_way(self, told, proposal_id, life):
        """How a proposed value came to be, and who said what to it."""
        # An entry may name one that there is not; who wrote it was not the program.
        told.proposal = self.proposals.get(proposal_id)
        if life is None:
            return
        proposed = (event for event in life.proposed if event.verb in PROPOSED)
        told.proposed = [self._entry(self.events[event.pk]) for event in proposed]
        closed = life.closed.pk if life.closed else None
        about = [
            submission
            for submission in self.replay.submissions[proposal_id]
            if self.name in submission.seen
            and submission.pk > life.proposed[0].pk
            and (closed is None or submission.pk < closed)
        ]
        told.submitted = [self._entry(self.events[submission.pk]) for submission in about]
        told.answers = self._answers(proposal_id, {submission.pk for submission in about})

    def _answers(self, proposal_id, about) -> list[Answer]:
        return [
            self._answer(event, submission)
            for event in self.answered[proposal_id]
            if (submission := self.replay.submission_before(proposal_id, event.pk))
            and submission.pk in about
        ]

    def _answer(self, event, submission) -> Answer:
        answer = Answer(
            what=event.get_verb_display(),
            who=who(event),
            at=event.at,
            comment=event.comment,
            step=str(event.step or ""),
            revision=self.revisions[event.pk],
        )
        if event.verb in DECIDED and event.actor_id:
            shown = {name: self._change(seen) for name, seen in submission.seen.items()}
            answer.what, answer.saw = DECIDED[event.verb].label, shown.pop(self.name)
            answer.beside = list(shown.values())
        return answer

    def _entry(self, event) -> dict:
        return {
            "what": event.get_verb_display(),
            "who": who(event),
            "at": event.at,
            "value": self._shown(self.name, event.new) if event.field else "",
            "comment": event.comment,
            "version": event.version,
            "via": origin_of(event),
        }

    def _how(self, event) -> str:
        rule = self._rule(event)
        if event.verb == Verb.APPLIED and rule:
            return _("Approved automatically by the rule “%(comment)s”") % {"comment": rule.name}
        return str(HOW.get(event.verb) or event.get_verb_display())

    def _rule(self, event):
        proposal = self.proposals.get(event.proposal_id)
        return proposal and proposal.automatic_action

    def _change(self, seen) -> dict:
        label = capfirst(self.governed.proposable[seen.field].verbose_name)
        old, new = (self._shown(seen.field, text) for text in (seen.original, seen.value))
        return {"label": label, "old": old, "new": new}

    def _shown(self, name, text) -> str:
        return display_text(self.governed.proposable[name], text)


def _decision(event):
    """What an entry and its decision agree on."""
    return event.proposal_id, event.step_id, event.actor_id, event.on_behalf_of_id, event.verb


def _lives(replay, changes) -> dict:
    """What the history tells of each change: they were made in the order of their entries."""
    rows = defaultdict(list)
    for change in changes:
        rows[change.proposal_id].append(change.pk)
    found = {}
    for proposal_id, pks in rows.items():
        lives = sorted(replay.changes[proposal_id], key=lambda life: life.proposed[0].pk)
        if len(lives) == len(pks):
            found |= dict(zip(pks, lives, strict=True))
    return found
