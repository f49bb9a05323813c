"""Many rows in one statement, on PostgreSQL and SQLite.

`QuerySet.bulk_update` builds a CASE per value in Python and `bulk_create` makes an
instance per row; both lose to columns that go to the database as they are: as arrays
(PostgreSQL), or as rows of one prepared statement (SQLite). There OR FAIL spares a copy of
each page, which a table with triggers needs to take back half a statement: one of one row
has no halves.
"""

import json
import re
from collections.abc import Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache, partial
from itertools import repeat
from operator import is_
from typing import Any, NamedTuple

from django.db import connection, models

# Between the elements of an array on their way to PostgreSQL, and instead of a null.
# No text that a database takes has a NUL.
_BETWEEN, _NULL = "\0,", "\0N"
_as_json = json.JSONEncoder(ensure_ascii=False).encode


def insert_columns(
    model, each: Mapping[str, list], same: Mapping[str, Any] | None = None, **how
) -> None:
    """Insert as many rows as the lists of `each` are long, in one statement.

    each: field -> its value in each row. same: field -> its value in all of them. Fields
    go by their attribute's name (`proposal_id`); what is in neither has its default.
    ignore_conflicts: leave out rows that a unique constraint knows already. block: a list
    that gets the first row's primary key; the others have the ones that follow it.
    """
    count = len(next(iter(each.values())))
    if count:
        fields = {f.attname: f for f in model._meta.concrete_fields}
        varying = [fields[name] for name in each]
        rest = [f for f in fields.values() if f.attname not in each]
        constant = _constants([f for f in rest if not _is_auto(f)], same or {})
        columns = [_prepared(f, values) for f, values in zip(varying, each.values(), strict=True)]
        write = _insert_arrays if connection.vendor == "postgresql" else _insert_rows
        write(model, varying, columns, constant, count, **how)


def insert_rows(instances, *, ignore_conflicts=False) -> None:
    """Insert unsaved `instances` of one model."""
    if not instances:
        return
    model = type(instances[0])
    fields = [f for f in model._meta.concrete_fields if not _is_auto(f)]
    each = {f.attname: [f.pre_save(instance, add=True) for instance in instances] for f in fields}
    if any(instance.pk for instance in instances):
        each[model._meta.pk.attname] = [instance.pk for instance in instances]
    insert_columns(model, each, ignore_conflicts=ignore_conflicts)


@contextmanager
def gathered(*, with_update=False):
    """A context in which inserts that follow one another go to PostgreSQL as one statement.

    Whatever else is said to the database in it is said after them, so that nobody sees a
    difference. What waits when an exception leaves the context is not written.
    with_update: an UPDATE that follows goes with them; it must not read what they insert.
    """
    if is_gathering():
        yield
        return
    token = _waiting.set({})
    wrapper = _with_what_waits if with_update else _after_what_waits
    try:
        # Elsewhere nothing ever waits.
        on = connection.vendor == "postgresql"
        with connection.execute_wrapper(wrapper) if on else nullcontext():
            yield
            _write_what_waits()
    finally:
        _waiting.reset(token)


# Inserts that wait, by the table's name: in one statement each table is written once.
_waiting = ContextVar("waiting", default=None)


def is_gathering() -> bool:
    """Whether inserts wait for those that follow them."""
    return _waiting.get() is not None


def _after_what_waits(execute, *statement):
    _write_what_waits()
    return execute(*statement)


def _with_what_waits(execute, sql, params, many, context):
    if not sql.startswith("UPDATE") or any(insert.first for insert in _waiting.get().values()):
        return _after_what_waits(execute, sql, params, many, context)
    sql, params = _joined(_taken(), sql, params)
    return execute(sql, params, many, context)


def flush() -> None:
    """Write the inserts that wait."""
    if is_gathering():
        _write_what_waits()


def insert_selected(model, queries: str, sql: str, params: list) -> None:
    """Insert what `sql` selects from `queries`, which stand before it after WITH RECURSIVE.

    PostgreSQL only, and like other inserts in one statement with those that wait. params:
    of the queries, then of `sql`.
    """
    _insert(model, _Insert(sql, params, before=queries))


class _Insert(NamedTuple):
    """A statement that inserts.

    before: queries that it reads from. block: where the first primary key of its rows is
    to go; first: the name of the query that gives it.
    """

    sql: str
    params: list
    before: str = ""
    block: list | None = None
    first: str = ""


def _write_what_waits():
    if inserts := _taken():
        _write(inserts)


def _taken():
    inserts = list(_waiting.get().values())
    _waiting.get().clear()
    return inserts


def _write(inserts):
    """Write in one statement, which gives back the first primary key of each block."""
    blocks = [insert for insert in inserts if insert.first]
    if blocks:
        last = f"SELECT * FROM {', '.join(insert.first for insert in blocks)}"  # noqa: S608
        sql, params = _joined(inserts, last, [])
    else:
        *others, last = inserts
        sql, params = _joined(others, last.sql, last.params, last.before)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for insert, first in zip(blocks, cursor.fetchone() if blocks else (), strict=True):
            insert.block.append(first)


def _joined(inserts, last, last_params, before_last=""):
    """Inserts and a last statement as one, and the parameters of all."""
    parts = []
    for place, insert in enumerate(inserts):
        parts += [insert.before] * bool(insert.before)
        parts.append(f"w{place} AS ({insert.sql})")
    parts += [before_last] * bool(before_last)
    params = [value for insert in inserts for value in insert.params]
    sql = f"WITH RECURSIVE {', '.join(parts)} {last}" if parts else last
    return sql, [*params, *last_params]


def new_ids(model, count: int) -> list[int]:
    """Primary keys for so many rows that are to be inserted in this transaction."""
    return new_ids_of({model: count})[0]


def new_ids_of(counts: dict) -> list[list[int]]:
    """The same for several models: so many primary keys for each."""
    most = max(counts.values())
    if not most:
        return [[] for _model in counts]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            of_each = (
                f"CASE WHEN n <= {count} THEN nextval('{_sequence(model)}') END"
                for model, count in counts.items()
            )
            sql = f"SELECT {', '.join(of_each)} FROM generate_series(1, %s) n"  # noqa: S608
            cursor.execute(sql, [most])
            columns = zip(*cursor.fetchall(), strict=True)
            return [list(ids[:n]) for ids, n in zip(columns, counts.values(), strict=True)]
        # Whoever writes is alone.
        return [_following(cursor, model, count) for model, count in counts.items()]


@cache
def _sequence(model) -> str:
    with connection.cursor() as cursor:
        names = [_table(model), model._meta.pk.column]
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", names)
        return cursor.fetchone()[0]


def _following(cursor, model, count):
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
    last = (cursor.fetchone() or (0,))[0]
    return list(range(last + 1, last + count + 1))


def update_rows(model, fields: list[str], rows: list[tuple], match: tuple[str, ...] = ()) -> int:
    """Update `fields` of many rows of `model`, and return how many rows were found.

    rows: tuples of (primary key, value of each `match` field, value of each of
    `fields`). A row is written only where its `match` fields have those values.
    """
    if not rows:
        return 0
    names = [model._meta.pk.name, *match, *fields]
    columns = [model._meta.get_field(name) for name in names]
    data = [_prepared(f, v) for f, v in zip(columns, zip(*rows, strict=True), strict=True)]
    keys, table = 1 + len(match), _table(model)
    named = [connection.ops.quote_name(f.column) for f in columns]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            assign = ", ".join(f"{name} = v.c{i}" for i, name in enumerate(named) if i >= keys)
            where = " AND ".join(f"{table}.{name} = v.c{i}" for i, name in enumerate(named[:keys]))
            source, params = _arrays(columns, data)
            sql = f"UPDATE {table} SET {assign} FROM {source} WHERE {where}"  # noqa: S608
            cursor.execute(sql, params)
        else:
            assign = ", ".join(f"{name} = %s" for name in named[keys:])
            where = " AND ".join(f"{name} = %s" for name in named[:keys])
            sql = f"UPDATE OR FAIL {table} SET {assign} WHERE {where}"  # noqa: S608
            cursor.executemany(sql, list(zip(*data[keys:], *data[:keys], strict=True)))
        return cursor.rowcount


def is_deadlock(error: Exception) -> bool:
    """Whether the database has ended a transaction since it and another waited for each other."""
    return getattr(error.__cause__, "sqlstate", "") == "40P01"


def _insert_arrays(model, varying, columns, constant, count, *, block=None, **how):
    chosen = [*(f"c{i}" for i in range(len(varying))), *(f"%s::{_type(f)}" for f in constant)]
    fields, first, before = [*varying, *constant], "", ""
    source, params = _arrays(varying, columns, numbered=block is not None)
    if block is not None:
        first = f"first_{model._meta.db_table}"
        before = f"{first} AS (SELECT nextval('{_sequence(model)}') AS pk)"  # noqa: S608
        fields, chosen = [model._meta.pk, *fields], ["pk + n - 1", *chosen]
        source = f"{first}, {source}"
    sql = f"{_into(model, fields)} SELECT {', '.join(chosen)} FROM {source}"  # noqa: S608
    params = [*constant.values(), *params]
    _insert(model, _Insert(sql + _conflicts(**how), params, before, block, first))


def _insert(model, insert):
    """Insert now, or where inserts are gathered, with those that follow."""
    waiting = _waiting.get()
    if waiting is None:
        _write([insert])
        return
    if model in waiting:
        _write_what_waits()
    waiting[model] = insert


def _insert_rows(model, varying, columns, constant, count, *, block=None, **how):
    if block is not None:
        ids = new_ids(model, count)
        block.append(ids[0])
        varying, columns = [model._meta.pk, *varying], [ids, *columns]
    told = [value for value in constant.values() if value is not None]
    places = ["%s"] * len(columns) + ["NULL" if v is None else "%s" for v in constant.values()]
    rows = zip(*columns, *(repeat(value, count) for value in told), strict=True)
    into = _into(model, [*varying, *constant]).replace("INSERT", "INSERT OR FAIL", 1)
    sql = f"{into} VALUES ({', '.join(places)})"
    with connection.cursor() as cursor:
        cursor.executemany(sql + _conflicts(**how), list(rows))


def _into(model, fields):
    columns = ", ".join(connection.ops.quote_name(f.column) for f in fields)
    return f"INSERT INTO {_table(model)} ({columns})"


def _conflicts(*, ignore_conflicts=False):
    return " ON CONFLICT DO NOTHING" if ignore_conflicts else ""


def _constants(fields, same) -> dict:
    """Field -> its value in every row, as the database takes it."""
    given = {f: same[f.attname] if f.attname in same else f.get_default() for f in fields}
    return {f: f.get_db_prep_save(value, connection) for f, value in given.items()}


def _prepared(field, values):
    """Values as the database's driver takes them."""
    kind = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(kind, models.JSONField):
        return [None if v is None else "[]" if v == [] else _as_json(v) for v in values]
    if isinstance(kind, _AS_THEY_ARE):
        return values
    if all(map(partial(is_, values[0]), values)):
        return [field.get_db_prep_save(values[0], connection)] * len(values)
    return [field.get_db_prep_save(value, connection) for value in values]


_AS_THEY_ARE = (models.CharField, models.TextField, models.IntegerField, models.BooleanField)


def _arrays(fields, columns, *, numbered=False):
    """Return SQL for a table `v` with columns c0, c1 … that holds `columns`, and its parameters.

    numbered: with a column n that counts the rows from 1.
    """
    arrays = ", ".join(f"%s::{_type(f)}[]" for f in fields)
    names = ", ".join([*(f"c{i}" for i in range(len(fields))), *["n"][:numbered]])
    ordinality = " WITH ORDINALITY" if numbered else ""
    return f"unnest({arrays}){ordinality} AS v({names})", [as_array(column) for column in columns]


def as_array(values) -> str:
    """An array as PostgreSQL reads it. Raises ValueError where a text has a NUL."""
    texts = [_NULL if v is None else v if v.__class__ is str else str(v) for v in values]
    joined = _BETWEEN.join(texts)
    if joined.count("\0") != len(texts) - 1 + texts.count(_NULL):
        raise ValueError("A NUL cannot be stored.")
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"').replace(_BETWEEN, '","')
    return f'{{"{escaped}"}}'.replace(f'"{_NULL}"', "NULL")


@cache
def _type(field):
    """A column's type without length or precision: a cast would cut silently."""
    return re.sub(r"\(.*?\)", "", field.db_type(connection))


def _is_auto(field):
    return isinstance(field, models.AutoField | models.BigAutoField)


def _table(model):
    return connection.ops.quote_name(model._meta.db_table)
