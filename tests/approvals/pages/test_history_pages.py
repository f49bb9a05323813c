"""The history of a record and of a proposal: filters, pages, CSV, who may see it."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.history import record
from approvals.models import Action, Proposal, WorkflowEvent
from approvals.pages import history_list
from approvals.workflow import workflows

from ..helpers import edit, vote


@pytest.fixture
def proposal(propose, govern_fields, workflow, approver):
    """Proposed by the clerk, rejected by the approver."""
    govern_fields("credit_limit", "bank_account")
    proposal = propose("A", credit_limit="1000", bank_account="=1+1")
    vote(approver, proposal, Action.REJECT, "-not so")
    return proposal


def history(client, viewer, proposal, /, **query):
    """The page of a proposal's history."""
    client.force_login(viewer)
    return client.get(reverse("approvals:proposal_history", args=[proposal.pk]), query)


def record_history(client, viewer, proposal, /, **query):
    """The page of the whole history of a proposal's record."""
    client.force_login(viewer)
    return client.get(reverse("customers:history", args=[proposal.object_id]), query)


def whats(response):
    """What each entry of a page says, newest first."""
    assert response.status_code == 200
    return [entry["what"] for entry in response.context["entries"]]


def table(response):
    """The rows of a CSV file, each as a dictionary."""
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_proposals_history_shows_what_it_is_about_and_all_that_happened(client, clerk, proposal):
    response = history(client, clerk, proposal)
    assert whats(response)[0] == "Rejected (step “Credit manager”)"
    assert whats(response)[-1] == "Proposed"
    html = response.content.decode()
    assert "1,000.00" in html
    assert "Customers, version 1" in html


def test_it_shows_nothing_of_the_records_other_proposals(client, clerk, proposal):
    edit(clerk, "A", city="Bergen")
    assert "Changed" in whats(record_history(client, clerk, proposal))
    assert "Changed" not in whats(history(client, clerk, proposal))


def test_whoever_may_not_see_the_record_does_not_see_its_history(client, person, proposal):
    assert history(client, person("zoe"), proposal).status_code == 403
    assert record_history(client, person("zac"), proposal).status_code == 403


def test_a_proposal_that_does_not_exist_is_not_found(client, clerk):
    client.force_login(clerk)
    assert client.get(reverse("approvals:proposal_history", args=[77])).status_code == 404


@pytest.mark.parametrize(
    "query, left",
    [
        ({"field": "bank_account"}, {"Proposed"}),
        ({"field": "credit_limit"}, {"Proposed"}),
        ({"field": "name"}, set()),
    ],
)
def test_it_can_be_filtered_by_field(client, clerk, proposal, query, left):
    assert set(whats(history(client, clerk, proposal, **query))) == left


def test_it_can_be_filtered_by_person(client, clerk, approver, proposal):
    shown = whats(history(client, clerk, proposal, person=approver.pk))
    assert shown == ["Rejected (step “Credit manager”)"]


def test_a_person_is_found_by_what_was_done_on_his_behalf(client, clerk, second_approver, proposal):
    event = WorkflowEvent.objects.filter(proposal=proposal).last()
    event.pk, event.on_behalf_of = None, second_approver
    record([event])
    assert len(whats(history(client, clerk, proposal, person=second_approver.pk))) == 1


def test_what_a_rule_did_is_found_under_workflow(client, clerk, proposal):
    event = WorkflowEvent.objects.filter(proposal=proposal).last()
    event.pk, event.actor = None, None
    record([event])
    assert len(whats(history(client, clerk, proposal, person="workflow"))) == 1


def test_it_can_be_filtered_by_days(client, clerk, proposal):
    today = timezone.localdate()
    tomorrow = (today + timedelta(days=1)).isoformat()
    everything = whats(history(client, clerk, proposal))
    assert whats(history(client, clerk, proposal, first=tomorrow)) == []
    assert whats(history(client, clerk, proposal, first=today, last=today)) == everything


def test_a_records_history_can_be_filtered_by_proposal(client, clerk, proposal):
    edit(clerk, "A", city="Bergen")
    shown = whats(record_history(client, clerk, proposal, proposal=proposal.pk))
    assert shown == whats(history(client, clerk, proposal))


@pytest.mark.parametrize(
    "query, reason",
    [
        ({"proposal": "x"}, "Proposal: Enter a whole number."),
        ({"proposal": "9" * 5000}, "Proposal: "),
        ({"proposal": "9" * 19}, "Proposal: "),
        ({"field": "password"}, "Field: "),
        ({"person": "\x00"}, "Person: "),
        ({"person": "0"}, "Person: "),
        ({"first": "31-31-31"}, "From: Enter a valid date."),
        ({"first": "0001-01-01"}, "From: "),
        ({"last": "9999-12-31"}, "To: "),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(client, clerk, proposal, query, reason):
    response = record_history(client, clerk, proposal, **query)
    assert reason in response.content.decode()
    assert whats(response)


def test_filters_stay_while_one_turns_the_pages(client, clerk, proposal, monkeypatch):
    monkeypatch.setattr(history_list, "PER_PAGE", 1)
    everything = whats(history(client, clerk, proposal, person=clerk.pk, first="2020-01-01"))
    response = history(client, clerk, proposal, person=clerk.pk)
    pages = 1
    while url := response.context["older_url"]:
        assert f"person={clerk.pk}" in url
        response = client.get(url)
        everything += whats(response)
        pages += 1
    assert pages == WorkflowEvent.objects.filter(proposal=proposal, actor=clerk).count()
    assert f"person={clerk.pk}" in response.context["newest_url"]


def test_the_file_has_a_row_for_each_field_and_event(client, clerk, proposal):
    rows = table(history(client, clerk, proposal, format="csv"))
    assert len(rows) == WorkflowEvent.objects.filter(proposal=proposal).count()
    proposed = next(row for row in rows if row["Field"] == "Credit limit")
    assert proposed["What"] == "Proposed"
    assert proposed["New value"] == "1000.00"
    assert proposed["Who"] == "Clara Clerk"
    assert proposed["Account"] == "A"
    assert proposed["Proposal"] == str(proposal.pk)
    assert proposed["Origin"] == "Browser"
    assert timezone.datetime.fromisoformat(proposed["When"]).tzinfo


def test_the_file_holds_no_formula(client, clerk, proposal):
    rows = table(history(client, clerk, proposal, format="csv"))
    assert {row["New value"] for row in rows} >= {"'=1+1"}
    assert rows[0]["Comment"] == "'-not so"


def test_the_file_holds_all_pages_of_what_is_filtered(client, clerk, proposal, monkeypatch):
    monkeypatch.setattr(history_list, "PER_PAGE", 1)
    rows = table(history(client, clerk, proposal, person=clerk.pk, format="csv", before="3"))
    expected = WorkflowEvent.objects.filter(proposal=proposal, actor=clerk)
    assert len(rows) == expected.count()


def test_a_new_records_first_values_are_rows_of_the_file(client, clerk, proposal):
    from approvals.changes import change_records
    from approvals.outcomes import BROWSER, Change
    from customers.models import Customer

    meant = {"name": "Fresh Foods", "customer_group": "10", "city": "Oslo"}
    change_records(Customer, [Change("N-1", meant, new=True)], by=clerk, source=BROWSER)
    created = Proposal(object_id=Customer.objects.get(account="N-1").pk)
    rows = table(record_history(client, clerk, created, format="csv"))
    assert {"Fresh Foods", "Oslo"} <= {row["New value"] for row in rows}


def test_the_number_of_queries_does_not_grow_with_the_history(client, clerk, proposal):
    history(client, clerk, proposal)
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            record_history(client, clerk, proposal)
        counts.append(len(queries))
        for number in range(5):
            edit(clerk, "A", city=f"City {number}", bank_account=str(number))
    assert counts[0] == counts[1]


def test_people_of_the_same_name_are_told_apart(client, clerk, proposal, person):
    shown = history(client, clerk, proposal).content.decode()
    assert "Clara Clerk" in shown
    assert "Clara Clerk (" not in shown

    person("another", first_name="Clara", last_name="Clerk")
    response = history(client, clerk, proposal)
    assert response.context["entries"][-1]["who"] == "Clara Clerk (clerk)"
    assert response.context["entries"][0]["who"] == "Anna Approver"
    assert (str(clerk.pk), "Clara Clerk (clerk)") in response.context["form"][
        "person"
    ].field.choices
    assert "<dd>Clara Clerk (clerk)," in response.content.decode()


def test_the_administrators_history_tells_namesakes_apart(client, administrator, proposal, person):
    client.force_login(administrator)
    person("another", first_name="Clara", last_name="Clerk")
    assert "Clara Clerk (clerk)" in client.get("/admin/approvals/workflowevent/").content.decode()
    entry = WorkflowEvent.objects.filter(actor__username="clerk").last()
    page = client.get(f"/admin/approvals/workflowevent/{entry.pk}/change/")
    assert "Clara Clerk (clerk)" in page.content.decode()


def test_a_file_of_the_history_has_user_names_in_columns_of_their_own(client, clerk, proposal):
    event = WorkflowEvent.objects.filter(proposal=proposal, verb="rejected").get()
    event.pk, event.on_behalf_of = None, clerk
    record([event])
    rows = table(history(client, clerk, proposal, format="csv"))
    assert (rows[0]["Who"], rows[0]["Who: user name"]) == ("Anna Approver", "approver")
    names = (rows[0]["On behalf of"], rows[0]["On behalf of: user name"])
    assert names == ("Clara Clerk", "clerk")
    assert rows[1]["On behalf of: user name"] == ""


def test_each_submission_says_which_version_of_which_workflow_took_it(
    client, auditor, workflow, administrator, approver, clerk, propose, govern_fields
):
    govern_fields("credit_limit")
    proposal = propose("A", note="Please")
    vote(approver, proposal, "reject", "No")
    workflows.activate(workflows.new_draft(workflow.workflow, by=administrator), by=administrator)
    proposals.submit(proposal.pk, by=clerk)
    client.force_login(auditor)
    for url in (
        reverse("customers:history", args=[proposal.object_id]),
        reverse("approvals:proposal_history", args=[proposal.pk]),
    ):
        entries = client.get(url).context["entries"]
        found = [(e["told"], e["comment"]) for e in entries if "Submitted" in e["what"]]
        assert found == [
            ("Workflow: Customers, version 2", ""),
            ("Workflow: Customers, version 1", "Please"),
        ]
        content = client.get(url, {"format": "csv"}).getvalue().decode("utf-8-sig")
        rows = list(csv.DictReader(content.splitlines()))
        taken = [row["Workflow"] for row in rows if row["What"] == "Submitted"]
        assert taken == ["Customers, version 2", "Customers, version 1"]
