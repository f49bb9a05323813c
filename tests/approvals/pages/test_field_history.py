"""One page per field answers an auditor: its values, who approved each, what they saw."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.changes import change_records
from approvals.deciding import delegating
from approvals.models import (
    Action,
    Behavior,
    Decision,
    Proposal,
    ProposedChange,
    State,
    WorkflowEvent,
)
from approvals.outcomes import BROWSER, Change
from approvals.pages import field_history
from approvals.values import moment
from customers.models import Customer
from tests.customers.factories import customer
from tests.everywhere.forms import SPOILT
from tests.unguarded import ungoverned, unguarded

from ..definitions import define
from ..helpers import edit, import_source, vote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)


@pytest.fixture
def shop():
    return customer("A", credit_limit="1")


def url_of(record, name="credit_limit"):
    return reverse("customers:field_history", args=[record.pk, name])


@pytest.fixture
def page(client, auditor):
    """A function that gets the page of a customer's field as an auditor sees it."""

    def get(record, name="credit_limit", **query):
        client.force_login(auditor)
        response = client.get(url_of(record, name), query)
        assert response.status_code == 200
        return response

    return get


def in_force(response):
    return response.context["told"].in_force.told


def beside(response):
    return response.context["told"].not_in_force.told


def submitted(by, **values):
    edit(by, "A", **values)
    return proposals.submit(Proposal.objects.get(state=State.NOT_SUBMITTED).pk, by=by)


def approved(proposal, *people):
    for person in people:
        assert vote(person, proposal, comment="Fine").done
    proposal.refresh_from_db()
    return proposal


def test_a_value_that_never_changed_is_on_record_before_the_history(page, shop):
    response = page(shop)
    [only] = in_force(response)
    assert (only.value, only.since, only.until) == ("1.00", None, None)
    assert "On record before this history begins" in response.content.decode()
    assert beside(response) == []


def test_an_approved_value_names_everyone_and_what_they_saw(
    page, shop, clerk, approver, second_approver
):
    proposal = submitted(clerk, credit_limit="1000", name="New name")
    approved(proposal, approver, second_approver)
    now, before = in_force(page(shop))
    assert (now.value, now.how, now.until) == ("1,000.00", "Approved", None)
    assert (before.value, before.until) == ("1.00", now.since)
    assert [entry["who"] for entry in now.proposed + now.submitted] == ["Clara Clerk"] * 2
    assert str(now.submitted[0]["version"].full_name) == "Customers, version 1"
    assert [(a.what, a.who, a.step, a.comment) for a in now.answers] == [
        ("Approve", "Anna Approver", "Credit manager", "Fine"),
        ("Approve", "Ben Approver", "Finance director", "Fine"),
    ]
    for answer in now.answers:
        assert answer.saw == {"label": "Credit limit", "old": "1.00", "new": "1,000.00"}
        assert answer.beside == [{"label": "Name", "old": "Customer A", "new": "New name"}]
        assert answer.revision == proposal.decisions.first().revision


def test_each_approver_saw_what_stood_there_when_he_decided(
    page, shop, clerk, approver, second_approver
):
    """Rejected as 500, overwritten, and approved as 700 after the live value of another moved."""
    proposal = submitted(clerk, credit_limit="500", name="First")
    vote(approver, proposal, Action.REJECT, "Too much")
    edit(clerk, "A", credit_limit="700", name="Second")
    proposal = proposals.submit(proposal.pk, by=clerk)
    approved(proposal, approver, second_approver)
    now = in_force(page(shop))[0]
    assert [(a.what, a.saw["new"], a.beside[0]["new"]) for a in now.answers] == [
        ("Reject", "500.00", "First"),
        ("Approve", "700.00", "Second"),
        ("Approve", "700.00", "Second"),
    ]
    assert [entry["value"] for entry in now.proposed] == ["500.00", "700.00"]
    assert len({a.revision for a in now.answers}) == 2


def test_what_an_approver_saw_follows_the_sealed_entries(
    page, shop, clerk, approver, second_approver
):
    """Not the decision's own time or comment, which who owns the table can set."""
    proposal = submitted(clerk, credit_limit="500")
    recalled = WorkflowEvent.objects.get(verb="submitted").at
    proposals.recall(proposal.pk, by=clerk)
    edit(clerk, "A", credit_limit="700")
    approved(proposals.submit(proposal.pk, by=clerk), approver, second_approver)
    before = in_force(page(shop))[0]
    with unguarded():
        Decision.objects.filter(person=approver).update(decided_at=recalled, comment="Never")
    assert in_force(page(shop))[0].answers == before.answers
    decided = [answer for answer in before.answers if answer.saw]
    assert [answer.saw["new"] for answer in decided] == ["700.00"] * 2
    with unguarded():
        Decision.objects.filter(person=approver).delete()
    [first, second] = in_force(page(shop))[0].answers[-2:]
    assert (first.saw["new"], first.revision) == ("700.00", None)
    assert second == decided[1]


def test_entries_are_told_in_their_order_whatever_the_clocks_of_servers_say(
    page, shop, clerk, approver, second_approver, monkeypatch
):
    now, wrong = timezone.now, [40]
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=wrong[0]))
    proposal = submitted(clerk, credit_limit="1000")
    wrong[0] = 20
    vote(approver, proposal, Action.REQUEST_CHANGE, comment="Less")
    wrong[0] = -20
    edit(clerk, "A", credit_limit="900")
    proposals.submit(proposal.pk, by=clerk)
    wrong[0] = 0
    vote(approver, proposal)
    wrong[0] = -40
    vote(second_approver, proposal)

    now, before = in_force(page(shop))
    assert (now.value, before.value) == ("900.00", "1.00")
    assert [(a.what, a.who, a.saw["new"]) for a in now.answers] == [
        ("Request change", "Anna Approver", "1,000.00"),
        ("Approve", "Anna Approver", "900.00"),
        ("Approve", "Ben Approver", "900.00"),
    ]
    revisions = proposal.decisions.order_by("pk").values_list("revision", flat=True)
    assert [answer.revision for answer in now.answers] == list(revisions)


def test_the_original_that_an_approver_saw_is_the_one_of_that_submission(
    page, shop, clerk, steward, approver, second_approver
):
    proposal = submitted(clerk, credit_limit="500")
    vote(approver, proposal, Action.REQUEST_CHANGE, "Ask again")
    edit(steward, "A", import_source(steward, Behavior.ALLOW), credit_limit="3")
    edit(clerk, "A", credit_limit="600")
    proposals.submit(proposal.pk, by=clerk)
    approved(proposal, approver, second_approver)
    now, imported, first = in_force(page(shop))
    assert [a.saw["old"] for a in now.answers] == ["1.00", "3.00", "3.00"]
    assert (imported.value, imported.how) == ("3.00", "Changed by import, nobody approved")
    assert imported.answers == [] and imported.entry["who"] == "Stella Steward"
    assert first.value == "1.00"


def test_who_decided_on_whose_behalf_is_told(page, shop, clerk, approver, second_approver, person):
    proposal = submitted(clerk, credit_limit="2")
    dan = person("dan", "Approver", first_name="Dan")
    item = proposal.work_items.get(state="open")
    delegating.delegate(item.pk, dan, "Away", by=approver)
    approved(proposal, dan, second_approver)
    now = in_force(page(shop))[0]
    assert [a.who for a in now.answers] == ["Dan on behalf of Anna Approver", "Ben Approver"]


def test_a_direct_change_says_that_it_needed_no_approval(page, shop, clerk, govern_fields):
    govern_fields("name")
    edit(clerk, "A", credit_limit="9")
    now = in_force(page(shop))[0]
    assert now.how == "Changed directly: the change needed no approval"
    assert (now.entry["who"], now.answers, now.proposal) == ("Clara Clerk", [], None)


def test_a_rule_is_named(page, shop, clerk):
    rows = [("raised", "credit_limit", "more_percent", "20")]
    define("By rule", {}, rules=[("Small", "approve", rows)], position=0)
    submitted(clerk, credit_limit="2")
    now = in_force(page(shop))[0]
    assert now.how == "Approved automatically by the rule “Small”"
    assert [a.what for a in now.answers] == ["Approved automatically"]


def test_a_new_customer_begins_with_what_it_was_created_with(page, clerk):
    given = {"name": "New", "credit_limit": "7", "customer_group": "10", "currency": "EUR"}
    customer("Z")  # its group and currency
    change_records(Customer, [Change("N", given, new=True)], by=clerk, source=BROWSER)
    record = Customer.objects.get(account="N")
    [only] = in_force(page(record))
    assert (only.value, only.how, only.until) == ("7.00", "Created", None)
    assert only.since is not None
    [phone] = in_force(page(record, "phone"))
    assert (phone.value, phone.how) == ("", "Created")


def test_what_never_came_into_force_stands_apart(page, shop, clerk, approver):
    proposal = submitted(clerk, credit_limit="50")
    vote(approver, proposal, Action.REJECT, "No")
    response = page(shop)
    [only] = beside(response)
    assert (only.value, only.proposal.state) == ("50.00", State.REJECTED)
    assert [(a.what, a.comment, a.saw["new"]) for a in only.answers] == [("Reject", "No", "50.00")]
    assert [one.value for one in in_force(response)] == ["1.00"]

    change = ProposedChange.objects.get(outcome="")
    proposals.discard_change(change.pk, by=clerk)
    edit(clerk, "A", credit_limit="60")
    pending, discarded = beside(page(shop))
    assert (pending.value, pending.entry, pending.answers) == ("60.00", None, [])
    assert (discarded.entry["what"], discarded.entry["who"]) == ("Discarded", "Clara Clerk")
    assert [a.what for a in discarded.answers] == ["Reject"]


def test_a_change_that_joined_another_proposal_is_told_with_that_one(
    page, shop, clerk, steward, approver, second_approver
):
    pending = submitted(clerk, name="New name")
    edit(clerk, "A", credit_limit="40")
    proposals.recall(pending.pk, by=clerk)
    assert [one.proposal.pk for one in beside(page(shop))] == [pending.pk]
    approved(proposals.submit(pending.pk, by=clerk), approver, second_approver)
    now = in_force(page(shop))[0]
    assert [entry["value"] for entry in now.proposed] == ["40.00"]
    assert now.answers[0].beside[0]["new"] == "New name"
    # The name had been submitted once before, when nobody decided; the credit limit not.
    assert (len(in_force(page(shop, "name"))[0].submitted), len(now.submitted)) == (2, 1)


def test_a_time_limit_or_an_end_by_an_administrator_is_told(page, shop, clerk, administrator):
    proposal = submitted(clerk, credit_limit="50")
    proposals.terminate(proposal.pk, by=administrator, comment="Nonsense")
    [only] = beside(page(shop))
    assert [(a.what, a.who, a.comment) for a in only.answers] == [
        ("Terminated", "Adam", "Nonsense")
    ]
    assert only.entry["what"] == "Discarded"


def test_a_change_past_the_program_is_not_passed_over(page, shop, clerk, govern_fields):
    govern_fields("name")
    edit(clerk, "A", credit_limit="9")
    assert "past the program" not in page(shop).content.decode()
    with ungoverned():
        Customer.objects.update(credit_limit="77")
    assert "past the program" in page(shop).content.decode()
    edit(clerk, "A", credit_limit="10")
    response = page(shop)
    assert not response.context["told"].differs
    assert [one.unexplained for one in in_force(response)] == [True, False, False]


@pytest.mark.parametrize("name", ["account", "held", "id", "revision", "nothing", "__class__"])
def test_a_field_that_cannot_be_governed_has_no_page(client, auditor, shop, name):
    client.force_login(auditor)
    assert client.get(url_of(shop, name)).status_code == 404
    assert client.get(f"/customers/987654/history/{name}/").status_code == 404


def test_only_who_may_see_the_customer_may_see_it(client, person, shop):
    client.force_login(person("nobody"))
    for name in ("credit_limit", "account"):
        assert client.get(url_of(shop, name)).status_code == 403


def test_times_are_in_the_zone_of_the_program(page, shop, clerk, govern_fields):
    govern_fields("name")
    edit(clerk, "A", credit_limit="9")
    at = in_force(page(shop))[0].since
    shown = f'<time datetime="{timezone.localtime(at).isoformat()}">{moment(at)}</time>'
    assert page(shop).content.decode().count(shown) == 2  # the end of one, the start of another


def changed(by, values):
    for value in values:
        edit(by, "A", credit_limit=str(value))


def test_a_long_history_has_pages(page, shop, clerk, govern_fields, monkeypatch):
    monkeypatch.setattr(field_history, "PER_PAGE", 3)
    govern_fields("name")
    changed(clerk, range(2, 8))
    seen, response = [], page(shop)
    while True:
        seen += [one.value for one in in_force(response)]
        older = response.context["pages"]["older"]
        if not older:
            break
        response = page(shop, before=older.partition("before=")[2])
    assert seen == [f"{value}.00" for value in range(7, 0, -1)]
    assert response.context["pages"]["newest"] == url_of(shop) + "?"


@pytest.mark.parametrize("name", ["before", "proposed_before", "field", "format"])
def test_a_spoilt_address_breaks_nothing(page, shop, name):
    for spoilt in SPOILT:
        response = page(shop, **{name: spoilt})
        assert response.context["told"].live == "1.00"


def test_the_number_of_queries_is_constant(client, auditor, shop, clerk, approver, second_approver):
    client.force_login(auditor)

    def run(value):
        proposal = submitted(clerk, credit_limit=str(value), name=f"Name {value}")
        vote(approver, proposal, Action.REJECT, "No")
        edit(clerk, "A", credit_limit=str(value + 1))
        approved(proposals.submit(proposal.pk, by=clerk), approver, second_approver)
        edit(clerk, "A", credit_limit="5")
        proposals.discard_all(shop, by=clerk)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            response = client.get(url_of(shop))
        return len(captured), len(in_force(response)) + len(beside(response))

    run(10)
    few, shown = queries()
    for value in range(20, 80, 10):
        run(value)
    assert queries() == (few, shown + 12)
    assert few <= 14


def test_it_is_linked_from_the_customer_and_from_the_history(client, clerk, shop, govern_fields):
    govern_fields("name")
    edit(clerk, "A", credit_limit="9")
    client.force_login(clerk)
    for page in (shop.get_absolute_url(), reverse("customers:history", args=[shop.pk])):
        assert f'href="{url_of(shop)}"' in client.get(page).content.decode()
    detail = client.get(shop.get_absolute_url()).content.decode()
    assert "History of Credit limit" in detail or "History of credit limit" in detail
    assert url_of(shop, "account") not in detail
