"""The guard stands after each migrate, and nothing that writes starts without it."""

import runpy

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from approvals import guard
from customers.models import Customer
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .doors import sql

pytestmark = pytest.mark.django_db
TRIGGER = "approvals_guard_customers_customer_" + (
    "update" if connection.vendor == "postgresql" else "update_credit_limit"
)
ENTRIES = pytest.mark.parametrize("entry", ["wsgi", "asgi"])


def start(entry):
    runpy.run_path(str(settings.BASE_DIR / "config" / f"{entry}.py"))


def found():
    return guard.check_guard(databases=["default"])


def refuses():
    try:
        with transaction.atomic():
            Customer.objects.update(credit_limit=F("credit_limit") + 1)
    except IntegrityError:
        return True
    return False


@pytest.fixture
def governed(workflow, govern_fields):
    customer("C1", credit_limit="100")
    govern_fields("credit_limit")


def test_it_stands(governed):
    assert guard.gaps() == []
    assert found() == []
    assert refuses()


# After a migrate


@pytest.mark.django_db(transaction=True)
def test_a_migrate_puts_it_back(governed):
    guard.remove()
    assert not refuses()
    call_command("migrate", verbosity=0)
    assert guard.gaps() == []
    assert refuses()


@pytest.mark.django_db(transaction=True)
def test_it_stands_after_migrations_that_alter_the_table(workflow, govern_fields):
    """0003 adds `held` and alters the customer group: on SQLite the table is made anew."""
    call_command("migrate", "customers", "0002", verbosity=0)
    call_command("migrate", verbosity=0)
    assert guard.gaps() == []
    customer("C1", credit_limit="100")
    govern_fields("credit_limit")
    assert refuses()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite makes a new table for that")
def test_a_governed_column_may_be_altered_where_it_stands(governed):
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql("ALTER TABLE customers_customer ALTER COLUMN credit_limit TYPE numeric(17, 2)")
    sql("ALTER TABLE customers_customer ALTER COLUMN name TYPE varchar(210)")
    assert refuses()


def test_installing_again_changes_nothing(governed):
    guard.install()
    assert guard.gaps() == []


# Where it does not stand


def drop():
    on = " ON customers_customer" if connection.vendor == "postgresql" else ""
    sql(f"DROP TRIGGER {TRIGGER}{on}")


def weaken():
    if connection.vendor == "postgresql":
        sql(
            f"CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NEW; END'"
        )
    else:
        drop()
        sql(
            f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON customers_customer "
            "WHEN 0 BEGIN SELECT RAISE(ABORT, 'no'); END"
        )


def switch_off():
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(f"ALTER TABLE customers_customer DISABLE TRIGGER {TRIGGER}")


LACKS = [drop, weaken] + ([switch_off] if connection.vendor == "postgresql" else [])


@pytest.mark.parametrize("lack", LACKS)
def test_it_is_noticed(lack, governed):
    lack()
    assert not refuses()
    assert guard.gaps() == [TRIGGER]
    [warning] = found()
    assert TRIGGER in warning.msg
    assert warning.id == "approvals.W001"
    assert not warning.is_serious()  # an error would keep migrate from mending it


@pytest.mark.parametrize("lack", LACKS)
def test_installing_mends_it(lack, governed):
    lack()
    guard.install()
    assert guard.gaps() == []
    assert refuses()


@ENTRIES
def test_the_web_server_starts_with_it(entry):
    start(entry)


@ENTRIES
@pytest.mark.parametrize("lack", LACKS)
def test_the_web_server_does_not_start_without_it(entry, lack):
    lack()
    with pytest.raises(ImproperlyConfigured, match=f"{TRIGGER}.*manage.py migrate"):
        start(entry)


def test_the_worker_does_not_start_without_it():
    with unguarded(), pytest.raises(CommandError, match="manage.py migrate"):
        call_command("db_worker", batch=True)


def test_nothing_starts_on_an_empty_database(monkeypatch):
    monkeypatch.setattr(guard, "_tables", lambda connection: set())
    assert found() == []
    with pytest.raises(ImproperlyConfigured, match="no tables yet"):
        guard.require()
