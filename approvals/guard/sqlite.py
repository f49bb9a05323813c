"""The guard's triggers on SQLite.

A trigger for each column that can be governed, so that a statement pays only for what it
sets. RAISE takes no more than a fixed text, so it cannot name the record.
"""

from ..models import Contributor, Decision, Proposal, ProposedChange, StepRun
from ..registry import HELD, all_governed
from . import records
from .records import Dialect, quoted
from .rules import all_rules

_AFFINITY = {records.NUMBER: "NUMERIC", records.TRUTH: "NUMERIC", records.WHOLE: "NUMERIC"}
# INSERT OR REPLACE deletes rows that are equal in one of these, and asks no DELETE trigger.
_UNIQUE = {
    Proposal: (("id",),),
    ProposedChange: (("id",), ("content_type_id", "object_id", "field")),
    Contributor: (("id",),),
    StepRun: (("id",),),
    Decision: (("id",), ("work_item_id",), ("step_run_id", "person_id")),
}
_AMONG = {(ProposedChange, ("content_type_id", "object_id", "field")): "outcome = ''"}
# By which a statement may set an integer primary key as well.
_OTHER_NAMES_OF_ID = ("rowid", "_rowid_", "oid")


def _table(model):
    return f'"{model._meta.db_table}"'


def _cast(text, kind):
    return f"CAST({text} AS {_AFFINITY[kind]})" if kind in _AFFINITY else text


DIALECT = Dialect(_table, _cast, "IS")


def triggers(tables) -> dict[str, str]:
    """Every trigger that belongs on these tables, by name: the statements that make them."""
    found = {}
    for rule in all_rules(_table):
        name = f"{rule.event}_{rule.name}".lower()
        where = f"({rule.when}) AND ({rule.refused})"
        _add(found, rule.model, name, rule.event, where, rule.message)
    for model, uniques in _UNIQUE.items():
        for columns in uniques:
            taken = _taken(model, columns, _AMONG.get((model, columns)))
            message = "a row is never replaced by another"
            _add(found, model, f"replaced_{columns[-1]}", "INSERT", taken, message)
    for governed in all_governed():
        if governed.model._meta.db_table in tables:
            _add_governed(found, governed)
    return found


def _add(found, model, name, event, where, message, time="BEFORE"):
    name = f"approvals_guard_{model._meta.db_table}_{name}"
    found[name] = (
        f"CREATE TRIGGER {name} {time} {event} ON {_table(model)} WHEN {where} "
        f"BEGIN SELECT {_raise(message)}; END"
    )


def _raise(message):
    return f"RAISE(ABORT, {quoted('guard: ' + message)})"


def _taken(model, columns, among=None):
    equal = " AND ".join(f'o."{column}" = NEW."{column}"' for column in columns)
    if among:
        equal += f" AND o.{among} AND NEW.{among}"
    return f"EXISTS (SELECT 1 FROM {_table(model)} o WHERE {equal})"


def _add_governed(found, governed):
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
        where = f'NEW."{column.name}" IS NOT OLD."{column.name}" AND {_refused(governed, column)}'
        # Afterwards is the quicker: before, the row is read twice. ABORT takes it back.
        told = _message(governed, column)
        _add(found, model, f"update_{column.field}", event, where, told, time="AFTER")
    _add_insert(found, governed)


def _message(governed, column):
    return f"{column.field} of a {governed.label} changes only by approval"


def _refused(governed, column, *, new=False):
    on = records.switched_on(_table, new=new)
    if column.field != HELD:
        # One query: an EXISTS inside the other.
        on = f"EXISTS ({records.enabled_fields(governed, _table, only=column.field)} AND {on})"
    this = records.content_type(governed, _table)
    recorded = records.recorded(column, DIALECT, this)
    if not new:
        recorded = f"{records.NEXT} AND {recorded}"
    return f"{on} AND NOT ({records.approved(column, DIALECT, this)} OR {recorded})"


def _add_insert(found, governed):
    name = f"approvals_guard_{governed.model._meta.db_table}_insert"
    checks = " ".join(
        f'SELECT {_raise(_message(governed, column))} WHERE NEW."{column.name}" IS NOT '
        f"{records.initial(column, DIALECT)} AND {_refused(governed, column, new=True)};"
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


def install(cursor, wanted) -> None:
    """Make the triggers that are missing or not as they should be, and remove all others."""
    there = installed(cursor)
    for name in there.keys() - {n for n, sql in wanted.items() if there.get(n) == sql}:
        cursor.execute(f"DROP TRIGGER {name}")
    for name, sql in wanted.items():
        if there.get(name) != sql:
            cursor.execute(sql)


def remove(cursor) -> None:
    """Take the guard away."""
    install(cursor, {})
