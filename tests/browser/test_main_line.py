"""What the reference's page describes, in a browser: from a clerk's edit to applied values."""

import re
from decimal import Decimal

import pytest

from approvals.models import Proposal, State
from tests.customers.factories import customer

from .steps import choose, decide, edit, expect, expect_no_changes_open, submit


@pytest.fixture
def shop(workflow, govern_fields):
    """A customer whose credit limit needs approval."""
    govern_fields("credit_limit")
    return customer("S-1", name="Shop", credit_limit=Decimal(1000), phone="030 1")


def stored(record):
    """Telephone and credit limit as they are now."""
    record.refresh_from_db()
    return record.phone, record.credit_limit


def test_a_change_goes_from_edit_to_applied(page_of, shop, clerk, approver, second_approver):
    desk = page_of(clerk)
    edit(desk, shop, {"Credit limit": "2500", "Telephone": "030 2"})

    expect(desk).to_have_title(re.compile("^Proposed changes"))
    expect(desk.get_by_text("Saved: Telephone.")).to_be_visible()
    expect(desk.get_by_text("Needs approval: Credit limit.")).to_be_visible()
    expect(desk.get_by_text("Changes have not been submitted")).to_be_visible()
    row = desk.get_by_role("row", name="Credit limit")
    expect(row).to_contain_text("1,000.00")
    expect(row).to_contain_text("2,500.00")
    assert stored(shop) == ("030 2", Decimal(1000))

    desk.get_by_role("textbox", name="Note to the approvers").fill("They grow.")
    submit(desk)
    expect(desk.get_by_text("They grow.")).to_be_visible()
    office = page_of(approver)
    decide(office, shop, "Approve")
    expect(office.get_by_text("S-1: Approved")).to_be_visible()
    assert stored(shop) == ("030 2", Decimal(1000))
    decide(page_of(second_approver), shop, "Approve", comment="Agreed.")
    assert stored(shop) == ("030 2", Decimal(2500))

    desk.goto(shop.get_absolute_url())
    expect(desk.locator(".value", has_text="2,500.00")).to_be_visible()
    expect_no_changes_open(desk, shop)
    desk.get_by_role("link", name="History", exact=True).click()
    for text in ("They grow.", "Agreed.", "Anna Approver", "Ben Approver"):
        expect(desk.locator(".timeline").get_by_text(text).first).to_be_visible()


def test_a_rejected_change_is_edited_and_submitted_again(
    page_of, shop, clerk, approver, second_approver
):
    desk, office = page_of(clerk), page_of(approver)
    edit(desk, shop, {"Credit limit": "9000"})
    submit(desk)

    decide(office, shop, "Reject")
    expect(office.get_by_text("a reason is required")).to_be_visible()
    assert Proposal.objects.get().state == State.PENDING
    decide(office, shop, "Reject", comment="Too much.")
    assert Proposal.objects.get().state == State.REJECTED

    desk.goto(shop.get_absolute_url())
    expect(desk.locator(".status", has_text="Rejected by Anna Approver")).to_contain_text(
        "Too much."
    )
    edit(desk, shop, {"Credit limit": "3000"})
    submit(desk)
    decide(office, shop, "Approve")
    decide(page_of(second_approver), shop, "Approve")
    assert stored(shop) == ("030 1", Decimal(3000))


def test_submitted_changes_are_recalled(page_of, shop, clerk, approver):
    desk, office = page_of(clerk), page_of(approver)
    edit(desk, shop, {"Credit limit": "2500"})
    submit(desk)
    office.goto("/work-items/")
    expect(office.get_by_role("link", name=str(shop))).to_be_visible()

    choose(desk, "Recall")
    expect(desk.get_by_text("Take these changes back from the approvers?")).to_be_visible()
    assert Proposal.objects.get().state == State.PENDING
    desk.get_by_role("main").get_by_role("button", name="Recall").click()

    expect(desk.get_by_text("Changes have not been submitted")).to_be_visible()
    expect(desk.get_by_role("row", name="Credit limit")).to_contain_text("2,500.00")
    office.reload()
    expect(office.get_by_text("Nothing waits for you")).to_be_visible()
    assert stored(shop) == ("030 1", Decimal(1000))
