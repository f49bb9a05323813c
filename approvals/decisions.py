"""The approver's side: approve, reject, request change; apply.

Decisions come many at a time and are handled together: lock, check, record,
count, and then hand each proposal on to its next step, back, or to apply.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import (
    applying,
    batch,
    checking,
    history,
    notifications,
    registry,
    routing,
    values,
    writing,
)
from .bulk import insert_rows, update_rows
from .models import (
    Action,
    Contributor,
    Decision,
    ItemState,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepRun,
    Verb,
    WorkItem,
)
from .models.permissions import may_decide
from .outcomes import BROWSER, Refused
from .proposals import cancel_items, clean_comment, lock_all, state_message

VERBS = {
    Action.APPROVE: Verb.APPROVED,
    Action.REJECT: Verb.REJECTED,
    Action.REQUEST_CHANGE: Verb.CHANGE_REQUESTED,
}


ALREADY = {
    Action.APPROVE: gettext_lazy("Already approved by %(who)s at %(when)s"),
    Action.REJECT: gettext_lazy("Already rejected by %(who)s at %(when)s"),
    Action.REQUEST_CHANGE: gettext_lazy("A change was requested already by %(who)s at %(when)s"),
}


@dataclass(frozen=True)
class Vote:
    """A decision that someone takes on a work item, on the revision that he saw."""

    work_item_id: int
    revision: int


@dataclass(frozen=True)
class VoteResult:
    """What became of a vote, and why in words for a person.

    done: the vote was taken. conflict: it was the last approval, but the values could
    not be applied, and a change was requested instead.
    """

    work_item_id: int
    proposal_id: int | None
    done: bool
    message: str
    conflict: bool = False


@dataclass(eq=False)
class Case:
    """One vote with everything that is needed to check and to count it."""

    item: WorkItem
    proposal: Proposal
    record: batch.Record
    changes: list[ProposedChange]
    contributors: set[int]
    loaded_revision: int
    next: routing.Route | None = None
    completes: bool = False
    message: str = ""
    conflicts: list[str] = field(default_factory=list)

    @property
    def run(self) -> StepRun:
        """The step run that the work item belongs to."""
        return self.item.step_run

    @property
    def is_last(self) -> bool:
        """Whether this approval is the last one: the values are to be applied."""
        return self.completes and self.next is None


@transaction.atomic
def decide(votes: list[Vote], action: Action, *, by, comment="", source=BROWSER):
    """Decide work items; each with its own check and its own result, in the order of `votes`.

    action: approve, reject or request change (the last two need a comment). Whoever
    decides must be the one it is assigned to and must not have contributed. Nothing is
    done for a vote that is refused. When the last approval of a proposal is in, its
    values are applied, all of them or none. Returns a list of VoteResult.
    """
    action, votes = Action(action), list({vote.work_item_id: vote for vote in votes}.values())
    try:
        comment = clean_comment(comment)
    except Refused as refused:
        return [VoteResult(v.work_item_id, None, False, str(refused)) for v in votes]
    cases = _load([vote.work_item_id for vote in votes])
    refusals = {
        vote.work_item_id: _refusal(cases.get(vote.work_item_id), vote, action, by, comment)
        for vote in votes
    }
    taken = [case for pk, case in cases.items() if not refusals[pk]]
    if action == Action.APPROVE:
        taken = _plan_approvals(taken, refusals)
    _record_votes(taken, action, by, comment, source)
    handle = _approve if action == Action.APPROVE else _hand_back
    handle(taken, action, by, comment, source)
    return [_result(vote, cases.get(vote.work_item_id), refusals) for vote in votes]


def _result(vote, case, refusals):
    proposal_id = case.proposal.pk if case else None
    refusal = refusals[vote.work_item_id]
    message = refusal or case.message
    conflict = bool(case and case.conflicts)
    return VoteResult(vote.work_item_id, proposal_id, not refusal, message, conflict)


def _load(item_ids) -> dict[int, Case]:
    """Lock the records, then the proposals, of work items; read all that belongs to them."""
    wanted = WorkItem.objects.filter(pk__in=item_ids).values_list("proposal", flat=True)
    proposals, records = lock_all(set(wanted))
    changes, contributors = defaultdict(list), defaultdict(set)
    for change in ProposedChange.objects.filter(proposal__in=proposals, outcome=""):
        changes[change.proposal_id].append(change)
    rows = Contributor.objects.filter(proposal__in=proposals)
    for proposal_id, person in rows.values_list("proposal", "person"):
        contributors[proposal_id].add(person)
    items = WorkItem.objects.filter(pk__in=item_ids).select_related("step_run__step")
    cases = {}
    for item in items.order_by("pk"):
        proposal = proposals[item.proposal_id]
        record = records[proposal.pk]
        cases[item.pk] = Case(
            item,
            proposal,
            record,
            changes[proposal.pk],
            contributors[proposal.pk],
            proposal.revision,
        )
    return cases


def _refusal(case, vote, action, by, comment) -> str:
    """Why this vote cannot be taken, or ""."""
    if case is None or case.item.assignee_id != by.pk:
        return _("This work item is not assigned to you.")
    if not may_decide(by):
        return _("You no longer have the right to decide.")
    if case.proposal.state != State.PENDING or case.item.state != ItemState.OPEN:
        return too_late(case.proposal, case.run)
    if case.proposal.revision != vote.revision:
        return _("The proposal has changed since you saw it. Nothing was decided.")
    if by.pk in case.contributors:
        return _("You contributed to this proposal, so somebody else has to decide on it.")
    if needs_comment(action) and not comment:
        return _("Say why: a reason is required.")
    return ""


def needs_comment(action: Action) -> bool:
    """Whether a decision needs a reason in words."""
    return action != Action.APPROVE


def too_late(proposal: Proposal, run: StepRun) -> str:
    """Why nothing can be decided in a step any more: who decided what, and when."""
    decision = Decision.objects.filter(step_run=run).select_related("person").order_by("id").last()
    if decision is None or proposal.state in (State.NOT_SUBMITTED, State.JOINED):
        return state_message(proposal)
    return ALREADY[decision.action] % {
        "who": values.person_name(decision.person),
        "when": values.moment(decision.decided_at),
    }


def _plan_approvals(cases, refusals) -> list[Case]:
    """Find out what each approval completes; refuse those that cannot be taken."""
    counts = Counter(
        Decision.objects.filter(
            step_run__in=[case.run.pk for case in cases], action=Action.APPROVE
        ).values_list("step_run", flat=True)
    )
    router = routing.Router(versions={case.proposal.version_id for case in cases})
    taken = []
    for case in cases:
        try:
            _plan_approval(case, counts[case.run.pk], router)
            taken.append(case)
        except Refused as refused:
            refusals[case.item.pk] = str(refused)
    return taken


def _plan_approval(case, approvals, router):
    case.completes = approvals + 1 >= case.run.votes_needed
    if case.completes:
        case.next = router.after(case.run.step, case.contributors)
    governed = registry.for_content_type(case.proposal.content_type)
    conflicts = checking.moved(governed, case.record, case.changes)
    if conflicts and not case.is_last:
        raise Refused(
            _("It cannot be approved any more; request a change or reject it. %(why)s")
            % {"why": " ".join(conflicts)}
        )


def _record_votes(cases, action, by, comment, source):
    now = timezone.now()
    insert_rows(
        [
            Decision(
                work_item=case.item,
                step_run=case.run,
                proposal=case.proposal,
                person=by,
                action=action,
                comment=comment,
                revision=case.proposal.revision,
                decided_at=now,
            )
            for case in cases
        ]
    )
    rows = [(case.item.pk, ItemState.OPEN, ItemState.DECIDED) for case in cases]
    if _update_states(WorkItem, rows) != len(rows):
        raise writing.LostUpdate
    history.record(
        [
            routing.proposal_event(
                case.proposal,
                VERBS[action],
                by=by,
                source=source,
                step=case.run.step,
                comment=comment,
            )
            for case in cases
        ]
    )


def _update_states(model, rows) -> int:
    """Move rows from one state to another: (id, old, new); return how many were in the old."""
    data = [(pk, old, new) for pk, old, new in rows]
    return update_rows(model, ["state"], data, match=("state",)) if data else 0


def _approve(cases, action, by, comment, source):
    complete = [case for case in cases if case.completes]
    _end_runs(complete, RunState.APPROVED)
    for case in cases:
        case.message = _("Approved.") if case.completes else _("Approved; others decide as well.")
    onward = [case for case in complete if case.next]
    history.record(
        [
            routing.proposal_event(
                case.proposal, Verb.STEP_COMPLETED, by=by, source=source, step=case.run.step
            )
            for case in onward
        ]
    )
    routing.enter({case.proposal: case.next for case in onward}, by=by, source=source)
    for case in onward:
        case.message = _("Approved; the next step is “%(step)s”.") % {"step": case.next.step.name}
    applying.apply([case for case in complete if case.is_last], by=by, source=source)


def _hand_back(cases, action, by, comment, source):
    _end_runs(cases, RunState.STOPPED)
    for case in cases:
        case.proposal.reject() if action == Action.REJECT else case.proposal.request_change()
        case.message = _("Rejected.") if action == Action.REJECT else _("Change requested.")
    writing.save_states({case.proposal: case.loaded_revision for case in cases})
    notifications.decided([c.proposal for c in cases], VERBS[action], by=by, comment=comment)


def _end_runs(cases, state):
    """End step runs, and cancel the work items in them that nobody needs to decide now."""
    now = timezone.now()
    runs = [case.run.pk for case in cases]
    StepRun.objects.filter(pk__in=runs).update(state=state, ended_at=now)
    cancel_items(WorkItem.objects.filter(step_run__in=runs))
