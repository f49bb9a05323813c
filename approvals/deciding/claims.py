"""Claiming: one of a group takes a work item out of the others' hands, and gives it back."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from .. import history, values
from ..bulk import update_rows
from ..models import ItemState, Policy, RunState, StepRun, Verb, WorkItem
from ..models.permissions import may_administer
from ..outcomes import ADMIN, BROWSER, Refused
from ..workflow import routing
from . import cases, substitutions


@dataclass(frozen=True)
class ClaimResult:
    """What became of claiming or releasing one work item; refusal: why not, or ""."""

    work_item_id: int
    refusal: str

    @property
    def done(self) -> bool:
        """Whether it was claimed or released."""
        return not self.refusal


def claim(item_id: int, *, by, source=BROWSER) -> None:
    """Claim one work item: nobody else decides it until it is released. Raises Refused."""
    _raise_refusal(claim_all([item_id], by=by, source=source))


def release(item_id: int, *, by, source=BROWSER) -> None:
    """Give one claimed work item back to its group. Raises Refused with the reason."""
    _raise_refusal(release_all([item_id], by=by, source=source))


@history.sealed()
def claim_all(item_ids: Collection[int], *, by, source=BROWSER) -> list[ClaimResult]:
    """Claim work items, each with its own check and its own result.

    Whoever claims must be able to decide it now; it came through a group, and one
    decision decides it. The proposal's revision stays: what is decided does not change.
    """
    loaded = cases.load(item_ids)
    voter, refusals, runs = cases.Voter(by, loaded.values()), {}, {}
    for pk in item_ids:
        case = loaded.get(pk)
        refusals[pk] = cases.why_not(case, voter) or _why_not_claimed(case)
        if not refusals[pk]:
            runs.setdefault(case.run.pk, case)
    free = StepRun.objects.filter(pk__in=runs, claimed_by=None)
    free.update(claimed_by=by, claimed_at=timezone.now())
    _record([(case, case.on_behalf_of(by)) for case in runs.values()], Verb.CLAIMED, by, source)
    return [ClaimResult(pk, refusal) for pk, refusal in refusals.items()]


@history.sealed()
def release_all(item_ids: Collection[int], *, by, source=BROWSER) -> list[ClaimResult]:
    """Release claimed work items: one's own claims, or anybody's for an administrator."""
    loaded = cases.load(item_ids)
    refusals, runs, administers = {}, {}, may_administer(by)
    for pk in item_ids:
        case = loaded.get(pk)
        refusals[pk] = _why_not_released(case, by, administers)
        if not refusals[pk]:
            runs.setdefault(case.run.pk, case)
    StepRun.objects.filter(pk__in=runs).update(claimed_by=None, claimed_at=None)
    held = substitutions.claimed([case.item for case in runs.values()])
    others = {
        case.run.pk: case.on_behalf_of(by)
        for case in runs.values()
        if case.item in held and case.run.claimed_by_id == by.pk
    }
    claimed = [(case, others.get(pk)) for pk, case in runs.items()]
    _record(claimed, Verb.RELEASED, by, source)
    return [ClaimResult(pk, refusal) for pk, refusal in refusals.items()]


@history.sealed()
def end_lapsed(*, by=None, source=ADMIN) -> int:
    """Release what people have claimed who could not decide it any more; return how much.

    To be called when rights have changed or a substitution has ended. by: whose change
    it was; None for nobody's. Takes no lock but on the claims: nobody waits for more.
    """
    claimed = StepRun.objects.filter(state=RunState.RUNNING, claimed_by__isnull=False)
    items = WorkItem.objects.filter(step_run__in=claimed, state=ItemState.OPEN)
    loaded = cases.load(list(items.values_list("pk", flat=True)), lock=False).values()
    able = routing.all_deciders()
    claimed = substitutions.claimed([case.item for case in loaded])
    kept = {i.step_run_id for i in claimed if i.step_run.claimed_by_id in able}
    lapsed = {c.run.pk: c for c in loaded if c.run.pk not in kept}
    rows = [(pk, case.run.claimed_by_id, None, None) for pk, case in lapsed.items()]
    update_rows(StepRun, ["claimed_by", "claimed_at"], rows, match=("claimed_by",))
    ended = [(case, None) for case in lapsed.values()]
    _record(ended, Verb.RELEASED, by, source, _("The claim has lapsed."))
    return len(lapsed)


def may_be_claimed(item: WorkItem) -> bool:
    """Whether an open work item is of those that can be claimed, and nobody has done so."""
    single = item.step_run.step.policy == Policy.SINGLE
    return single and item.group_id is not None and item.step_run.claimed_by_id is None


def _raise_refusal(results):
    [result] = results
    if result.refusal:
        raise Refused(result.refusal)


def _why_not_claimed(case):
    if case.run.claimed_by_id:
        return _("It is claimed already.")
    if not may_be_claimed(case.item):
        return _("Only what reached you through a group, and one decision decides, can be claimed.")
    return ""


def _why_not_released(case, by, administers):
    if case is None:
        return _("This work item does not exist.")
    if not case.is_open or case.run.claimed_by is None:
        return _("It is not claimed.")
    if case.run.claimed_by_id != by.pk and not administers:
        return _("Claimed by %(who)s, so only %(who)s or an administrator can release it.") % {
            "who": values.person_name(case.run.claimed_by)
        }
    return ""


def _record(claimed, verb, by, source, comment=""):
    """Note what became of claims. claimed: pairs of a case and for whom it was done, by id."""
    history.record(
        [
            routing.proposal_event(
                case.proposal,
                verb,
                by=by,
                source=source,
                step=case.step,
                on_behalf_of_id=other,
                comment=comment,
            )
            for case, other in claimed
        ]
    )
