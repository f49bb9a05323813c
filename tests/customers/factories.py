"""Plain makers of test data."""

from itertools import count

from django.utils import timezone

from customers.models import Currency, Customer, CustomerGroup

_numbers = count(1)


def customer(account=None, **values) -> Customer:
    """A stored customer, written past the door; references may be given as codes."""
    account = account or f"C-{next(_numbers):05}"
    now = timezone.now()
    defaults = {"name": f"Customer {account}", "customer_group": "10", "currency": "EUR"}
    defaults |= {"created_at": now, "modified_at": now}
    row = Customer(account=account)
    for name, value in (defaults | values).items():
        setattr(row, _attribute(name, value), value)
    CustomerGroup.objects.get_or_create(code=row.customer_group_id, defaults={"name": "Group"})
    Currency.objects.get_or_create(code=row.currency_id, defaults={"name": "Currency"})
    row.save(force_insert=True)
    return row


def _attribute(name, value):
    """Where to put `value`: a reference's code goes into the column, not the descriptor."""
    field = Customer._meta.get_field(name)
    return field.attname if isinstance(value, str) else field.name
