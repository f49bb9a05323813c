"""Approve, reject, request change; apply."""

import pytest
from django.contrib.auth.models import Group, User

from approvals import proposals
from approvals.deciding import cases, decisions
from approvals.models import (
    Behavior,
    Decision,
    Outcome,
    Proposal,
    State,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from approvals.outcomes import Refused
from approvals.workflow import workflows
from customers.models import Customer
from tests.approvals.helpers import edit, import_source, live, vote
from tests.customers.factories import customer
from tests.unguarded import unguarded

from ..definitions import change_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(clerk, workflow, govern_fields):
    """A pending proposal for customer C1: credit limit and IBAN."""
    govern_fields("credit_limit", "iban", behavior=Behavior.ALLOW)
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200", iban="NL91ABNA0417164300")
    return proposals.submit(Proposal.objects.get().pk, by=clerk)


def test_values_are_applied_when_the_last_approval_is_in(pending, approver, second_approver):
    assert vote(approver, pending).done
    assert pending.state == State.PENDING
    assert live("C1", "credit_limit") == "100.00"
    assert vote(second_approver, pending).done
    assert pending.state == State.APPROVED
    assert (live("C1", "credit_limit"), live("C1", "iban")) == ("200.00", "NL91ABNA0417164300")
    assert set(pending.changes.values_list("outcome", flat=True)) == {Outcome.APPLIED}
    applied = WorkflowEvent.objects.filter(verb=Verb.APPLIED, actor=second_approver)
    assert set(applied.values_list("field", "old", "new")) == {
        ("credit_limit", "100.00", "200.00"),
        ("iban", "", "NL91ABNA0417164300"),
    }


def test_who_contributed_to_another_proposal_decides_on_this_one(pending, approver):
    approver.groups.add(Group.objects.get(name="Clerk"))
    customer("C2", credit_limit="100")
    edit(User.objects.get(pk=approver.pk), "C2", credit_limit="200")
    assert vote(approver, pending).done


def test_who_may_not_decide_is_offered_nothing_and_costs_nothing(
    pending, approver, django_assert_num_queries
):
    item = WorkItem.objects.select_related("step_run__step", "proposal").get(assignee=approver)
    assert cases.decidable([item], approver) == {pending.pk: item.pk}
    approver.groups.clear()
    withdrawn = User.objects.get(pk=approver.pk)
    withdrawn.get_all_permissions()
    with django_assert_num_queries(0):
        assert cases.decidable([item], withdrawn) == {}


def test_only_the_one_it_is_assigned_to_decides(pending, approver, second_approver, clerk):
    item = WorkItem.objects.get(assignee=approver)
    admin = User.objects.create_superuser("root")
    for user in (second_approver, clerk, admin):
        [result] = decisions.decide([decisions.Vote(item.pk, pending.revision)], "approve", by=user)
        assert not result.done
    assert not Decision.objects.exists()


def test_a_decision_on_another_revision_than_the_one_seen_decides_nothing(pending, approver):
    result = vote(approver, pending, revision=pending.revision - 1)
    assert not result.done
    assert "changed since" in result.message
    assert not Decision.objects.exists()


def test_a_right_that_is_withdrawn_is_gone_at_once(pending, approver):
    approver.groups.clear()
    assert not vote(User.objects.get(pk=approver.pk), pending).done


def test_a_contributor_does_not_decide_even_with_a_work_item(pending, approver):
    pending.contributors.create(person=approver, role="edited")
    result = vote(approver, pending)
    assert not result.done
    assert "contributed" in result.message


@pytest.mark.parametrize("action", ["reject", "request_change"])
def test_reject_and_request_change_need_a_reason(pending, approver, action):
    for comment in ("", "  \n "):
        assert not vote(approver, pending, action, comment).done
    assert pending.state == State.PENDING


@pytest.mark.parametrize(
    ("action", "state"),
    [("reject", State.REJECTED), ("request_change", State.CHANGE_REQUESTED)],
)
def test_a_returned_proposal_can_be_edited_and_resubmitted(
    pending, clerk, person, approver, second_approver, action, state
):
    vote(approver, pending)
    vote(second_approver, pending, action, "Too much")
    assert pending.state == state
    assert live("C1", "credit_limit") == "100.00"
    assert not WorkItem.objects.filter(state="open").exists()
    colleague = person("colleague", "Clerk")
    edit(colleague, "C1", credit_limit="150")
    pending.refresh_from_db()
    assert pending.state == state
    proposals.submit(pending.pk, by=colleague)
    assert WorkItem.objects.get(state="open").assignee == approver
    vote(approver, pending)
    vote(second_approver, pending)
    assert pending.state == State.APPROVED
    assert live("C1", "credit_limit") == "150.00"


def test_a_second_decision_on_a_step_reads_who_decided(
    clerk, person, approver, govern_fields, single_step
):
    colleague = person("colleague", "Approver", first_name="Cora", last_name="Colleague")
    change_step(single_step, add=[colleague])
    proposal = one_pending(clerk, govern_fields, single_step)
    assert vote(approver, proposal).done
    result = vote(colleague, proposal)
    assert not result.done
    assert "Already approved by Anna Approver" in result.message


def test_all_approvers_must_approve(clerk, person, approver, govern_fields, single_step):
    colleague = person("colleague", "Approver")
    change_step(single_step, add=[colleague], policy="all")
    proposal = one_pending(clerk, govern_fields, single_step)
    assert vote(approver, proposal).done
    assert proposal.state == State.PENDING
    assert not vote(approver, proposal).done
    assert vote(colleague, proposal).done
    assert proposal.state == State.APPROVED


def test_one_rejection_rejects_where_all_must_approve(
    clerk, person, approver, govern_fields, single_step
):
    colleague = person("colleague", "Approver")
    change_step(single_step, add=[colleague], policy="all")
    proposal = one_pending(clerk, govern_fields, single_step)
    vote(approver, proposal)
    vote(colleague, proposal, "reject", "No")
    assert proposal.state == State.REJECTED


def test_groups_resolve_when_the_step_starts(clerk, person, approver, govern_fields, single_step):
    change_step(single_step, users=[], groups=[Group.objects.get(name="Approver")])
    late = User.objects.create_user("late")
    proposal = one_pending(clerk, govern_fields, single_step)
    late.groups.add(Group.objects.get(name="Approver"))
    assignees = set(proposal.work_items.values_list("assignee__username", flat=True))
    assert assignees == {"approver", "second_approver"}


def test_when_the_next_steps_people_are_gone_administrators_decide(
    pending, approver, second_approver, administrator
):
    second_approver.is_active = False
    second_approver.save()
    vote(approver, pending)
    assert WorkItem.objects.get(state="open").assignee == administrator
    assert vote(administrator, pending).done
    assert pending.state == State.APPROVED


def test_when_nobody_at_all_is_left_the_approval_is_refused(
    pending, approver, second_approver, administrator
):
    User.objects.filter(pk__in=[second_approver.pk, administrator.pk]).update(is_active=False)
    result = vote(approver, pending)
    assert not result.done
    assert "Finance director" in result.message
    assert not Decision.objects.exists()


def test_a_moved_live_value_is_a_conflict_and_nothing_is_applied(
    pending, steward, approver, second_approver
):
    vote(approver, pending)
    edit(steward, "C1", import_source(steward, Behavior.ALLOW), credit_limit="500")
    result = vote(second_approver, pending)
    assert result.done
    assert "Not applied" in result.message
    assert pending.state == State.CHANGE_REQUESTED
    assert (live("C1", "credit_limit"), live("C1", "iban")) == ("500.00", "")
    conflict = pending.events.get(verb=Verb.CONFLICT)
    assert "500.00" in conflict.comment


def test_a_moved_live_value_refuses_an_approval_that_is_not_the_last(pending, steward, approver):
    edit(steward, "C1", import_source(steward, Behavior.ALLOW), credit_limit="500")
    result = vote(approver, pending)
    assert not result.done
    assert vote(approver, pending, "request_change", "Look again").done


def test_a_value_that_is_no_longer_valid_is_a_conflict(
    clerk, workflow, govern_fields, approver, second_approver
):
    from customers.models import PaymentTerms

    govern_fields("payment_terms", "credit_limit")
    customer("C1")
    PaymentTerms.objects.create(code="T1", name="T1")
    edit(clerk, "C1", payment_terms="T1", credit_limit="9")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    vote(approver, proposal)
    PaymentTerms.objects.filter(code="T1").delete()
    vote(second_approver, proposal)
    assert proposal.state == State.CHANGE_REQUESTED
    assert live("C1", "credit_limit") is None


def test_two_proposals_of_one_customer_run_and_apply_on_their_own(
    pending, clerk, approver, second_approver, govern_fields
):
    govern_fields("credit_limit", "iban", "payment_day", "swift")
    edit(clerk, "C1", payment_day="5", swift="ABNANL2A")
    second = Proposal.objects.exclude(pk=pending.pk).get()
    proposals.submit(second.pk, by=clerk)
    items = WorkItem.objects.filter(assignee=approver, state="open")
    revisions = dict(Proposal.objects.values_list("pk", "revision"))
    votes = [decisions.Vote(i.pk, revisions[i.proposal_id]) for i in items]
    assert all(r.done for r in decisions.decide(votes, "approve", by=approver))
    items = WorkItem.objects.filter(assignee=second_approver, state="open")
    votes = [decisions.Vote(i.pk, revisions[i.proposal_id]) for i in items]
    assert all(r.done for r in decisions.decide(votes, "approve", by=second_approver))
    assert live("C1", "swift") == "ABNANL2A"
    assert live("C1", "credit_limit") == "200.00"


def test_each_vote_of_a_batch_has_its_own_result(pending, clerk, approver):
    customer("C2", credit_limit="1")
    edit(clerk, "C2", credit_limit="2")
    second = proposals.submit(Proposal.objects.get(record_key="C2").pk, by=clerk)
    first_item, second_item = WorkItem.objects.order_by("id")
    results = decisions.decide(
        [
            decisions.Vote(first_item.pk, pending.revision - 1),
            decisions.Vote(second_item.pk, second.revision),
            decisions.Vote(999_999, 1),
        ],
        "approve",
        by=approver,
    )
    assert [result.done for result in results] == [False, True, False]


def test_running_proposals_keep_their_version(pending, workflow, administrator, approver):
    draft = workflows.new_draft(workflow.workflow, by=administrator)
    draft.steps.filter(position=2).delete()
    workflows.activate(draft, by=administrator)
    vote(approver, pending)
    assert pending.state == State.PENDING


def test_bulk_decisions_cost_the_same_statements_whatever_their_number(
    clerk, approver, second_approver, workflow, govern_fields
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    govern_fields("credit_limit")
    for n in range(42):
        customer(f"C{n}", credit_limit="1")
        edit(clerk, f"C{n}", credit_limit="2")
    for proposal in Proposal.objects.all():
        proposals.submit(proposal.pk, by=clerk)

    def approve(user, count):
        user = User.objects.get(pk=user.pk)
        items = WorkItem.objects.filter(assignee=user, state="open").select_related("proposal")
        votes = [decisions.Vote(i.pk, i.proposal.revision) for i in items[:count]]
        with CaptureQueriesContext(connection) as captured:
            assert all(r.done for r in decisions.decide(votes, "approve", by=user))
        return len(captured)

    assert approve(approver, 2) == approve(approver, 40)
    assert approve(second_approver, 2) == approve(second_approver, 40)
    assert set(Customer.objects.values_list("credit_limit", flat=True)) == {2}


@pytest.fixture
def single_step(workflow, administrator):
    """The only step of the active version; written past the rules to keep tests short."""
    with unguarded():
        workflow.steps.filter(position=2).delete()
    return workflow.steps.get()


def one_pending(clerk, govern_fields, step):
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    return proposals.submit(Proposal.objects.get().pk, by=clerk)


def test_submit_by_the_only_approver_is_refused(approver, govern_fields, workflow):
    approver.groups.add(Group.objects.get(name="Clerk"))
    user = User.objects.get(pk=approver.pk)
    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(user, "C1", credit_limit="200")
    with pytest.raises(Refused):
        proposals.submit(Proposal.objects.get().pk, by=user)


def test_a_rule_across_fields_that_is_broken_by_then_is_a_conflict(
    clerk, workflow, govern_fields, approver, second_approver
):
    govern_fields("swift")
    customer("C1", iban="NL91ABNA0417164300", swift="ABNANL2A")
    edit(clerk, "C1", swift="INGBNL2A")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    vote(approver, proposal)
    assert edit(clerk, "C1", iban="DE89370400440532013000").warnings
    vote(second_approver, proposal)
    assert proposal.state == State.CHANGE_REQUESTED
    assert live("C1", "swift") == "ABNANL2A"
