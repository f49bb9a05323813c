"""Plain makers of test data."""

from itertools import count

from django.db import connection
from django.utils import timezone

from approvals import history
from approvals.values import fold_key
from customers.models import Currency, Customer, CustomerGroup
from tests.unguarded import ungoverned

_numbers = count(1)


def customer(account=None, **values) -> Customer:
    """A stored customer, written past the door; references may be given as codes."""
    row = _row(account or f"C-{next(_numbers):05}", values)
    _refer(row)
    with history.sealed(), ungoverned():
        row.save(force_insert=True)
    return row


def customers_of(accounts, **values) -> None:
    """The same for many that are alike, in one go."""
    rows = [_row(account, values) for account in accounts]
    for row in rows:
        row.folded_key = fold_key(row.account)
    _refer(rows[0])
    with history.sealed(), ungoverned():
        Customer.objects.bulk_create(rows)


def _row(account, values):
    now = timezone.now()
    defaults = {"name": f"Customer {account}", "customer_group": "10", "currency": "EUR"}
    defaults |= {"created_at": now, "modified_at": now}
    row = Customer(account=account)
    for name, value in (defaults | values).items():
        setattr(row, _attribute(name, value), value)
    return row


def _refer(row):
    """Make what it refers to."""
    CustomerGroup.objects.get_or_create(code=row.customer_group_id, defaults={"name": "Group"})
    Currency.objects.get_or_create(code=row.currency_id, defaults={"name": "Currency"})


def _attribute(name, value):
    """Where to put `value`: a reference's code goes into the column, not the descriptor."""
    field = Customer._meta.get_field(name)
    return field.attname if isinstance(value, str) else field.name


def customers(count, prefix="M", **values) -> None:
    """So many stored customers that are alike, made by the database: M-1000000, M-1000001 …"""
    first = customer(f"{prefix}-1000000", **values)
    own = {
        "account": f"'{prefix}-' || (1000000 + i)",
        "folded_key": f"'{fold_key(prefix)}-' || (1000000 + i)",
    }
    columns = [f.column for f in Customer._meta.concrete_fields if not f.primary_key]
    chosen = ", ".join(own.get(column, f'"{column}"') for column in columns)
    table, names = Customer._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    with ungoverned(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) WITH RECURSIVE numbers(i) AS "  # noqa: S608
            f"(SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < %s) "
            f"SELECT {chosen} FROM {table}, numbers WHERE id = %s AND i < %s",
            [count, first.pk, count],
        )
