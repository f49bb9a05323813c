"""How many statements a batch takes: as many for 500 rows as for 50."""

import io

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.imports import import_jobs
from approvals.models import Behavior
from customers.imports import jobs
from customers.models import Customer
from tests.customers.factories import customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")
    for number in range(20):
        customer(f"C{number}", credit_limit="1")


def file_of(count, prefix, fault):
    """A file of `count` rows: new, changed, changed directly, unchanged, failed in turn."""
    lines = ["account,name,customer_group,city,credit_limit,country"]
    for number in range(count):
        lines += [
            f"{prefix}{number},New,10,Town,5,NL",
            f"{prefix}E{number},Changed,10,{prefix},7,NL",
            f"{prefix}F{number},,10,{prefix},,NLD",
            f"{prefix}G{number},,,,,",
            f"{prefix}H{number},,{fault},,,",
        ]
    return io.BytesIO("\n".join(lines).encode())


def statements(by, count, prefix, behavior, dry_run):
    for kind in "EFGH":
        for number in range(count):
            customer(f"{prefix}{kind}{number}", credit_limit="1")
    job = import_jobs.new_job(Customer, by=by, file_name="test.csv", behavior=behavior)
    job.save()
    ContentType.objects.get_for_model(Customer)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        jobs.run(job, file_of(count, prefix, "NOWHERE"), dry_run=dry_run)
    assert job.rows == 5 * count
    assert job.created == count
    return [query["sql"] for query in captured]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("behavior", Behavior)
def test_a_batch_takes_as_many_statements_however_many_rows_it_has(steward, behavior, dry_run):
    statements(steward, 1, "W", behavior, dry_run)  # fills Django's caches
    few = statements(steward, 2, "A", behavior, dry_run)
    many = statements(steward, 30, "B", behavior, dry_run)
    assert len(many) == len(few), "\n".join(many)


# What steers a transaction reads and writes no row.
STEERING = ("SAVEPOINT", "RELEASE", "SET CONSTRAINTS", "BEGIN", "COMMIT")
MOST = 13


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite writes each table by itself")
@pytest.mark.parametrize("known", [0, 5, 10], ids=["new", "mixed", "known"])
@pytest.mark.parametrize("behavior", Behavior)
@pytest.mark.parametrize("approve_new", [False, True], ids=["", "held"])
def test_each_further_batch_takes_thirteen_statements_at_most(
    steward, behavior, known, approve_new, govern_fields, monkeypatch
):
    """known: how many of each ten rows are about customers that exist."""
    govern_fields("credit_limit", "name", approve_new=approve_new)
    monkeypatch.setattr("approvals.imports.resources.BATCH", 10)

    def taken(batches, prefix):
        accounts = [f"{prefix}{number}" for number in range(10 * batches)]
        lines = ["account,name,customer_group,city,credit_limit,country"]
        for number, account in enumerate(accounts):
            if number % 10 < known:
                customer(account, credit_limit="1")
            lines.append(f"{account},Name,10,Town,5,NL")
        job = import_jobs.new_job(Customer, by=steward, file_name="test.csv", behavior=behavior)
        job.save()
        with CaptureQueriesContext(connection) as captured:
            jobs.run(job, io.BytesIO("\n".join(lines).encode()), dry_run=False)
        assert job.rows == 10 * batches and job.unchanged == 0
        found = [query["sql"] for query in captured]
        return [sql for sql in found if not sql.startswith(STEERING)]

    taken(1, "W")  # fills Django's caches
    two, four = taken(2, "A"), taken(4, "B")
    assert len(four) - len(two) <= 2 * MOST, "\n".join(sql[:200] for sql in four)
