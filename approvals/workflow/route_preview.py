"""A route as a page shows it before Submit: which workflow, which steps, who, and why."""

from dataclasses import dataclass, field
from itertools import takewhile

from django.utils.translation import gettext as _

from .. import proposals, registry
from ..deciding import assigning
from ..models import Policy
from . import conditions, trials
from .conditions import Evaluation, Ruling
from .routes import PlannedStep, Preview, votes_needed


@dataclass(frozen=True)
class PassedOver:
    """A workflow that comes before the one taken, and its condition that does not hold."""

    workflow: str
    evaluation: Evaluation


@dataclass(frozen=True)
class StepLine:
    """A step on the way: its place, its condition, who would decide, how many must approve.

    people: their names; empty where the step is skipped, or nobody may decide it.
    """

    number: int
    name: str
    evaluation: Evaluation
    people: str
    quorum: str

    @property
    def applies(self) -> bool:
        """Whether the step's condition holds."""
        return self.evaluation.holds


@dataclass(frozen=True)
class RouteView:
    """The way that a proposal would take. workflow: with its version, "" where none covers it.

    rule, because: what an automatic action would do, and its condition. idle: those that
    do not decide, by name. refusal: why the proposal would not be taken.
    """

    workflow: str
    passed_over: list[PassedOver]
    steps: list[StepLine]
    rule: str = ""
    because: str = ""
    idle: list[tuple[str, Ruling]] = field(default_factory=list)
    refusal: str = ""


def of(proposal, *, by) -> RouteView:
    """The way that `proposal` would take if `by` submitted it now."""
    found = proposals.preview_route(proposal, by=by)
    version = found.version
    return RouteView(
        workflow=version.full_name if version else "",
        passed_over=[PassedOver(str(v.workflow), why) for v, why in found.passed_over],
        steps=_steps(found),
        rule=found.rule.announcement if found.rule else "",
        because=_because(found, proposal),
        idle=_idle(found),
        refusal=found.refusal,
    )


def _because(found: Preview, proposal):
    if not found.rule:
        return ""
    return conditions.describe(found.rule, registry.for_content_type(proposal.content_type))


def _idle(found: Preview) -> list[tuple[str, Ruling]]:
    """The automatic actions that were asked and do not decide."""
    rules = found.version.automatic_actions.all() if found.version else ()
    asked = takewhile(lambda rule: rule != found.rule, rules)
    tried = ((rule.name, trials.try_condition(rule, found.facts).ruling) for rule in asked)
    return [(name, ruling) for name, ruling in tried if ruling]


def _steps(found: Preview) -> list[StepLine]:
    names = assigning.people_names(a for planned in found.steps for a in planned.people)
    return [
        StepLine(
            number=number,
            name=planned.step.name,
            evaluation=planned.evaluation,
            people=assigning.listed(planned.people, names),
            quorum=_quorum(planned),
        )
        for number, planned in enumerate(found.steps, start=1)
    ]


def _quorum(planned: PlannedStep) -> str:
    """How many of the people must approve, in words; nothing to say where it is one."""
    step, people = planned.step, len(planned.people)
    if people < 2:
        return ""
    if step.policy == Policy.SINGLE:
        return _("The first of them to decide decides.")
    needed = votes_needed(step, people)
    if needed == people:
        return _("All %(people)s must approve; one rejection rejects.") % {"people": people}
    return _("%(needed)s of %(people)s must approve; a rejection before that rejects.") % {
        "needed": needed,
        "people": people,
    }
