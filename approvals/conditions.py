"""Conditions: rows that a person can read, and whether they hold for a proposal."""

from dataclasses import dataclass

from .facts import Facts
from .models import Match
from .models.conditions import Conditional, ConditionRow


@dataclass(frozen=True)
class RowResult:
    """One row of a condition in words, and whether it holds."""

    text: str
    holds: bool


@dataclass(frozen=True)
class Evaluation:
    """Whether a condition holds, and each of its rows. Without rows it always holds."""

    holds: bool
    match: Match = Match.ALL
    rows: tuple[RowResult, ...] = ()

    @property
    def reason(self) -> str:
        """The rows that do not hold, in words."""
        return "; ".join(row.text for row in self.rows if not row.holds)


def evaluate(owner: Conditional, facts: Facts) -> Evaluation:
    """Whether the condition of a step, a version or an automatic action holds.

    owner: with its `conditions` prefetched; nothing is queried here.
    """
    rows = tuple(RowResult(str(row), _holds(row, facts)) for row in owner.conditions.all())
    if not rows:
        return Evaluation(True)
    combine = all if owner.match == Match.ALL else any
    return Evaluation(combine(row.holds for row in rows), Match(owner.match), rows)


def _holds(row: ConditionRow, facts: Facts) -> bool:
    raise NotImplementedError
