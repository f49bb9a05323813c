"""What the tables of records under approval refuse.

A governed column takes a value only where the record has a change to that very value which
was approved and is not applied yet; or which an import that may change without approval has
put on record for this very revision of the record. What is governed is read at run time.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import models

from ..models import (
    ApprovalParameters,
    FieldEnablement,
    Outcome,
    Proposal,
    ProposedChange,
    State,
)
from ..registry import HELD, Governed
from ..values import encode
from .rules.rule import Tables

NUMBER, TRUTH, WHOLE, DAY, TEXT = "number", "truth", "whole", "day", "text"


@dataclass(frozen=True)
class Dialect:
    """How a database says it. cast: a text and a kind -> the text as a value of that kind."""

    table: Tables
    cast: Callable[[str, str], str]
    same: str  # the operator that takes nulls for equal
    found: str  # whether a query that selects 1 finds anything


@dataclass(frozen=True)
class Column:
    """A column that can be governed: the field's name, the column's, the kind of its values.

    initial: what a new record has there before anything was approved, as `encode` writes it.
    """

    field: str
    name: str
    kind: str
    initial: str | None


def columns(governed: Governed) -> list[Column]:
    """Every column of a model that a proposed change can be about."""
    return [_column(name, field) for name, field in governed.proposable.items()]


def _column(name, field):
    initial = "1" if name == HELD else encode(field, field.get_default())
    return Column(name, field.column, _kind(field), initial)


def _kind(field):
    if isinstance(field, models.ForeignKey):
        return _kind(field.target_field)
    kinds = {
        models.BooleanField: TRUTH,
        models.IntegerField: WHOLE,
        models.DecimalField: NUMBER,
        models.FloatField: NUMBER,
        models.DateField: DAY,
    }
    return next((kind for base, kind in kinds.items() if isinstance(field, base)), TEXT)


def keys(governed: Governed) -> tuple[str, ...]:
    """The columns that never change."""
    return governed.model._meta.pk.column, governed.key_field.column, "folded_key"


def initial(column: Column, dialect: Dialect) -> str:
    """SQL for what a new record has in a column before anything was approved."""
    return "NULL" if column.initial is None else dialect.cast(quoted(column.initial), column.kind)


def switched_on(table: Tables, *, new=False) -> str:
    """SQL that tells whether approvals are on; new: and new records need one."""
    also = " AND a.approve_new_records" if new else ""
    return f"EXISTS (SELECT 1 FROM {table(ApprovalParameters)} a WHERE a.enabled{also})"


def enabled_fields(type_id: int, table: Tables, *, only: str = "") -> str:
    """SQL for the names of the fields whose Enable is ticked; only: that one, if it is."""
    this = f" AND e.field = {quoted(only)}" if only else ""
    return (
        f"SELECT e.field FROM {table(FieldEnablement)} e WHERE e.enabled{this} "
        f"AND e.content_type_id = {type_id}"
    )


def approved(column: Column, dialect: Dialect, type_id: int) -> str:
    """SQL that tells whether NEW's value in a column was approved and is not applied yet."""
    return _found(
        column,
        dialect,
        change=f"""c.content_type_id = {type_id} AND c.object_id = NEW.id
            AND c.outcome = '{Outcome.OPEN}'""",
        proposal=f"""p.state = '{State.APPROVED}' AND p.object_id = c.object_id
            AND p.content_type_id = c.content_type_id""",
    )


def recorded(column: Column, dialect: Dialect, type_id: int) -> str:
    """SQL that tells whether an import put NEW's value on record for NEW's revision."""
    return _found(
        column,
        dialect,
        change=f"""c.proposal_id = (SELECT q.id FROM {dialect.table(Proposal)} q
            WHERE q.content_type_id = {type_id} AND q.object_id = NEW.id
              AND q.state = '{State.NOT_REQUIRED}' ORDER BY q.id DESC LIMIT 1)""",
        proposal="p.revision = NEW.revision",
    )


def _found(column, dialect, *, change, proposal):
    """SQL that tells whether there is such a change to NEW's value, in such a proposal."""
    its_proposal = dialect.found.format(
        f"SELECT 1 FROM {dialect.table(Proposal)} p WHERE p.id = c.proposal_id AND {proposal}"
    )
    return dialect.found.format(
        f"""SELECT 1 FROM {dialect.table(ProposedChange)} c
        WHERE {change} AND c.field = {quoted(column.field)}
          AND {_is_value(column, dialect)} AND {its_proposal}"""
    )


# Beside `recorded`, where the record exists: one write later it is another revision.
NEXT = "NEW.revision = OLD.revision + 1"


def _is_value(column, dialect):
    return f'{dialect.cast("c.value", column.kind)} {dialect.same} NEW."{column.name}"'


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
