"""A file's way through the import page: preview, import, failed rows."""

import csv
from decimal import Decimal

import pytest

from approvals.models import Behavior, Proposal, State
from customers.models import Customer
from tests.customers.factories import customer

from .steps import expect

FILE = """account,name,customer_group,credit_limit,phone
S-1,,,2500,030 2
S-2,,,much,030 3
S-3,New shop,10,500,
S-4,,,,030 4
S-5,,,1000,
"""
OUTCOMES = {
    "S-1": "Proposed",
    "S-2": "Failed",
    "S-3": "New",
    "S-4": "Updated",
    "S-5": "Unchanged",
}


@pytest.fixture
def shops(workflow, govern_fields):
    """Customers whose credit limit needs approval, under Create change proposals."""
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)
    accounts = ("S-1", "S-2", "S-4", "S-5")
    return [customer(account, credit_limit=Decimal(1000)) for account in accounts]


@pytest.fixture
def file(tmp_path):
    """A file with a row of each outcome."""
    path = tmp_path / "limits.csv"
    path.write_text(FILE)
    return path


def preview(page, file):
    """From the start page to the preview of a file."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Import").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Preview").click()


def expect_outcomes(page):
    """Each row shows its outcome, and the failed one why."""
    for account, outcome in OUTCOMES.items():
        row = page.get_by_role("row", name=account)
        expect(row.locator(".badge")).to_have_text(outcome)
    expect(page.get_by_role("row", name="S-1")).to_contain_text("2,500.00")
    expect(page.get_by_role("row", name="S-2")).to_contain_text("Credit limit")


def stored():
    """Account, telephone and credit limit of every customer."""
    return {(c.account, c.phone, c.credit_limit) for c in Customer.objects.all()}


def test_a_file_is_previewed_imported_and_its_failed_rows_come_back(page_of, shops, steward, file):
    page, before = page_of(steward), stored()
    preview(page, file)
    expect_outcomes(page)
    assert stored() == before
    assert not Proposal.objects.exists()

    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    expect_outcomes(page)
    assert Proposal.objects.get().state == State.PENDING
    assert stored() - before == {
        ("S-1", "030 2", Decimal(1000)),
        ("S-3", "", Decimal(500)),
        ("S-4", "030 4", Decimal(1000)),
    }

    with page.expect_download() as download:
        page.get_by_role("link", name="Failed rows").click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as failed:
        [row] = csv.DictReader(failed)
    assert (row["account"], row["credit_limit"], row["phone"]) == ("S-2", "much", "030 3")
    assert row["Failed field"] == "credit_limit"
