"""The guard's triggers on PostgreSQL: one function for each table and event.

What is inserted, and what changes of a record, is looked at when the statement is done, all
rows in one go: that is several times quicker, no other trigger comes after it, and
`bulk.gathered` makes one statement of inserts into several tables, none of which comes first.
Tables are named with their schema: else a temporary one of the same name would be read. No
trigger names a column outside its function, so that migrations may alter it.
"""

from collections import defaultdict
from typing import NamedTuple

from ..models import WorkflowEvent
from ..registry import HELD, Governed
from . import records
from .records import Dialect, quoted
from .rules import KEPT, all_rules, history
from .rules.workflows import DEFINED

_TYPES = {
    records.NUMBER: "numeric",
    records.TRUTH: "boolean",
    records.WHOLE: "bigint",
    records.DAY: "date",
    records.TEXT: "text",
}
_ROW = "BEFORE {event} ON {table} FOR EACH ROW"
_TOGETHER = "AFTER {event} ON {table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
_CHANGED = (
    "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT"
)
_WHOLE_TABLE = "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
# Else a type that anybody makes among his temporary ones would be taken for PostgreSQL's own.
_OWN_NAMES = ("search_path=pg_catalog, pg_temp",)
# A plan is kept from when there were few rows, and would take ages when there are many. So
# each row is looked for by its index, and only rows as they were are joined, hashed, to what
# they have become. What is switched off counts as dear, for which PostgreSQL would compile.
_ALL = (*_OWN_NAMES, "jit=off", "enable_seqscan=off", "enable_mergejoin=off")
_BY_INDEX = (*_ALL, "enable_hashjoin=off")
_HASHED = (*_ALL, "enable_nestloop=off")
# A scalar is never made a join.
_FOUND = "(({} LIMIT 1) IS NOT NULL)"

# Whether a proposal was being decided before the change was added to it: the same statement
# may well have made its first step.
_AS_IT_WAS = {"approvals_guard_approvals_proposedchange_insert"}


class Made(NamedTuple):
    """A trigger: when it runs, and its function's body, volatility and settings."""

    head: str
    body: str
    volatility: str
    settings: tuple[str, ...]


def _cast(text, kind):
    return f"CAST({text} AS {_TYPES[kind]})"


def triggers(types: dict[Governed, int], schema: str) -> dict[str, Made]:
    """Every trigger that belongs there, by name.

    types: model under approval -> id of its content type.
    """

    def table(model):
        return f'"{schema}"."{model._meta.db_table}"'

    found, kept = {}, [*KEPT, *DEFINED]
    own = [*all_rules(table), history.ahead(_given_out(table(WorkflowEvent)))]
    for (model, event, together), rules in _by_trigger(own).items():
        body = _together(rules) if together else _one_by_one(rules)
        head = (_TOGETHER if together else _ROW).format(event=event, table=table(model))
        _add(found, model, event, head, body)
        if held := [r for r in rules if together and r.holds]:
            _add(found, model, f"{event}_held", head, _held(held, table(model)))
    for governed, type_id in types.items():
        _add_governed(found, governed, type_id, table)
        kept.append(governed.model)
    for model in kept:
        body = f"BEGIN {_raise('the rows of this table are never deleted together')} END"
        _add(found, model, "TRUNCATE", _WHOLE_TABLE.format(table=table(model)), body)
    return found


def _given_out(table):
    """The highest id that was given out; a sequence may give out many at a time."""
    highest = "pg_sequence_last_value(s.seqrelid) + s.seqincrement - 1"
    sequence = f"pg_get_serial_sequence({quoted(table)}, 'id')::regclass"
    return f"COALESCE((SELECT {highest} FROM pg_sequence s WHERE s.seqrelid = {sequence}), 0)"


def _by_trigger(rules):
    grouped = defaultdict(list)
    for rule in rules:
        grouped[rule.model, rule.event, rule.together].append(rule)
    return grouped


def _add(found, model, name, head, body):
    name = f"approvals_guard_{model._meta.db_table}_{name.lower()}"
    # What is stable sees the tables as they were before the statement.
    volatility = "STABLE" if name in _AS_IT_WAS else "VOLATILE"
    found[name] = Made(head, body, volatility, _settings(head))


def _settings(head):
    if "FOR EACH ROW" in head:
        return _OWN_NAMES
    return _HASHED if "OLD TABLE" in head else _BY_INDEX


def _one_by_one(rules):
    checks = "\n".join(
        f"IF {r.when} THEN {_hold(r)}IF {r.refused} THEN {_raise_of_row(r)} END IF; END IF;"
        for r in rules
    )
    return f"BEGIN\n{checks}\nRETURN {_returned(rules[0].event)};\nEND"


def _hold(rule):
    return f"PERFORM 1 FROM {rule.holds} FOR SHARE; " if rule.holds else ""


def _returned(event):
    return "OLD" if event == "DELETE" else "NEW"


def _together(rules):
    """The same rules, asked of all rows that a statement has added: `new` is such a row."""
    checks = "\n".join(map(_of_all, rules))
    return f"#variable_conflict use_column\nBEGIN\n{checks}\nRETURN NULL;\nEND"


def _held(rules, table):
    """The rules again, of what more than one can write: when nobody else writes it any more.

    What this very transaction wrote together with the rows, as the program does, nobody else
    has seen. A savepoint has a number of its own: what was written before it is held as well.
    """
    checks = "\n".join(
        f"PERFORM 1 FROM added new, {r.holds} AND ({r.when}) "
        "AND held.xmin IS DISTINCT FROM mine FOR SHARE OF held;\n"
        f"IF FOUND THEN {_of_all(r)} END IF;"
        for r in rules
    )
    return f"""#variable_conflict use_column
DECLARE mine xid;
BEGIN
SELECT xmin INTO mine FROM {table} WHERE id = (SELECT id FROM added LIMIT 1);
{checks}
RETURN NULL;
END"""


def _of_all(rule):
    return (
        f"IF EXISTS (SELECT 1 FROM added new WHERE ({rule.when}) AND ({rule.refused})) "
        f"THEN {_raise(rule.message)} END IF;"
    )


def _raise(message, *arguments):
    told = "".join(f", {argument}" for argument in arguments)
    text = quoted(f"guard: {message}")
    return f"RAISE EXCEPTION {text}{told} USING ERRCODE = 'check_violation';"


def _raise_of_row(rule):
    text = rule.message.replace("%", "%%")
    meta, row = rule.model._meta, _returned(rule.event)
    return _raise(f"{text} ({meta.model_name} %)", f"{row}.{meta.pk.column}")


def _add_governed(found, governed, type_id, table):
    model, key = governed.model, governed.key_field.column
    dialect = Dialect(table, _cast, "IS NOT DISTINCT FROM", _FOUND)

    def add(event, head, body):
        _add(found, model, event, head.format(event=event, table=table(model)), body)

    deleted = _raise(f"{governed.label} % is never deleted", f"OLD.{key}")
    add("DELETE", _ROW, f"BEGIN {deleted} END")
    add("UPDATE", _CHANGED, _update(governed, type_id, dialect, key))
    add("INSERT", _TOGETHER, _insert(governed, type_id, dialect, key))


def _update(governed, type_id, dialect, key):
    """Which columns differ at all is found out first: most are not governed.

    One record that is saved is looked at without joining or counting, which takes longer than
    all else: one query pairs the rows, and its second pair tells that there are more.
    """
    both = "FROM removed old LEFT JOIN added new ON new.id = old.id"
    fixed = " OR ".join(_differs(k) for k in records.keys(governed))
    columns = list(records.columns(governed))
    differ = [_differs(c.name) for c in columns]
    of_all = ", ".join(f"bool_or({each})" for each in differ)
    fields = [c.field for c in columns]
    key_changed = _raise(f"the key of {governed.label} % never changes", "moved")
    gone_back = _raise(f"the revision of {governed.label} % never goes back", "gone_back")
    checks = "\n".join(
        f'IF {_is_governed(c)} THEN SELECT new."{key}" INTO which {both} WHERE {_differs(c.name)} '
        f"AND NOT {records.approved(c, dialect, type_id)} "
        f"AND NOT ({records.NEXT} AND {records.recorded(c, dialect, type_id)}) LIMIT 1; "
        f"IF FOUND THEN {_raise(_only_by_approval(governed, c), 'which')} END IF; END IF;"
        for c in columns
    )
    position = f"array_position(CAST(ARRAY[{', '.join(map(quoted, fields))}] AS text[]), e.field)"
    enabled = f"ARRAY({records.enabled_fields(type_id, dialect.table)} AND differs[{position}])"
    return f"""#variable_conflict use_column
DECLARE governed text[]; differs boolean[]; moved text; gone_back text; which text;
pair record; seen integer := 0;
BEGIN
FOR pair IN SELECT CASE WHEN {fixed} THEN old."{key}" END AS moved,
CASE WHEN new.revision < old.revision THEN old."{key}" END AS gone_back,
ARRAY[{", ".join(differ)}] AS differs FROM removed old, added new LIMIT 2
LOOP seen := seen + 1;
moved := pair.moved; gone_back := pair.gone_back; differs := pair.differs; END LOOP;
IF seen > 1 THEN
SELECT min(old."{key}") FILTER (WHERE {fixed}),
min(old."{key}") FILTER (WHERE new.revision < old.revision), ARRAY[{of_all}]
INTO moved, gone_back, differs {both};
END IF;
IF moved IS NOT NULL THEN {key_changed} END IF;
IF gone_back IS NOT NULL THEN {gone_back} END IF;
IF (true = ANY (differs)) IS NOT TRUE THEN RETURN NULL; END IF;
{_read_rules(enabled, records.switched_on(dialect.table))}
IF differs[{fields.index(HELD) + 1}] THEN governed := governed || '{HELD}'::text; END IF;
IF governed = '{{}}' THEN RETURN NULL; END IF;
{checks}
RETURN NULL;
END"""


def _differs(column):
    return f'new."{column}" IS DISTINCT FROM old."{column}"'


def _insert(governed, type_id, dialect, key):
    """What a new record has beside what it begins with, where new records need approval."""
    checks = "\n".join(
        f'IF {_is_governed(c)} THEN SELECT new."{key}" INTO which FROM added new '
        f'WHERE new."{c.name}" IS DISTINCT FROM {records.initial(c, dialect)} '
        f"AND NOT {records.approved(c, dialect, type_id)} "
        f"AND NOT {records.recorded(c, dialect, type_id)} LIMIT 1; "
        f"IF FOUND THEN {_raise(_only_by_approval(governed, c), 'which')} END IF; END IF;"
        for c in records.columns(governed)
    )
    fields = f"ARRAY({records.enabled_fields(type_id, dialect.table)}) || '{HELD}'::varchar"
    return f"""#variable_conflict use_column
DECLARE governed text[]; which text;
BEGIN
{_read_rules(fields, records.switched_on(dialect.table, new=True))}
{checks}
RETURN NULL;
END"""


def _read_rules(fields, on):
    """Nothing is governed where approvals are off; else `fields` are, an array of names."""
    stale = _raise("what is governed is read as it is now, so only in READ COMMITTED")
    return f"""IF current_setting('transaction_isolation') <> 'read committed' THEN {stale} END IF;
SELECT {fields} INTO governed WHERE {on};
IF NOT FOUND THEN RETURN NULL; END IF;"""


def _is_governed(column):
    return f"{quoted(column.field)} = ANY (governed)"


def _only_by_approval(governed, column):
    return f"{column.field} of {governed.label} % changes only by approval"


def current_schema(cursor) -> str:
    """The schema in which the program's tables are."""
    cursor.execute("SELECT current_schema()")
    return cursor.fetchone()[0]


def installed(cursor) -> dict[str, str]:
    """The guard's triggers that are there, by name: each as `texts` has it if it is as made."""
    cursor.execute(
        "SELECT t.tgname, concat_ws(E'\\n', replace(pg_get_triggerdef(t.oid), '\"', ''), "
        "p.provolatile, array_to_string(p.proconfig, ';'), p.prosrc, "
        "CASE WHEN p.prosecdef OR t.tgenabled NOT IN ('O', 'A') THEN 'altered' END) "
        "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE t.tgname LIKE 'approvals\\_%%' AND n.nspname = current_schema()",
        [],
    )
    return dict(cursor.fetchall())


def texts(wanted: dict[str, Made]) -> dict[str, str]:
    """How the database tells of each trigger, and of its function."""
    return {name: "\n".join(_told(name, made)) for name, made in wanted.items()}


def _told(name, made):
    yield _created(name, made).replace('"', "")
    yield made.volatility[0].lower()
    yield ";".join(made.settings)
    yield made.body


def _created(name, made):
    return f"CREATE TRIGGER {name} {made.head} EXECUTE FUNCTION {name}()"


def create(cursor, name: str, made: Made) -> None:
    """Make a trigger, and its function."""
    settings = " ".join(f"SET {setting}" for setting in made.settings)
    cursor.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"{made.volatility} SECURITY INVOKER {settings} AS $guard${made.body}$guard$"
    )
    # One of the name may be there that runs another function.
    cursor.execute(_created(name, made).replace("CREATE", "CREATE OR REPLACE", 1))


def drop(cursor, name: str) -> None:
    """Take a trigger away, with its function."""
    cursor.execute(f'DROP FUNCTION IF EXISTS "{name}" CASCADE')
