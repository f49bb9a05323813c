"""An upload that is gone: whoever wants its import is told, and the import ends refused."""

import pytest
from django.urls import reverse

from approvals.imports import uploads
from approvals.models import ImportJob
from customers.imports import jobs
from tests.customers.factories import customer

from .helpers import outcomes, upload

pytestmark = pytest.mark.django_db

State = ImportJob.State
FILE = ("account,name", "C1,New", "C2,New")
WHY = "The program cannot read “test.csv” (No such file or directory)."


@pytest.fixture(params=[1, 0], ids=["small", "large"], autouse=True)
def at_once(request, monkeypatch):
    """Of a large file too nobody has to wait for a worker to be told that it is gone."""
    monkeypatch.setattr(jobs, "AT_ONCE_BYTES", request.param << 20)
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    for key in ("C1", "C2"):
        customer(key, name="Old")


@pytest.fixture
def previewed(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    return jobs.work(job.pk) or job


def gone(job):
    """What kills `uploads.delete_old` between the two things that it does leaves this."""
    uploads.path_of(job).unlink()
    return job


def told(client, job, response):
    """The job after `response`, which led to a page that says why."""
    page = client.get(response.url)
    assert (response.status_code, page.status_code) == (302, 200)
    assert WHY in page.content.decode()
    found = ImportJob.objects.get(pk=response.url.strip("/").split("/")[-1])
    assert (found.state, found.lease, found.refused) == (State.REFUSED, "", WHY)
    return found


@pytest.mark.parametrize("page", ["import_confirm", "import_rest", "import_job"])
def test_what_is_asked_of_a_preview_is_refused(client, steward, previewed, page):
    client.force_login(steward)
    url = reverse(f"customers:{page}", args=[gone(previewed).pk])
    found = told(client, previewed, client.post(url, {"decimal_separator": "."}))
    assert (found.pk, found.rows, outcomes(found)) == (previewed.pk, 0, {})


def test_the_rest_of_an_import_that_stopped_is_refused(client, steward, previewed, govern_fields):
    govern_fields()
    jobs.preview_again(previewed.pk, {}, by=steward)
    jobs.work(previewed.pk)
    ImportJob.objects.filter(pk=previewed.pk).update(state=State.RUNNING)
    jobs.work(previewed.pk, tell=lambda job, outcomes: govern_fields("name"))
    previewed.refresh_from_db()
    assert (previewed.state, previewed.updated) == (State.STOPPED, 1)
    client.force_login(steward)
    url = reverse("customers:import_rest", args=[gone(previewed).pk])
    found = told(client, previewed, client.post(url))
    assert found.pk != previewed.pk
    assert outcomes(previewed) == {2: "updated"}


def test_a_worker_that_finds_no_file_any_more_says_so(steward, previewed):
    ImportJob.objects.filter(pk=previewed.pk).update(state=State.RUNNING)
    job = jobs.work(gone(previewed).pk)
    assert (job.state, job.refused, job.rows) == (State.REFUSED, WHY, 0)


def test_nobody_is_left_without_the_name_of_his_file_either(steward, previewed):
    """As `uploads.delete_old` leaves an import that was confirmed just then."""
    ImportJob.objects.filter(pk=previewed.pk).update(state=State.RUNNING, stored_as="")
    job = jobs.work(gone(previewed).pk)
    assert job.state == State.REFUSED
    assert "cannot read “test.csv”" in job.refused
