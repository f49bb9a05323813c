"""Several work items are decided together: a preview, and then a result for each."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.deciding import decisions
from approvals.models import Behavior, Decision, Proposal, State, Substitution
from approvals.pages.paging import PAGE_SIZE
from approvals.views import bulk_decisions
from customers.models import Customer, CustomerGroup
from tests.unguarded import ungoverned

from ..helpers import (
    edit,
    get_list,
    item_of,
    live,
    post_list,
    preview_list,
    see_all,
    ticked,
    vote,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)


def test_selected_items_are_approved_together_each_with_its_own_result(
    client, approver, clerk, propose
):
    good, recalled = propose("A"), propose("B")
    selected = ticked(good, recalled, person=approver)
    proposals.recall(recalled.pk, by=clerk)
    client.force_login(approver)
    response = post_list(client, action="approve", item=selected)
    page = response.content.decode()
    assert (response.context["done"], response.context["failed"]) == (1, 1)
    assert "Approved; the next step is “Finance director”." in page.replace("&#x27;", "'")
    assert Decision.objects.get().proposal == good


def test_rejecting_several_needs_a_reason_and_keeps_the_selection(client, approver, propose):
    first, second = propose("A"), propose("B")
    selected = ticked(first, person=approver)
    client.force_login(approver)
    for action in ("reject", "request_change"):
        response = post_list(client, action=action, item=selected)
        assert "a reason is required" in response.content.decode()
        assert f'name="item" value="{selected[0]}"' in response.content.decode()
    assert not Decision.objects.exists()
    post_list(client, action="reject", item=selected, comment="Too much")
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, second.state) == (State.REJECTED, State.PENDING)
    assert Decision.objects.get().comment == "Too much"


@pytest.mark.parametrize("items", [[], ["x"], ["1"], [":"], ["9" * 40 + ":1"]])
def test_nothing_selected_is_said_and_nothing_is_decided(client, approver, propose, items):
    propose("A")
    client.force_login(approver)
    response = post_list(client, action="approve", item=items)
    assert "Select at least one work item." in response.content.decode()
    assert not Decision.objects.exists()


@pytest.mark.parametrize("action", ["", "apply", "APPROVE"])
def test_an_unknown_action_decides_nothing(client, approver, propose, action):
    selected = ticked(propose("A"), person=approver)
    client.force_login(approver)
    page = post_list(client, action=action, item=selected).content.decode()
    assert "Nothing was decided" in page
    assert not Decision.objects.exists()


def test_a_stale_selection_is_refused(client, approver, propose):
    proposal = propose("A")
    client.force_login(approver)
    item = f"{item_of(proposal, approver).pk}:{proposal.revision - 1}"
    response = post_list(client, action="approve", item=[item])
    assert "has changed since you saw it" in response.content.decode()
    assert not Decision.objects.exists()


def test_nobody_decides_a_selection_of_somebody_else(client, second_approver, approver, propose):
    selected = ticked(propose("A"), person=approver)
    client.force_login(second_approver)
    response = post_list(client, action="approve", item=selected)
    assert "not assigned to you" in response.content.decode()
    assert "Customer A" not in response.content.decode()
    assert not Decision.objects.exists()


def test_all_items_of_an_import_are_decided_those_on_other_pages_too(
    client, approver, propose, propose_by_import
):
    other = propose("X")
    job = propose_by_import(*(f"A{number}" for number in range(PAGE_SIZE + 5)))
    client.force_login(approver)
    up_to = get_list(client, **{"import": job.pk}).context["up_to"]
    response = post_list(client, f"?import={job.pk}", action="approve", up_to=up_to)
    assert response.context["done"] == PAGE_SIZE + 5
    assert not Decision.objects.filter(proposal=other).exists()


def test_a_great_many_are_decided_in_several_batches(
    client, approver, propose_by_import, monkeypatch
):
    batches = []
    decide = decisions.decide

    def noted(votes, *args, **kwargs):
        batches.append(len(votes))
        return decide(votes, *args, **kwargs)

    monkeypatch.setattr(bulk_decisions, "BATCH", 2)
    monkeypatch.setattr(decisions, "decide", noted)
    job = propose_by_import("A", "B", "C")
    client.force_login(approver)
    response = post_list(client, f"?import={job.pk}", action="approve", up_to=10**9)
    assert batches == [2, 1] and response.context["done"] == 3


def test_what_came_after_the_page_was_shown_is_not_decided(
    client, approver, steward, propose_by_import
):
    job = propose_by_import("A", "B")
    client.force_login(approver)
    up_to = get_list(client, **{"import": job.pk}).context["up_to"]
    [seen, later] = Proposal.objects.order_by("pk")
    proposals.recall(later.pk, by=steward)
    edit(steward, "B", credit_limit="999999")
    proposals.submit(later.pk, by=steward)
    response = post_list(client, f"?import={job.pk}", action="approve", up_to=up_to)
    assert response.context["done"] == 1
    assert Decision.objects.get().proposal == seen


def test_deciding_fifty_takes_as_many_queries_as_deciding_two(
    client, approver, propose_by_import, django_assert_max_num_queries, django_assert_num_queries
):
    client.force_login(approver)
    job = propose_by_import("A", "B")
    seen = see_all(client, f"?import={job.pk}")
    with django_assert_max_num_queries(65) as queries:
        post_list(client, f"?import={job.pk}", **seen)
    two = len(queries)
    job = propose_by_import(*(f"C{number}" for number in range(PAGE_SIZE)))
    seen = see_all(client, f"?import={job.pk}")
    with django_assert_num_queries(two):
        post_list(client, f"?import={job.pk}", **seen)
    assert Decision.objects.count() == PAGE_SIZE + 2


def test_opening_the_address_of_a_decision_leads_to_the_list(client, approver):
    client.force_login(approver)
    response = client.get(reverse("approvals:work_items_decide"), {"import": 1})
    assert response.url == reverse("approvals:work_items") + "?import=1"


def test_bulk_approve_leaves_out_what_has_moved_and_says_why(client, last_step, approver, propose):
    good, moved = propose("A"), propose("B")
    with ungoverned():
        Customer.objects.filter(account="B").update(credit_limit=77)
    client.force_login(approver)
    response = post_list(client, action="approve", item=ticked(good, moved, person=approver))
    assert (response.context["done"], response.context["failed"]) == (1, 1)
    first, second = response.context["lines"]
    assert "cannot be approved" in first[0].message and second[0].done
    moved.refresh_from_db()
    assert moved.state == State.PENDING
    assert not Decision.objects.filter(proposal=moved).exists()
    assert live("A", "credit_limit") == "1000.00"


def test_what_has_moved_can_be_rejected_in_bulk(client, last_step, approver, propose):
    moved = propose("B")
    with ungoverned():
        Customer.objects.filter(account="B").update(credit_limit=77)
    client.force_login(approver)
    ticks = ticked(moved, person=approver)
    response = post_list(client, action="reject", comment="No", item=ticks)
    assert response.context["done"] == 1


def test_a_conflict_is_not_counted_as_decided_and_stands_before_what_went_well(
    client, last_step, govern_fields, approver, propose
):
    govern_fields("customer_group")
    CustomerGroup.objects.create(code="KEPT", name="Kept")
    dropped = CustomerGroup.objects.create(code="DROPPED", name="Dropped")
    good, invalid = propose("A", customer_group="KEPT"), propose("B", customer_group="DROPPED")
    dropped.delete()
    client.force_login(approver)
    response = post_list(client, action="approve", item=ticked(good, invalid, person=approver))
    assert (response.context["done"], response.context["conflicts"]) == (1, 1)
    first, second = response.context["lines"]
    assert first[0].conflict and not second[0].conflict
    assert "not applied, change requested" in response.content.decode()
    invalid.refresh_from_db()
    assert invalid.state == State.CHANGE_REQUESTED


# The preview


def test_a_preview_decides_nothing_and_shows_what_would_happen(
    client, approver, clerk, workflow, propose
):
    good, recalled, moved = propose("A"), propose("B"), propose("C")
    selected = ticked(good, recalled, moved, person=approver)
    proposals.recall(recalled.pk, by=clerk)
    with ungoverned():
        Customer.objects.filter(account="C").update(credit_limit=77)
    client.force_login(approver)
    response = preview_list(client, action="approve", item=selected)
    page = response.content.decode()
    assert not Decision.objects.exists()
    assert (response.context["count"], response.context["unable_count"]) == (1, 2)
    for text in ("1,000.00", "The next step is “Finance director”", "Recalled by Clara Clerk"):
        assert text in page, text
    assert "It cannot be approved any more" in page
    assert response.context["hidden"] == selected[:1]


def test_the_preview_says_what_an_approval_completes(client, last_step, approver, propose):
    client.force_login(approver)
    selected = ticked(propose("A"), person=approver)
    page = preview_list(client, action="approve", item=selected).content.decode()
    assert "The last approval: the new values are applied." in page
    page = preview_list(client, action="reject", item=selected).content.decode()
    assert "Goes back to the originator." in page


def test_the_preview_foresees_what_could_not_be_applied(
    client, last_step, govern_fields, approver, propose
):
    govern_fields("customer_group")
    dropped = CustomerGroup.objects.create(code="DROPPED", name="Dropped")
    invalid = propose("B", customer_group="DROPPED")
    dropped.delete()
    client.force_login(approver)
    response = preview_list(client, action="approve", item=ticked(invalid, person=approver))
    assert (response.context["count"], response.context["unable_count"]) == (0, 1)
    assert "a change would be requested" in response.content.decode()
    invalid.refresh_from_db()
    assert invalid.state == State.PENDING


def test_a_preview_asks_for_no_reason_yet(client, approver, propose):
    client.force_login(approver)
    response = preview_list(client, action="reject", item=ticked(propose("A"), person=approver))
    assert response.context["count"] == 1
    assert "a reason is required" not in response.content.decode()


def test_all_of_a_list_is_all_that_its_filters_leave(client, approver, propose):
    propose("A1"), propose("A2"), propose("B1")
    client.force_login(approver)
    post_list(client, "?q=A&sort=due", action="approve", up_to=10**9)
    assert sorted(Decision.objects.values_list("proposal__record_key", flat=True)) == ["A1", "A2"]


def test_long_lists_are_shown_in_part_and_counted_whole(
    client, approver, propose_by_import, monkeypatch
):
    monkeypatch.setattr(bulk_decisions, "SHOWN", 2)
    propose_by_import("A", "B", "C")
    client.force_login(approver)
    response = preview_list(client, action="approve", up_to=10**9)
    assert "The first 2 of 3." in response.content.decode()
    response = post_list(client, action="approve", up_to=10**9)
    assert (response.context["done"], len(response.context["lines"])) == (3, 2)
    assert "1 more work item is not listed." in response.content.decode()


# What many cost


@pytest.fixture
def cost(approver):
    """A function that decides (previews) for the approver and counts the statements."""

    def count(call, made, action, by=approver, **options):
        items = [(item_of(p, approver).pk, p.revision) for p in made]
        votes = [decisions.Vote(*pair) for pair in items]
        by.get_all_permissions()
        with CaptureQueriesContext(connection) as captured:
            results = call(votes, action, by=by, **options)
        return len(captured), results

    return count


def both(cost, propose, call, action, spoil=lambda proposal: None, **options):
    """The cost of two and of five of the same kind, and the results of the five."""
    costs = []
    for prefix, many in (("X", 2), ("Y", 5)):
        made = [propose(f"{prefix}{number}") for number in range(many)]
        for proposal in made:
            spoil(proposal)
        statements, results = cost(call, made, action, **options)
        costs.append(statements)
    return costs, results


@pytest.mark.parametrize("call", [decisions.decide, decisions.preview])
@pytest.mark.parametrize("action", ["approve", "reject", "request_change"])
def test_deciding_many_costs_what_deciding_two_costs(cost, propose, call, action):
    options = {"comment": "No"} if call is decisions.decide else {}
    (two, five), results = both(cost, propose, call, action, **options)
    assert two == five and all(result.done for result in results)


@pytest.mark.parametrize("call", [decisions.decide, decisions.preview])
def test_applying_many_costs_what_applying_two_costs(cost, last_step, propose, call):
    (two, five), results = both(cost, propose, call, "approve")
    assert two == five and all(result.done for result in results)


def test_conflicts_cost_the_same_however_many(cost, last_step, propose):
    def spoil(proposal):
        with ungoverned():
            Customer.objects.filter(pk=proposal.object_id).update(credit_limit=77)

    (two, five), results = both(cost, propose, decisions.decide, "approve", spoil)
    assert two == five and all(result.conflict for result in results)


def test_moved_values_are_refused_at_a_constant_cost(cost, last_step, propose):
    def spoil(proposal):
        with ungoverned():
            Customer.objects.filter(pk=proposal.object_id).update(credit_limit=77)

    (two, five), results = both(cost, propose, decisions.decide, "approve", spoil, leave_moved=True)
    assert two == five and not any(result.done for result in results)
    assert {p.state for p in Proposal.objects.all()} == {State.PENDING}


@pytest.mark.parametrize("how", ["recalled", "rejected"])
def test_stale_votes_are_refused_at_a_constant_cost(cost, clerk, approver, propose, how):
    def spoil(proposal):
        if how == "recalled":
            proposals.recall(proposal.pk, by=clerk)
        else:
            vote(approver, proposal, "reject", "No")

    (two, five), results = both(cost, propose, decisions.decide, "approve", spoil)
    assert two == five and not any(result.done for result in results)
    assert ("Recalled by" if how == "recalled" else "Already rejected") in results[0].message


def test_a_substitute_decides_many_at_the_same_cost(cost, approver, second_approver, propose):
    today = timezone.localdate()
    Substitution.objects.create(
        person=approver, substitute=second_approver, starts=today, ends=today
    )
    (two, five), results = both(
        cost, propose, decisions.decide, "reject", by=second_approver, comment="No"
    )
    assert two == five and all(result.done for result in results)
    assert set(Decision.objects.values_list("on_behalf_of", flat=True)) == {approver.pk}


def test_the_pages_of_many_cost_what_the_pages_of_two_cost(client, approver, propose_by_import):
    client.force_login(approver)

    def queries(action, *names):
        query = f"?import={propose_by_import(*names).pk}"
        with CaptureQueriesContext(connection) as captured:
            post_list(client, query, comment="No", **see_all(client, query, action=action))
        return len(captured)

    for action in ("approve", "reject"):
        two = [f"{action}{number}" for number in range(2)]
        nine = [f"{action}{number}" for number in range(2, 11)]
        assert queries(action, *two) == queries(action, *nine)
