"""Discarding proposed changes, on a wide screen and on a phone."""

from decimal import Decimal

import pytest

from approvals.models import Proposal, State
from tests.customers.factories import customer

from .steps import edit, expect, expect_no_changes_open

pytestmark = pytest.mark.parametrize("width", [1280, 390])


@pytest.fixture
def shop(workflow, govern_fields):
    """A customer whose credit limit and credit rating need approval."""
    govern_fields("credit_limit", "credit_rating")
    return customer("S-1", name="Shop", credit_limit=Decimal(1000), credit_rating="B")


@pytest.fixture
def page(page_of, shop, clerk, width):
    """The Proposed changes page with both fields changed."""
    page = page_of(clerk, width)
    edit(page, shop, {"Credit limit": "2500", "Credit rating": "A"})
    return page


def test_one_of_two_changes_is_discarded_and_ok_leads_back(page, shop):
    page.get_by_role("button", name="Discard Credit limit").click()

    expect(page.get_by_role("row", name="Credit limit")).to_have_count(0)
    expect(page.get_by_role("row", name="Credit rating")).to_be_visible()
    page.get_by_role("link", name="OK", exact=True).click()
    expect(page.get_by_role("heading", name="S-1 : Shop")).to_be_visible()
    expect(page.get_by_text("Changes have not been submitted")).to_be_visible()


def test_the_proposal_is_gone_with_its_last_change(page, shop):
    page.get_by_role("button", name="Discard Credit limit").click()
    page.get_by_role("button", name="Discard Credit rating").click()

    expect_no_changes_open(page, shop)
    assert Proposal.objects.get().state == State.DISCARDED


def test_all_changes_are_discarded_after_one_question(page, shop):
    page.get_by_role("link", name="Discard all changes").click()
    expect(page.get_by_text("Discard all these changes?")).to_be_visible()
    assert Proposal.objects.get().state == State.NOT_SUBMITTED

    page.get_by_role("button", name="Discard all changes").click()

    expect(page.get_by_text("2 proposed changes have been discarded.")).to_be_visible()
    expect_no_changes_open(page, shop)
    assert Proposal.objects.get().state == State.DISCARDED
