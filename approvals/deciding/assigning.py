"""Work items: made when a step starts, and handed on from one person to others."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from .. import history
from ..bulk import insert_columns, new_ids, update_rows
from ..history import Entry
from ..models import ItemState, Occasion, Proposal, StepRun, Verb, WorkItem
from ..notifying import notifications
from ..workflow.routing import Assignee, Route, names_of, proposal_event
from ..writing import Filed, LostUpdate
from . import substitutions, working_time


def enter(routes: dict[Filed | Proposal, Route], *, source) -> list[Entry]:
    """Start a step for each saved proposal: its run, its work items, its notices.

    Returns what there is to tell in the history. Whom an import asks is told at its end.
    """
    if not routes:
        return []
    now = timezone.now()
    times = working_time.at_start({route.step for route in routes.values()}, now)
    runs = _new_runs(routes)
    steps = [route.step for route in routes.values()]
    each = {
        "id": runs,
        "proposal_id": [proposal.pk for proposal in routes],
        "step_id": [step.pk for step in steps],
        "votes_needed": [route.votes_needed for route in routes.values()],
    }
    each |= {name: [times[step][name] for step in steps] for name in working_time.COLUMNS}
    # Of the same moment as its first work items: by that the guard knows them from later ones.
    insert_columns(StepRun, each, {"started_at": now})
    items = [
        NewItem(run, proposal.pk, proposal.record_key, a.person, a.group, a.on_behalf_of)
        for run, (proposal, route) in zip(runs, routes.items(), strict=True)
        for a in route.people
    ]
    _insert_items(items, now)
    if source.job is None:
        notifications.assigned(items)
    return skipped(routes) + _assigned(routes)


def _new_runs(routes):
    """The ids of the step runs: those that are set aside for what has just been stored."""
    set_aside = [getattr(proposal, "run_id", None) for proposal in routes]
    return set_aside if all(set_aside) else new_ids(StepRun, len(routes))


def _assigned(routes) -> list[Entry]:
    told = {}
    for route in routes.values():
        if id(route) not in told:
            told[id(route)] = listed(route.people, route.names)
    return [
        Entry(
            Verb.ASSIGNED,
            proposal.object_id,
            proposal.record_key,
            proposal.pk,
            step_id=route.step.pk,
            comment=told[id(route)],
        )
        for proposal, route in routes.items()
    ]


class NewItem(NamedTuple):
    """A work item to be stored; all by id."""

    step_run_id: int
    proposal_id: int
    record_key: str
    assignee_id: int
    group_id: int | None
    on_behalf_of_id: int | None


def _insert_items(items: list[NewItem], now):
    if items:
        columns = dict(zip(NewItem._fields, zip(*items, strict=True), strict=True))
        insert_columns(WorkItem, columns, {"created_at": now})


def skipped(routes: dict[Filed | Proposal, Route]) -> list[Entry]:
    """What to tell of the steps that were passed over, each with the rows that did not hold."""
    return [
        Entry(
            Verb.STEP_SKIPPED,
            proposal.object_id,
            proposal.record_key,
            proposal.pk,
            step_id=passed.step.pk,
            comment=passed.evaluation.reason,
        )
        for proposal, route in routes.items()
        for passed in route.skipped
    ]


@dataclass(frozen=True)
class Handing:
    """Open work items of one step run, and the people who get new ones in their place.

    people: none of them has an open or decided one there. on_behalf_of: for whom this is
    done, by id, where somebody else does it for him. note: what else the history says.
    kept: the open work items of those to whom it comes and who have one already.
    """

    items: list[WorkItem]
    people: tuple[Assignee, ...]
    on_behalf_of: int | None = None
    note: str = ""
    kept: tuple[WorkItem, ...] = ()

    @property
    def item(self) -> WorkItem:
        """One of its work items, for what is the same in all of them."""
        return [*self.items, *self.kept][0]

    @property
    def takers(self) -> tuple[Assignee, ...]:
        """Those whose it is then."""
        return (*self.people, *(Assignee(item.assignee_id) for item in self.kept))


def hand_on(items: list[WorkItem], people: Iterable[Assignee], verb: Verb, **how) -> None:
    """Hand open work items of one step run on to others; how: as for `hand_on_all`."""
    hand_on_all([Handing(items, tuple(people))], verb, **how)


def hand_on_all(
    handings: list[Handing], verb: Verb, *, by, source, comment="", occasion=Occasion.ASSIGNED
) -> None:
    """Hand open work items on to others, with an entry in the history for each step run.

    Under the locks of the proposals; items with their step run, step and proposal. A claim
    ends with the work item of whoever made it, and where others get it beside him.
    comment: why, in words; the history also says from whom to whom.
    """
    if not handings:
        return
    now = timezone.now()
    given = [item for handing in handings for item in handing.items]
    closed = [(item.pk, ItemState.OPEN, ItemState.HANDED_ON) for item in given]
    if update_rows(WorkItem, ["state"], closed, match=("state",)) != len(closed):
        raise LostUpdate
    new = [
        NewItem(
            handing.item.step_run_id,
            handing.item.proposal_id,
            handing.item.record_key,
            assignee.person,
            assignee.group,
            assignee.on_behalf_of,
        )
        for handing in handings
        for assignee in handing.people
    ]
    _insert_items(new, now)
    _end_claims(handings)
    takers = [assignee for handing in handings for assignee in handing.takers]
    names = people_names([*takers, *(Assignee(item.assignee_id) for item in given)])
    history.record([_handed(h, verb, names, comment, by=by, source=source) for h in handings])
    told = [*new, *(item for handing in handings for item in handing.kept)]
    notifications.assigned(told, occasion=occasion, by=by, comment=comment)


def _end_claims(handings):
    """End the claims of those who have no open work item in the step run any more.

    Whoever claimed for somebody he stands in for has that one's. And of those who keep
    theirs where others get one beside them, to decide it as well.
    """
    shared = {h.item.step_run_id for h in handings if h.kept and h.people}
    runs = {handing.item.step_run_id for handing in handings}
    claims = StepRun.objects.filter(pk__in=runs, claimed_by__isnull=False)
    items = WorkItem.objects.filter(step_run__in=claims, state=ItemState.OPEN)
    items = items.select_related("step_run", "proposal__version")
    kept = {item.step_run_id for item in substitutions.claimed(list(items))}
    claims.exclude(pk__in=kept - shared).update(claimed_by=None, claimed_at=None)


def _handed(handing, verb, names, comment, *, by, source):
    item = handing.item
    handed = _("From %(givers)s to %(takers)s") if handing.items else _("%(takers)s had it already")
    handed %= {
        "givers": ", ".join(names[item.assignee_id] for item in handing.items),
        "takers": listed(handing.takers, names),
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
