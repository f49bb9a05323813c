"""Every page fits a phone and a desk, and leaves scripts and styles to files."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from approvals.models import Behavior, Notification, Proposal, Substitution, WorkItem
from customers.imports import jobs
from tests.approvals.helpers import edit
from tests.customers.factories import customer

from .steps import expect, submitted

WIDTHS = (390, 1280)
TOO_WIDE = "document.documentElement.scrollWidth > window.innerWidth"
# What a strict Content-Security-Policy would not run or show, in a page as it was sent.
INLINE = """(html) => {
  const sent = new DOMParser().parseFromString(html, "text/html");
  const own = "style, [style], script:not([src]):not([type='application/json'])";
  const handles = (element) => element.getAttributeNames().some((name) => name.startsWith("on"));
  return [...sent.querySelectorAll("*")]
    .filter((element) => element.matches(own) || handles(element))
    .map((element) => element.outerHTML.slice(0, 80));
}"""


@pytest.fixture
def shop(workflow, govern_fields, clerk):
    """A customer with long values that never break, something pending, and a draft."""
    govern_fields("credit_limit", "bank_account", "name", behavior=Behavior.PROPOSE)
    shop = customer(
        "S-12345678901234567",
        name="Q" * 60,
        city="W" * 40,
        email="m" * 60 + "@example.com",
        credit_limit=Decimal("1234567890123.45"),
    )
    submitted(shop, clerk, credit_limit="9999999999999.99", name="M" * 60)
    edit(clerk, shop.account, bank_account="0123456789")
    return shop


def faults(page, addresses):
    """Pages that are too wide, or that have scripts or styles of their own, with which."""
    found = []
    for address in addresses:
        response = page.goto(address)
        assert response.ok, address
        found += [f"{address}: {tag}" for tag in page.evaluate(INLINE, response.text())]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(TOO_WIDE):
                found.append(f"{address}: too wide for {width} pixels")
    return found


def test_the_pages_of_a_clerk_are_in_order(page_of, shop, clerk):
    home, draft = shop.get_absolute_url(), Proposal.objects.latest("pk")
    pages = ["/", "/customers/", "/customers/new/", home, f"{home}edit/", f"{home}history/"]
    pages += [f"{home}history/{name}/" for name in ("name", "credit_limit", "phone")]
    pages += [f"{home}proposed-changes/", f"/proposals/{draft.pk}/submit/", "/work-items/"]
    assert faults(page_of(clerk), pages) == []


def test_the_pages_of_an_approver_are_in_order(page_of, shop, approver):
    decide = f"/work-items/{WorkItem.objects.get().pk}/decide/"
    pages = ["/", "/work-items/", "/work-items/?view=decided", decide, f"{decide}?action=reject"]
    pages += ["/notifications/", "/notifications/?show=unread"]
    pages += [f"/notifications/{Notification.objects.get(person=approver).pk}/"]
    assert faults(page_of(approver), pages) == []


def test_the_pages_of_a_steward_are_in_order(page_of, shop, steward):
    text = f"account,name,phone,credit_limit\n{shop.account},,030 2,\nS-2,{'W' * 60},,much\n"
    job = jobs.prepare(SimpleUploadedFile("w" * 60 + ".csv", text.encode()), {}, by=steward)
    pages = ["/customers/import/", f"/customers/import/{job.pk}/"]
    assert faults(page_of(steward), pages) == []


def test_the_pages_of_an_administrator_are_in_order(page_of, workflow, administrator):
    setup = "/admin/approvals"
    pages = ["/admin/", f"{setup}/approvalparameters/1/change/", f"{setup}/workflow/"]
    pages += [f"{setup}/workflow/{workflow.workflow_id}/change/"]
    pages += [f"{setup}/workflowversion/{workflow.pk}/change/"]
    assert faults(page_of(administrator), pages) == []


def test_the_pages_of_an_inquiry_are_in_order(page_of, shop, administrator):
    history = [f"/proposals/{proposal.pk}/history/" for proposal in Proposal.objects.all()]
    pages = ["/inquiry/", "/inquiry/?state=lost", "/inquiry/?q=nobody", "/inquiry/cycle-times/"]
    pages += [*history, f"{history[0]}?field=lost", f"{shop.get_absolute_url()}history/"]
    pages += ["/admin/approvals/notification/"]
    assert faults(page_of(administrator), pages) == []


def test_the_pages_of_who_hands_on_work_are_in_order(
    page_of, shop, person, approver, administrator
):
    long = person("x" * 100, "Approver", first_name="W" * 60, last_name="Q" * 60)
    for name, by in ((approver, long), (long, approver)):
        today = timezone.localdate()
        Substitution.objects.create(person=name, substitute=by, starts=today, ends=today)
    item = WorkItem.objects.get()
    pages = [f"/work-items/{item.pk}/delegate/", "/my-substitutes/"]
    assert faults(page_of(approver), pages) == []
    pages = [f"/proposals/{item.proposal_id}/{name}/" for name in ("reassign", "terminate")]
    pages += ["/work-items/reassign/", "/admin/approvals/substitution/"]
    assert faults(page_of(administrator), pages) == []


def test_the_login_page_is_in_order(browser, live_server):
    page = browser.new_page()
    assert faults(page, [f"{live_server.url}/accounts/login/"]) == []
    page.close()


def test_the_menu_of_a_phone_leads_everywhere(page_of, clerk):
    page = page_of(clerk, width=390)
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Customers")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    link.click()
    expect(page.get_by_role("heading", name="All customers")).to_be_visible()
