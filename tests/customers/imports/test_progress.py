"""Imports in the background, as their page shows them."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from approvals.imports import leases
from approvals.models import ImportJob
from customers.imports import jobs, running, terminal
from tests.customers.factories import customer

from .helpers import outcomes, stored, upload

pytestmark = pytest.mark.django_db(transaction=True)

State = ImportJob.State
FILE = ("account,name", "C1,New", "C2,New", "C3,New")


@pytest.fixture(autouse=True)
def large(db, monkeypatch):
    """Every file counts as large, and each row is a batch."""
    monkeypatch.setattr(jobs, "AT_ONCE_BYTES", 0)
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old")


@pytest.fixture
def page(client, steward):
    client.force_login(steward)
    return client


def worker():
    """A worker that does what there is to do, and ends."""
    call_command(
        "db_worker", batch=True, startup_delay=False, interval=0, reload=False, verbosity=0
    )


def url(name, job):
    return reverse(f"customers:{name}", args=[job.pk])


def shown(page, job):
    return page.get(url("import_job", job)).content.decode()


def test_a_large_file_is_read_and_imported_by_a_worker(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    assert (job.state, outcomes(job)) == (State.READING, {})
    worker()
    job.refresh_from_db()
    assert (job.state, job.updated) == (State.PREVIEW, 3)
    assert jobs.confirm(job.pk, by=steward).state == State.RUNNING
    assert stored("C1", "name") == "Old"
    worker()
    job.refresh_from_db()
    assert (job.state, job.rows, job.updated, job.lease) == (State.DONE, 3, 3, "")
    assert stored("C3", "name") == "New"


def test_a_preview_that_is_not_complete_cannot_be_confirmed(page, steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    assert url("import_confirm", job) not in shown(page, job)
    response = page.post(url("import_confirm", job), follow=True)
    assert "Look at a complete preview first" in response.content.decode()
    job.refresh_from_db()
    assert job.state == State.READING


def test_the_page_says_how_far_an_import_is(page, steward, monkeypatch):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    assert "waits for a worker" in shown(page, job)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    ImportJob.objects.update(
        state=State.RUNNING,
        lease="somebody",
        lease_until=now + leases.LEASE,
        taken_at=now - timedelta(seconds=10),
        taken_rows=1000,
        rows=3000,
        updated=2900,
        failed=100,
        total=15_000,
    )
    text = shown(page, job)
    for expected in ("3,000 of 15,000 rows", "200 a second", "1:00 left", "<b>2,900</b> Updated"):
        assert expected in text
    assert "Refresh" in text
    assert "waits for a worker" not in text
    part = page.get(url("import_progress", job)).content.decode()
    assert "3,000 of 15,000 rows" in part
    assert "<html" not in part


def test_the_part_that_is_asked_for_again_says_when_it_is_over(page, steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    assert "data-under-way" in page.get(url("import_progress", job)).content.decode()
    worker()
    assert "data-under-way" not in page.get(url("import_progress", job)).content.decode()
    assert "data-reload" not in shown(page, job)


def test_progress_is_shown_to_nobody_else(page, client, person, auditor, steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    client.force_login(person("other", "Data steward"))
    assert client.get(url("import_progress", job)).status_code == 403
    assert client.post(url("import_cancel", job)).status_code == 403
    assert client.post(url("import_rest", job)).status_code == 403
    client.force_login(auditor)
    assert client.get(url("import_progress", job)).status_code == 200
    assert client.post(url("import_cancel", job)).status_code == 403


def test_who_sees_all_imports_cancels_none_but_his_own(steward, person):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    with pytest.raises(PermissionDenied):
        jobs.cancel(job.pk, by=person("other", "Data steward", "Auditor"))
    job.refresh_from_db()
    assert (job.state, job.cancelling) == (State.READING, False)


def test_what_nobody_works_on_is_cancelled_at_once(page, steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    response = page.post(url("import_cancel", job), follow=True)
    assert "Nothing of the file is in" in response.content.decode()
    job.refresh_from_db()
    assert job.state == State.CANCELLED
    worker()
    job.refresh_from_db()
    assert (job.state, outcomes(job)) == (State.CANCELLED, {})
    assert (
        "not under way any more"
        in page.post(url("import_cancel", job), follow=True).content.decode()
    )


def test_cancelling_stops_before_the_next_batch_and_says_what_is_in(page, steward):
    job = confirmed(steward)

    def cancel_after_two(job, outcomes):
        if job.rows == 2:
            page.post(url("import_cancel", job))

    job = jobs.work(job.pk, tell=cancel_after_two)
    assert (job.state, job.rows, job.updated) == (State.CANCELLED, 2, 2)
    assert outcomes(job) == {2: "updated", 3: "updated"}
    assert "done up to row 3" in shown(page, job)
    assert [stored(key, "name") for key in ("C1", "C2", "C3")] == ["New", "New", "Old"]


def test_cancelling_all_or_nothing_leaves_nothing_in(steward):
    job = confirmed(steward, all_or_nothing=True)
    # On SQLite all rows are planned before the first is written.
    batches, calls = (4 if connection.vendor == "sqlite" else 1), []
    job = jobs.work(job.pk, stopped=lambda: len(calls) > batches or calls.append(1))
    assert (job.state, job.rows, outcomes(job)) == (State.CANCELLED, 0, {})
    assert "Nothing of the file is in" in job.refused
    assert stored("C1", "name") == "Old"


def test_a_cancelled_import_can_be_previewed_again(steward):
    job = confirmed(steward)
    job = jobs.work(job.pk, stopped=lambda: ImportJob.objects.get(pk=job.pk).rows == 1)
    again = jobs.preview_again(job.pk, job.options, by=steward)
    assert again.pk != job.pk
    again = jobs.work(again.pk)
    assert outcomes(again) == {2: "unchanged", 3: "updated", 4: "updated"}


def confirmed(steward, **options):
    """A large import that waits for its worker."""
    job = jobs.prepare(upload(*FILE), options, by=steward)
    jobs.work(job.pk)
    return jobs.confirm(job.pk, by=steward)


def test_all_or_nothing_takes_as_many_rows_as_others_can_wait_for(steward, monkeypatch):
    monkeypatch.setattr(running, "WHOLE_ROWS_ON_SQLITE", 2)
    job = jobs.prepare(upload(*FILE), {"all_or_nothing": True}, by=steward)
    job = jobs.work(job.pk)
    if connection.vendor == "sqlite":
        assert (job.state, outcomes(job)) == (State.REFUSED, {})
        assert "at most 2 rows" in job.refused
    else:
        assert (job.state, job.updated) == (State.PREVIEW, 3)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="on SQLite")
def test_nobody_waits_for_what_must_fail_anyway(steward, monkeypatch):
    job = jobs.prepare(upload(*FILE, "N1,Bad"), {"all_or_nothing": True}, by=steward)
    jobs.work(job.pk)
    jobs.confirm(job.pk, by=steward)
    monkeypatch.delattr(running.Run, "_in_one_transaction")
    job = jobs.work(job.pk)
    assert (job.state, job.failed, job.unchanged) == (State.REFUSED, 1, 3)
    assert "Nothing was imported" in job.refused


def book(*rows):
    """A workbook with these rows."""
    file = upload(name="book.xlsx")
    workbook = Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.save(file)
    file.seek(0)
    return file


def test_a_workbook_says_at_most_how_many_rows_it_has_until_it_has_been_read(page, steward):
    rows = (["account", "name"], ["C1", "New"], [" "], ["C2", "New"], ["C3", "New"])
    job = jobs.prepare(book(*rows), {}, by=steward)
    seen = []

    def look(job, outcomes):
        part = page.get(url("import_progress", job)).content.decode()
        [text] = re.findall(r"\d of (?:at most )?\d rows", part)
        seen.append((text, "at most" in terminal.line(job)))

    jobs.work(job.pk, tell=look)
    jobs.confirm(job.pk, by=steward)
    jobs.work(job.pk, tell=look)
    assert seen == [
        ("1 of at most 4 rows", True),
        ("2 of at most 4 rows", True),
        ("3 of at most 4 rows", True),
        ("1 of 3 rows", False),
        ("2 of 3 rows", False),
        ("3 of 3 rows", False),
    ]
