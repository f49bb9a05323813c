"""On PostgreSQL: what anybody may make for himself, or see as it was, deceives no trigger."""

import pytest
from django.db import IntegrityError, connection, transaction

from approvals import guard
from approvals.guard import postgresql
from approvals.models import ApprovalParameters
from customers.models import Customer
from tests.customers.factories import customer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="about PostgreSQL"),
]

WRITE = "UPDATE customers_customer SET credit_limit = 999, revision = revision + 1"
# Names of fields are cut to their first letter, so none is found among the governed ones.
DECEIVE = "CREATE DOMAIN pg_temp.text AS varchar(1)"


@pytest.fixture
def governed(govern_fields):
    customer("C1", name="One", credit_limit="100")
    govern_fields("credit_limit", "name")


@pytest.fixture
def other():
    """A connection of its own, in which nothing was looked up yet."""
    other = connection.copy()
    yield other
    other.close()


def run(other, *statements):
    with other.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def limit():
    return str(Customer.objects.get(account="C1").credit_limit)


def test_a_temporary_type_is_not_taken_for_postgresql_s(governed, other):
    run(other, DECEIVE)
    with pytest.raises(IntegrityError, match="guard: credit_limit"):
        run(other, WRITE)
    assert limit() == "100.00"


def test_control_by_the_names_of_who_writes_it_is(governed, other, monkeypatch):
    for name in ("_OWN_NAMES", "_ALL", "_BY_INDEX", "_HASHED"):
        monkeypatch.setattr(postgresql, name, ())
    guard.install()
    run(other, DECEIVE, WRITE)
    assert limit() == "999.00"
    monkeypatch.undo()
    assert guard.gaps()
    guard.install()
    assert not guard.gaps()


def test_a_switch_counts_at_once_for_who_still_sees_it_off(clerk, govern_fields, other):
    customer("C1", name="One", credit_limit="100")
    run(other, "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT * FROM customers_customer")
    govern_fields("credit_limit")
    with pytest.raises(IntegrityError, match="only in READ COMMITTED"):
        run(other, WRITE)
    run(other, "ROLLBACK")
    assert limit() == "100.00"
    assert ApprovalParameters.objects.get().enabled


def test_what_is_not_governed_at_all_is_written_there(clerk, govern_fields, other):
    customer("C1", name="One", credit_limit="100")
    govern_fields("credit_limit")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("UPDATE customers_customer SET revision = revision + 1")
