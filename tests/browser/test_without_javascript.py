"""Scripts are comfort: with JavaScript switched off a change still goes from edit to applied."""

from decimal import Decimal

import pytest

from tests.customers.factories import customer

from .steps import decide, edit, expect, expect_no_changes_open, submit, submitted


@pytest.fixture
def shop(workflow, govern_fields):
    govern_fields("credit_limit")
    return customer("S-1", name="Shop", credit_limit=Decimal(1000))


@pytest.fixture
def plain_page_of(page_of):
    """As page_of, without scripts."""
    return lambda user: page_of(user, java_script_enabled=False)


def test_a_change_is_edited_submitted_and_approved(
    plain_page_of, shop, clerk, approver, second_approver
):
    desk = plain_page_of(clerk)
    edit(desk, shop, {"Credit limit": "2500"})
    expect(desk.get_by_text("Changes have not been submitted")).to_be_visible()
    submit(desk)
    decide(plain_page_of(approver), shop, "Approve")
    decide(plain_page_of(second_approver), shop, "Approve")

    shop.refresh_from_db()
    assert shop.credit_limit == Decimal(2500)
    desk.goto(shop.get_absolute_url())
    expect_no_changes_open(desk, shop)


def test_ticked_work_items_are_decided(plain_page_of, shop, clerk, approver):
    submitted(shop, clerk, credit_limit="2500")
    page = plain_page_of(approver)
    page.goto("/work-items/")
    page.get_by_label("Select S-1", exact=True).check()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Approve: 1 work item").click()

    expect(page.get_by_role("row", name="S-1")).to_contain_text("Finance director")
