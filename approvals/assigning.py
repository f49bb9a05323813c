"""Work items: made when a step starts, and handed on from one person to others."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _

from . import deadlines, history, notifications
from .bulk import insert_rows, update_rows
from .models import ItemState, Occasion, Proposal, StepRun, Verb, WorkItem
from .routing import Assignee, Route, names_of, proposal_event


def enter(routes: dict[Proposal, Route], *, by, source) -> None:
    """Start a step for each saved proposal: its run, its work items, history and notices.

    by: None where a time limit or a rule led there.
    """
    record_skipped(routes, by=by, source=source)
    if not routes:
        return
    now = timezone.now()
    runs = [
        StepRun(
            proposal=proposal,
            step=route.step,
            votes_needed=route.votes_needed,
            started_at=now,
            **deadlines.at_start(route.step, now),
        )
        for proposal, route in routes.items()
    ]
    run_of = {proposal: run for run, proposal in insert_rows(runs, ("id", "proposal"))}
    items = [
        _item(run_of[proposal.pk], proposal, assignee, now)
        for proposal, route in routes.items()
        for assignee in route.people
    ]
    insert_rows(items)
    names = _names(a for route in routes.values() for a in route.people)
    history.record(
        [
            proposal_event(
                proposal,
                Verb.ASSIGNED,
                by=by,
                source=source,
                step=route.step,
                comment=_listed(route.people, names),
            )
            for proposal, route in routes.items()
        ]
    )
    notifications.assigned(items, job=source.job)


def record_skipped(routes: dict[Proposal, Route], *, by, source) -> None:
    """Note the steps that were passed over, each with the rows that did not hold."""
    history.record(
        [
            proposal_event(
                proposal,
                Verb.STEP_SKIPPED,
                by=by,
                source=source,
                step=skipped.step,
                comment=skipped.evaluation.reason,
            )
            for proposal, route in routes.items()
            for skipped in route.skipped
        ]
    )


def hand_on(
    items: list[WorkItem],
    people: Iterable[Assignee],
    verb: Verb,
    *,
    by,
    source,
    comment="",
    occasion=Occasion.ASSIGNED,
) -> None:
    """Hand open work items of one step run on to others, with an entry in the history.

    Under the lock of the proposal. people: who get them, and have none there yet. A
    claim ends. comment: why, in words; the history also says from whom to whom.
    """
    people, now = tuple(people), timezone.now()
    run, proposal = items[0].step_run, items[0].proposal
    closed = [(item.pk, ItemState.OPEN, ItemState.HANDED_ON) for item in items]
    update_rows(WorkItem, ["state"], closed, match=("state",))
    new = [_item(run.pk, proposal, assignee, now) for assignee in people]
    insert_rows(new)
    StepRun.objects.filter(pk=run.pk).update(claimed_by=None, claimed_at=None)
    names = _names([*people, *(Assignee(item.assignee_id) for item in items)])
    handed = _("From %(givers)s to %(takers)s") % {
        "givers": ", ".join(names[item.assignee_id] for item in items),
        "takers": _listed(people, names),
    }
    event = proposal_event(
        proposal,
        verb,
        by=by,
        source=source,
        step=run.step,
        comment="\n".join(part for part in (handed, comment) if part),
    )
    history.record([event])
    notifications.assigned(new, occasion=occasion, by=by, comment=comment)


def _item(run_id, proposal, assignee, now):
    return WorkItem(
        step_run_id=run_id,
        proposal=proposal,
        record_key=proposal.record_key,
        assignee_id=assignee.person,
        group_id=assignee.group,
        on_behalf_of_id=assignee.on_behalf_of,
        created_at=now,
    )


def _names(assignees):
    ids = {pk for a in assignees for pk in (a.person, a.on_behalf_of) if pk}
    return names_of(ids)


def _listed(people, names) -> str:
    return ", ".join(
        _("%(who)s on behalf of %(other)s")
        % {"who": names[a.person], "other": names[a.on_behalf_of]}
        if a.on_behalf_of
        else names[a.person]
        for a in people
    )
