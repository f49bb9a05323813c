"""Customers as files that import back without a change."""

import csv
import gc
import io
import sys
import threading
import tracemalloc
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from approvals.imports import import_jobs
from approvals.imports.files import open_table
from customers import exports
from customers.imports import jobs
from customers.models import Customer, PaymentTerms
from tests.customers.factories import customer
from tests.customers.imports.helpers import outcomes
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db

AWKWARD = {
    "00123": {"name": "0042", "postal_code": "00420", "identification_number": "1e5"},
    "A1": {"name": "=HYPERLINK(1)"},
    "A2": {"name": "+31 20 123", "phone": "+31 20 1234567"},
    "A3": {"name": "'=x"},
    "A4": {"name": "'t Hart"},
    "A5": {"name": "-5", "known_as": "@home", "city": "\uff1dFull width"},
    "A6": {"name": "Lines", "street": '1 Way\nBehind; the, "shed"', "notes": "a\tb\n\nc"},
    "A7": {
        "name": "Numbers",
        "credit_limit": Decimal("9999999999999.99"),
        "payment_terms_base_days": 0,
    },
    "A8": {"name": "Yes", "electronic_invoice": True, "credit_limit": Decimal("0.10")},
    "A9": {"name": "Åse Ünlü 株式会社", "search_name": "_x0041_"},
    "B1": {"name": "Codes", "payment_terms": "007", "country": "NO", "invoice_account": "00123"},
}


@pytest.fixture
def awkward(db):
    """Customers whose values a spreadsheet would like to change."""
    PaymentTerms.objects.get_or_create(code="007", defaults={"name": "Seven"})
    for account, values in AWKWARD.items():
        customer(account, **values)


def written(folder, file_format):
    """An export of all customers as a file."""
    path = folder / f"all.{file_format}"
    path.write_bytes(b"".join(exports.export(None, file_format)))
    return path


def imported(by, path):
    """The job of importing a file."""
    job = import_jobs.new_job(Customer, by=by, file_name=path.name)
    job.save()
    jobs.run(job, path, dry_run=False)
    return job


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_an_export_imports_back_without_a_change(steward, awkward, tmp_path, file_format):
    path = written(tmp_path, file_format)
    before = list(Customer.objects.order_by("pk").values())
    job = imported(steward, path)
    assert set(outcomes(job).values()) == {"unchanged"}, list(
        job.row_outcomes.exclude(outcome="unchanged").values("key", "changes", "errors")
    )
    assert job.rows == len(AWKWARD)
    assert list(Customer.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_an_export_recreates_the_customers_elsewhere(steward, awkward, tmp_path, file_format):
    path = written(tmp_path, file_format)
    names = list(exports.CustomerResource().fields)
    before = list(Customer.objects.values(*names))
    with unguarded():
        Customer.objects.all()._raw_delete("default")
    imported(steward, path)
    assert list(Customer.objects.values(*names)) == before


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_no_exported_cell_is_a_formula(awkward, file_format):
    content = b"".join(exports.export(None, file_format))
    if file_format == "csv":
        cells = [c for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for c in row]
    else:
        from openpyxl import load_workbook

        sheet = load_workbook(io.BytesIO(content)).active
        assert not [c for row in sheet.iter_rows() for c in row if c.data_type == "f"]
        cells = [str(c.value) for row in sheet.iter_rows() for c in row if c.value]
    dangerous = tuple("=+@\t\r") + ("\uff1d", "\uff0b", "\uff20", "\uff0d")
    assert not [cell for cell in cells if cell.startswith(dangerous)]


@pytest.fixture
def page(client, steward):
    client.force_login(steward)
    return client


def exported(response):
    content = io.BytesIO(b"".join(response.streaming_content))
    table = open_table(content, name="export")
    return [row.cells[0] for row in table.rows()]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_button_exports_what_the_list_shows(page, file_format):
    customer("B1", name="Bakery", on_hold="All")
    customer("B2", name="Bakery")
    customer("C1", name="Cafe")
    url = reverse("customers:export")
    assert exported(page.get(f"{url}?format={file_format}")) == ["B1", "B2", "C1"]
    response = page.get(f"{url}?format={file_format}&q=bakery&sort=-account")
    assert response["Content-Disposition"].endswith(f'.{file_format}"')
    assert exported(response) == ["B2", "B1"]


def test_exporting_takes_the_right_to(client, person):
    url = reverse("customers:export")
    for role, status in (("Approver", 403), ("Auditor", 200), ("Clerk", 200)):
        client.force_login(person(f"a_{role}", role))
        assert client.get(url).status_code == status


def test_an_unknown_format_is_not_found(page):
    assert page.get(reverse("customers:export") + "?format=exe").status_code == 404


def test_the_export_reads_the_database_once(awkward, django_assert_num_queries):
    with django_assert_num_queries(1):
        b"".join(exports.export(None, "csv"))


def test_the_command_writes_a_file_by_its_name(awkward, tmp_path):
    for name in ("all.csv", "all.xlsx"):
        call_command("export_customers", str(tmp_path / name))
        table = open_table(tmp_path / name, name=name)
        assert table.format == name[-4:].strip(".")
        assert len(list(table.rows())) == len(AWKWARD)


def test_the_command_writes_to_standard_output(awkward, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    call_command("export_customers", "-", "--format", "csv")
    table = open_table(out.buffer, name="-")
    assert len(list(table.rows())) == len(AWKWARD)


def test_more_customers_than_a_sheet_holds_are_refused_before_the_first(page, monkeypatch):
    customer("C1")
    customer("C2")
    monkeypatch.setattr("approvals.imports.files.xlsx_writing.SHEET_ROWS", 1)
    url = reverse("customers:export") + "?format="
    shown = page.get(url + "xlsx", follow=True).content.decode()
    assert "A sheet of a workbook holds 1 rows. Choose CSV" in shown
    assert exported(page.get(url + "csv")) == ["C1", "C2"]
    with pytest.raises(CommandError, match="Choose CSV"):
        call_command("export_customers", "-", "--format", "xlsx")


@pytest.mark.django_db(transaction=True)
def test_an_export_half_way_keeps_nobody_from_writing_and_goes_on_after_it(monkeypatch):
    def a_write():
        customer("NEW")
        connection.close()

    for number in range(30):
        customer(f"C{number:02}")
    monkeypatch.setattr(exports, "CHUNK_ROWS", 5)
    rows = exports.rows(Customer.objects.order_by("account"))
    first = next(rows)
    thread = threading.Thread(target=a_write)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert Customer.objects.filter(account="C29").exists()
    assert [row[0] for row in (first, *rows)][:30] == [f"C{number:02}" for number in range(30)]
    assert Customer.objects.filter(account="NEW").exists()


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_eight_times_the_customers_take_no_more_memory(file_format):
    customer("C1", name="Example", street="1 Way")
    names = [column.attribute for column in exports.CustomerResource().get_export_fields()]
    _account, *values = Customer.objects.values_list(*names).get()

    class Many:
        """As many customers as wanted, as a query hands them out."""

        def __init__(self, count):
            self.stored = count

        def order_by(self):
            return self

        def count(self):
            return self.stored

        def values_list(self, *_names):
            return self

        def iterator(self, chunk_size):
            return ([f"C{n:06}", *values] for n in range(self.stored))

    def peak(count):
        gc.collect()
        tracemalloc.start()
        for _piece in exports.export(Many(count), file_format):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1200)  # what is only made once
    assert peak(9600) <= peak(1200) * 1.1
