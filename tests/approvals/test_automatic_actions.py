"""Automatic actions: rules that approve or reject at once, without a person."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import proposals
from approvals.changes import change_records
from approvals.models import (
    Behavior,
    Contributor,
    Decision,
    Proposal,
    State,
    StepRun,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from approvals.outcomes import CODE, Change
from customers.models import Customer
from tests.customers.factories import customer
from tests.unguarded import switch, ungoverned, unguarded

from .definitions import define
from .helpers import create_records, edit, import_source, live, vote

pytestmark = pytest.mark.django_db

LOWERED = ("lowered", "credit_limit", "more", "0")
HUGE = ("new", "credit_limit", "more", "1000000")
LOWER = ("Lower limits", "approve", [LOWERED])
NEVER = ("More than a million", "reject", [HUGE])


@pytest.fixture
def rules(approver):
    """The active version: lower limits are approved at once, huge ones rejected at once."""
    return define("Customers", {"users": [approver]}, rules=[NEVER, LOWER])


@pytest.fixture
def limits(rules, govern_fields):
    """Credit limits and bank details are governed."""
    govern_fields("credit_limit", "iban", "swift", behavior=Behavior.PROPOSE)


def submitted(clerk, new, old="1000", account="C1"):
    """The proposal of a credit limit, submitted."""
    customer(account, credit_limit=old)
    edit(clerk, account, credit_limit=new)
    proposals.submit(Proposal.objects.get(record_key=account).pk, by=clerk)
    return Proposal.objects.get(record_key=account)


def entries(proposal, *verbs):
    """The history of a proposal's workflow: verb, who, comment."""
    events = proposal.events.filter(verb__in=verbs) if verbs else proposal.events.filter(field="")
    return [(e.verb, e.actor, e.comment) for e in events.select_related("actor").order_by("id")]


def test_a_rule_approves_and_applies_at_once(limits, clerk, rules):
    proposal = submitted(clerk, "900")
    assert proposal.state == State.APPROVED
    assert proposal.automatic_action.name == "Lower limits"
    assert (proposal.version, proposal.submitted_by) == (rules, clerk)
    assert proposal.closed_at is not None
    assert live("C1", "credit_limit") == "900.00"
    assert not StepRun.objects.exists()
    assert not WorkItem.objects.exists()
    assert not Decision.objects.exists()


def test_the_history_names_the_rule_and_nobody(limits, clerk):
    proposal = submitted(clerk, "900")
    assert entries(proposal) == [
        (Verb.SUBMITTED, clerk, ""),
        (Verb.APPROVED_BY_RULE, None, "Lower limits"),
        (Verb.COMPLETED, None, ""),
    ]
    [applied] = proposal.events.filter(verb=Verb.APPLIED)
    assert (applied.actor, applied.old, applied.new) == (None, "1000.00", "900.00")


def test_a_rule_rejects_at_once(limits, clerk):
    proposal = submitted(clerk, "2000000")
    assert proposal.state == State.REJECTED
    assert proposal.automatic_action.name == "More than a million"
    assert live("C1", "credit_limit") == "1000.00"
    assert not WorkItem.objects.exists()
    assert entries(proposal) == [
        (Verb.SUBMITTED, clerk, ""),
        (Verb.REJECTED_BY_RULE, None, "More than a million"),
    ]


def test_what_no_rule_takes_goes_to_its_people(limits, clerk, approver):
    proposal = submitted(clerk, "1100")
    assert (proposal.state, proposal.automatic_action) == (State.PENDING, None)
    assert WorkItem.objects.get().assignee == approver


def test_what_was_rejected_by_a_rule_can_be_mended_and_resubmitted(limits, clerk, approver):
    proposal = submitted(clerk, "2000000")
    edit(clerk, "C1", credit_limit="1100")
    proposals.submit(proposal.pk, by=clerk)
    proposal.refresh_from_db()
    assert (proposal.state, proposal.automatic_action) == (State.PENDING, None)
    vote(approver, proposal)
    assert (proposal.state, proposal.automatic_action) == (State.APPROVED, None)


def test_the_first_rule_that_holds_decides(govern_fields, approver, clerk):
    lowered = [("First", "reject", [LOWERED]), ("Second", "approve", [LOWERED])]
    define("Customers", {"users": [approver]}, rules=lowered)
    govern_fields("credit_limit")
    proposal = submitted(clerk, "900")
    assert (proposal.state, proposal.automatic_action.name) == (State.REJECTED, "First")


def test_rules_count_only_in_the_workflow_that_covers_the_proposal(govern_fields, approver, clerk):
    only_imports = [("origin", "", "is", "import")]
    define("Imports", {"users": [approver]}, rows=only_imports, rules=[LOWER], position=1)
    define("Others", {"users": [approver]}, position=2)
    govern_fields("credit_limit")
    assert submitted(clerk, "900").state == State.PENDING


def test_a_rule_needs_nobody_who_could_decide_and_a_step_that_is_open_to_none(
    limits, clerk, approver
):
    approver.groups.clear()
    assert submitted(clerk, "900").state == State.APPROVED


def test_no_other_change_slips_in_beside_what_a_rule_approves(limits, clerk):
    customer("C1", credit_limit="1000")
    edit(clerk, "C1", credit_limit="900", iban="NL91ABNA0417164300")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    assert (proposal.state, proposal.automatic_action) == (State.PENDING, None)
    assert live("C1", "iban") == ""


def test_of_several_rows_only_those_that_hold_let_a_change_through(govern_fields, approver, clerk):
    either = ("Either", "approve", [LOWERED, ("change", "iban", "present")])
    version = define("Customers", {"users": [approver]}, rules=[either])
    with unguarded():
        version.automatic_actions.update(match="any")
    govern_fields("credit_limit", "iban")
    customer("C1", credit_limit="1000")
    edit(clerk, "C1", credit_limit="2000", iban="NL91ABNA0417164300")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    assert (proposal.state, proposal.automatic_action) == (State.PENDING, None)


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([("change", "credit_limit", "present")], State.PENDING),
        ([("change", "credit_limit", "present"), ("kind", "", "is", "new")], State.APPROVED),
    ],
)
def test_a_rule_releases_a_new_customer_only_where_it_says_so(
    govern_fields, approver, clerk, rows, state
):
    define("Customers", {"users": [approver]}, rules=[("Rule", "approve", rows)])
    govern_fields("credit_limit", approve_new=True)
    first = {"name": "New", "customer_group": customer().customer_group_id, "credit_limit": "5"}
    [made] = create_records(Customer, [Change("N1", first)], by=clerk, source=CODE)
    assert not made.failed
    assert proposals.submit(Proposal.objects.get().pk, by=clerk).state == state
    assert Customer.objects.get(account="N1").held == (state == State.PENDING)


def test_a_limit_that_is_taken_away_is_no_lower_one_but_beyond_the_highest(limits, clerk):
    proposal = submitted(clerk, "")
    assert proposal.state == State.REJECTED
    assert proposal.automatic_action.name == "More than a million"


def test_an_automatic_approval_that_breaks_a_rule_across_fields_is_a_conflict(
    limits, clerk, approver
):
    """The other half of the bank details waits in another proposal."""
    customer("C1", credit_limit="1000")
    edit(clerk, "C1", iban="NL91ABNA0417164300")
    first = proposals.submit(Proposal.objects.get().pk, by=clerk)
    define("First", rows=[("change", "swift", "present")], position=0,
           rules=[("Bank codes", "approve", [("change", "swift", "present"),
                                             ("change", "credit_limit", "present")])])  # fmt: skip
    edit(clerk, "C1", swift="ABNANL2A", credit_limit="1000000")
    second = Proposal.objects.exclude(pk=first.pk).get()
    with ungoverned():
        Customer.objects.filter(account="C1").update(iban="DE89370400440532013000")
    proposals.submit(second.pk, by=clerk)
    second.refresh_from_db()
    assert second.state == State.CHANGE_REQUESTED
    assert (live("C1", "swift"), live("C1", "credit_limit")) == ("", "1000.00")
    verbs = [verb for verb, _actor, _comment in entries(second)]
    assert verbs == [Verb.SUBMITTED, Verb.APPROVED_BY_RULE, Verb.CONFLICT]
    assert set(second.changes.values_list("outcome", flat=True)) == {""}


def take(steward, values):
    """Import credit limits, by account; return the outcomes."""
    source = import_source(steward, Behavior.PROPOSE)
    meant = [Change(key, {"credit_limit": limit}) for key, limit in values.items()]
    return change_records(Customer, meant, by=steward, source=source)


def test_rules_decide_on_imports_row_by_row(limits, steward, approver):
    for key in ("C1", "C2", "C3", "C4"):
        customer(key, credit_limit="1000")
    found = take(steward, {"C1": "900", "C2": "1100", "C3": "2000000", "C4": "800"})
    assert [outcome.status for outcome in found] == ["proposed"] * 4
    assert [outcome.notes for outcome in found] == [
        ["The rule “Lower limits” approves these changes at once: they are applied."],
        [],
        ["The rule “More than a million” rejects these changes at once."],
        ["The rule “Lower limits” approves these changes at once: they are applied."],
    ]
    states = dict(Proposal.objects.values_list("record_key", "state"))
    assert states == {
        "C1": State.APPROVED,
        "C2": State.PENDING,
        "C3": State.REJECTED,
        "C4": State.APPROVED,
    }
    stored = dict(Customer.objects.values_list("account", "credit_limit"))
    assert stored == {"C1": 900, "C2": 1000, "C3": 1000, "C4": Decimal(800)}
    assert [item.record_key for item in WorkItem.objects.all()] == ["C2"]
    named = WorkflowEvent.objects.filter(actor=None, proposal__isnull=False).exclude(comment="")
    named = named.order_by("record_key")
    assert list(named.values_list("record_key", "comment")) == [
        ("C1", "Lower limits"),
        ("C3", "More than a million"),
        ("C4", "Lower limits"),
    ]
    assert set(Contributor.objects.values_list("person", flat=True)) == {steward.pk}


def test_an_import_writes_direct_fields_before_a_rule_applies_the_others(limits, steward):
    customer("C1", credit_limit="1000")
    source = import_source(steward, Behavior.PROPOSE)
    change = Change("C1", {"credit_limit": "900", "phone": "+31 30 000 20 26"})
    [outcome] = change_records(Customer, [change], by=steward, source=source)
    assert outcome.status == "proposed"
    assert (live("C1", "credit_limit"), live("C1", "phone")) == ("900.00", "+31 30 000 20 26")
    assert Customer.objects.get().revision == 3


@pytest.mark.parametrize("limit", ["900", "2000000"])
def test_a_batch_costs_the_same_statements_whatever_its_size(limits, steward, limit):
    for n in range(42):
        customer(f"C{n}", credit_limit="1000")

    def cost(numbers):
        with CaptureQueriesContext(connection) as captured:
            take(steward, {f"C{n}": limit for n in numbers})
        return len(captured)

    cost([0])  # once-only lookups
    assert cost(range(1, 3)) == cost(range(3, 42))
    assert set(Proposal.objects.values_list("state", flat=True)) <= {"approved", "rejected"}


def test_a_rule_may_release_new_customers_that_an_import_creates(
    administrator, approver, steward, govern_fields
):
    new = [("kind", "", "is", "new"), ("new", "credit_limit", "at_most", "5000")]
    define("Customers", {"users": [approver]}, rules=[("Small new customers", "approve", new)])
    govern_fields("credit_limit", behavior=Behavior.PROPOSE)
    switch(approve_new_records=True)
    source = import_source(steward, Behavior.PROPOSE)
    common = {"name": "New", "customer_group": customer("OLD").customer_group_id}
    limits = {"N1": "5000", "N2": "5001"}
    meant = [Change(key, {**common, "credit_limit": limit}) for key, limit in limits.items()]
    assert not any(outcome.failed for outcome in create_records(Customer, meant, by=steward,
                                                                source=source))  # fmt: skip
    stored = Customer.objects.values_list("account", "held", "credit_limit").order_by("account")
    assert list(stored)[:2] == [("N1", False, 5000), ("N2", True, None)]
    states = dict(Proposal.objects.values_list("record_key", "state"))
    assert states == {"N1": State.APPROVED, "N2": State.PENDING}
