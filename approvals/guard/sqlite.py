"""The guard's triggers on SQLite.

A trigger for each column that can be governed, so that a statement pays only for what it
sets. RAISE takes no more than a fixed text, so it cannot name the record.

All look before a row is written, and FAIL: the row is not written, and rows before it in the
same statement, which were allowed, are left to the transaction. ABORT would take them back by
keeping a copy of every page that a statement touches, which costs more than all the looking
(see `bulk`).
"""

from django.contrib.contenttypes.models import ContentType

from ..models import (
    ApprovalParameters,
    Contributor,
    Decision,
    FieldEnablement,
    HistoryHead,
    HistorySeal,
    ImportJob,
    Proposal,
    ProposedChange,
    StepRun,
    WorkflowEvent,
    WorkflowVersion,
    WorkItem,
)
from ..registry import HELD, Governed
from . import records
from .records import Dialect, quoted
from .rules import all_rules, history
from .rules.workflows import DEFINED

_AFFINITY = {records.NUMBER: "NUMERIC", records.TRUTH: "NUMERIC", records.WHOLE: "NUMERIC"}
# OR REPLACE deletes rows that are equal in one of these, and asks no DELETE trigger: the
# columns, and among which rows they are unique.
_CHANGED = ("content_type_id", "object_id", "field")
UNIQUE = {
    Proposal: {("id",): "", ("content_type_id", "object_id"): "state = 'not_submitted'"},
    ProposedChange: {("id",): "", _CHANGED: "outcome = ''"},
    Contributor: {("id",): ""},
    StepRun: {("id",): "", ("proposal_id",): "state = 'running'"},
    WorkItem: {("id",): "", ("step_run_id", "assignee_id"): "state IN ('open', 'decided')"},
    Decision: {("id",): "", ("work_item_id",): "", ("step_run_id", "person_id"): ""},
    ApprovalParameters: {("id",): ""},
    FieldEnablement: {("id",): ""},
    ImportJob: {("id",): ""},
    ContentType: {("id",): "", ("app_label", "model"): ""},
    WorkflowEvent: {("id",): ""},
    HistorySeal: {("position",): "", ("first",): ""},
    HistoryHead: {("id",): ""},
    WorkflowVersion: {
        ("id",): "",
        ("workflow_id", "number"): "",
        ("workflow_id",): "state = 'active'",
    },
    # What else is unique in them is so among the parts of one version.
    **{model: {("id",): ""} for model in DEFINED},
}
# By which a statement may set an integer primary key as well.
_OTHER_NAMES_OF_ID = ("rowid", "_rowid_", "oid")


def _table(model):
    return f'"{model._meta.db_table}"'


def _cast(text, kind):
    return f"CAST({text} AS {_AFFINITY[kind]})" if kind in _AFFINITY else text


DIALECT = Dialect(_table, _cast, "IS", "EXISTS ({})")


def triggers(types: dict[Governed, int]) -> dict[str, str]:
    """Every trigger that belongs there, by name: the statements that make them.

    types: model under approval -> id of its content type.
    """
    found = {}
    for rule in (*all_rules(_table), history.ahead(*_following_ids(WorkflowEvent))):
        name = f"{rule.event}_{rule.name}".lower()
        where = f"({rule.when}) AND ({rule.refused})"
        _add(found, rule.model, name, rule.event, where, rule.message)
    for model, uniques in UNIQUE.items():
        for columns, among in uniques.items():
            _add_replaced(found, model, columns, among)
    for governed, type_id in types.items():
        _add_governed(found, governed, type_id)
    return found


def _following_ids(model):
    """The id after the highest one; the counter is behind where a statement adds several rows.

    What gets its id from SQLite itself has -1 before that.
    """
    counted = f"SELECT seq FROM sqlite_sequence WHERE name = '{model._meta.db_table}'"
    for highest in (f"SELECT max(id) FROM {_table(model)}", counted):
        yield f"1 + COALESCE(({highest}), 0)"


def _add(found, model, name, event, where, message):
    name = f"approvals_guard_{model._meta.db_table}_{name}"
    found[name] = (
        f"CREATE TRIGGER {name} BEFORE {event} ON {_table(model)} WHEN {where} "
        f"BEGIN SELECT {_raise(message)}; END"
    )


def _raise(message):
    return f"RAISE(FAIL, {quoted('guard: ' + message)})"


def _add_replaced(found, model, columns, among):
    name, message = f"replaced_{columns[-1]}", "a row is never replaced by another"
    _add(found, model, name, "INSERT", _taken(model, columns, among), message)
    if among:
        # Other columns of such a row never change; which rows it is among does.
        event = f"UPDATE OF {', '.join((*columns, among.split()[0]))}"
        other = _taken(model, columns, among, besides="o.id <> OLD.id")
        _add(found, model, f"{name}_by_update", event, other, message)


def _taken(model, columns, among="", besides="TRUE"):
    equal = " AND ".join(f'o."{column}" = NEW."{column}"' for column in columns)
    mine, others = (f"NEW.{among}", f"o.{among}") if among else ("TRUE", "TRUE")
    return (
        f"{mine} AND EXISTS (SELECT 1 FROM {_table(model)} o "
        f"WHERE {equal} AND {others} AND {besides})"
    )


def _add_governed(found, governed, type_id):
    model, name = governed.model, governed.label
    keys = records.keys(governed)
    fixed = " OR ".join(f'NEW."{key}" IS NOT OLD."{key}"' for key in keys)
    names = ", ".join((*(f'"{key}"' for key in keys), *_OTHER_NAMES_OF_ID))
    key_set = f"UPDATE OF {names}"
    _add(found, model, "update_key", key_set, fixed, f"the key of a {name} never changes")
    back = "NEW.revision < OLD.revision"
    _add(found, model, "update_revision", "UPDATE OF revision", back, "a revision never goes back")
    _add(found, model, "delete", "DELETE", "TRUE", f"a {name} is never deleted")
    for key in keys:
        message = f"a {name} with this {key} exists"
        _add(found, model, f"replaced_{key}", "INSERT", _taken(model, (key,)), message)
    for column in records.columns(governed):
        event = f'UPDATE OF "{column.name}"'
        changed = f'NEW."{column.name}" IS NOT OLD."{column.name}"'
        where = f"{changed} AND {_refused(type_id, column)}"
        _add(found, model, f"update_{column.field}", event, where, _message(governed, column))
    _add_insert(found, governed, type_id)


def _message(governed, column):
    return f"{column.field} of a {governed.label} changes only by approval"


def _refused(type_id, column, *, new=False):
    """Asked first is whether it was approved: a governed field that is written mostly was."""
    on = records.switched_on(_table, new=new)
    if column.field != HELD:
        # One query: an EXISTS inside the other.
        on = f"EXISTS ({records.enabled_fields(type_id, _table, only=column.field)} AND {on})"
    recorded = records.recorded(column, DIALECT, type_id)
    if not new:
        recorded = f"{records.NEXT} AND {recorded}"
    approved = records.approved(column, DIALECT, type_id)
    return f"NOT {approved} AND {on} AND NOT ({recorded})"


def _add_insert(found, governed, type_id):
    name = f"approvals_guard_{governed.model._meta.db_table}_insert"
    checks = " ".join(
        f'SELECT {_raise(_message(governed, column))} WHERE NEW."{column.name}" IS NOT '
        f"{records.initial(column, DIALECT)} AND {_refused(type_id, column, new=True)};"
        for column in records.columns(governed)
    )
    on = records.switched_on(_table, new=True)
    found[name] = (
        f"CREATE TRIGGER {name} BEFORE INSERT ON {_table(governed.model)} WHEN {on} "
        f"BEGIN {checks} END"
    )


def installed(cursor) -> dict[str, str]:
    """The guard's triggers that are there, by name: the statements that made them."""
    cursor.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'approvals\\_%' "
        "ESCAPE '\\'"
    )
    return dict(cursor.fetchall())


def texts(wanted: dict[str, str]) -> dict[str, str]:
    """How the database tells of each trigger."""
    return wanted


def create(cursor, name: str, sql: str) -> None:
    """Make a trigger."""
    cursor.execute(sql)


def drop(cursor, name: str) -> None:
    """Take a trigger away."""
    cursor.execute(f"DROP TRIGGER {name}")
