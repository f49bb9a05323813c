"""Several work items are decided together."""

from decimal import Decimal

import pytest

from approvals.models import Proposal, State, WorkItem
from tests.approvals.definitions import change_step
from tests.customers.factories import customer

from .steps import expect, submitted


@pytest.fixture
def shops(workflow, govern_fields, clerk):
    """Three customers with a credit limit that waits for the approver."""
    govern_fields("credit_limit")
    shops = [customer(account, credit_limit=Decimal(1000)) for account in ("S-1", "S-2", "S-3")]
    for shop in shops:
        submitted(shop, clerk, credit_limit="2000")
    return shops


@pytest.fixture
def list_of_items(page_of, shops, approver):
    page = page_of(approver)
    page.goto("/work-items/")
    return page


def tick(page, *accounts):
    """Select work items."""
    for account in accounts:
        page.get_by_label(f"Select {account}", exact=True).check()


def states():
    """The state of each customer's proposal."""
    return list(Proposal.objects.order_by("pk").values_list("state", flat=True))


def test_ticked_work_items_are_approved_together(list_of_items, shops):
    page = list_of_items
    tick(page, "S-1", "S-3")
    expect(page.get_by_text("2 selected.")).to_be_visible()
    page.get_by_role("button", name="Approve").click()

    expect(page.get_by_role("heading", name="Approve: preview")).to_be_visible()
    for account in ("S-1", "S-3"):
        expect(page.get_by_role("row", name=account)).to_contain_text("2,000.00")
    assert set(states()) == {State.PENDING}
    page.get_by_role("button", name="Approve: 2 work items").click()
    for account in ("S-1", "S-3"):
        expect(page.get_by_role("row", name=account)).to_contain_text("Finance director")
    expect(page.get_by_role("row", name="S-2")).to_have_count(0)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("link", name="Waiting for me 1")).to_be_visible()
    expect(page.get_by_role("row", name="S-2")).to_be_visible()


def test_ticked_work_items_are_rejected_together_with_a_reason(list_of_items, shops):
    page = list_of_items
    tick(page, "S-1", "S-2")
    page.get_by_role("button", name="Reject").click()
    page.get_by_role("button", name="Reject: 2 work items").click()

    expect(page.get_by_text("a reason is required")).to_be_visible()
    assert set(states()) == {State.PENDING}
    page.get_by_label("Comment for all of them").fill("Not this year.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("heading", name="Reject: result")).to_be_visible()
    assert states() == [State.REJECTED, State.REJECTED, State.PENDING]


def test_one_click_selects_all(list_of_items, shops):
    page = list_of_items
    page.get_by_label("Select all on this page").check()
    expect(page.get_by_text("3 selected.")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Approve: 3 work items").click()
    expect(page.get_by_role("row", name="Decided")).to_have_count(3)


def test_nothing_selected_decides_nothing(list_of_items, shops):
    page = list_of_items
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Select at least one work item.")).to_be_visible()
    assert set(states()) == {State.PENDING}


def test_a_work_item_of_a_group_is_claimed_and_released(list_of_items, shops, approver, workflow):
    group = approver.groups.get()
    change_step(workflow.steps.get(position=1), groups=[group])
    WorkItem.objects.update(group=group)
    page = list_of_items
    page.reload()
    page.get_by_role("row", name="S-2").get_by_role("button", name="Claim").click()
    expect(page.get_by_text("1 work item claimed.")).to_be_visible()
    page.get_by_role("link", name="Claimed by me 1").click()
    page.get_by_role("button", name="Release S-2").click()
    expect(page.get_by_text("1 work item released.")).to_be_visible()
    expect(page.get_by_role("link", name="Claimed by me 0")).to_be_visible()
