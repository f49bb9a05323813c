"""The way of a proposal as routing finds it: who gets what, which steps are passed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..models import AutomaticAction, Policy, WorkflowStep, WorkflowVersion
from ..outcomes import Refused
from .conditions import Evaluation
from .facts import Facts


class Assignee(NamedTuple):
    """Someone who gets a work item, by id.

    group: the group through which it reaches him. on_behalf_of: who delegated it.
    """

    person: int
    group: int | None = None
    on_behalf_of: int | None = None


@dataclass(frozen=True)
class Skipped:
    """A step that does not apply, and the condition that did not hold."""

    step: WorkflowStep
    evaluation: Evaluation


@dataclass(frozen=True)
class Route:
    """Where a proposal goes next in a workflow version.

    step: the step to enter and `people`, who get its work items; None where `rule`
    decides at once, or where no step is left. skipped: the steps passed over. routed_on:
    of the first route, what is kept of the facts for the steps that follow. names: those
    of the people, by id.
    """

    version: WorkflowVersion
    step: WorkflowStep | None = None
    people: tuple[Assignee, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    rule: AutomaticAction | None = None
    routed_on: Mapping | None = None
    names: Mapping[int, str] = field(default_factory=dict, compare=False)

    @property
    def votes_needed(self) -> int:
        """How many approvals complete the step."""
        return votes_needed(self.step, len(self.people))


@dataclass(frozen=True)
class PlannedStep:
    """A step as a route preview shows it: whether it applies and why, and who would decide."""

    step: WorkflowStep
    evaluation: Evaluation
    people: tuple[Assignee, ...]

    @property
    def applies(self) -> bool:
        """Whether the step's condition holds."""
        return self.evaluation.holds


@dataclass(frozen=True)
class Preview:
    """The whole way of a proposal if it were submitted now.

    passed_over: the workflows before this one, whose conditions do not hold. refusal:
    why it would not be taken, or "". facts: what it was found from, where a page asks.
    """

    version: WorkflowVersion | None = None
    passed_over: tuple[tuple[WorkflowVersion, Evaluation], ...] = ()
    rule: AutomaticAction | None = None
    steps: tuple[PlannedStep, ...] = ()
    refusal: str = ""
    facts: Facts | None = None

    @property
    def first(self) -> Route:
        """The first step to enter, or the rule that decides. Raises Refused."""
        if self.refusal:
            raise Refused(self.refusal)
        if self.rule:
            return Route(self.version, rule=self.rule)
        entered = next(planned for planned in self.steps if planned.applies)
        before = self.steps[: self.steps.index(entered)]
        skipped = tuple(Skipped(planned.step, planned.evaluation) for planned in before)
        return Route(self.version, entered.step, entered.people, skipped)


def votes_needed(step: WorkflowStep, people: int) -> int:
    """How many approvals complete `step` where so many people decide it.

    A rejection among the decisions that are needed rejects: it makes so many
    approvals impossible, or comes before them. The guard asks for as many.
    """
    if step.policy == Policy.ALL:
        return people
    if step.policy == Policy.MAJORITY:
        return people // 2 + 1
    if step.policy == Policy.PERCENTAGE:
        return max(1, -(-people * step.percentage // 100))
    return 1
