"""Without a mouse: everything that a clerk needs is reached by Tab and done by Enter."""

from decimal import Decimal

import pytest

from approvals.models import Proposal, State
from tests.customers.factories import customer

from .steps import expect


@pytest.fixture
def shop(workflow, govern_fields):
    govern_fields("credit_limit")
    return customer("S-1", name="Shop", credit_limit=Decimal(1000))


@pytest.fixture
def form(page_of, shop, clerk):
    """The form of the customer, just opened."""
    page = page_of(clerk)
    page.goto(f"/customers/{shop.pk}/edit/")
    return page


def go_to(page, element, key="Tab"):
    """Press Tab, or Shift+Tab, until an element has the focus."""
    for _ in range(60):
        page.keyboard.press(key)
        if element.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{key} does not lead to {element}.")


def test_tab_leads_to_save_and_enter_saves(form, shop):
    go_to(form, form.get_by_label("Name", exact=True))
    form.keyboard.press("ControlOrMeta+a")
    form.keyboard.type("Shop & Sons")
    go_to(form, form.get_by_role("button", name="Save", exact=True), "Shift+Tab")
    form.keyboard.press("Enter")

    expect(form.get_by_text("Saved: Name.")).to_be_visible()
    shop.refresh_from_db()
    assert shop.name == "Shop & Sons"


def test_enter_in_a_field_saves(form, shop):
    form.get_by_label("Name", exact=True).fill("Shop & Sons")
    form.keyboard.press("Enter")

    expect(form.get_by_text("Saved: Name.")).to_be_visible()


def test_the_workflow_menu_opens_and_submits(form, shop):
    form.get_by_label("Credit limit", exact=True).fill("2500")
    form.keyboard.press("Enter")
    menu = form.locator("summary", has_text="Workflow")
    go_to(form, menu)
    entry = form.locator(".menu-list").get_by_text("Submit", exact=True)

    form.keyboard.press("Enter")
    expect(entry).to_be_visible()
    form.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(menu).to_be_focused()
    form.keyboard.press("Enter")
    go_to(form, entry)
    form.keyboard.press("Enter")

    expect(form.get_by_text("Changes pending approval")).to_be_visible()
    assert Proposal.objects.get().state == State.PENDING


def test_the_first_tab_offers_to_skip_to_the_content(form):
    link = form.get_by_role("link", name="Skip to content")
    go_to(form, link)
    expect(link).to_be_in_viewport()
    form.keyboard.press("Enter")
    expect(form.get_by_role("main")).to_be_focused()
