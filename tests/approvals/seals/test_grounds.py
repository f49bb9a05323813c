"""Rules that approved, and steps that were skipped, are judged again on the sealed values."""

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F

from approvals import history, parameters, proposals
from approvals.models import (
    AutomaticAction,
    AutomaticCondition,
    Kind,
    Outcome,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepCondition,
    StepRun,
    Verb,
    VersionCondition,
    WorkflowEvent,
)
from approvals.outcomes import ADMIN, BROWSER
from approvals.seals import beside, switches, trails
from approvals.seals.approved import follow
from approvals.seals.verifying import Report, verify
from customers.models import Customer
from tests.approvals.definitions import define
from tests.approvals.helpers import edit, vote
from tests.unguarded import unguarded

from .conftest import create

pytestmark = pytest.mark.django_db

SMALL = ("raised", "credit_limit", "at_most_percent", "5")
LARGE = ("raised", "credit_limit", "more_percent", "20")
BY_RULE = "though the rule “Small” does not approve it"
SKIPPED = "though the step “Second”, which was skipped, applies"


@pytest.fixture
def shop(customer_codes, clerk, govern_fields):
    """A customer with a credit limit of 100, of which that and the name are governed."""
    create(clerk, "C1")
    govern_fields("credit_limit", "name")


@pytest.fixture
def ruled(shop, approver):
    """Small raises need nobody."""
    rule = ("Small", "approve", [SMALL])
    return define("Customers", {"name": "First", "users": [approver]}, rules=[rule])


def two_steps(approver, second_approver, *rows, **how):
    second = {"name": "Second", "users": [second_approver], "rows": rows}
    return define("Customers", {"name": "First", "users": [approver]}, second, **how)


def submitted(by, *voters, source=BROWSER, **values):
    """The proposal of a change, decided by these."""
    edit(by, "C1", **values)
    proposal = Proposal.objects.get(state=State.NOT_SUBMITTED)
    proposals.submit(proposal.pk, by=by, source=source)
    for voter in voters:
        vote(voter, proposal)
    proposal.refresh_from_db()
    return proposal


def findings():
    found = []
    follow(Report(found.append))
    start = f"customers.customer C1, proposal {Proposal.objects.first().pk}: approved, "
    assert all(line.startswith(start) for line in found)
    return [line.removeprefix(start).rstrip(".") for line in found]


def forge(rows, **values):
    with unguarded():
        assert getattr(rows, "objects", rows).update(**values)


# Rules


def test_what_a_rule_approved_is_judged_again(ruled, clerk):
    assert submitted(clerk, credit_limit="105").state == State.APPROVED
    assert findings() == []
    forge(AutomaticCondition, value="4.9")
    assert findings() == [BY_RULE]


def test_a_rule_that_says_nothing_of_a_change_approves_it_not(ruled, clerk):
    submitted(clerk, credit_limit="105")
    row = AutomaticCondition.objects.get()
    with unguarded():
        row.action.conditions.create(subject="change", field="name", operator="absent")
        row.delete()
    assert findings() == [BY_RULE]


def test_a_rule_that_is_none_of_the_version_s_or_rejects_approves_nothing(ruled, clerk):
    submitted(clerk, credit_limit="105")
    forge(AutomaticAction, name="Other")
    assert findings() == [BY_RULE]
    forge(AutomaticAction, name="Small", decision="reject")
    assert findings() == [BY_RULE]


def test_the_first_rule_that_decides_is_the_one(ruled, clerk):
    submitted(clerk, credit_limit="105")
    with unguarded():
        first = ruled.automatic_actions.create(name="No", decision="reject", position=0)
        row = first.conditions.create(subject="change", field="name", operator="present")
    assert findings() == []
    with unguarded():
        row.field = "credit_limit"
        row.save()
    assert findings() == [BY_RULE]


def test_a_rule_that_cannot_be_read_any_more_is_no_finding(ruled, clerk):
    submitted(clerk, credit_limit="105")
    forge(AutomaticCondition, field="nowhere")
    assert findings() == []


def test_a_rule_that_was_passed_over_is_found(ruled, clerk, approver):
    assert submitted(clerk, approver, credit_limit="106").state == State.APPROVED
    assert findings() == []
    forge(AutomaticCondition, value="6")
    assert findings() == ["though the rule “Small” decides it"]


def test_an_approval_by_a_rule_that_the_guard_lets_through_is_found(ruled, clerk):
    """Whoever may write rows, and seal entries, has a rule approve what it is not about."""
    proposal, [rule] = submitted(clerk, credit_limit="9999999"), ruled.automatic_actions.all()
    [change], record = proposal.changes.all(), proposal.record
    of = {"content_type_id": proposal.content_type_id, "object_id": record.pk}
    of |= {"record_key": "C1", "proposal": proposal, "origin": "browser"}
    value = {"field": "credit_limit", "old": change.original, "new": change.value}
    with transaction.atomic():
        history.record([WorkflowEvent(verb=Verb.APPROVED_BY_RULE, comment=rule.name, **of)])
        StepRun.objects.update(state=RunState.STOPPED)
        Proposal.objects.update(
            state=State.APPROVED, revision=F("revision") + 1, automatic_action=rule
        )
        Customer.objects.update(credit_limit=change.value, revision=F("revision") + 1)
        ProposedChange.objects.update(outcome=Outcome.APPLIED)
        history.record(
            [WorkflowEvent(verb=Verb.COMPLETED, **of), WorkflowEvent(verb="applied", **value, **of)]
        )
    for part in (verify, trails.follow, switches.follow, beside.follow):
        part(Report(pytest.fail))
    assert findings() == [BY_RULE]


# Steps


def test_a_step_that_was_skipped_is_judged_again(shop, clerk, approver, second_approver):
    two_steps(approver, second_approver, LARGE)
    assert submitted(clerk, approver, credit_limit="120").state == State.APPROVED
    assert findings() == []
    forge(StepCondition, value="19")
    assert findings() == [SKIPPED]


def test_a_step_is_judged_on_what_the_record_was_when_it_was_submitted(
    shop, clerk, approver, second_approver
):
    two_steps(approver, second_approver, ("record", "phone", "is", "222"))
    edit(clerk, "C1", phone="111")
    submitted(clerk, credit_limit="120")
    edit(clerk, "C1", phone="222")
    vote(approver, Proposal.objects.get())
    assert findings() == []
    forge(Proposal, routed_on={"origin": "browser", "record": {"phone": "222"}})
    assert findings() == []
    forge(StepCondition, value="111")
    assert findings() == [SKIPPED]
    forge(StepCondition, field="country", value="NL")
    assert findings() == [SKIPPED]
    forge(StepCondition, field="country", value="SE")
    assert findings() == []


def test_a_value_that_nobody_ever_set_is_the_default(shop, clerk, approver, second_approver):
    two_steps(approver, second_approver, ("record", "one_time_customer", "is", "1"))
    submitted(clerk, approver, credit_limit="120")
    assert findings() == []
    forge(StepCondition, value="0")
    assert findings() == [SKIPPED]


def test_what_is_not_known_any_more_is_no_finding(shop, clerk, approver, second_approver):
    """No entry tells what a customer of before there was a history was."""
    two_steps(approver, second_approver, ("record", "phone", "is", "222"))
    submitted(clerk, approver, credit_limit="120")
    forge(StepCondition, value="")
    assert findings() == []
    forge(StepCondition, value="333", field="nowhere")
    assert findings() == []
    forge(StepCondition, field="phone", operator="is_not")
    assert findings() == [SKIPPED]
    with unguarded():
        WorkflowEvent.objects.filter(verb=Verb.CREATED)._raw_delete("default")
    assert findings() == []


def test_where_it_came_in_is_what_the_entry_says(shop, clerk, approver, second_approver):
    two_steps(approver, second_approver, ("origin", "", "is", "browser"))
    submitted(clerk, approver, source=ADMIN, credit_limit="120")
    assert findings() == []
    forge(StepCondition, value="admin")
    assert findings() == [SKIPPED]


def test_who_submitted_is_what_the_entry_says(shop, clerk, approver, second_approver):
    row = {"subject": "originator", "operator": "is", "person": approver}
    two_steps(approver, second_approver, row)
    submitted(clerk, approver, credit_limit="120")
    assert findings() == []
    forge(StepCondition, person=clerk)
    assert findings() == [SKIPPED]


def test_a_new_customer_is_known_by_its_release(
    shop, administrator, clerk, approver, second_approver
):
    two_steps(approver, second_approver, ("kind", "", "is", Kind.CHANGE))
    parameters.set_parameters(Customer, by=administrator, approve_new_records=True)
    create(clerk, "C2")
    [proposal] = Proposal.objects.all()
    proposals.submit(proposal.pk, by=clerk)
    vote(approver, proposal)
    assert proposal.state == State.APPROVED
    found = []
    follow(Report(found.append))
    assert found == []
    forge(StepCondition, value=Kind.NEW)
    follow(Report(found.append))
    forge(StepCondition, subject="record", field="name", value="New")
    follow(Report(found.append))
    assert len(found) == 2


# Groups, workflows, values


@pytest.mark.parametrize(
    ("operator", "match", "percent", "found"),
    [
        ("is", "all", "19", []),
        ("is_not", "all", "19", []),
        ("is", "any", "20", []),
        ("is_not", "any", "20", []),
        ("is", "any", "19", [SKIPPED]),
        ("is_not", "any", "19", [SKIPPED]),
    ],
)
def test_where_the_originator_s_group_may_have_made_the_difference_nothing_is_found(
    shop, clerk, approver, second_approver, operator, match, percent, found
):
    step = two_steps(approver, second_approver, LARGE).steps.get(name="Second")
    submitted(clerk, approver, credit_limit="120")
    group = Group.objects.get(name="Clerk")
    with unguarded():
        step.conditions.create(subject="originator_group", operator=operator, group=group)
        step.conditions.filter(subject="raised").update(value=percent)
        type(step).objects.filter(pk=step.pk).update(match=match)
    assert findings() == found


@pytest.mark.parametrize("operator", ["is", "is_not"])
def test_a_rule_for_a_group_may_have_decided(ruled, clerk, operator):
    submitted(clerk, credit_limit="105")
    row = AutomaticCondition.objects.get()
    group = Group.objects.get(name="Approver")
    with unguarded():
        row.action.conditions.create(subject="originator_group", operator=operator, group=group)
    assert findings() == []
    forge(AutomaticCondition.objects.filter(subject="raised"), value="4")
    assert findings() == [BY_RULE]


def test_a_workflow_that_does_not_take_it_is_found(shop, clerk, approver, second_approver):
    two_steps(approver, second_approver, LARGE, rows=[("record", "country", "is", "NL")])
    submitted(clerk, approver, credit_limit="120")
    assert findings() == []
    forge(VersionCondition, value="SE")
    assert findings() == ["though the condition of its workflow does not hold"]


def test_a_value_that_its_field_cannot_have_is_found(ruled, clerk):
    submitted(clerk, credit_limit="105")
    with unguarded():
        WorkflowEvent.objects.filter(verb=Verb.PROPOSED).update(new="many")
    follow(Report((found := []).append))
    assert found[0].endswith("approved, with a value that credit_limit cannot have.")
