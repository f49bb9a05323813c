"""Full disks: nothing is half there, and once there is room again all goes on."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from approvals.imports import uploads
from approvals.models import ImportJob, Proposal, State
from tests.customers.factories import customer
from tests.customers.imports.helpers import upload

from . import company, findings
from .company import VOTERS
from .crowd import Crowd
from .disks import fill, small_disk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stella():
    """The data steward's browser."""
    company.found_company()
    client = Client()
    client.force_login(company.person("stella"), company.BACKEND)
    return client


@pytest.fixture
def disk(tmp_path, settings):
    """A small disk that uploaded files are to be kept on."""
    with small_disk(tmp_path / "uploads", 64 * 1024) as folder:
        settings.UPLOAD_DIR = folder
        yield folder


def send(client, *lines):
    return client.post(
        reverse("customers:import"), {"file": upload(*lines), "decimal_separator": "."}
    )


def rows(count):
    return ["account,name", *(f"F{number},{'x' * 50}" for number in range(count))]


@pytest.mark.parametrize("count", [1, 2000])
def test_an_upload_that_the_disk_has_no_room_for_is_refused_and_leaves_nothing(stella, disk, count):
    junk = fill(disk) if count == 1 else None
    response = send(stella, *rows(count))
    assert response.status_code == 200
    assert "could not keep the file (No space left on device)" in response.content.decode()
    assert not ImportJob.objects.exists()
    if junk:
        junk.unlink()
    assert list(disk.iterdir()) == []
    assert send(stella, *rows(1)).status_code == 302
    assert ImportJob.objects.get().state == ImportJob.State.PREVIEW


def test_an_import_goes_on_while_the_disk_with_its_file_is_full(stella, disk):
    customer("F0")
    send(stella, *rows(1), "F9,,")
    job = ImportJob.objects.get()
    fill(disk)
    stella.post(reverse("customers:import_confirm", args=[job.pk]))
    job.refresh_from_db()
    assert (job.state, job.updated, job.failed) == (ImportJob.State.DONE, 1, 1)
    failed = stella.get(reverse("customers:import_failed_rows", args=[job.pk]))
    assert b"F9" in b"".join(failed.streaming_content)


def test_failed_rows_of_a_file_that_is_gone_are_no_error_of_the_program(stella):
    send(stella, *rows(1), "F9,,")
    job = ImportJob.objects.get()
    uploads.path_of(job).unlink()
    response = stella.get(reverse("customers:import_failed_rows", args=[job.pk]))
    assert response.status_code == 302
    page = stella.get(response.url).content.decode()
    assert "The program cannot read “test.csv”" in page


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's file on a full disk")
def test_a_decision_that_the_disk_has_no_room_for_is_not_taken_at_all(tmp_path, monkeypatch):
    company.found_company()
    found = list(company.propose([f"D{n}" for n in range(20)], credit_limit="200").values())
    items = company.items_of(found)
    deed = company.decide_all(VOTERS[0], found, items)
    with small_disk(tmp_path / "database", 24 * 1024 * 1024) as folder:
        copy = folder / "copy.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        monkeypatch.setitem(connection.settings_dict, "NAME", str(copy))
        people = Crowd(1)
        try:
            people.together([company.read_notifications(VOTERS[0])])
            junk = fill(folder)
            [answer] = people.together([deed])
            assert "full" in answer["error"]
            connection.close()
            assert not Proposal.objects.filter(state=State.APPROVED).exists()
            junk.unlink()
            [answer] = people.together([deed])
            assert "20 decided" in answer["text"]
            assert Proposal.objects.filter(state=State.APPROVED).count() == 20
            assert findings.of_proposals(found, alone=False) == []
        finally:
            people.end()
            connection.close()
            monkeypatch.undo()
