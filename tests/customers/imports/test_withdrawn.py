"""An import whose importer may not import any more stops before the next batch."""

import io
import json

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals.models import Behavior, ImportJob, WorkItem
from customers.imports import jobs
from customers.models import Customer
from tests.customers.factories import customer

from .helpers import outcomes, upload

pytestmark = pytest.mark.django_db

State = ImportJob.State
FILE = ("account,name", "C1,New", "C2,New", "C3,New", "C4,New")
WHY = "Its importer may not import any more."


@pytest.fixture(autouse=True)
def batches_of_two(db, monkeypatch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", 2)
    for key in ("C1", "C2", "C3", "C4"):
        customer(key, name="Old")


def names():
    return list(Customer.objects.order_by("account").values_list("name", flat=True))


def take_group(person):
    person.groups.clear()


def deactivate(person):
    person.is_active = False
    person.save()


@pytest.fixture(params=[take_group, deactivate])
def withdraw(request, steward):
    """Called after each batch, takes the importer's right away; nobody's object knows of it."""
    return lambda job, outcomes: request.param(User.objects.get(pk=steward.pk))


def entered(steward, tmp_path, **options):
    file = tmp_path / "customers.csv"
    file.write_text("\n".join(FILE))
    return jobs.enter(file, by=steward, behavior=None, options=options)


def test_what_is_in_stays_and_the_job_says_up_to_which_row(steward, withdraw, tmp_path):
    job = jobs.work(entered(steward, tmp_path).pk, tell=withdraw)
    assert names() == ["New", "New", "Old", "Old"]
    assert (job.state, job.rows, job.updated, job.lease) == (State.REFUSED, 2, 2, "")
    assert outcomes(job) == {2: "updated", 3: "updated"}
    assert job.refused.startswith(f"{WHY} It is done up to row 3")


def test_all_or_nothing_leaves_nothing(steward, withdraw, tmp_path):
    job = jobs.work(entered(steward, tmp_path, all_or_nothing=True).pk, tell=withdraw)
    assert names() == ["Old"] * 4
    assert (job.state, job.rows, outcomes(job)) == (State.REFUSED, 0, {})
    assert job.refused == f"{WHY} Nothing of the file is in."


def test_who_is_to_decide_what_went_in_is_told(
    steward, approver, workflow, govern_fields, withdraw, tmp_path
):
    govern_fields("name", behavior=Behavior.PROPOSE)
    job = jobs.work(entered(steward, tmp_path).pk, tell=withdraw)
    assert (job.state, job.proposed) == (State.REFUSED, 2)
    assert WorkItem.objects.filter(assignee=approver).count() == 2
    assert approver.notifications.filter(import_job=job).exists()


def test_a_superuser_who_is_one_no_longer_imports_no_more(person, tmp_path):
    root = person("root", is_superuser=True)

    def demote(job, outcomes):
        User.objects.filter(pk=root.pk).update(is_superuser=False)

    job = jobs.work(entered(root, tmp_path).pk, tell=demote)
    assert (job.state, job.updated) == (State.REFUSED, 2)


def test_a_preview_stops_too(steward, withdraw, monkeypatch):
    monkeypatch.setattr(jobs, "AT_ONCE_BYTES", 0)
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    job = jobs.work(job.pk, tell=withdraw)
    assert (job.state, job.confirmed_rules) == (State.REFUSED, "")
    assert job.refused == f"{WHY} Nothing of the file is in."


def test_the_page_says_why_and_up_to_which_row(client, person, steward, withdraw, tmp_path):
    job = jobs.work(entered(steward, tmp_path).pk, tell=withdraw)
    client.force_login(person("oskar", "Administrator", "Auditor"))
    page = client.get(reverse("customers:import_job", args=[job.pk])).content.decode()
    assert WHY in page and "up to row 3" in page


def test_the_command_says_it_and_exits_with_2(steward, withdraw, tmp_path, monkeypatch):
    file, out = tmp_path / "customers.csv", io.StringIO()
    file.write_text("\n".join(FILE))
    put = "customers.management.commands.import_customers.Import._batch_done"
    monkeypatch.setattr(put, lambda self, *args: withdraw(*args))
    with pytest.raises(SystemExit) as left:
        call_command("import_customers", file, "--user", steward.username, "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (left.value.code, said["updated"]) == (2, 2)
    assert said["refused"].startswith(f"{WHY} It is done up to row 3")


@pytest.mark.parametrize(("size", "batches"), [(2, 2), (4, 1)])
def test_the_importer_is_read_once_for_each_batch(steward, tmp_path, monkeypatch, size, batches):
    monkeypatch.setattr("approvals.imports.resources.BATCH", size)
    job = entered(steward, tmp_path)
    with CaptureQueriesContext(connection) as queries:
        jobs.work(job.pk)
    reads = sum('FROM "auth_user"' in query["sql"] for query in queries)
    assert reads == batches + 1  # and once with the job
