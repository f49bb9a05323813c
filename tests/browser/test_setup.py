"""An administrator sets up approvals in Django admin; the next save of a clerk follows it."""

from decimal import Decimal

import pytest

from approvals.models import VersionState, WorkflowVersion
from tests.customers.factories import customer

from .steps import edit, expect, submit


@pytest.fixture
def setup(page_of, administrator, approver):
    """The administrator's window, in Setup."""
    page = page_of(administrator)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Setup").click()
    return page


def enable(page, label):
    """Switch customer approvals on, for one field."""
    page.get_by_role("link", name="Accounts receivable parameters").first.click()
    page.get_by_role("group", name="Enable customer approvals").get_by_label("Yes").check()
    page.get_by_label(label, exact=True).check()
    page.get_by_role("button", name="Save").click()


def new_workflow(page, name):
    """New > Proposed customer change workflow."""
    page.get_by_role("link", name="Accounts receivable workflows").first.click()
    page.locator("summary", has_text="New").click()
    page.get_by_role("link", name="Proposed customer change workflow").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save").click()


def add_step(page, name, username):
    """Fill the empty step of a draft, its name and who decides, and go on to activate it."""
    page.locator("#id_steps-0-name").fill(name)
    users = page.locator("#steps-0 [data-column=users]")
    users.get_by_role("searchbox").press_sequentially(username)
    page.locator(".select2-results").get_by_role("option", name=username).click()
    expect(users.locator(".select2-selection__choice")).to_contain_text(username)
    page.get_by_role("button", name="Save and activate").click()


def test_approvals_begin_with_a_field_and_a_workflow(setup, page_of, clerk):
    shop = customer("S-1", name="Shop", credit_limit=Decimal(1000))
    enable(setup, "Credit limit")
    expect(setup.get_by_text("Open Accounts receivable workflows")).to_be_visible()

    new_workflow(setup, "Customers")
    add_step(setup, "Credit manager", "approver")
    expect(setup.get_by_text("Can decide now: Anna Approver")).to_be_visible()
    setup.get_by_role("button", name="Activate").click()
    expect(setup.get_by_text("Version 1 is active.")).to_be_visible()
    assert WorkflowVersion.objects.get().state == VersionState.ACTIVE

    desk = page_of(clerk)
    edit(desk, shop, {"Credit limit": "2500"})
    submit(desk)
    expect(desk.get_by_text("Next to decide: Anna Approver")).to_be_visible()


def test_a_field_is_found_by_typing(setup):
    setup.get_by_role("link", name="Accounts receivable parameters").first.click()
    setup.get_by_label("Filter", exact=True).fill("credit")

    expect(setup.get_by_label("Credit limit", exact=True)).to_be_visible()
    expect(setup.get_by_label("Telephone", exact=True)).to_be_hidden()
