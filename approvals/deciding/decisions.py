"""The approver's side: approve, reject, request change; apply.

Decisions come many at a time and are handled together: lock, check, record,
count, and then hand each proposal on to its next step, back, or to apply.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from .. import applying, checking, history, registry, writing
from ..bulk import insert_rows, update_rows
from ..models import Action, Decision, ItemState, RunState, StepRun, Verb, WorkItem
from ..notifying import notifications
from ..outcomes import BROWSER, Refused
from ..proposals import cancel_items, clean_comment, hand_back
from ..workflow import routing
from . import assigning, cases

VERBS = {
    Action.APPROVE: Verb.APPROVED,
    Action.REJECT: Verb.REJECTED,
    Action.REQUEST_CHANGE: Verb.CHANGE_REQUESTED,
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


@history.sealed()
def decide(
    votes: list[Vote], action: Action, *, by, comment="", source=BROWSER, leave_moved=False
) -> list[VoteResult]:
    """Decide work items; each with its own check and its own result, in the order of `votes`.

    action: approve, reject or request change (the last two need a comment). Whoever
    decides must be the one it is assigned to, or stand in for him, and must not have
    contributed. Nothing is done for a vote that is refused. When the last approval of a
    proposal is in, its values are applied, all of them or none. leave_moved: refuse to
    approve where a live value has moved, even where the approval would be the last; else
    the last one hands the proposal back.
    """
    action, votes = Action(action), _each_once(votes)
    try:
        comment = clean_comment(comment)
    except Refused as refused:
        return [VoteResult(v.work_item_id, None, False, str(refused)) for v in votes]
    loaded = cases.load([vote.work_item_id for vote in votes])
    refusals = _refusals(loaded, votes, by)
    if needs_comment(action) and not comment:
        refusals = {pk: why or _("Say why: a reason is required.") for pk, why in refusals.items()}
    taken = _taken(loaded, refusals, action, leave_moved)
    _record_votes(taken, action, by, comment, source)
    notifications.answered([case.proposal.pk for case in taken], by=by)
    handle = _approve if action == Action.APPROVE else _hand_back
    handle(taken, action, by, comment, source)
    return [_result(vote, loaded.get(vote.work_item_id), refusals) for vote in votes]


def preview(votes: list[Vote], action: Action, *, by) -> list[VoteResult]:
    """What `decide` would do with each vote now, given a comment; takes no lock, writes nothing.

    done: the vote would be taken. conflict: it would be the last approval, but the values
    could not be applied. Approvals whose live value has moved are refused.
    """
    action, votes = Action(action), _each_once(votes)
    loaded = cases.load([vote.work_item_id for vote in votes], lock=False)
    refusals = _refusals(loaded, votes, by)
    taken = _taken(loaded, refusals, action, leave_moved=True)
    if action == Action.APPROVE:
        applying.foresee([case for case in taken if case.is_last])
    for case in taken:
        case.message = _foreseen(case, action)
    return [_result(vote, loaded.get(vote.work_item_id), refusals) for vote in votes]


def _each_once(votes):
    return list({vote.work_item_id: vote for vote in votes}.values())


def _result(vote, case, refusals):
    proposal_id = case.proposal.pk if case else None
    refusal = refusals[vote.work_item_id]
    message = refusal or case.message
    conflict = bool(case and case.conflicts)
    return VoteResult(vote.work_item_id, proposal_id, not refusal, message, conflict)


def _refusals(loaded, votes, by) -> dict[int, str]:
    """Why each vote cannot be taken, or "", by work item."""
    voter, found = cases.Voter(by, loaded.values()), {}
    for vote in votes:
        case = loaded.get(vote.work_item_id)
        found[vote.work_item_id] = reason = cases.why_not(case, voter, vote.revision)
        if not reason:
            # A second work item of the step, such as of somebody he stands in for, is too much.
            voter.voted.add(case.run.pk)
    return found


def _taken(loaded, refusals, action, leave_moved) -> list[cases.Case]:
    """The cases whose votes are taken; what an approval cannot do is added to `refusals`."""
    chosen = [case for pk, case in loaded.items() if not refusals[pk]]
    if action != Action.APPROVE:
        return chosen
    return _plan_approvals(chosen, refusals, leave_moved)


def _foreseen(case, action) -> str:
    if action != Action.APPROVE:
        return _("Goes back to the originator.")
    if case.conflicts:
        return _("Cannot be applied; a change would be requested. %(why)s") % {
            "why": " ".join(case.conflicts)
        }
    if not case.completes:
        return _("Others decide as well.")
    if case.is_last:
        return _("The last approval: the new values are applied.")
    return _("The next step is “%(step)s”.") % {"step": case.next.step.name}


def needs_comment(action: Action) -> bool:
    """Whether a decision needs a reason in words."""
    return action != Action.APPROVE


def _plan_approvals(chosen, refusals, leave_moved) -> list[cases.Case]:
    """Find out what each approval completes; refuse those that cannot be taken."""
    counts = Counter(
        Decision.objects.filter(
            step_run__in=[case.run.pk for case in chosen], action=Action.APPROVE
        ).values_list("step_run", flat=True)
    )
    router = routing.Router(versions={case.proposal.version_id for case in chosen})
    taken = []
    for case in chosen:
        try:
            _plan_approval(case, counts[case.run.pk], router, leave_moved)
            taken.append(case)
        except Refused as refused:
            refusals[case.item.pk] = str(refused)
    return taken


def _plan_approval(case, approvals, router, leave_moved):
    case.completes = approvals + 1 >= case.run.votes_needed
    if case.completes:
        case.next = router.after(case.step, case.facts)
    governed = registry.for_content_type(case.proposal.content_type)
    conflicts = checking.moved(governed, case.record, case.changes)
    if conflicts and (leave_moved or not case.is_last):
        raise Refused(
            _("It cannot be approved any more; request a change or reject it. %(why)s")
            % {"why": " ".join(conflicts)}
        )


def _record_votes(taken, action, by, comment, source):
    now = timezone.now()
    insert_rows(
        [
            Decision(
                work_item=case.item,
                step_run=case.run,
                proposal=case.proposal,
                person=by,
                on_behalf_of_id=case.on_behalf_of(by),
                action=action,
                comment=comment,
                revision=case.proposal.revision,
                decided_at=now,
            )
            for case in taken
        ]
    )
    rows = [(case.item.pk, ItemState.OPEN, ItemState.DECIDED) for case in taken]
    if _update_states(WorkItem, rows) != len(rows):
        raise writing.LostUpdate
    history.record(
        [
            routing.proposal_event(
                case.proposal,
                VERBS[action],
                by=by,
                source=source,
                step=case.step,
                on_behalf_of_id=case.on_behalf_of(by),
                comment=comment,
                at=now,
            )
            for case in taken
        ]
    )


def _update_states(model, rows) -> int:
    """Move rows from one state to another: (id, old, new); return how many were in the old."""
    data = [(pk, old, new) for pk, old, new in rows]
    return update_rows(model, ["state"], data, match=("state",)) if data else 0


def _approve(taken, action, by, comment, source):
    complete = [case for case in taken if case.completes]
    _end_runs(complete, RunState.APPROVED)
    for case in taken:
        case.message = _("Approved.") if case.completes else _("Approved; others decide as well.")
    onward = [case for case in complete if case.next.step]
    history.record(
        [
            routing.proposal_event(
                case.proposal, Verb.STEP_COMPLETED, by=by, source=source, step=case.step
            )
            for case in onward
        ]
    )
    for content_type_id, routes in _routes_by_model(complete).items():
        entries = assigning.enter({p: r for p, r in routes.items() if r.step}, source=source)
        entries += assigning.skipped({p: r for p, r in routes.items() if not r.step})
        history.record_entries(entries, content_type_id, by=by, source=source)
    for case in onward:
        case.message = _("Approved; the next step is “%(step)s”.") % {"step": case.next.step.name}
    applying.apply([case for case in complete if case.is_last], by=by, source=source)


def _routes_by_model(cases):
    routes = defaultdict(dict)
    for case in cases:
        routes[case.proposal.content_type_id][case.proposal] = case.next
    return routes


def _hand_back(taken, action, by, comment, source):
    hand_back([case.proposal for case in taken], VERBS[action], by=by, comment=comment)
    for case in taken:
        case.message = _("Rejected.") if action == Action.REJECT else _("Change requested.")


def _end_runs(taken, state):
    """End step runs, and cancel the work items in them that nobody needs to decide now."""
    now = timezone.now()
    runs = [case.run.pk for case in taken]
    StepRun.objects.filter(pk__in=runs).update(state=state, ended_at=now)
    cancel_items(WorkItem.objects.filter(step_run__in=runs))
    notifications.answered([case.proposal.pk for case in taken])
