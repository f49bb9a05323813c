"""What people do in the browser, step by step."""

import re

import pytest

from approvals import proposals
from approvals.models import Proposal
from tests.approvals import helpers

from .chromium import MISSING

# Every test module imports this, and is skipped with it.
expect = pytest.importorskip("playwright.sync_api", reason=MISSING).expect


def submitted(record, by, **values):
    """A proposal that `by` has submitted before the test begins."""
    helpers.edit(by, record.account, **values)
    return proposals.submit(Proposal.objects.latest("pk").pk, by=by)


def open_customer(page, record):
    """Find a customer in the list and open it."""
    page.goto("/customers/")
    page.get_by_label("Search", exact=True).fill(record.account)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=record.account, exact=True).click()


def fill(page, values):
    """Type values into the fields with these labels."""
    for label, value in values.items():
        page.get_by_label(label, exact=True).fill(value)


def save(page):
    """Click Save in the Action Pane."""
    page.get_by_role("button", name="Save", exact=True).click()


def edit(page, record, values):
    """Open a customer, set fields by their labels, and save."""
    open_customer(page, record)
    page.get_by_role("link", name="Edit", exact=True).click()
    fill(page, values)
    save(page)


def choose(page, entry):
    """Choose an entry of the Workflow menu in the Action Pane."""
    page.locator("summary", has_text="Workflow").click()
    page.locator(".menu-list").get_by_text(entry, exact=True).click()


def submit(page):
    """Submit what the Proposed changes page shows."""
    choose(page, "Submit")
    expect(page.get_by_text("Changes pending approval")).to_be_visible()


def open_work_item(page, record):
    """From My work items to the customer, and on to its proposed changes."""
    page.goto("/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="My work items").click()
    page.get_by_role("link", name=str(record)).click()
    page.get_by_role("link", name="Proposed changes").click()


def decide(page, record, action, comment=""):
    """Follow a work item to the customer and decide it in the Workflow menu."""
    open_work_item(page, record)
    choose(page, action)
    page.get_by_label(re.compile("^Comment")).fill(comment)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("main").get_by_role("button", name=action, exact=True).click()


def expect_no_changes_open(page, record):
    """On the customer's page nothing is left to submit, decide or discard."""
    expect(page).to_have_url(re.compile(record.get_absolute_url() + "$"))
    expect(page.get_by_role("link", name="Proposed changes")).to_have_count(0)
    expect(page.locator("summary", has_text="Workflow")).to_have_count(0)
    expect(page.locator(".status")).to_have_count(0)
