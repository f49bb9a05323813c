"""The history and its seals, read in order, a few thousand rows at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models import BooleanField, QuerySet

from ..models import HistorySeal, WorkflowEvent
from . import digests

AT_ONCE = 5000


@contextmanager
def snapshot(using="default"):
    """Read everything as it stands now, whoever writes meanwhile; nobody has to wait."""
    connection = connections[using]
    connection.ensure_connection()
    with _any_text(connection):
        if connection.in_atomic_block:
            yield
            return
        read_only = " ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with connection.cursor() as cursor:
            cursor.execute("BEGIN" + read_only * (connection.vendor == "postgresql"))
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")


@contextmanager
def _any_text(connection):
    """SQLite keeps bytes as texts that are none: each is read as a text like no other."""
    if connection.vendor != "sqlite":
        yield
        return
    raw = connection.connection
    strict, raw.text_factory = raw.text_factory, _lenient
    try:
        yield
    finally:
        raw.text_factory = strict


def _lenient(text):
    return text.decode("utf-8", "surrogateescape")


def content_type_of(model, using) -> int | None:
    """The id of a model's content type; unlike Django's own way it makes none, and keeps none."""
    named = {"app_label": model._meta.app_label, "model": model._meta.model_name}
    return ContentType.objects.using(using).filter(**named).values_list("pk", flat=True).first()


def odd_truths(rows: QuerySet) -> QuerySet:
    """Those with a yes or no that is neither: SQLite keeps it, and Python reads it as no."""
    fields = rows.model._meta.concrete_fields
    names = [field.name for field in fields if isinstance(field, BooleanField)]
    return rows.exclude(**{f"{name}__in": (True, False) for name in names})


class Sealed(NamedTuple):
    """A seal as it is stored, whatever that is."""

    position: int
    at: str
    first: int
    last: int
    count: int
    digest: str
    hash: str

    def hash_after(self, previous: str) -> str:
        """The hash that it should have behind a seal with that one."""
        return digests.hash_of(previous, self.position, self[1:-1])


def entries(using, *columns, where="TRUE") -> Iterator[tuple]:
    """The entries by id: the id, and these columns as the database has them."""
    return _rows(using, WorkflowEvent, ("id", *columns), where)


def seals(using, by="position") -> Iterator[Sealed]:
    """The seals, in the order of the chain or, by "first", of their entries.

    One whose numbers are none is not there.
    """
    names = (by, *Sealed._fields)
    for _by, position, at, *rest in _rows(using, HistorySeal, names, "TRUE"):
        seal = Sealed(position, digests.moment(at), *rest)
        if all(isinstance(number, int) for number in (position, *seal[2:5])):
            yield seal


def _chosen(using, name):
    """A column; a moment as it is stored, not as Python has it.

    PostgreSQL has some that Python has not, such as infinity; with a sign, which does nothing,
    SQLite forgets that it is one.
    """
    if name != "at":
        return f'"{name}"'
    return '"at"::text' if connections[using].vendor == "postgresql" else '+"at"'


def _as_saved(using, names, rows):
    """SQLite keeps any spelling of a moment; one that no save leaves is told as none."""
    if "at" not in names or connections[using].vendor == "postgresql":
        return rows
    at = names.index("at")
    return [(*row[:at], _saved(row[at]), *row[at + 1 :]) for row in rows]


@lru_cache(maxsize=64)
def _saved(at):
    try:
        saved = str(datetime.fromisoformat(at).replace(tzinfo=None))
    except (TypeError, ValueError):
        return repr(at)
    return at if at == saved else repr(at)


def _rows(using, model, names, where):
    """By SQL, since what was tampered with need not be what a field expects."""
    chosen, key, last = ", ".join(_chosen(using, name) for name in names), names[0], None
    while True:
        after = "" if last is None else f' AND "{key}" > {int(last)}'
        with connections[using].cursor() as cursor:
            cursor.execute(
                f'SELECT {chosen} FROM "{model._meta.db_table}" '  # noqa: S608
                f'WHERE {where}{after} ORDER BY "{key}" LIMIT {AT_ONCE}'
            )
            rows = cursor.fetchall()
        yield from _as_saved(using, names, rows)
        # SQLite takes texts for numbers; it puts them last.
        if len(rows) < AT_ONCE or not isinstance(rows[-1][0], int):
            return
        last = rows[-1][0]
