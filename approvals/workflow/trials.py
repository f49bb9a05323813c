"""Trying a condition, or a whole version, on a record or a proposal; nothing is written."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .. import batch
from ..models import AutomaticAction, Origin, Outcome, Proposal, ProposedChange, WorkflowVersion
from ..models.conditions import Conditional
from ..outcomes import Refused
from ..registry import Governed
from . import conditions, facts, routing
from .conditions import Evaluation, Ruling
from .facts import Facts


@dataclass(frozen=True)
class Trial:
    """A condition that was tried: its evaluation, or why it cannot be evaluated.

    ruling: of an automatic action, whether it decides, and why not.
    """

    evaluation: Evaluation | None
    refusal: str = ""
    ruling: Ruling | None = None


@dataclass(frozen=True)
class VersionTrial:
    """A version that was tried: its condition, its automatic actions, the way through it.

    actions: name and decision of each, and its trial. taken_by: the active version that
    would take the proposal now.
    """

    condition: Trial
    actions: list[tuple[str, str, Trial]]
    preview: routing.Preview
    names: dict[int, str]
    taken_by: WorkflowVersion | None


def of_record(governed: Governed, key: str, originator) -> Facts:
    """What is known of a record as it is, with no change proposed. Raises Refused."""
    found = list(batch.load_by_keys(governed, [key], lock=False).values())
    if not found:
        names = {"record": governed.model._meta.verbose_name, "key": key}
        raise Refused(_("There is no %(record)s “%(key)s”.") % names)
    return Facts(
        governed=governed,
        changes={},
        record=found[0].values,
        origin=Origin.BROWSER,
        originator=originator.pk,
        groups=facts.groups_of([originator.pk]).get(originator.pk, frozenset()),
        contributors=frozenset({originator.pk}),
    )


def of_proposal(governed: Governed, pk: int, originator, default) -> Facts:
    """What is known of a proposal with what stands in it, or stood when it was decided.

    originator: who submits; None: who did, or else `default`. Raises Refused.
    """
    proposal = Proposal.objects.filter(pk=pk, content_type=batch.content_type(governed)).first()
    if proposal is None:
        raise Refused(_("There is no proposal %(number)s.") % {"number": pk})
    changes = ProposedChange.objects.filter(proposal=proposal).exclude(outcome=Outcome.DISCARDED)
    records = batch.load_by_ids(governed, [proposal.object_id], lock=False)
    known = facts.of_proposals(
        [proposal],
        {proposal.pk: records[proposal.object_id]},
        {proposal.pk: list(changes)},
        originator=originator or (None if proposal.submitted_by else default),
    )
    return known[proposal.pk]


def try_condition(owner: Conditional, known: Facts) -> Trial:
    """Whether the condition of a version, a step or an automatic action holds.

    Of an automatic action also whether it decides.
    """
    try:
        if not isinstance(owner, AutomaticAction):
            return Trial(conditions.evaluate(owner, known))
        ruling = conditions.judge(owner, known)
        return Trial(ruling.evaluation, ruling=ruling)
    except Refused as refusal:
        return Trial(None, str(refusal))


def try_version(version: WorkflowVersion, known: Facts) -> VersionTrial:
    """The whole way through a version, be it a draft, whatever its activation condition."""
    version = routing.with_conditions(WorkflowVersion.objects.filter(pk=version.pk)).get()
    preview = routing.Router(versions=[version.pk]).through(version, known)
    people = {a.person for planned in preview.steps for a in planned.people}
    return VersionTrial(
        condition=try_condition(version, known),
        actions=[
            (action.name, action.get_decision_display(), try_condition(action, known))
            for action in version.automatic_actions.all()
        ],
        preview=preview,
        names=routing.names_of(people),
        taken_by=routing.Router(version.workflow.content_type).preview(known).version,
    )


def people_of(trial: VersionTrial, people: Iterable[routing.Assignee]) -> list[str]:
    """The names of who would get a step's work items."""
    return [trial.names[assignee.person] for assignee in people]
