"""Conditions: rows that a person can read, and whether they hold for a proposal.

What one row means stands in `condition_rows`; here rows meet a proposal's facts. Where
it is not certain what a person meant, less holds rather than more:

* A row about the old or new value of a field that is not among the changes does not
  hold, "is not" included. Only "is not among the changes" does.
* An empty value "is not" everything.
* Where empty means that there is no limit (`Governed.unlimited`), it is more than any
  amount: who takes a limit away raises it beyond any amount and percentage, who sets one
  lowers it so. A new record has none to begin with: its limit is raised from 0.
* Any other empty value is neither more nor less than anything. It is raised from 0 and
  lowered to 0; a date by any number of days.
* From 0, every step up exceeds any percentage, and so does every step down.
* Capital and small letters are the same, in every comparison of texts.
* The current values of a new record that is held are those that it is to have (`facts`).
"""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.utils.text import get_text_list
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ..models import AutomaticAction, AutomaticDecision, Kind, Match, Operator, Subject
from ..models.conditions import Conditional, ConditionRow
from ..outcomes import Refused
from ..registry import HELD, Governed
from . import condition_rows
from .condition_rows import errors_of, operators_for, problems_of
from .facts import Facts

__all__ = [
    "Evaluation",
    "RowResult",
    "Ruling",
    "decides",
    "describe",
    "errors_of",
    "evaluate",
    "judge",
    "operators_for",
    "problems_of",
]

ENDLESS = Decimal("Infinity")
NOTHING = (None, None)

COMPARE = {
    Operator.IS: lambda seen, value: seen == value,
    Operator.IS_NOT: lambda seen, value: seen != value,
    Operator.ONE_OF: lambda seen, value: seen in value,
    Operator.CONTAINS: lambda seen, value: value in (seen or ""),
    Operator.EMPTY: lambda seen, value: seen in (None, ""),
    Operator.NOT_EMPTY: lambda seen, value: seen not in (None, ""),
    Operator.MORE: lambda seen, value: seen is not None and seen > value,
    Operator.AT_LEAST: lambda seen, value: seen is not None and seen >= value,
    Operator.LESS: lambda seen, value: seen is not None and seen < value,
    Operator.AT_MOST: lambda seen, value: seen is not None and seen <= value,
}


@dataclass(frozen=True)
class RowResult:
    """One row of a condition, and whether it holds."""

    row: ConditionRow
    governed: Governed
    holds: bool

    @property
    def text(self) -> str:
        """The row as a person reads it, in the active language; worded once per row."""
        texts, language = self.row.__dict__.setdefault("texts", {}), get_language()
        if language not in texts:
            texts[language] = condition_rows.text_of(self.row, self.governed)
        return texts[language]


@dataclass(frozen=True)
class Evaluation:
    """Whether a condition holds, and each of its rows. Without rows it always holds."""

    holds: bool
    match: Match = Match.ALL
    rows: tuple[RowResult, ...] = ()

    @property
    def covered(self) -> set[str]:
        """The fields whose changes a row that holds says something about."""
        rows = (found.row for found in self.rows if found.holds)
        return {row.field for row in rows if row.subject in condition_rows.OF_CHANGES}

    @property
    def names_kind(self) -> bool:
        """Whether a row that holds says which kind of proposal is meant."""
        return any(found.holds and found.row.subject == Subject.KIND for found in self.rows)

    @property
    def reason(self) -> str:
        """The rows that do not hold, in words."""
        rows = "; ".join(row.text for row in self.rows if not row.holds)
        return _("Does not hold: %(rows)s") % {"rows": rows} if rows else ""


@dataclass(frozen=True)
class Ruling:
    """Whether an automatic action decides a proposal.

    unspoken: the fields that are changed too, and of which no row that holds speaks.
    """

    evaluation: Evaluation
    unspoken: tuple[Field, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether it decides, unless one before it does."""
        return self.evaluation.holds and not self.unspoken

    @property
    def reason(self) -> str:
        """Why it does not decide though its condition holds, or ""."""
        if not self.unspoken:
            return ""
        fields = get_text_list([str(field.verbose_name) for field in self.unspoken], _("and"))
        return _(
            "It does not decide: it approves only what its rows speak of, and they say nothing "
            "of %(fields)s."
        ) % {"fields": fields}


def evaluate(owner: Conditional, facts: Facts) -> Evaluation:
    """Whether the condition of a step, a version or an automatic action holds.

    owner: with its `conditions` prefetched; nothing is queried here. Raises Refused
    where a row cannot be read any more, such as when its field is gone: to skip a step
    for that, or to take it for true, would both be guesses.
    """
    governed = facts.governed
    rows = tuple(RowResult(row, governed, _holds(row, facts)) for row in owner.conditions.all())
    if not rows:
        return Evaluation(True)
    combine = all if owner.match == Match.ALL else any
    return Evaluation(combine(row.holds for row in rows), Match(owner.match), rows)


def decides(rule: AutomaticAction, facts: Facts) -> bool:
    """Whether an automatic action decides a proposal."""
    return judge(rule, facts).decides


def judge(rule: AutomaticAction, facts: Facts) -> Ruling:
    """Whether an automatic action decides a proposal, and why not: its condition has to hold.

    One that approves has to say something about each change that it lets through, the
    release of a new record included: nothing slips in beside what it was made for.
    """
    evaluation = evaluate(rule, facts)
    if not evaluation.holds or rule.decision != AutomaticDecision.APPROVE:
        return Ruling(evaluation)
    known = evaluation.covered | ({HELD} if evaluation.names_kind else set())
    unspoken = [name for name in facts.changes if name not in known]
    return Ruling(evaluation, tuple(facts.governed.proposable[name] for name in unspoken))


def describe(owner: Conditional, governed: Governed) -> str:
    """The condition of a step, a version or an automatic action in one line."""
    texts = [condition_rows.text_of(row, governed) for row in owner.conditions.all()]
    if not texts:
        return _("Always")
    if len(texts) == 1:
        return texts[0]
    combined = _("All of: %(rows)s") if owner.match == Match.ALL else _("Any of: %(rows)s")
    return combined % {"rows": "; ".join(texts)}


def _holds(row, facts) -> bool:
    value = _value(row, facts.governed)
    if row.subject == Subject.CHANGE:
        return (row.field in facts.changes) == (row.operator == Operator.PRESENT)
    if row.subject == Subject.ORIGINATOR_GROUP:
        return (value in facts.groups) == (row.operator == Operator.IS)
    if row.subject in condition_rows.STEPS:
        return _is_among(row, facts) and _stepped(row, facts, value)
    if row.subject in (Subject.OLD, Subject.NEW) and not _is_among(row, facts):
        return False
    ordered = row.operator in condition_rows.COMPARED
    seen = _amount(row.subject, row.field, facts) if ordered else _seen(row, facts)
    return COMPARE[row.operator](_folded(seen), value)


def _folded(value):
    """A text without its capital letters; each of several; all else as it is."""
    if isinstance(value, frozenset):
        return frozenset(_folded(one) for one in value)
    return value.casefold() if isinstance(value, str) else value


def _value(row, governed):
    """What the row compares with, read once per row: imports evaluate it thousands of times."""
    if "comparand" not in row.__dict__:
        try:
            row.comparand = _folded(condition_rows.read(row, governed))
        except ValidationError as error:
            raise Refused(_unreadable(row, governed, error)) from None
    return row.comparand


def _unreadable(row, governed, error):
    return _(
        "The workflow's condition “%(row)s” cannot be read: %(why)s Ask an administrator to "
        "mend the workflow."
    ) % {"row": condition_rows.text_of(row, governed), "why": " ".join(error.messages)}


def _is_among(row, facts):
    """Whether a row about a change has one to look at.

    A new record that is to have no limit was given that, though empty is also the default.
    """
    given = facts.kind == Kind.NEW and row.field in facts.governed.unlimited
    return row.field in facts.changes or (given and facts.record[row.field] is None)


def _seen(row, facts):
    """What the row looks at."""
    if row.subject == Subject.ORIGIN:
        return facts.origin
    if row.subject == Subject.KIND:
        return facts.kind
    if row.subject == Subject.ORIGINATOR:
        return facts.originator
    return _field_value(row.subject, row.field, facts)


def _field_value(subject, name, facts):
    if subject in (Subject.OLD, Subject.NEW):
        return facts.changes.get(name, NOTHING)[subject == Subject.NEW]
    return facts.record[name]


def _amount(subject, name, facts):
    """A field's value, to be compared: no limit is more than anything."""
    value = _field_value(subject, name, facts)
    if value is not None or name not in facts.governed.unlimited:
        return value
    # Before it is there, a new record has neither a limit nor none.
    return None if subject == Subject.OLD and facts.kind == Kind.NEW else ENDLESS


def _stepped(row, facts, by) -> bool:
    """Whether the value was raised or lowered, and by so much."""
    old, new = (_amount(side, row.field, facts) for side in (Subject.OLD, Subject.NEW))
    distance = _distance(old, new)
    distance = distance if row.subject == Subject.RAISED else -distance
    if distance <= 0:
        return False
    operator = condition_rows.PERCENTAGES.get(row.operator)
    if operator is None:
        return COMPARE[row.operator](distance, by)
    measurable = old and distance != ENDLESS
    percent = distance * 100 / abs(Decimal(old)) if measurable else ENDLESS
    return COMPARE[operator](percent, by)


def _distance(old, new) -> Decimal:
    """How far it is up from `old` to `new`, in the field's unit or in days."""
    if isinstance(old or new, datetime.date):
        if old and new:
            return Decimal((new - old).days)
        return ENDLESS if new else -ENDLESS
    return Decimal(new or 0) - Decimal(old or 0)
