"""Work items: made when a step starts, and handed on from one person to others."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from . import history, notifications, working_time
from .bulk import insert_rows, update_rows
from .models import ItemState, Occasion, Proposal, StepRun, Verb, WorkItem
from .routing import Assignee, Route, names_of, proposal_event
from .writing import LostUpdate


def enter(routes: dict[Proposal, Route], *, by, source) -> None:
    """Start a step for each saved proposal: its run, its work items, history and notices.

    by: None where a time limit or a rule led there.
    """
    record_skipped(routes, by=by, source=source)
    if not routes:
        return
    now = timezone.now()
    times = working_time.at_start({route.step for route in routes.values()}, now)
    runs = [
        StepRun(
            proposal=proposal,
            step=route.step,
            votes_needed=route.votes_needed,
            started_at=now,
            **times[route.step],
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
    names = people_names(a for route in routes.values() for a in route.people)
    history.record(
        [
            proposal_event(
                proposal,
                Verb.ASSIGNED,
                by=by,
                source=source,
                step=route.step,
                comment=listed(route.people, names),
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


@dataclass(frozen=True)
class Handing:
    """Open work items of one step run, and the people who get new ones in their place.

    people: none of them has an open or decided one there. on_behalf_of: for whom this is
    done, by id, where somebody else does it for him. note: what else the history says.
    """

    items: list[WorkItem]
    people: tuple[Assignee, ...]
    on_behalf_of: int | None = None
    note: str = ""


def hand_on(items: list[WorkItem], people: Iterable[Assignee], verb: Verb, **how) -> None:
    """Hand open work items of one step run on to others; how: as for `hand_on_all`."""
    hand_on_all([Handing(items, tuple(people))], verb, **how)


def hand_on_all(
    handings: list[Handing], verb: Verb, *, by, source, comment="", occasion=Occasion.ASSIGNED
) -> None:
    """Hand open work items on to others, with an entry in the history for each step run.

    Under the locks of the proposals; items with their step run, step and proposal. A claim
    ends with the work item of whoever made it. comment: why, in words; the history also
    says from whom to whom.
    """
    if not handings:
        return
    now = timezone.now()
    given = [item for handing in handings for item in handing.items]
    closed = [(item.pk, ItemState.OPEN, ItemState.HANDED_ON) for item in given]
    if update_rows(WorkItem, ["state"], closed, match=("state",)) != len(closed):
        raise LostUpdate
    new = [
        _item(handing.items[0].step_run_id, handing.items[0].proposal, assignee, now)
        for handing in handings
        for assignee in handing.people
    ]
    insert_rows(new)
    _end_claims({item.step_run_id for item in given})
    takers = [assignee for handing in handings for assignee in handing.people]
    names = people_names([*takers, *(Assignee(item.assignee_id) for item in given)])
    history.record([_handed(h, verb, names, comment, by=by, source=source) for h in handings])
    notifications.assigned(new, occasion=occasion, by=by, comment=comment)


def _end_claims(run_ids):
    """End the claims of those who have no open work item in the step run any more."""
    kept = WorkItem.objects.filter(
        step_run=OuterRef("pk"), assignee=OuterRef("claimed_by"), state=ItemState.OPEN
    )
    runs = StepRun.objects.filter(pk__in=run_ids, claimed_by__isnull=False)
    runs.exclude(Exists(kept)).update(claimed_by=None, claimed_at=None)


def _handed(handing, verb, names, comment, *, by, source):
    item = handing.items[0]
    handed = _("From %(givers)s to %(takers)s") % {
        "givers": ", ".join(names[item.assignee_id] for item in handing.items),
        "takers": listed(handing.people, names),
    }
    return proposal_event(
        item.proposal,
        verb,
        by=by,
        source=source,
        step=item.step_run.step,
        on_behalf_of_id=handing.on_behalf_of,
        comment="\n".join(part for part in (handed, comment, handing.note) if part),
    )


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


def people_names(assignees: Iterable[Assignee]) -> dict[int, str]:
    """The names of people and of those who delegated to them, by id."""
    ids = {pk for a in assignees for pk in (a.person, a.on_behalf_of) if pk}
    return names_of(ids)


def listed(people: Iterable[Assignee], names: dict[int, str]) -> str:
    """People in words, with the one who delegated where somebody did."""
    return ", ".join(
        _("%(who)s on behalf of %(other)s")
        % {"who": names[a.person], "other": names[a.on_behalf_of]}
        if a.on_behalf_of
        else names[a.person]
        for a in people
    )
