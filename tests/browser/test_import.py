"""A file's way through the import page: preview, import, failed rows."""

from decimal import Decimal

import pytest

from approvals.models import Behavior, Proposal, State
from customers.models import Customer
from tests.customers.factories import customer

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is missing").expect
pytestmark = pytest.mark.browser

FILE = """account,name,customer_group,credit_limit,phone
S-1,,,2500,030 2
S-2,,,much,030 3
S-3,New shop,10,500,
"""


@pytest.fixture
def shops(workflow, govern_fields):
    """Two customers whose credit limit needs approval, under Create change proposals."""
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)
    return [customer(account, credit_limit=Decimal(1000)) for account in ("S-1", "S-2")]


@pytest.fixture
def file(tmp_path):
    """A file with a row that changes, one that fails, and a new customer."""
    path = tmp_path / "limits.csv"
    path.write_text(FILE)
    return path


def test_a_file_is_previewed_imported_and_its_failed_rows_come_back(page_of, shops, steward, file):
    page = page_of(steward)
    page.goto("/customers/import/")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("row", name="S-1")).to_contain_text("2,500.00")
    expect(page.get_by_role("row", name="S-2")).to_contain_text("Failed")
    assert not Proposal.objects.exists()
    assert Customer.objects.count() == 2

    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported", exact=True)).to_be_visible()
    assert Proposal.objects.get().state == State.PENDING
    assert Customer.objects.get(account="S-1").phone == "030 2"
    assert Customer.objects.get(account="S-1").credit_limit == Decimal(1000)
    assert Customer.objects.get(account="S-3").credit_limit == Decimal(500)

    with page.expect_download() as download:
        page.get_by_text("Failed rows").first.click()
    assert "S-2" in download.value.path().read_text()
    assert "S-1" not in download.value.path().read_text()
