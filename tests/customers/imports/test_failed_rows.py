"""Failed rows: downloaded as the file was, corrected, and imported as they are."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from approvals.imports.files import FAILED_ROW_HEADERS, write_xlsx
from approvals.models import ImportJob
from customers.imports import jobs
from tests.customers.factories import customer

from .helpers import outcomes, stored

pytestmark = pytest.mark.django_db

# In an order of the file's own, one column that is not kept, one that nobody knows.
HEADER = ["Name", "ACCOUNT", "PARTYNUMBER", "credit_limit", "shoe size", "street"]
STREET = '1 Way;\nBehind, the | "shed"\t!'
ROWS = [
    ["Good", "C1", "7", "5", "44", ""],
    ["=1+1", "C2", "=8", "much", "@44", STREET],
    ["Zoë", "C3", "-9", "1.5.5", " ", " Lane "],
]
AS_WRITTEN = [
    ["'=1+1", "C2", "'=8", "much", "'@44", STREET],
    ["Zoë", "C3", "-9", "1.5.5", " ", " Lane "],
]
OPTIONS = {"ignore_unknown_columns": True}


@pytest.fixture(autouse=True)
def customers(db):
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old")


def table(delimiter, encoding):
    """The rows as a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *ROWS])
    return text.getvalue().encode(encoding)


def book():
    """The rows as a workbook in which a spreadsheet wrote text as text."""
    workbook = Workbook()
    for row in (HEADER, *ROWS):
        workbook.active.append(row)
    for row in workbook.active.iter_rows():
        for cell in row:
            cell.data_type = "s"
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def imported(client, name, data, **options):
    """The import of a file, from upload to result."""
    form = {"decimal_separator": ".", "file": SimpleUploadedFile(name, data)}
    chosen = {key: "on" if value is True else value for key, value in options.items()}
    client.post(reverse("customers:import"), {**form, **chosen})
    job = ImportJob.objects.latest("pk")
    client.post(reverse("customers:import_confirm", args=[job.pk]))
    job.refresh_from_db()
    return job


def downloaded(client, job):
    response = client.get(reverse("customers:import_failed_rows", args=[job.pk]))
    return b"".join(response.streaming_content)


def expect_corrected(client, name, data):
    """What was corrected is imported without a word on how it is written."""
    job = imported(client, name, data, **OPTIONS)
    assert outcomes(job) == {2: "updated", 3: "updated"}
    assert stored("C2", "name", "credit_limit", "street") == ("=1+1", 2, STREET)
    assert stored("C3", "name", "credit_limit", "street") == ("Zoë", 3, "Lane")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_failed_rows_of_a_csv_file_are_corrected_and_imported(client, steward, delimiter, encoding):
    client.force_login(steward)
    chosen = {"encoding": encoding} if encoding in ("cp1252", "latin-1") else {}
    data = table(delimiter, encoding)
    job = imported(client, "a.csv", data, delimiter=delimiter, **chosen, **OPTIONS)
    assert outcomes(job) == {2: "updated", 3: "failed", 4: "failed"}

    text = downloaded(client, job).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert rows[0] == [*FAILED_ROW_HEADERS, *HEADER]
    assert [row[:2] for row in rows[1:]] == [["3", "credit_limit"], ["4", "credit_limit"]]
    assert all("is not a number" in row[2] for row in rows[1:])
    assert [row[3:] for row in rows[1:]] == AS_WRITTEN

    corrected = text.replace("much", "2").replace("1.5.5", "3").encode("utf-8-sig")
    expect_corrected(client, "a-failed.csv", corrected)


def test_failed_rows_of_a_workbook_are_corrected_and_imported(client, steward):
    client.force_login(steward)
    job = imported(client, "a.xlsx", book(), **OPTIONS)
    assert outcomes(job) == {2: "updated", 3: "failed", 4: "failed"}

    workbook = load_workbook(io.BytesIO(downloaded(client, job)))
    sheet = workbook.active
    header, *rows = ([cell.value or "" for cell in row] for row in sheet.iter_rows())
    assert header == [*FAILED_ROW_HEADERS, *HEADER]
    assert [row[:2] for row in rows] == [["3", "credit_limit"], ["4", "credit_limit"]]
    assert [row[3:] for row in rows] == AS_WRITTEN
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]

    sheet["G2"], sheet["G3"] = 2, 3.0  # as a person types them
    file = io.BytesIO()
    workbook.save(file)
    expect_corrected(client, "a-failed.xlsx", file.getvalue())


def test_failed_rows_of_a_chosen_sheet_are_those_of_that_sheet(client, steward):
    client.force_login(steward)
    workbook = Workbook()
    workbook.active.append(["nothing here"])
    sheet = workbook.create_sheet("Names")
    for row in (["account", "email"], ["C1", "nonsense"]):
        sheet.append(row)
    file = io.BytesIO()
    workbook.save(file)
    imported(client, "b.xlsx", file.getvalue())
    job = ImportJob.objects.get()
    job = jobs.preview_again(job.pk, {"sheet": "Names"}, by=steward)
    [row] = list(load_workbook(io.BytesIO(downloaded(client, job))).active.values)[1:]
    assert row[0::4] == ("2", "nonsense")


def test_what_is_left_wrong_fails_again_and_can_be_downloaded_again(client, steward):
    client.force_login(steward)
    data = b"".join(write_xlsx(HEADER, ROWS))
    job = imported(client, "a.xlsx", data, **OPTIONS)
    first = downloaded(client, job)
    again = imported(client, "a-failed.xlsx", first, **OPTIONS)
    assert outcomes(again) == {2: "failed", 3: "failed"}
    cells = [
        [row[3:] for row in load_workbook(io.BytesIO(content)).active.values]
        for content in (first, downloaded(client, again))
    ]
    assert cells[0] == cells[1]
