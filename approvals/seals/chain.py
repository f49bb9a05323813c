"""Sealing what is written to the history, as the last act of its transaction.

The chain is one line, so whoever seals locks its head until the commit. That is the last
lock that a transaction takes, and nobody works on under it: what is written meanwhile is
collected, and sealed when the outermost `sealed` ends.
"""

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from hashlib import sha256
from itertools import repeat
from types import NoneType
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from ..bulk import as_array, flush, insert_columns, insert_selected, is_gathering
from ..models import HistoryHead, HistorySeal, WorkflowEvent
from . import digests

# No more entries have ids of one block: what the sequence of PostgreSQL grows by.
BLOCK = 2**20
# No more are sealed in one statement, which looks through all of them for each: 10 ms.
IN_SQL = 200
TEXTS = {"old", "new"}


class Written(NamedTuple):
    """Entries of one statement that wait for their seal. block: has their first id."""

    block: list[int]
    count: int
    digest: str

    @property
    def first(self) -> int:
        """The first one's id."""
        return self.block[0]

    @property
    def last(self) -> int:
        """The last one's id."""
        return self.first + self.count - 1


_waiting = ContextVar("entries that wait for their seal", default=None)


@contextmanager
def sealed():
    """A transaction whose history is sealed at its end, or at that of the one around it.

    Raises RuntimeError where inserts are gathered around it: they would miss its commit.
    """
    if _waiting.get() is not None:
        with transaction.atomic():
            yield
        return
    if is_gathering():
        raise RuntimeError("Gather inserts inside of history.sealed(), not around it.")
    with transaction.atomic():
        token = _waiting.set([])
        try:
            yield
            seal()
        finally:
            # What is done after the commit is another unit of work.
            _waiting.reset(token)


def write(each: dict, same: dict) -> None:
    """Add entries to the history; each, same: as for `insert_columns`."""
    count = len(next(iter(each.values())))
    for name in TEXTS & each.keys():
        _require_texts(name, each[name])
    # A savepoint would come between inserts that are gathered.
    with sealed() if _waiting.get() is None else nullcontext():
        for start in range(0, count, BLOCK):
            part = {name: values[start : start + BLOCK] for name, values in each.items()}
            _write(part, same, min(BLOCK, count - start))


def _require_texts(name, values):
    """What is none would be stored as another text than was sealed."""
    odd = [kind for kind in set(map(type, values)) if not issubclass(kind, str | NoneType)]
    if odd:
        kinds = ", ".join(sorted(kind.__name__ for kind in odd))
        raise TypeError(f"{name}: a text or None, as values.encode makes it; no {kinds}.")


def _write(each, same, count):
    found = digests.digests(*_columns(each, same, count))
    marked = {**each, "mark": [digests.mark(digest) for digest in found]}
    block = []
    insert_columns(WorkflowEvent, marked, same, block=block)
    _waiting.get().append(Written(block, count, sha256(b"".join(found)).hexdigest()))


def _columns(each, same, count):
    """What `digests` takes: the shared columns; each place with the own ones."""

    def values(name):
        return each[name] if name in each else repeat(same.get(name, _DEFAULTS[name]))

    own = zip(range(count), *map(values, digests.OWN), strict=False)
    if each.keys() & digests.SHARED:
        return zip(*map(values, digests.SHARED), strict=False), own
    return repeat(tuple(next(values(name)) for name in digests.SHARED)), own


_DEFAULTS = {name: WorkflowEvent._meta.get_field(name).get_default() for name in digests.COLUMNS}


def seal() -> None:
    """Seal what waits, now: the last act of a transaction."""
    written = _written()
    if not written:
        return
    now = timezone.now()
    if connection.vendor == "postgresql" and len(written) <= IN_SQL:
        _seal_in_sql(written, now)
    else:
        _seal(written, now)
    _waiting.get().clear()


def _written() -> list[Written]:
    """What waits; without what was rolled back meanwhile, where its ids went to others."""
    waiting = _waiting.get()
    if not all(written.block for written in waiting):
        flush()
    found = []
    for written in waiting:
        if written.block:
            while found and found[-1].first >= written.first:
                found.pop()
            found.append(written)
    return found


def _seal(written, now):
    """One by one: on SQLite, which has one writer, and of many."""
    head = HistoryHead.objects.select_for_update().get()
    there = WorkflowEvent.objects.filter(pk__in=[w.first for w in written])
    there, at, seals = set(there.values_list("pk", flat=True)), digests.moment(now), []
    for w in written:
        # What is not there was rolled back.
        if w.first in there:
            head.position += 1
            told = at, w.first, w.last, w.count, w.digest
            head.hash = digests.hash_of(head.hash, head.position, told)
            seals.append(HistorySeal(head.position, now, *told[1:], head.hash))
    if seals:
        HistorySeal.objects.bulk_create(seals)
        head.save(force_update=True)


def _seal_in_sql(written, now):
    """The same in one statement, so that the lock is held for no more than it and the commit.

    Raises IntegrityError where the head is missing: nothing must go in unsealed.
    """
    columns = [(w.first, w.last, w.count, w.digest) for w in written]
    params = [as_array(column) for column in zip(*columns, strict=True)]
    insert_selected(HistorySeal, _CHAIN, _SEALS, [*params, digests.moment(now), now])


_HEAD, _SEAL = HistoryHead._meta.db_table, HistorySeal._meta.db_table
# A statement sees a row that it had to wait for as it is afterwards.
_CHAIN = f"""
head AS (SELECT id, position, hash FROM {_HEAD} FOR UPDATE),
given AS (
    SELECT row_number() OVER (ORDER BY v.first) AS n, v.*
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[])
        AS v(first, last, count, digest)
    WHERE EXISTS (SELECT 1 FROM {WorkflowEvent._meta.db_table} e WHERE e.id = v.first)),
chain AS (
    SELECT 0::bigint AS n, position, 0::bigint AS first, 0::bigint AS last, 0::bigint AS count,
        ''::text AS digest, hash::text AS hash FROM (VALUES (1)) AS one LEFT JOIN head ON TRUE
    UNION ALL
    SELECT g.n, c.position + 1, g.first, g.last, g.count, g.digest,
        encode(sha256(convert_to(concat_ws(' ', c.hash, c.position + 1, %s::text,
            g.first, g.last, g.count, g.digest), 'UTF8')), 'hex')
    FROM chain c JOIN given g ON g.n = c.n + 1),
newest AS (SELECT position, hash FROM chain ORDER BY n DESC LIMIT 1),
moved AS (
    UPDATE {_HEAD} h SET position = newest.position, hash = newest.hash FROM newest
    WHERE h.position < newest.position)
"""  # noqa: S608
_SEALS = f"""
INSERT INTO {_SEAL} (position, at, first, last, count, digest, hash)
SELECT position, %s, first, last, count, digest, hash FROM chain WHERE n > 0"""  # noqa: S608
