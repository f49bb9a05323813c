"""The inquiry over all proposals: who may, what it shows, filters, order, pages, CSV."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals.models import Action, Origin, Proposal, State, StepRun
from approvals.pages import inquiry, paging
from tests.customers.factories import customer
from tests.unguarded import unguarded

from ..helpers import edit, vote

URL = reverse("approvals:inquiry")


@pytest.fixture
def all_states(propose, govern_fields, workflow, clerk, approver, second_approver):
    """A proposal in each of five states, by account: a draft, pending, and so on."""
    govern_fields("credit_limit", "bank_account")
    approved, rejected, returned = propose("C-APPROVED"), propose("C-REJECTED"), propose("C-BACK")
    vote(approver, approved)
    vote(second_approver, approved)
    vote(approver, rejected, Action.REJECT, "No")
    vote(approver, returned, Action.REQUEST_CHANGE, "Less")
    propose("C-PENDING", bank_account="77")
    customer("C-DRAFT")
    edit(clerk, "C-DRAFT", credit_limit="3")
    return {proposal.record_key: proposal for proposal in Proposal.objects.all()}


@pytest.fixture
def found(client, auditor):
    """A function that opens the inquiry as the auditor, and returns the accounts shown."""
    client.force_login(auditor)

    def show(**query):
        return accounts(client.get(URL, query))

    return show


def accounts(response):
    """The accounts that a page shows, in their order."""
    assert response.status_code == 200
    return [line.key for line in response.context["lines"]]


def table(response):
    """The rows of a CSV file, by account."""
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return {row["Account"]: row for row in rows}


@pytest.mark.parametrize(
    "role, status",
    [
        ("Auditor", 200),
        ("Administrator", 200),
        ("Clerk", 403),
        ("Approver", 403),
        ("Data steward", 403),
    ],
)
@pytest.mark.parametrize("name", ["inquiry", "cycle_times"])
def test_auditors_and_administrators_may_inquire(client, person, role, status, name):
    client.force_login(person("zoe", role))
    assert client.get(reverse(f"approvals:{name}")).status_code == status


def test_whoever_may_not_see_the_records_may_not_inquire(client, person):
    zoe = person("zoe")
    codes = ("view_proposal", "view_workflowevent")
    zoe.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(zoe)
    assert client.get(URL).status_code == 403


def test_all_proposals_are_shown_the_newest_first(found, all_states):
    assert found() == ["C-DRAFT", "C-PENDING", "C-BACK", "C-REJECTED", "C-APPROVED"]


@pytest.mark.parametrize(
    "query, keys",
    [
        ({"state": "open"}, {"C-DRAFT", "C-PENDING", "C-BACK", "C-REJECTED"}),
        ({"state": "rejected"}, {"C-REJECTED"}),
        ({"q": "c-p"}, {"C-PENDING"}),
        ({"kind": "new"}, set()),
        ({"kind": "change", "state": "pending"}, {"C-PENDING"}),
        ({"step": "Credit manager"}, {"C-PENDING"}),
        ({"step": "Finance director"}, set()),
        ({"holder": "anna"}, {"C-PENDING"}),
        ({"holder": "Ben"}, set()),
        ({"originator": "clara clerk", "state": "not_submitted"}, {"C-DRAFT"}),
        ({"originator": "Clara", "state": "approved"}, {"C-APPROVED"}),
        ({"originator": "Anna"}, set()),
        ({"origin": "import"}, set()),
        ({"field": "bank_account"}, {"C-PENDING"}),
        ({"age": "0", "state": "pending"}, {"C-PENDING"}),
        ({"age": "1"}, set()),
        ({"overdue": "on"}, set()),
        ({"sort": "due"}, set()),
        ({"import": "5"}, set()),
    ],
)
def test_a_filter_leaves_what_it_says(found, all_states, query, keys):
    assert set(found(**query)) == keys


def test_the_workflow_and_the_days_can_be_chosen(found, all_states, workflow):
    submitted = {"C-PENDING", "C-BACK", "C-REJECTED", "C-APPROVED"}
    assert set(found(workflow=workflow.workflow_id)) == submitted
    today = timezone.localdate()
    assert set(found(first=today, last=today)) == submitted
    assert found(first=today + timedelta(days=1)) == []


def test_the_age_counts_from_when_it_was_made_for_unsubmitted_ones_too(found, all_states):
    long_ago = timezone.now() - timedelta(days=9)
    with unguarded():
        Proposal.objects.update(created_at=long_ago)
    assert set(found(age="8")) == {"C-DRAFT", "C-PENDING", "C-BACK", "C-REJECTED"}
    assert found(age="9") != []
    assert found(age="10") == []


def test_what_is_overdue_can_be_found_and_sorted(found, all_states, propose):
    later = propose("C-LATER")
    now = timezone.now()
    StepRun.objects.filter(proposal=later).update(due_at=now + timedelta(days=1))
    pending = StepRun.objects.filter(proposal=all_states["C-PENDING"])
    pending.update(due_at=now - timedelta(hours=1))
    assert found(overdue="on") == ["C-PENDING"]
    assert found(sort="due") == ["C-PENDING", "C-LATER"]


def test_whoever_claimed_it_holds_it(client, auditor, all_states, person):
    zoe = person("zoe", "Approver", first_name="Zoe")
    runs = StepRun.objects.filter(proposal=all_states["C-PENDING"])
    client.force_login(auditor)
    assert accounts(client.get(URL, {"holder": "zoe"})) == []
    runs.update(claimed_by=zoe, claimed_at=timezone.now())
    response = client.get(URL, {"holder": "zoe"})
    assert accounts(response) == ["C-PENDING"]
    assert "Claimed by Zoe" in response.content.decode()


@pytest.mark.parametrize(
    "query, reason",
    [
        ({"age": "x"}, "Open for more than … days: Enter a whole number."),
        ({"age": "9" * 6}, "Open for more than … days: "),
        ({"age": "-1"}, "Open for more than … days: "),
        ({"import": "9" * 5000}, "Import: "),
        ({"state": "asleep"}, "Status: "),
        ({"workflow": "9" * 30}, "Workflow: "),
        ({"workflow": "\x00"}, "Workflow: "),
        ({"q": "\x00"}, "Customer account: "),
        ({"first": "0001-01-01"}, "Submitted from: "),
        ({"sort": "password"}, "Sort by: "),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(client, auditor, all_states, query, reason):
    client.force_login(auditor)
    response = client.get(URL, query)
    assert reason in response.content.decode()
    assert len(accounts(response)) == len(all_states)


@pytest.mark.parametrize("token", ["x", "0", "-1", "9" * 30, "\x00"])
def test_a_page_that_makes_no_sense_is_the_first(found, all_states, token):
    assert found(after=token) == found()


@pytest.mark.parametrize("sort", inquiry.SORTS)
def test_the_pages_show_everything_once(client, auditor, all_states, monkeypatch, sort):
    monkeypatch.setattr(paging, "PAGE_SIZE", 2)
    StepRun.objects.update(due_at=timezone.now())
    client.force_login(auditor)
    url, shown = f"{URL}?sort={sort}&state=open", []
    while url:
        response = client.get(url)
        shown += accounts(response)
        url = response.context["next_url"]
        assert "state=open" in url or not url
    expected = {"C-DRAFT", "C-PENDING", "C-BACK", "C-REJECTED"}
    assert len(shown) == len(set(shown))
    assert set(shown) == (expected if sort != "due" else {"C-PENDING"})


def test_states_are_counted_under_the_other_filters(client, auditor, all_states):
    client.force_login(auditor)
    response = client.get(URL, {"q": "C-", "state": "pending"})
    counts = {str(total["text"]): total["count"] for total in response.context["totals"]}
    assert counts == {
        "All": 5,
        "Not submitted": 1,
        "Pending approval": 1,
        "Rejected": 1,
        "Change requested": 1,
        "Approved": 1,
    }


def test_further_pages_count_nothing(client, auditor, all_states, monkeypatch):
    monkeypatch.setattr(paging, "PAGE_SIZE", 2)
    client.force_login(auditor)
    response = client.get(client.get(URL).context["next_url"])
    assert {total["count"] for total in response.context["totals"]} == {None}


def test_administrators_are_led_to_what_they_may_do(client, administrator, auditor, all_states):
    pending = all_states["C-PENDING"].pk
    links = [
        reverse(f"approvals:{name}", args=[pending]) for name in ("recall", "reassign", "terminate")
    ]
    client.force_login(administrator)
    html = client.get(URL).content.decode()
    assert all(link in html for link in links)
    assert reverse("approvals:terminate", args=[all_states["C-REJECTED"].pk]) not in html
    client.force_login(auditor)
    html = client.get(URL).content.decode()
    assert not any(link in html for link in links)


def test_the_file_has_every_proposal_that_is_filtered(client, auditor, all_states, monkeypatch):
    monkeypatch.setattr(paging, "PAGE_SIZE", 2)
    monkeypatch.setattr(inquiry, "CHUNK", 2)
    client.force_login(auditor)
    rows = table(client.get(URL, {"format": "csv", "state": "open", "after": "1"}))
    assert set(rows) == {"C-DRAFT", "C-PENDING", "C-BACK", "C-REJECTED"}
    pending, draft = rows["C-PENDING"], rows["C-DRAFT"]
    assert pending["Changes"] == "Bank account:  → 77"
    assert pending["Step"] == "Credit manager"
    assert pending["Assigned to"] == "Anna Approver"
    assert pending["Workflow"], pending["Version"] == ("Customers", "1")
    assert pending["Originator"] == draft["Originator"] == "Clara Clerk"
    assert (draft["Submitted"], draft["Step"], draft["Days open"]) == ("", "", "0")
    assert timezone.datetime.fromisoformat(pending["Submitted"]).tzinfo


def test_the_file_holds_no_formula(client, auditor, govern_fields, workflow, clerk):
    govern_fields("bank_account")
    customer("-SUM")
    edit(clerk, "-SUM", bank_account="=1+1")
    client.force_login(auditor)
    assert set(table(client.get(URL, {"format": "csv"}))) == {"'-SUM"}


def test_the_number_of_queries_does_not_grow_with_the_list(client, auditor, all_states, propose):
    client.force_login(auditor)
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        counts.append(len(queries))
        for _number in range(5):
            propose(None)
    assert counts[0] == counts[1] <= 20


def test_every_state_and_origin_is_shown(client, auditor, all_states):
    proposal = all_states["C-APPROVED"]
    client.force_login(auditor)
    for state in State:
        with unguarded():
            Proposal.objects.filter(pk=proposal.pk).update(state=state, origin=Origin.CODE)
        assert accounts(client.get(URL, {"state": state}))[-1] == "C-APPROVED"


@pytest.mark.django_db
def test_a_page_by_account_is_read_along_an_index():
    form = inquiry.InquiryForm({"sort": "account"})
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # a short table is sorted faster than looked up
            cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off")
        assert "proposals_by_account" in form.ordered()[:50].explain()
