"""Apply: write approved values to their records, all of a proposal or none."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from . import batch, checking, history, registry, writing
from .bulk import update_rows
from .models import Outcome, Proposal, ProposedChange, Verb, WorkflowStep
from .notifying import notifications
from .workflow import routing


@dataclass(eq=False)
class Case:
    """A proposal whose values are to be applied, with everything that is needed for it.

    loaded_revision: the revision that is stored. message: what came of it, in words.
    conflicts: why nothing was applied.
    """

    proposal: Proposal
    record: batch.Record
    changes: list[ProposedChange]
    loaded_revision: int
    message: str = ""
    conflicts: list[str] = field(default_factory=list)

    @property
    def step(self) -> WorkflowStep | None:
        """The step whose approval was the last; None where a rule approved."""
        return None


def apply(cases, *, by, source) -> None:
    """Approve and apply proposals whose last approval is in; a batch, under their locks.

    A proposal whose live value has moved, or one of whose values is no longer valid,
    goes back as change requested with the conflict named, and nothing of it is applied.
    """
    now = timezone.now()
    ready = []
    for governed, group in _by_model(cases).items():
        writes = _plan(governed, group)
        good = [case for case in group if not case.conflicts]
        _approve(good, now)
        writing.write_values(governed, list(writes.values()), now)
        ready += good
    _close(ready, by, source)
    _send_back([case for case in cases if case.conflicts], by, source)


def foresee(cases) -> None:
    """Find the conflicts that `apply` would meet now; writes nothing."""
    for governed, group in _by_model(cases).items():
        _plan(governed, group)


def _by_model(cases):
    groups = defaultdict(list)
    for case in cases:
        groups[registry.for_content_type(case.proposal.content_type).label].append(case)
    return {
        registry.for_content_type(group[0].proposal.content_type): group
        for group in groups.values()
    }


def _plan(governed, cases) -> dict:
    """Check each case in turn, on the values that the ones before it leave; collect the writes."""
    parsed = {case: checking.new_values(governed, case.changes) for case in cases}
    pairs = [pair for new, _problems in parsed.values() for pair in new.items()]
    unknown = batch.missing_references(governed, pairs)
    writes = {}
    for case, (new, problems) in parsed.items():
        record, already = writes.get(case.record.id, (case.record, {}))
        case.conflicts = (
            checking.moved(governed, record, case.changes)
            + problems
            + checking.missing(governed, record.key, new, unknown)
            + checking.broken(governed, {**record.values, **already}, new)
        )
        if not case.conflicts:
            writes[record.id] = (record, {**already, **new})
    return writes


def _approve(cases, now):
    for case in cases:
        case.proposal.approve(now)
        case.message = _("Approved and applied.")
    writing.save_states({case.proposal: case.loaded_revision for case in cases})


def _close(cases, by, source):
    changes = [(case, change) for case in cases for change in case.changes]
    rows = [(change.pk, Outcome.APPLIED) for _case, change in changes]
    update_rows(ProposedChange, ["outcome"], rows)
    events = [
        routing.proposal_event(case.proposal, Verb.COMPLETED, by=by, source=source)
        for case in cases
    ]
    events += [
        routing.proposal_event(
            case.proposal,
            Verb.APPLIED,
            by=by,
            source=source,
            field=change.field,
            old=change.original,
            new=change.value,
        )
        for case, change in changes
    ]
    history.record(events)
    proposals = [case.proposal for case in cases]
    notifications.decided(proposals, Verb.APPROVED, by=by, job=source.job)


def _send_back(cases, by, source):
    for case in cases:
        case.proposal.request_change()
        case.message = _("Not applied; a change was requested. %(why)s") % {
            "why": " ".join(case.conflicts)
        }
    writing.save_states({case.proposal: case.loaded_revision for case in cases})
    history.record(
        [
            routing.proposal_event(
                case.proposal,
                Verb.CONFLICT,
                by=by,
                source=source,
                step=case.step,
                comment=" ".join(case.conflicts),
            )
            for case in cases
        ]
    )
    reasons = {case.proposal.pk: " ".join(case.conflicts) for case in cases}
    proposals = [case.proposal for case in cases]
    notifications.decided(proposals, Verb.CONFLICT, by=by, reasons=reasons)
