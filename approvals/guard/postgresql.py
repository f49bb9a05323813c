"""The guard's triggers on PostgreSQL: one function for each table and event.

What is inserted is looked at when the statement is done, all rows in one go: `bulk.gathered`
makes one statement of inserts into several tables, and none of them comes first. Tables are
named with their schema: else a temporary one of the same name would be read. No
trigger names a column outside its function, so that migrations may alter it.
"""

from collections import defaultdict

from ..registry import HELD, all_governed
from . import records
from .records import Dialect, quoted
from .rules import KEPT, all_rules

_TYPES = {
    records.NUMBER: "numeric",
    records.TRUTH: "boolean",
    records.WHOLE: "bigint",
    records.DAY: "date",
    records.TEXT: "text",
}
_ROW = "BEFORE {event} ON {table} FOR EACH ROW"
_TOGETHER = "AFTER {event} ON {table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
_WHOLE_TABLE = "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"


# Whether a proposal was being decided before the change was added to it: the same statement
# may well have made its first step.
_AS_IT_WAS = {"approvals_guard_approvals_proposedchange_insert"}


def _cast(text, kind):
    return f"CAST({text} AS {_TYPES[kind]})"


def triggers(tables, schema: str) -> dict[str, tuple[str, str]]:
    """Every trigger that belongs on these tables, by name: when it runs, its function's body."""

    def table(model):
        return f'"{schema}"."{model._meta.db_table}"'

    found, kept = {}, list(KEPT)
    for (model, event, together), rules in _by_trigger(all_rules(table)).items():
        body = _together(rules) if together else _one_by_one(rules)
        head = (_TOGETHER if together else _ROW).format(event=event, table=table(model))
        _add(found, model, event, head, body)
    for governed in all_governed():
        if governed.model._meta.db_table in tables:
            _add_governed(found, governed, table)
            kept.append(governed.model)
    for model in kept:
        body = f"BEGIN {_raise('rows of this table are never deleted')} END"
        _add(found, model, "TRUNCATE", _WHOLE_TABLE.format(table=table(model)), body)
    return found


def _by_trigger(rules):
    grouped = defaultdict(list)
    for rule in rules:
        grouped[rule.model, rule.event, rule.together].append(rule)
    return grouped


def _add(found, model, name, head, body):
    found[f"approvals_guard_{model._meta.db_table}_{name.lower()}"] = (head, body)


def _one_by_one(rules):
    checks = "\n".join(
        f"IF {r.when} THEN IF {r.refused} THEN {_raise_of_row(r)} END IF; END IF;" for r in rules
    )
    return f"BEGIN\n{checks}\nRETURN {_returned(rules[0].event)};\nEND"


def _returned(event):
    return "OLD" if event == "DELETE" else "NEW"


def _together(rules):
    """The same rules, asked of all rows that a statement has added: `new` is such a row."""
    checks = "\n".join(
        f"IF EXISTS (SELECT 1 FROM added new WHERE ({r.when}) AND ({r.refused})) "
        f"THEN {_raise(r.message)} END IF;"
        for r in rules
    )
    return f"#variable_conflict use_column\nBEGIN\n{checks}\nRETURN NULL;\nEND"


def _raise(message, *arguments):
    told = "".join(f", {argument}" for argument in arguments)
    text = quoted(f"guard: {message}")
    return f"RAISE EXCEPTION {text}{told} USING ERRCODE = 'check_violation';"


def _raise_of_row(rule):
    text = rule.message.replace("%", "%%")
    return _raise(f"{text} ({rule.model._meta.model_name} %)", f"{_returned(rule.event)}.id")


def _add_governed(found, governed, table):
    model, key = governed.model, governed.key_field.column
    dialect = Dialect(table, _cast, "IS NOT DISTINCT FROM")

    def add(event, head, body):
        _add(found, model, event, head.format(event=event, table=table(model)), body)

    deleted = _raise(f"{governed.label} % is never deleted", f"OLD.{key}")
    add("DELETE", _ROW, f"BEGIN {deleted} END")
    add("UPDATE", _ROW, _update(governed, dialect, key))
    add("INSERT", _TOGETHER, _insert(governed, dialect, key))


def _update(governed, dialect, key):
    fixed = " OR ".join(f'NEW."{k}" IS DISTINCT FROM OLD."{k}"' for k in records.keys(governed))
    key_changed = _raise(f"the key of {governed.label} % never changes", f"OLD.{key}")
    gone_back = _raise(f"the revision of {governed.label} % never goes back", f"OLD.{key}")
    checks = "\n".join(
        f'IF NEW."{c.name}" IS DISTINCT FROM OLD."{c.name}" AND {_is_governed(c)} THEN\n'
        f"IF NOT {records.approved(c, dialect, 'this')} THEN "
        f"IF NOT ({records.NEXT}) OR NOT {records.recorded(c, dialect, 'this')} THEN "
        f"{_raise(_only_by_approval(governed, c), f'NEW.{key}')} END IF; END IF; END IF;"
        for c in records.columns(governed)
    )
    return f"""DECLARE governed text[]; this bigint;
BEGIN
IF {fixed} THEN {key_changed} END IF;
IF NEW.revision < OLD.revision THEN {gone_back} END IF;
{_read_rules(governed, dialect, "NEW", new=False)}
{checks}
RETURN NEW;
END"""


def _insert(governed, dialect, key):
    """What a new record has beside what it begins with, where new records need approval."""
    checks = "\n".join(
        f'IF {_is_governed(c)} THEN SELECT new."{key}" INTO which FROM added new '
        f'WHERE new."{c.name}" IS DISTINCT FROM {records.initial(c, dialect)} '
        f"AND NOT {records.approved(c, dialect, 'this')} "
        f"AND NOT {records.recorded(c, dialect, 'this')} LIMIT 1; "
        f"IF FOUND THEN {_raise(_only_by_approval(governed, c), 'which')} END IF; END IF;"
        for c in records.columns(governed)
    )
    return f"""#variable_conflict use_column
DECLARE governed text[]; this bigint; which text;
BEGIN
{_read_rules(governed, dialect, "NULL", new=True)}
{checks}
RETURN NULL;
END"""


def _read_rules(governed, dialect, returned, *, new):
    on = records.switched_on(dialect.table, new=new)
    fields = records.enabled_fields(governed, dialect.table)
    this = records.content_type(governed, dialect.table)
    return f"""SELECT {this}, ARRAY({fields}) || '{HELD}'::varchar INTO this, governed WHERE {on};
IF NOT FOUND THEN RETURN {returned}; END IF;"""


def _is_governed(column):
    return f"{quoted(column.field)} = ANY (governed)"


def _only_by_approval(governed, column):
    return f"{column.field} of {governed.label} % changes only by approval"


def current_schema(cursor) -> str:
    """The schema in which the program's tables are."""
    cursor.execute("SELECT current_schema()")
    return cursor.fetchone()[0]


def installed(cursor) -> dict[str, str]:
    """The guard's triggers that are there and run, by name: the bodies of their functions."""
    cursor.execute(
        "SELECT t.tgname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE t.tgname LIKE 'approvals\\_%%' AND t.tgenabled IN ('O', 'A') "
        "AND n.nspname = current_schema()",
        [],
    )
    return dict(cursor.fetchall())


def install(cursor, wanted) -> None:
    """Make or replace every trigger, and remove what is there beside them."""
    for name in installed(cursor).keys() - wanted.keys():
        _drop(cursor, name)
    for name, (head, body) in wanted.items():
        # What is stable sees the tables as they were before the statement.
        kind = "STABLE" if name in _AS_IT_WAS else "VOLATILE"
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {kind} "
            f"AS $guard${body}$guard$"
        )
        cursor.execute(f"CREATE OR REPLACE TRIGGER {name} {head} EXECUTE FUNCTION {name}()")


def _drop(cursor, name):
    cursor.execute(f'DROP FUNCTION IF EXISTS "{name}" CASCADE')


def remove(cursor) -> None:
    """Take the guard away."""
    for name in installed(cursor):
        _drop(cursor, name)
