"""The customer's page and history."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import proposals
from approvals.models import Action, Proposal
from approvals.pages import history_list
from tests.approvals.helpers import edit, vote

from .factories import customer


@pytest.fixture
def record(db):
    return customer("C-1", name="Nordic Tools", city="Oslo", credit_limit="1000.00")


@pytest.fixture
def shown(client, record):
    """A function that opens the customer's page as a person and returns its HTML."""

    def show(viewer):
        client.force_login(viewer)
        response = client.get(record.get_absolute_url())
        assert response.status_code == 200
        return response.content.decode()

    return show


@pytest.fixture
def submitted(clerk, workflow, govern_fields, record):
    """A submitted proposal for the credit limit."""
    govern_fields("credit_limit", "credit_rating")
    [pk] = edit(clerk, "C-1", credit_limit="2500").proposals
    return proposals.submit(pk, by=clerk, note="As agreed")


def test_a_customer_without_proposals_has_neither_proposed_changes_nor_workflow(shown, clerk):
    html = shown(clerk)
    assert reverse("customers:edit", args=[1])[:-7] in html
    assert "Proposed changes" not in html
    assert ">Workflow" not in html


def test_a_not_submitted_proposal_is_shown_and_can_be_submitted(
    shown, clerk, govern_fields, record
):
    govern_fields("credit_limit")
    [pk] = edit(clerk, "C-1", credit_limit="2500").proposals
    html = shown(clerk)
    assert "<strong>Changes have not been submitted</strong>" in html
    assert "First proposed by Clara Clerk" in html
    assert "Proposed: 2,500.00 (by Clara Clerk, not submitted)" in html
    assert reverse("customers:proposed_changes", args=[record.pk]) in html
    assert reverse("approvals:submit", args=[pk]) in html


def test_a_pending_proposal_says_who_submitted_it_and_who_is_to_decide(shown, clerk, submitted):
    html = shown(clerk)
    assert "<strong>Changes pending approval</strong>" in html
    assert "Submitted by Clara Clerk" in html
    assert "Anna Approver (Credit manager)" in html
    assert "As agreed" in html
    assert reverse("approvals:recall", args=[submitted.pk]) in html
    assert reverse("approvals:submit", args=[submitted.pk]) not in html


def test_the_approver_gets_the_decisions_and_nothing_else(shown, approver, clerk, submitted):
    html = shown(approver)
    item = reverse("approvals:decide", args=[submitted.work_items.get().pk])
    for action in Action.values:
        assert f"{item}?action={action}" in html
    assert reverse("approvals:recall", args=[submitted.pk]) not in html
    assert "/edit/" not in html
    assert item not in shown(clerk)


def test_a_rejected_proposal_says_who_rejected_it_and_why(shown, clerk, approver, submitted):
    vote(approver, submitted, Action.REJECT, "Too high")
    html = shown(clerk)
    assert "<strong>Rejected</strong>" in html
    assert "Rejected by Anna Approver" in html
    assert "<blockquote>Too high</blockquote>" in html


def test_the_workflow_menu_names_the_proposal_where_there_are_several(shown, clerk, submitted):
    assert f"Proposal {submitted.pk}:" not in shown(clerk)
    [second] = edit(clerk, "C-1", credit_rating="A").proposals
    html = shown(clerk)
    assert f"Proposal {submitted.pk}: Changes pending approval" in html
    assert f"Proposal {second}: Changes have not been submitted" in html


def test_an_auditor_reads_everything_and_is_offered_nothing(shown, auditor, clerk, submitted):
    html = shown(auditor)
    assert "Changes pending approval" in html
    for offer in ("/edit/", "/submit/", "/recall/", "/decide/", "/discard"):
        assert offer not in html


def test_the_history_holds_direct_and_governed_changes(shown, clerk, submitted):
    edit(clerk, "C-1", city="Bergen")
    html = shown(clerk)
    for text in ("Changed", "Bergen", "Proposed", "2,500.00", "Submitted", "Assigned to"):
        assert text in html


def test_the_history_pages_from_new_to_old(client, clerk, record, monkeypatch):
    monkeypatch.setattr(history_list, "PER_PAGE", 2)
    for number in range(5):
        edit(clerk, "C-1", city=f"City {number}")
    client.force_login(clerk)
    url, found = reverse("customers:history", args=[record.pk]), []
    while url:
        response = client.get(url)
        found += [entry["changes"][0]["new"] for entry in response.context["entries"]]
        url = response.context["older_url"]
        assert len(found) < 10
    assert found == [f"City {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("before", ["", "x", "-1", "٣", "9" * 5000, "\x00"])
def test_a_senseless_page_of_the_history_is_no_error(client, clerk, record, before):
    client.force_login(clerk)
    url = reverse("customers:history", args=[record.pk])
    assert client.get(url, {"before": before}).status_code == 200


def test_changes_saved_together_are_one_entry(client, clerk, record):
    edit(clerk, "C-1", city="Bergen", phone="555 1234")
    client.force_login(clerk)
    response = client.get(record.get_absolute_url())
    [entry] = response.context["entries"]
    assert [change["new"] for change in entry["changes"]] == ["Bergen", "555 1234"]


def test_whoever_may_not_see_customers_is_refused(client, person, record):
    client.force_login(person("nobody"))
    for name in ("detail", "history", "edit", "proposed_changes"):
        assert client.get(reverse(f"customers:{name}", args=[record.pk])).status_code == 403


def test_the_number_of_queries_does_not_grow_with_proposals_and_history(
    client, clerk, govern_fields, workflow, record
):
    names = ["credit_rating", "price_group", "site", "warehouse", "state", "county"]
    govern_fields(*names)
    client.force_login(clerk)

    def propose(*fields):
        [pk] = edit(clerk, "C-1", **dict.fromkeys(fields, "A")).proposals
        proposals.submit(pk, by=clerk)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get(record.get_absolute_url())
        return len(captured)

    propose("credit_rating")
    queries()
    few = queries()
    for name in names[1:]:
        propose(name)
    assert Proposal.objects.count() == len(names)
    assert queries() == few
