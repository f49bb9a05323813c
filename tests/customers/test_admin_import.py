"""import-export's pages in Django admin."""

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from approvals.imports.files import open_table
from approvals.models import Behavior, ImportJob, Proposal
from customers.models import Customer
from tests.customers.factories import customer

pytestmark = pytest.mark.django_db

IMPORT = "/admin/customers/customer/import/"
CONFIRM = "/admin/customers/customer/process_import/"
FILE = b"account;name;city\nC1;New;Town\nC2;New;a\xe2\x80\xaeb\nC3;Old;\nC4\n"


@pytest.fixture(autouse=True)
def customers(db):
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old")


@pytest.fixture
def worker(client, person):
    """Someone who may use the page, logged in."""
    user = person("worker", "Data steward", is_staff=True)
    client.force_login(user)
    return user


def preview(client, content=FILE, name="customers.csv"):
    form = {"import_file": SimpleUploadedFile(name, content), "format": "0", "resource": "0"}
    return client.post(IMPORT, form)


def confirm(client, response):
    form = response.context["confirm_form"]
    return client.post(CONFIRM, {name: form.initial[name] for name in form.fields}, follow=True)


def names():
    return list(Customer.objects.order_by("account").values_list("name", flat=True))


def test_the_preview_shows_good_and_bad_rows_and_lets_confirm(client, worker):
    response = preview(client)
    shown = response.content.decode()
    for expected in ("Old → New", "U+202E", "The row has 1 cells", "Confirm import"):
        assert expected in shown
    assert [row["kind"] for row in response.context["rows"]] == [
        "updated",
        "failed",
        "unchanged",
        "failed",
    ]
    assert names() == ["Old"] * 3


def test_confirming_imports_the_good_rows(client, worker):
    response = confirm(client, preview(client))
    assert "Updated 1" in response.content.decode()
    assert "Failed 2" in response.content.decode()
    assert names() == ["New", "Old", "Old"]
    job = ImportJob.objects.get()
    assert (job.created_by, job.file_name, job.updated, job.failed) == (
        worker,
        "customers.csv",
        1,
        2,
    )
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("field", ["format", "resource"])
@pytest.mark.parametrize("text", ["5", "-7", "x", "²", "9" * 5000])
def test_a_garbled_confirmation_is_shown_as_wrong(client, worker, field, text):
    form = preview(client).context["confirm_form"]
    values = {name: form.initial[name] for name in form.fields}
    response = client.post(CONFIRM, {**values, field: text})
    assert response.status_code == 200
    assert field in response.context["confirm_form"].errors
    assert names() == ["Old"] * 3


def test_confirming_twice_imports_once(client, worker):
    response = preview(client)
    confirm(client, response)
    assert "confirmed already" in confirm(client, response).content.decode()
    assert ImportJob.objects.count() == 1


def test_governed_fields_are_proposed_where_the_parameter_says_so(
    client, worker, workflow, govern_fields
):
    govern_fields("name", behavior=Behavior.PROPOSE)
    confirm(client, preview(client))
    assert names() == ["Old"] * 3
    assert Proposal.objects.get().record_key == "C1"


def test_rules_that_changed_since_the_preview_ask_for_a_new_one(client, worker, govern_fields):
    response = preview(client)
    govern_fields("city")
    assert "new preview" in confirm(client, response).content.decode()
    assert names() == ["Old"] * 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"account,shoe\nC1,44\n", "shoe"),
        (b"CUSTOMERACCOUNT,DATAAREAID\nC1,A\nC2,B\n", "several companies"),
        (b"account\n" + b"C1\n" * 2001, "Use Import customers"),
    ],
)
def test_a_refused_file_says_why_and_cannot_be_confirmed(client, worker, content, reason):
    shown = preview(client, content).content.decode()
    assert reason in shown
    assert "Confirm import" not in shown
    assert "Traceback" not in shown


def test_a_large_file_is_for_the_other_page(client, worker, monkeypatch):
    monkeypatch.setattr("customers.admin_import.MOST_BYTES", 10)
    assert "Use Import customers" in preview(client).content.decode()


@pytest.mark.parametrize("name", ["../../etc/passwd", "passwd", "admin-", "admin-" + "0" * 32])
def test_no_other_file_is_read_or_removed(client, worker, settings, name):
    settings.UPLOAD_DIR.mkdir(exist_ok=True)
    other = settings.UPLOAD_DIR / "passwd"
    other.write_text("secret")
    form = {"import_file_name": name, "original_file_name": "x", "format": "0", "rules": "x"}
    assert client.post(CONFIRM, form).status_code == 302
    assert other.read_text() == "secret"


@pytest.mark.parametrize("url", [IMPORT, CONFIRM])
def test_only_who_may_import_gets_in(client, person, url):
    client.force_login(person("reader", "Administrator", is_staff=True))
    assert client.post(url).status_code == 403


@pytest.mark.parametrize(("number", "file_format"), [("0", "csv"), ("1", "xlsx")])
def test_an_export_is_neutralised_and_imports_back(client, worker, number, file_format):
    customer("D1", name="=1+1")
    url = reverse("admin:customers_customer_export")
    response = client.post(url, {"format": number, "resource": "0"})
    assert response["Content-Disposition"].endswith(f'.{file_format}"')
    assert b'"=1+1"' not in response.content
    table = open_table(io.BytesIO(response.content), name="export")
    assert [row.cells[:2] for row in table.rows()][-1] == ["D1", "=1+1"]
    shown = preview(client, response.content)
    assert {row["kind"] for row in shown.context["rows"]} == {"unchanged"}
