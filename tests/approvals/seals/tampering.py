"""Ways to falsify a history, for who owns the database: plain SQL, with the guard taken away.

Those of WAYS take a random generator and leave the history other than it was.
"""

import json
from hashlib import sha256

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from approvals.models import HistoryHead, HistorySeal, Origin, WorkflowEvent
from approvals.seals import chain, digests, reading
from customers.models import Customer

ENTRIES, SEALS, HEAD = (m._meta.db_table for m in (WorkflowEvent, HistorySeal, HistoryHead))
COLUMNS = [f.column for f in WorkflowEvent._meta.concrete_fields]
KINDS = {f.column: f.get_internal_type() for f in WorkflowEvent._meta.concrete_fields}


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else None


def written(record, verb, **values):
    """Write an entry about a record, sealed as the program's own ones are; return its id."""
    same = {
        "at": timezone.now(),
        "content_type_id": ContentType.objects.get_for_model(Customer).pk,
        "origin": Origin.CODE,
    }
    told = {"verb": verb, "object_id": record.pk, "record_key": record.account, **values}
    chain.write({name: [value] for name, value in told.items()}, same)
    return WorkflowEvent.objects.last().pk


def ids():
    return [pk for (pk,) in sql(f"SELECT id FROM {ENTRIES} ORDER BY id")]


def row_of(pk):
    chosen = ", ".join(f'"{name}"' for name in COLUMNS)
    [row] = sql(f"SELECT {chosen} FROM {ENTRIES} WHERE id = %s", pk)
    return dict(zip(COLUMNS, row, strict=True))


def set_columns(pk, **values):
    assign = ", ".join(f'"{name}" = %s' for name in values)
    sql(f"UPDATE {ENTRIES} SET {assign} WHERE id = %s", *values.values(), pk)


def another(random, column, value):
    """Another value of the kind that a column has."""
    kind = KINDS[column]
    if kind in ("BigAutoField", "BigIntegerField", "ForeignKey"):
        return None if value and column != "id" and random.random() < 0.3 else (value or 0) + 1
    if kind == "DateTimeField":
        return "2020-01-01 00:00:00.000001+00:00"
    nullable = column in ("old", "new")
    if value is None:
        return ""
    return random.choice([value + " ", "x", *([None] if nullable else [])])


def edit(random, column=None):
    """Another value in one column of an entry; its mark as it was."""
    pk, column = random.choice(ids()), column or random.choice(COLUMNS[1:])
    value = row_of(pk)[column]
    if column == "mark":
        set_columns(pk, mark=value ^ (1 << random.randrange(62)))
    else:
        set_columns(pk, **{column: another(random, column, value)})


def edit_with_mark(random):
    """The same, and the mark that belongs to it."""
    pk = random.choice(ids())
    column = random.choice(digests.COLUMNS)
    set_columns(pk, **{column: another(random, column, row_of(pk)[column])})
    set_mark(pk)


def edit_id(random):
    """Another id; in place or far away."""
    pk = random.choice(ids())
    sql(f"UPDATE {ENTRIES} SET id = %s WHERE id = %s", max(ids()) + random.randrange(1, 9), pk)


def set_mark(pk):
    [(first,)] = sql(f"SELECT first FROM {SEALS} WHERE first <= %s ORDER BY first DESC LIMIT 1", pk)
    row = row_of(pk)
    [digest] = digests.digests_of(first, [(pk, *(row[name] for name in digests.COLUMNS))])
    set_columns(pk, mark=digests.mark(digest))


def remove(random):
    """One entry."""
    sql(f"DELETE FROM {ENTRIES} WHERE id = %s", random.choice(ids()))


def remove_several(random):
    """Some that follow one another."""
    found = ids()
    start = random.randrange(len(found) - 5)
    for pk in found[start : start + random.randrange(2, 5)]:
        sql(f"DELETE FROM {ENTRIES} WHERE id = %s", pk)


def remove_last(random):
    """The newest ones."""
    for pk in ids()[-random.randrange(1, 4) :]:
        sql(f"DELETE FROM {ENTRIES} WHERE id = %s", pk)


def remove_last_with_seal(random):
    """The newest seal with its entries; the head stays."""
    [(position, first)] = sql(f"SELECT position, first FROM {SEALS} ORDER BY position DESC LIMIT 1")
    sql(f"DELETE FROM {ENTRIES} WHERE id >= %s", first)
    sql(f"DELETE FROM {SEALS} WHERE position = %s", position)


def insert(random, marked=False):
    """A made-up entry behind the last one, or in a gap."""
    row = row_of(random.choice(ids()))
    row["id"] = max(ids()) + random.randrange(1, 5)
    row["comment"] = "made up"
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(["%s"] * len(row))
    sql(f"INSERT INTO {ENTRIES} ({names}) VALUES ({places})", *row.values())
    if marked:
        set_mark(row["id"])


def insert_with_mark(random):
    """The same with a proper mark."""
    insert(random, marked=True)


def swap(random, marked=None):
    """What two entries say: their marks with it, or those that then belong to them."""
    found = ids()
    one, other = random.sample(found, 2)
    while told(one) == told(other):
        one, other = random.sample(found, 2)
    first, second = row_of(one), row_of(other)
    set_columns(one, **{name: second[name] for name in COLUMNS[1:]})
    set_columns(other, **{name: first[name] for name in COLUMNS[1:]})
    if random.random() < 0.5 if marked is None else marked:
        set_mark(one)
        set_mark(other)


def told(pk):
    return [str(row_of(pk)[name]) for name in digests.COLUMNS]


def edit_seal(random):
    """Another value in one column of a seal."""
    position = random.choice(positions())
    column = random.choice(["at", "first", "last", "count", "digest", "hash"])
    changed = {
        "at": "'2020-01-01 00:00:00+00:00'",
        "digest": "'" + f"{random.getrandbits(256):064x}" + "'",
        "hash": "'" + f"{random.getrandbits(256):064x}" + "'",
    }
    value = changed.get(column, f'"{column}" + 500000')
    sql(f'UPDATE {SEALS} SET "{column}" = {value} WHERE position = %s', position)


def positions():
    return [position for (position,) in sql(f"SELECT position FROM {SEALS} ORDER BY position")]


def remove_seal(random):
    """One seal; its entries stay."""
    sql(f"DELETE FROM {SEALS} WHERE position = %s", random.choice(positions()))


def insert_seal(random):
    """One at the end, for entries of its own; properly hashed, the head as it was."""
    insert(random, marked=False)
    seal_again(max(positions()) + 1, max(ids()), max(ids()))


def edit_head(random):
    """Another hash or position in the head."""
    column = random.choice(["position = position + 1", "hash = 'no'"])
    sql(f"UPDATE {HEAD} SET {column}")


def reseal_without_chain(random):
    """An edited entry with its mark and its seal; the seals behind it as they were."""
    pk = random.choice(ids()[:-10])
    set_columns(pk, comment="made up")
    set_mark(pk)
    [(position, first, last)] = sql(
        f"SELECT position, first, last FROM {SEALS} WHERE first <= %s ORDER BY first DESC LIMIT 1",
        pk,
    )
    sql(f"DELETE FROM {SEALS} WHERE position = %s", position)
    seal_again(position, first, last)


def rewrite_chain(random):
    """The same, and every seal behind it, and the head: only a checkpoint finds it."""
    reseal_without_chain(random)
    for position in positions():
        [(first, last)] = sql(f"SELECT first, last FROM {SEALS} WHERE position = %s", position)
        sql(f"DELETE FROM {SEALS} WHERE position = %s", position)
        seal_again(position, first, last)
    move_head()


def cut_off(random):
    """The newest seals with their entries, and the head: only a checkpoint finds it."""
    start = random.choice(positions()[1:])
    [(first,)] = sql(f"SELECT min(first) FROM {SEALS} WHERE position >= %s", start)
    sql(f"DELETE FROM {ENTRIES} WHERE id >= %s", first)
    sql(f"DELETE FROM {SEALS} WHERE position >= %s", start)
    move_head()


def move_head():
    [(position, found)] = sql(f"SELECT position, hash FROM {SEALS} ORDER BY position DESC LIMIT 1")
    sql(f"UPDATE {HEAD} SET position = %s, hash = %s", position, found)


def seal_again(position, first, last):
    """A proper seal of what there is now between two ids."""
    rows = list(
        reading.entries("default", *digests.COLUMNS, where=f"id BETWEEN {first} AND {last}")
    )
    digest = sha256(b"".join(digests.digests_of(first, rows))).hexdigest()
    at = "2026-01-01 00:00:00"
    previous = sql(f"SELECT hash FROM {SEALS} WHERE position = %s", position - 1)
    previous = previous[0][0] if previous else "0" * 64
    told = digests.moment(at), first, last, len(rows), digest
    found = digests.hash_of(previous, position, told)
    sql(
        f"INSERT INTO {SEALS} (position, at, first, last, count, digest, hash) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        *(position, at, *told[1:], found),
    )


def edit_creation(random):
    """What a record was created with."""
    [(pk, new)] = sql(f"SELECT id, new FROM {ENTRIES} WHERE verb = 'created' LIMIT 1")
    set_columns(pk, new=json.dumps({**json.loads(new), "credit_limit": "999.00"}))
    set_mark(pk)


# Who does this has rewritten or cut off the whole: only what was noted elsewhere tells.
NEEDS_CHECKPOINT = (rewrite_chain, cut_off)
WAYS = (
    edit,
    edit,
    edit,
    edit_with_mark,
    edit_id,
    remove,
    remove_several,
    remove_last,
    remove_last_with_seal,
    insert,
    insert_with_mark,
    swap,
    swap,
    edit_seal,
    edit_seal,
    remove_seal,
    insert_seal,
    edit_head,
    reseal_without_chain,
    edit_creation,
    *NEEDS_CHECKPOINT,
)
