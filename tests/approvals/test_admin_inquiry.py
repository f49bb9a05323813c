"""What happened, in Django admin: lists and pages for reading only."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals import history, proposals
from approvals.admin import inquiry
from approvals.models import Delegation, Proposal, StepRun, WorkflowEvent
from customers.models import Customer
from tests.approvals.definitions import change_step
from tests.customers.factories import customer

from .helpers import edit

READ_ONLY = [
    "proposal",
    "proposedchange",
    "workitem",
    "delegation",
    "decision",
    "importjob",
    "workflowevent",
]


@pytest.fixture
def decided(workflow, govern_fields, clerk, approver):
    """A proposal that was submitted and approved in its first step."""
    from approvals.changes import change_records
    from approvals.deciding.decisions import Vote, decide
    from approvals.models import Action, Proposal, WorkItem
    from approvals.outcomes import BROWSER, Change
    from approvals.proposals import submit
    from tests.customers.factories import customer

    govern_fields("name")
    customer("C-1", name="Old name")
    change_records(Customer, [Change("C-1", {"name": "New name"})], by=clerk, source=BROWSER)
    proposal = submit(Proposal.objects.get().pk, by=clerk)
    item = WorkItem.objects.get()
    delegated = {"person": approver, "delegate": clerk, "comment": "On leave", "at": timezone.now()}
    Delegation.objects.create(proposal=proposal, **delegated)
    decide([Vote(item.pk, proposal.revision)], Action.APPROVE, by=approver)
    return proposal


@pytest.mark.parametrize("model", READ_ONLY)
@pytest.mark.parametrize("role", ["administrator", "auditor", "superuser"])
def test_what_happened_is_for_reading_only(client, decided, request, model, role):
    user = request.getfixturevalue("admin_user" if role == "superuser" else role)
    user.is_staff = True
    user.save()
    client.force_login(user)
    listing = reverse(f"admin:approvals_{model}_changelist")
    response = client.get(listing, {"q": "C-1"})
    assert response.status_code == 200
    assert client.get(f"{listing}add/").status_code == 403
    for row in response.context["cl"].result_list:
        page = f"{listing}{row.pk}/change/"
        assert client.get(page).status_code == 200
        assert client.post(page, {}).status_code == 403
        assert client.post(f"{listing}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_history_shows_values_as_people_read_them(as_auditor, decided):
    html = as_auditor.get("/admin/approvals/workflowevent/").content.decode()
    assert "Enable Name" in html
    assert "Enable customer approvals" in html
    assert "Old name" in html


def test_the_history_names_who_did_it_and_for_whom(as_auditor, decided, approver):
    event = WorkflowEvent.objects.filter(proposal__isnull=False).last()
    for actor in (None, event.actor):
        event.pk, event.actor, event.on_behalf_of = None, actor, approver
        history.record([event])
    html = as_auditor.get("/admin/approvals/workflowevent/").content.decode()
    assert "Workflow on behalf of Anna Approver" in html
    assert f"{event.actor.get_full_name()} on behalf of Anna Approver" in html


def test_the_page_of_a_proposal_shows_who_claimed_and_who_delegated(as_auditor, decided, clerk):
    StepRun.objects.update(claimed_by=clerk, due_at="2031-05-04T12:00Z")
    html = as_auditor.get(f"/admin/approvals/proposal/{decided.pk}/change/").content.decode()
    assert "Clara Clerk" in html
    assert "On leave" in html
    assert "05/04/2031 noon" in html
    assert reverse("approvals:proposal_history", args=[decided.pk]) in html


def test_a_long_list_is_counted_no_further_than_it_leads(as_auditor, decided, monkeypatch):
    monkeypatch.setattr(inquiry, "COUNT_LIMIT", 3)
    response = as_auditor.get("/admin/approvals/workflowevent/")
    assert WorkflowEvent.objects.count() > 3
    assert response.context["cl"].result_count == 3


def test_a_proposal_is_found_by_its_account(as_auditor, decided):
    for words, count in (("C-1", 1), ("C-2", 0)):
        response = as_auditor.get("/admin/approvals/proposal/", {"q": words})
        assert response.context["cl"].result_count == count


def test_the_lists_take_a_constant_number_of_queries(
    as_auditor, decided, django_assert_max_num_queries, clerk
):
    from approvals.changes import change_records
    from approvals.outcomes import BROWSER, Change
    from tests.customers.factories import customer

    for number in range(2, 12):
        customer(f"C-{number}")
        change = Change(f"C-{number}", {"name": "New name"})
        change_records(Customer, [change], by=clerk, source=BROWSER)
    for model in READ_ONLY:
        with django_assert_max_num_queries(12):
            as_auditor.get(reverse(f"admin:approvals_{model}_changelist"))


def test_the_page_of_a_proposal_costs_the_same_however_many_decide(
    client, clerk, person, auditor, workflow, govern_fields
):
    govern_fields("credit_limit")
    auditor.is_staff = True
    auditor.save()
    client.force_login(auditor)

    def queries(count):
        people = [person(f"approver{count}-{n}", "Approver") for n in range(count)]
        change_step(workflow.steps.get(position=1), users=people)
        key = customer(credit_limit="1").account
        edit(clerk, key, credit_limit="5")
        proposal = proposals.submit(Proposal.objects.get(record_key=key).pk, by=clerk)
        url = reverse("admin:approvals_proposal_change", args=[proposal.pk])
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    assert queries(1) == queries(8)
