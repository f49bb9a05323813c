"""Many rows in one statement, on PostgreSQL and SQLite.

`QuerySet.bulk_update` builds a CASE per value in Python and `bulk_create` splits
its rows over many statements on SQLite; both lose to one statement that takes
the values as arrays (PostgreSQL) or as one JSON document (SQLite).
"""

import json
import re

from django.db import connection, models


def insert_rows(instances, returning=(), *, ignore_conflicts=False) -> list[tuple]:
    """Insert unsaved `instances` of one model; return the `returning` columns of each new row.

    The rows returned are in no particular order: name a column to recognise them by.
    ignore_conflicts: leave out rows that a unique constraint knows already.
    """
    if not instances:
        return []
    model = type(instances[0])
    fields = [f for f in model._meta.concrete_fields if not f.primary_key or not _is_auto(f)]
    rows = [[_prepared(f, instance) for f in fields] for instance in instances]
    source, params = _source(fields, rows)
    sql = f"INSERT INTO {_table(model)} ({_columns(fields)}) SELECT * FROM {source}"  # noqa: S608
    if ignore_conflicts:
        # SQLite needs the WHERE to tell this ON from a join's.
        sql += " WHERE true ON CONFLICT DO NOTHING"
    return _run(sql, params, model, returning)


def update_rows(model, fields: list[str], rows: list[tuple], match: tuple[str, ...] = ()) -> int:
    """Update `fields` of many rows of `model`, and return how many rows were found.

    rows: tuples of (primary key, value of each `match` field, value of each of
    `fields`). A row is written only where its `match` fields have those values.
    """
    if not rows:
        return 0
    names = [model._meta.pk.name, *match, *fields]
    columns = [model._meta.get_field(name) for name in names]
    data = [
        [f.get_db_prep_save(v, connection) for f, v in zip(columns, row, strict=True)]
        for row in rows
    ]
    source, params = _source(columns, data)
    table, quote = _table(model), connection.ops.quote_name
    keys = 1 + len(match)
    assign = ", ".join(f"{quote(f.column)} = v.c{i}" for i, f in enumerate(columns) if i >= keys)
    where = " AND ".join(
        f"{table}.{quote(f.column)} = v.c{i}" for i, f in enumerate(columns[:keys])
    )
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {assign} FROM {source} WHERE {where}", params)  # noqa: S608
        return cursor.rowcount


def _run(sql, params, model, returning):
    if returning:
        columns = [model._meta.get_field(name) for name in returning]
        sql += f" RETURNING {_columns(columns)}"
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if returning else []


def _source(fields, rows):
    """Return SQL for a table `v` with columns c0, c1 … that holds `rows`, and its parameters."""
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{_array_type(f)}" for f in fields)
        names = ", ".join(f"c{i}" for i in range(len(fields)))
        return f"unnest({arrays}) AS v({names})", [
            list(column) for column in zip(*rows, strict=True)
        ]
    items = ", ".join(f"json_extract(value, '$[{i}]') AS c{i}" for i in range(len(fields)))
    document = json.dumps(rows, ensure_ascii=False, default=str)
    return f"(SELECT {items} FROM json_each(%s) ORDER BY key) AS v", [document]  # noqa: S608


def _array_type(field):
    """The array type of a column, without length or precision: a cast would cut silently."""
    return re.sub(r"\(.*?\)", "", field.db_type(connection)) + "[]"


def _prepared(field, instance):
    return field.get_db_prep_save(field.pre_save(instance, add=True), connection)


def _is_auto(field):
    return isinstance(field, models.AutoField | models.BigAutoField)


def _table(model):
    return connection.ops.quote_name(model._meta.db_table)


def _columns(fields):
    return ", ".join(connection.ops.quote_name(f.column) for f in fields)
