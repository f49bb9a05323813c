"""What the reference's page describes, in a browser: from a clerk's edit to applied values."""

import re
from decimal import Decimal

import pytest

from approvals.models import Proposal, State
from tests.customers.factories import customer

expect = pytest.importorskip("playwright.sync_api", reason="Playwright is missing").expect
pytestmark = pytest.mark.browser


@pytest.fixture
def shop(workflow, govern_fields):
    """A customer whose credit limit and terms of payment need approval."""
    govern_fields("credit_limit", "payment_terms")
    return customer("S-1", name="Shop", credit_limit=Decimal(1000), phone="030 1")


def edit(page, record, **labelled):
    """Open a customer from the list, set fields by their labels, and save."""
    page.goto(f"/customers/?q={record.account}")
    page.get_by_role("link", name=record.account).first.click()
    page.get_by_role("link", name="Edit", exact=True).click()
    for label, value in labelled.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)
    page.get_by_role("button", name="Save", exact=True).first.click()


def choose(page, entry):
    """Choose an entry of the Workflow menu in the Action Pane."""
    page.locator("summary", has_text="Workflow").click()
    page.locator(".menu-list").get_by_text(entry, exact=True).click()


def decide(page, record, action, comment=""):
    """Follow a work item to the customer and decide it in the Workflow menu."""
    page.goto("/work-items/")
    page.get_by_role("link", name=str(record)).click()
    choose(page, action)
    page.get_by_label(re.compile("^Comment")).fill(comment)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.locator("main form").get_by_role("button", name=action, exact=True).click()


def test_a_change_goes_from_edit_to_applied(page_of, shop, clerk, approver, second_approver):
    desk = page_of(clerk)
    edit(desk, shop, Credit_limit="2500", Telephone="030 2")

    expect(desk).to_have_title(re.compile("^Proposed changes"))
    expect(desk.get_by_text("Saved: Telephone.")).to_be_visible()
    expect(desk.get_by_text("Changes have not been submitted")).to_be_visible()
    row = desk.get_by_role("row", name="Credit limit")
    expect(row).to_contain_text("1,000.00")
    expect(row).to_contain_text("2,500.00")
    shop.refresh_from_db()
    assert (shop.phone, shop.credit_limit) == ("030 2", Decimal(1000))

    desk.get_by_role("textbox", name="Note to the approvers").fill("They grow.")
    choose(desk, "Submit")
    expect(desk.get_by_text("Changes pending approval")).to_be_visible()
    decide(page_of(approver), shop, "Approve")
    shop.refresh_from_db()
    assert shop.credit_limit == Decimal(1000)
    decide(page_of(second_approver), shop, "Approve", comment="Agreed.")
    shop.refresh_from_db()
    assert shop.credit_limit == Decimal(2500)

    desk.goto(shop.get_absolute_url())
    expect(desk.locator(".value", has_text="2,500.00")).to_be_visible()
    expect(desk.get_by_role("link", name="Proposed changes")).to_have_count(0)
    expect(desk.locator("summary", has_text="Workflow")).to_have_count(0)
    desk.get_by_role("link", name="History", exact=True).click()
    expect(desk.get_by_text("Agreed.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_change_can_be_discarded(page_of, shop, clerk, width):
    page = page_of(clerk, width)
    edit(page, shop, Credit_limit="2500")
    page.get_by_role("button", name="Discard Credit limit").click()

    expect(page.get_by_text("Changes have not been submitted")).to_have_count(0)
    assert Proposal.objects.get().state == State.DISCARDED
    page.goto(shop.get_absolute_url())
    expect(page.get_by_role("link", name="Proposed changes")).to_have_count(0)


def test_all_changes_are_discarded_after_one_question(page_of, shop, clerk):
    page = page_of(clerk)
    edit(page, shop, Credit_limit="2500")
    page.get_by_text("Discard all changes").first.click()
    assert Proposal.objects.get().state == State.NOT_SUBMITTED

    page.locator("main form").get_by_role("button", name="Discard all changes").last.click()

    expect(page.get_by_text("Changes have not been submitted")).to_have_count(0)
    assert Proposal.objects.get().state == State.DISCARDED


def test_a_rejected_change_is_edited_and_submitted_again(page_of, shop, clerk, approver):
    desk, office = page_of(clerk), page_of(approver)
    edit(desk, shop, Credit_limit="9000")
    choose(desk, "Submit")

    decide(office, shop, "Reject")
    expect(office.locator(".field-errors, .notice-error").first).to_be_visible()
    assert Proposal.objects.get().state == State.PENDING
    decide(office, shop, "Reject", comment="Too much.")
    assert Proposal.objects.get().state == State.REJECTED

    desk.goto(f"/customers/{shop.pk}/proposed-changes/")
    expect(desk.get_by_text("Too much.")).to_be_visible()
    edit(desk, shop, Credit_limit="3000")
    choose(desk, "Submit")
    expect(desk.get_by_text("Changes pending approval")).to_be_visible()
    office.goto("/work-items/")
    expect(office.get_by_role("row", name="S-1")).to_contain_text("3,000.00")
