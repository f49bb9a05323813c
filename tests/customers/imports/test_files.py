"""What people see of a file, and where it may come from."""

import io
import sys

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from approvals.imports.files import open_table
from approvals.models import ImportJob
from customers.imports import jobs, template
from tests.customers.factories import customer

from .helpers import outcomes, stored, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def customers(db):
    customer("C1", name="Old")


def shown(client, steward, data, **options):
    """The page that the upload of a file leads to."""
    client.force_login(steward)
    form = {"file": SimpleUploadedFile("c.csv", data), "decimal_separator": ".", **options}
    return client.post(reverse("customers:import"), form, follow=True).content.decode()


def test_a_sample_beside_the_encoding_shows_that_it_is_the_wrong_one(client, steward):
    data = "account,name\nC1,Zoë\n".encode()
    assert "<td>Zoë</td>" in shown(client, steward, data)
    assert "<td>ZoÃ«</td>" in shown(client, steward, data, encoding="latin-1")


def test_a_file_refused_for_its_columns_shows_its_sample_too(client, steward):
    page = shown(client, steward, b"account;name\nC1;New\n", delimiter=",")
    assert "Refused" in page
    assert '<th scope="col">account;name</th>' in page
    assert "<td>C1;New</td>" in page


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_template_says_what_is_required_and_governed_now(govern_fields, file_format):
    govern_fields("name", "iban")
    data = b"".join(template.template(file_format))
    cells = open_table(io.BytesIO(data), name="template")
    lines = [cells for _number, cells, _error in cells._file.records()]
    notes = {name: note for name, note in zip(*lines[:2], strict=True) if note}
    assert notes == {
        "account": "# required",
        "name": "# required, needs approval",
        "customer_group": "# required",
        "iban": "# needs approval",
    }


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_notes_of_a_template_are_no_row(steward, file_format):
    data = b"".join(template.template(file_format))
    table = open_table(io.BytesIO(data), name="template")
    assert ([row.number for row in table.rows()], table.row_count) == ([3], 1)
    job = jobs.prepare(SimpleUploadedFile("t", data), {}, by=steward)
    assert outcomes(job) == {3: "created"}


def test_notes_further_down_are_a_row():
    table = open_table(io.BytesIO(b"account,name\nC1,x\n# required,\n"), name="x")
    assert [row.cells[0] for row in table.rows()] == ["C1", "# required"]


def imported(monkeypatch, data):
    """Import what stands at standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    call_command("import_customers", "-", "--user", "steward", stdout=io.StringIO())


def test_the_command_takes_standard_input(steward, monkeypatch):
    imported(monkeypatch, b"account,name\nC1,New\n")
    assert stored("C1", "name") == "New"
    assert ImportJob.objects.get().file_name == "standard input"


def test_standard_input_has_the_limit_of_a_file(steward, monkeypatch, capsys):
    monkeypatch.setattr("approvals.imports.files.limits.FILE_BYTES", 10)
    with pytest.raises(SystemExit) as left:
        imported(monkeypatch, b"account,name\nC1,New\n")
    assert left.value.code == 2
    assert stored("C1", "name") == "Old"


def test_failed_rows_are_read_from_the_database_as_they_are_written(
    steward, django_assert_num_queries
):
    lines = [f"C1,{'x' * 1000}", *(f",Name {n}" for n in range(50))]
    job = jobs.prepare(upload("account,name", *lines), {}, by=steward)
    assert job.failed == 51
    with django_assert_num_queries(1):
        data = b"".join(jobs.failed_rows(job))
    assert len(list(open_table(io.BytesIO(data), name="x").rows())) == 51
