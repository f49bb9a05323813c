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


def test_installing_removes_what_an_earlier_version_left(governed):
    name, body = "approvals_guard_customers_customer_old", "BEGIN SELECT RAISE(FAIL, 'old'); END"
    if connection.vendor == "postgresql":
        sql(
            "SET CONSTRAINTS ALL IMMEDIATE",
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RAISE check_violation; END'",
        )
        body = f"FOR EACH ROW EXECUTE FUNCTION {name}()"
    sql(f"CREATE TRIGGER {name} BEFORE UPDATE ON customers_customer {body}")
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.update(phone="1")
    guard.install()
    Customer.objects.update(phone="1")


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


def leave_to_replicas():
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    sql(f"ALTER TABLE customers_customer ENABLE REPLICA TRIGGER {TRIGGER}")


def made(head, function=TRIGGER):
    """Make it with another head."""
    sql(
        "SET CONSTRAINTS ALL IMMEDIATE",
        f"DROP TRIGGER {TRIGGER} ON customers_customer",
        f"CREATE TRIGGER {TRIGGER} {head} EXECUTE FUNCTION {function}()",
    )


ROWS = "REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT"


def never():
    made(f"AFTER UPDATE ON customers_customer {ROWS} WHEN (false)")


def on_another_event():
    rows = "REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
    made(f"AFTER INSERT ON customers_customer {rows}")


def on_another_table():
    made(f"AFTER UPDATE ON customers_paymentterms {ROWS}")


def another_function():
    sql(
        "CREATE SCHEMA other",
        f"CREATE FUNCTION other.{TRIGGER}() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
    )
    made(f"AFTER UPDATE ON customers_customer {ROWS}", f"other.{TRIGGER}")


LACKS = [drop, weaken]
if connection.vendor == "postgresql":
    LACKS += [switch_off, leave_to_replicas, never, on_another_event, on_another_table]
    LACKS += [another_function]


@pytest.mark.parametrize("lack", LACKS)
def test_it_is_noticed(lack, governed):
    lack()
    assert not refuses()
    assert guard.gaps() == [TRIGGER]
    [warning] = found()
    assert TRIGGER in warning.msg
    assert warning.id == "approvals.W001"
    assert not warning.is_serious()  # an error would keep migrate from mending it


FUNCTIONS = pytest.mark.parametrize(
    "how",
    [
        "IMMUTABLE",
        "SECURITY DEFINER",
        "SET search_path = pg_temp, public",
        "RESET ALL",
        "RESET enable_nestloop",
    ],
)


@FUNCTIONS
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's triggers have no function")
def test_a_function_that_was_altered_is_noticed_and_mended(how):
    sql(f"ALTER FUNCTION {TRIGGER}() {how}")
    assert guard.gaps() == [TRIGGER]
    guard.install()
    assert guard.gaps() == []


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


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("db_worker", "--batch"), 1),
        (("process_workflows",), 1),
        (("import_customers", "no.csv", "--user", "nobody"), 2),
    ],
)
@pytest.mark.parametrize("lack", LACKS)
def test_no_command_that_changes_what_is_governed_starts_without_it(command, status, lack):
    lack()
    with pytest.raises(CommandError, match=f"{TRIGGER}.*manage.py migrate") as refused:
        call_command(*command)
    assert refused.value.returncode == status


def test_nothing_starts_on_an_empty_database(monkeypatch):
    monkeypatch.setattr(guard, "_tables", lambda connection: set())
    assert found() == []
    with pytest.raises(ImproperlyConfigured, match="no tables yet"):
        guard.require()
