"""Who is told what: notifications about work items, decisions and discarded changes.

The engine calls these functions inside the transaction of what they tell, and the
notifications are written there: they stand or fall with it. One event makes one
notification a person, however many records it is about. `outbox` e-mails them after
the commit; `notices` knows what they say.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from django.db.models import Count, Q
from django.urls import reverse

from ..deciding import substitutions
from ..models import (
    ASKING,
    Contributor,
    ImportJob,
    ItemState,
    Notification,
    Occasion,
    Outcome,
    Proposal,
    ProposedChange,
    Verb,
    WorkItem,
)
from ..workflow import facts, routing
from . import notices, outbox, readers
from .notices import NAMED, Request

OCCASIONS = {
    Verb.APPROVED: Occasion.APPLIED,
    Verb.REJECTED: Occasion.REJECTED,
    Verb.CHANGE_REQUESTED: Occasion.CHANGE_REQUESTED,
    Verb.CONFLICT: Occasion.CONFLICT,
}


@dataclass(frozen=True)
class Wait:
    """A work item that somebody may decide, and on whose behalf, by id; None: his own."""

    item: WorkItem
    absent: int | None


def assigned(
    work_items: list[WorkItem],
    *,
    occasion: Occasion = Occasion.ASSIGNED,
    by=None,
    comment: str = "",
) -> None:
    """Tell each assignee, and whoever stands in for him today, what waits for a decision.

    work_items: stored, though they need no id. by, comment: who handed them on, and why.
    """
    _ask_for(_waits(work_items), Request(Occasion(occasion), by, comment))


def assigned_by_import(job: ImportJob) -> None:
    """Tell everybody once what waits for him of an import that has come to its end.

    However much waits: only what is to be named is read, the rest is counted.
    """
    items = WorkItem.objects.filter(proposal__import_job=job, state=ItemState.OPEN)
    groups = items.order_by().values_list("assignee", "proposal__version").distinct()
    waits, which = defaultdict(list), defaultdict(Q)
    for assignee, version in groups:
        alike = Q(assignee=assignee, proposal__version=version)
        for person, mine in _waits(list(items.filter(alike).order_by("pk")[:NAMED])).items():
            waits[person] += mine
            which[person] |= alike
    counts = {
        person: items.filter(mine).aggregate(count=Count("step_run", distinct=True))["count"]
        for person, mine in which.items()
    }
    _ask_for(waits, Request(Occasion.ASSIGNED, job=job), counts)


def reminded(work_items: list[WorkItem]) -> dict[int, list[routing.Assignee]]:
    """Remind each assignee, and whoever stands in for him today, of what still waits.

    Where somebody has claimed a step's work item, nobody else is reminded but him on whose
    behalf he claimed it. work_items: open ones, with their step run and proposal. Returns
    the assignees and claimers who were reminded, by step run.
    """
    claimed = substitutions.claimed(work_items)
    taken = {item.step_run_id for item in claimed}
    kept = [item for item in work_items if item.step_run_id not in taken] + claimed
    for_others = {i.pk for i in claimed if i.step_run.claimed_by_id != i.assignee_id}
    waits = {
        person: [w for w in mine if w.item.pk not in for_others or person in _parties(w.item)]
        for person, mine in _waits(kept).items()
    }
    _ask_for({p: mine for p, mine in waits.items() if mine}, Request(Occasion.REMINDED))
    people = defaultdict(list)
    for item in kept:
        people[item.step_run_id] += _reminded_of(item, item.pk in for_others)
    return people


def _parties(item):
    """Whoever claimed a work item on behalf of its assignee, and him."""
    return item.assignee_id, item.step_run.claimed_by_id


def _reminded_of(item, for_other):
    yield routing.Assignee(item.assignee_id)
    if for_other:
        yield routing.Assignee(item.step_run.claimed_by_id, on_behalf_of=item.assignee_id)


def decided(
    proposals: list[Proposal],
    verb: Verb,
    *,
    by=None,
    comment: str = "",
    reasons: Mapping[int, str] | None = None,
    job: ImportJob | None = None,
) -> None:
    """Tell what became of the proposals.

    verb: APPROVED (approval completed, the values are applied: the originator and whoever
    proposed one of them are told), REJECTED, CHANGE_REQUESTED or CONFLICT (the changes came
    back: everyone who contributed is told). by: None where a rule or
    a time limit decided. reasons: what is to be said of one proposal, by its id. job:
    the import that met the rule; its batches are told of together.
    """
    found = defaultdict(list)
    for person, proposal in _concerned(proposals, verb):
        found[person].append(proposal)
    told = _told(job, OCCASIONS[Verb(verb)], found)
    with notices.in_house_language():
        cases = _named_cases(found)
        for pk in cases.keys() & (reasons or {}).keys():
            cases[pk].reason = reasons[pk]
        written = []
        for person, ids in found.items():
            named, count = [cases[pk] for pk in ids[:NAMED]], len(ids) + _count(told, person)
            notice = notices.tell_decided(
                OCCASIONS[Verb(verb)], named, count, by=by, comment=comment
            )
            written.append(_addressed(notice, person, named, count, job, told))
    outbox.write(written)


def recalled(proposals: list[Proposal], items: list[WorkItem], by, comment: str = "") -> None:
    """Tell the people whose work items are gone, and originators whom somebody else recalled.

    Substitutes too, as far as they had been told. To be called before other changes join
    those of the proposals.
    """
    _ended(Occasion.RECALLED, proposals, items, by, comment)


def terminated(proposal: Proposal, items: list[WorkItem], *, by, comment: str = "") -> None:
    """Tell the originator, whoever proposed what is gone, and whose work items are gone.

    Substitutes too, as far as they had been told. To be called while the proposal's changes
    are still open.
    """
    changes = ProposedChange.objects.filter(proposal=proposal, outcome="")
    proposers = set(changes.values_list("proposed_by", flat=True))
    _ended(Occasion.TERMINATED, [proposal], items, by, comment, proposers)


def taken_away(items: list[WorkItem], to, *, by, comment: str) -> None:
    """Tell those who had work items that they were given to `to`, and substitutes who were told."""
    found = defaultdict(dict)
    for person, item in _had(items):
        if person not in (by.pk, to.pk):
            found[person][item.proposal_id] = item
    told = _told(None, Occasion.REASSIGNED, found)
    with notices.in_house_language():
        cases = _named_cases(found)
        written = []
        for person, mine in found.items():
            named, count = (
                [cases[pk] for pk in list(mine)[:NAMED]],
                len(mine) + _count(told, person),
            )
            notice = notices.tell_reassigned(named, count, to=to, by=by, comment=comment)
            written.append(_addressed(notice, person, named, count, told=told))
    outbox.write(written)


def answered(proposal_ids: Collection[int], *, by=None) -> None:
    """Mark as read what asked for decisions on proposals that nobody waits for any more.

    by: who has decided, while others still may; None: it is over for all.
    """
    asked = Notification.objects.filter(proposal__in=proposal_ids, occasion__in=ASKING)
    readers.mark_read(asked.filter(person=by) if by else asked)


def discarded(changes: list[ProposedChange], *, by, verb: Verb = Verb.DISCARDED) -> None:
    """Tell people what became of proposed changes of theirs that are gone.

    verb: DISCARDED, SUPERSEDED (a direct edit took their place) or DROPPED (on submit:
    equal to the current value). Nobody is told what he did himself.
    """
    found = defaultdict(lambda: defaultdict(list))
    for change in changes:
        if change.proposed_by_id != by.pk:
            found[change.proposed_by_id][change.proposal_id].append(change)
    with notices.in_house_language():
        cases = _named_cases(found)
        written = [_gone(person, gone, cases, by, Verb(verb)) for person, gone in found.items()]
    outbox.write(written)


def _gone(person, gone, cases, by, verb):
    """gone: the changes by their proposal's id."""
    named = [
        replace(cases[pk], changes=[notices.change_line(change) for change in gone[pk]])
        for pk in list(gone)[:NAMED]
    ]
    notice = notices.tell_discarded(named, len(gone), by=by, verb=verb)
    return _addressed(notice, person, named, len(gone))


def _waits(items) -> dict[int, list[Wait]]:
    """What each person may decide of the work items: his own, or on behalf of somebody."""
    found = defaultdict(dict)
    for item, substitute in _substitutes(items):
        found[substitute][item.step_run_id] = Wait(item, item.assignee_id)
    for item in items:
        found[item.assignee_id][item.step_run_id] = Wait(item, item.on_behalf_of_id)
    return {person: list(waits.values()) for person, waits in found.items()}


def _substitutes(items):
    """Pairs of a work item and somebody who may decide it today on behalf of the assignee."""
    absences = substitutions.standing_in({item.assignee_id for item in items})
    if not absences:
        return
    proposals = Proposal.objects.select_related("version").in_bulk({i.proposal_id for i in items})
    contributors = facts.contributors_of(proposals)
    able = routing.all_deciders()
    for item in items:
        proposal = proposals[item.proposal_id]
        for substitute, absent in absences.items():
            barred = substitute not in able or substitute in contributors[proposal.pk]
            if not barred and absent.covers(item.assignee_id, proposal.version):
                yield item, substitute


def _ask_for(waits, request, counts=None):
    """counts: how much waits for each person, where that is more than `waits`."""
    if waits:
        with notices.in_house_language():
            _ask(waits, request, counts)


def _ask(waits, request, counts):
    found = {person: [w.item.proposal_id for w in mine] for person, mine in waits.items()}
    told = _told(request.job, request.occasion, found)
    counts = counts or {p: len(mine) + _count(told, p) for p, mine in waits.items()}
    cases = _named_cases(found)
    alone = {p: mine[0] for p, mine in waits.items() if len(mine) == 1 and p not in told}
    alone = {} if request.job else alone
    stored = _stored(alone.values())
    names = routing.names_of({w.absent for mine in waits.values() for w in mine} - {None})
    written = []
    for person, mine in waits.items():
        if person in alone:
            item = stored[mine[0].item.step_run_id, mine[0].item.assignee_id]
            written.append(_ask_for_one(person, mine[0], item, request, cases, names))
        else:
            many = _ask_for_many(person, mine, request, cases, names, counts[person])
            written.append(_addressed(*many, told))
    outbox.write(written)


def _ask_for_one(person, wait, item, request, cases, names):
    case = cases[item.proposal_id]
    notice = notices.ask_for_one(request, case, item.step_run, names.get(wait.absent, ""))
    notice.url = reverse("approvals:decide", args=[item.pk])
    notice.person_id, notice.proposal_id = person, item.proposal_id
    return notice


def _ask_for_many(person, waits, request, cases, names, count):
    named = [cases[wait.item.proposal_id] for wait in waits[:NAMED]]
    absent = sorted({names[wait.absent] for wait in waits if wait.absent})
    notice = notices.ask_for_many(request, named, count, absent)
    job = request.job or _common_job(named, count)
    notice.url = reverse("approvals:work_items") + (f"?import={job.pk}" if job else "")
    return notice, person, named, count, request.job


def _common_job(cases, count):
    """The import that all of them come from, where all are named."""
    jobs = {case.proposal.import_job for case in cases}
    return jobs.pop() if len(jobs) == 1 and len(cases) == count else None


def _stored(waits) -> dict[tuple[int, int], WorkItem]:
    """The open work items of some waits, by step run and assignee."""
    if not waits:
        return {}
    items = WorkItem.objects.filter(
        step_run__in={wait.item.step_run_id for wait in waits},
        assignee__in={wait.item.assignee_id for wait in waits},
        state=ItemState.OPEN,
    )
    items = items.select_related("step_run__step")
    return {(item.step_run_id, item.assignee_id): item for item in items}


def _concerned(proposals, verb):
    """Pairs of a person and the id of a proposal of which he hears, each once."""
    pairs = [(proposal.submitted_by_id, proposal.pk) for proposal in proposals]
    if verb == Verb.APPROVED:
        applied = ProposedChange.objects.filter(proposal__in=proposals, outcome=Outcome.APPLIED)
        pairs += applied.order_by("pk").values_list("proposed_by", "proposal")
    else:
        touched = Contributor.objects.filter(proposal__in=proposals)
        pairs += touched.order_by("pk").values_list("person", "proposal")
    return dict.fromkeys(pairs)


def _ended(occasion, proposals, items, by, comment, others=frozenset()):
    people = {person for person, _item in _had(items)} | others
    people = (people | {proposal.submitted_by_id for proposal in proposals}) - {by.pk}
    if not people:
        return
    count, ids = len(proposals), [proposal.pk for proposal in proposals]
    with notices.in_house_language():
        named = list(notices.read_cases(ids[:NAMED]).values())
        written = []
        for person in sorted(people):
            notice = notices.tell_ended(occasion, named, count, by=by, comment=comment)
            written.append(_addressed(notice, person, named, count))
    outbox.write(written)


def _had(items):
    """Pairs of a person who knows of a work item, and the item: also substitutes who were told."""
    standing_in = list(_substitutes(items))
    asked = _asked_of(standing_in)
    pairs = [(item.assignee_id, item) for item in items]
    for item, person in standing_in:
        job = item.proposal.import_job_id
        if asked & {(person, item.proposal_id, None), (person, None, job), (person, None, None)}:
            pairs.append((person, item))
    return pairs


def _asked_of(standing_in) -> set[tuple]:
    """What substitutes were asked to decide: person, proposal and import, as far as named.

    What names neither asked for many decisions at once.
    """
    if not standing_in:
        return set()
    since = min(item.created_at for item, _person in standing_in)
    people = {person for _item, person in standing_in}
    asked = Notification.objects.filter(person__in=people, occasion__in=ASKING)
    asked = asked.filter(created_at__gte=since)
    return {
        (person, proposal, None if proposal else job)
        for person, proposal, job in asked.values_list("person", "proposal", "import_job")
    }


def _named_cases(found) -> dict[int, notices.Case]:
    """The proposals that are named to somebody. found: person -> ids of proposals."""
    return notices.read_cases({pk for ids in found.values() for pk in list(ids)[:NAMED]})


def _told(job, occasion, people) -> dict[int, Notification]:
    """What people have been told already of an import, or of what belongs together, by person."""
    gathered = outbox.gathered()
    if job is None and not gathered:
        return {}
    which = Q(import_job=job) if job else Q(pk__in=gathered)
    told = Notification.objects.select_for_update(of=("self",)).filter(
        which, occasion=occasion, person__in=people
    )
    return {notification.person_id: notification for notification in told.order_by("pk")}


def _count(told, person) -> int:
    """Of how many records a person has been told already."""
    return told[person].count if person in told else 0


def _addressed(notice, person, cases, count, job=None, told=()) -> Notification:
    """A text with all that belongs to it; in place of what the person was told of the import."""
    notice.person_id, notice.count = person, count
    notice.import_job = job
    if count == 1:
        notice.proposal = cases[0].proposal
        notice.url = notice.url or cases[0].path(notice.occasion)
    if person in told:
        notice.pk = told[person].pk
    return notice
