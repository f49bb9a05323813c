"""How forgeries are put together."""

from functools import wraps

from django.db import connection


def followed_by(deed):
    """A decorator: what is decorated is done first, then `deed`; both take the stage."""

    def decorate(first):
        @wraps(first)
        def forgery(stage):
            first(stage)
            deed(stage)

        return forgery

    return decorate


def sql(statement, *values):
    """Run SQL as it is."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def replace(model, pk, /, **values):
    """Replace a row by itself, with these columns as they are said to be."""
    names = [f.column for f in model._meta.concrete_fields if f.column not in values]
    quoted = ", ".join(f'"{name}"' for name in names)
    columns = ", ".join((quoted, *values))
    table, marks = model._meta.db_table, ", %s" * len(values)
    sql(
        f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {quoted}{marks} "
        f"FROM {table} WHERE id = %s",
        *values.values(),
        pk,
    )
