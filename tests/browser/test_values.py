"""Two values that differ are drawn so, for whoever decides on the difference."""

from django.urls import reverse

from approvals.models import WorkItem
from tests.customers.factories import customer

from .steps import expect, submitted


def test_blanks_within_a_value_are_drawn_as_they_stand(
    page_of, clerk, approver, workflow, govern_fields
):
    govern_fields("name")
    shop = customer("S-1", name="Radl Hofer")
    proposal = submitted(shop, clerk, name="Radl   Hofer")
    item = WorkItem.objects.get(proposal=proposal)
    page = page_of(approver)
    for url in (
        reverse("customers:proposed_changes", args=[shop.pk]),
        reverse("approvals:decide", args=[item.pk]),
        reverse("customers:history", args=[shop.pk]),
    ):
        page.goto(url)
        found = page.locator("ins:visible", has_text="Hofer").first
        expect(found).to_be_visible()
        assert found.inner_text().strip() == "Radl   Hofer", url
