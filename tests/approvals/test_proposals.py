"""Submit, recall and discard."""

import pytest
from django.core.exceptions import PermissionDenied

from approvals import proposals
from approvals.models import (
    Behavior,
    Outcome,
    Proposal,
    ProposedChange,
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
from tests.unguarded import ungoverned

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(clerk, workflow, govern_fields):
    """A not submitted proposal for customer C1: credit limit and IBAN."""
    govern_fields("credit_limit", "iban", behavior=Behavior.PROPOSE)
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200", iban="NL91ABNA0417164300")
    return Proposal.objects.get()


def submitted(draft, by, **kwargs):
    return proposals.submit(draft.pk, by=by, **kwargs)


def test_submit_hands_the_changes_to_the_first_steps_people(draft, clerk, approver):
    proposal = submitted(draft, clerk, note="Please hurry")
    assert proposal.state == State.PENDING
    assert (proposal.submitted_by, proposal.note) == (clerk, "Please hurry")
    item = WorkItem.objects.get()
    assert (item.assignee, item.record_key) == (approver, "C1")
    verbs = list(proposal.events.values_list("verb", flat=True))
    assert verbs[-2:] == [Verb.SUBMITTED, Verb.ASSIGNED]


def test_who_submits_is_the_originator_and_a_contributor(draft, person):
    colleague = person("colleague", "Clerk")
    proposal = submitted(draft, colleague)
    assert proposal.submitted_by == colleague
    assert proposal.contributors.filter(person=colleague, role="submitted").exists()


def test_live_values_become_the_originals_and_equal_ones_drop_out(draft, clerk):
    with ungoverned():
        Customer.objects.update(credit_limit="200", iban="DE89370400440532013000")
    proposal = submitted(draft, clerk)
    assert ProposedChange.objects.get(field="iban").original == "DE89370400440532013000"
    assert ProposedChange.objects.get(field="credit_limit").outcome == Outcome.DISCARDED
    assert proposal.events.filter(verb=Verb.DROPPED, field="credit_limit").exists()
    assert proposal.state == State.PENDING


def test_when_everything_drops_out_the_proposal_is_discarded(draft, clerk):
    with ungoverned():
        Customer.objects.update(credit_limit="200", iban="NL91ABNA0417164300")
    assert submitted(draft, clerk).state == State.DISCARDED
    assert not WorkItem.objects.exists()


def test_submit_is_refused_without_an_active_workflow(draft, clerk, workflow, administrator):
    workflows.retire(workflow, by=administrator)
    with pytest.raises(Refused, match="No active workflow"):
        submitted(draft, clerk)
    draft.refresh_from_db()
    assert draft.state == State.NOT_SUBMITTED


def test_submit_is_refused_where_nobody_may_decide_a_later_step(draft, clerk, second_approver):
    second_approver.is_active = False
    second_approver.save()
    with pytest.raises(Refused, match="Finance director"):
        submitted(draft, clerk)
    assert not WorkItem.objects.exists()


def test_submit_is_refused_when_the_only_approver_contributed(draft, clerk, approver):
    from django.contrib.auth.models import Group, User

    approver.groups.add(Group.objects.get(name="Clerk"))
    edit(User.objects.get(pk=approver.pk), "C1", credit_limit="300")
    with pytest.raises(Refused, match="Credit manager"):
        submitted(draft, clerk)


def test_submit_needs_the_revision_that_was_seen(draft, clerk):
    with pytest.raises(Refused, match="changed since"):
        submitted(draft, clerk, revision=draft.revision + 1)


def test_submit_twice_is_refused(draft, clerk):
    submitted(draft, clerk)
    with pytest.raises(Refused, match="pending approval"):
        submitted(draft, clerk)


@pytest.mark.parametrize("name", ["approver", "auditor", "steward", "administrator"])
def test_who_may_not_edit_the_customer_may_not_submit_or_discard(draft, request, name):
    user = request.getfixturevalue(name)
    with pytest.raises(PermissionDenied):
        submitted(draft, user)
    with pytest.raises(PermissionDenied):
        proposals.discard_change(draft.changes.first().pk, by=user)
    with pytest.raises(PermissionDenied):
        proposals.discard_all(draft.record, by=user)


def test_the_originator_recalls(draft, clerk, approver):
    submitted(draft, clerk)
    proposal = proposals.recall(draft.pk, by=clerk)
    assert proposal.state == State.NOT_SUBMITTED
    assert not WorkItem.objects.filter(state="open").exists()
    assert not proposal.step_runs.filter(state="running").exists()
    assert not vote(approver, proposal).done


def test_an_administrator_recalls_and_another_clerk_may_not(draft, clerk, person, administrator):
    submitted(draft, clerk)
    with pytest.raises(PermissionDenied):
        proposals.recall(draft.pk, by=person("colleague", "Clerk"))
    assert proposals.recall(draft.pk, by=administrator).state == State.NOT_SUBMITTED


def test_recall_beside_a_draft_joins_the_two(draft, clerk, person, govern_fields):
    govern_fields("credit_limit", "iban", "payment_day")
    submitted(draft, clerk)
    colleague = person("colleague", "Clerk")
    edit(colleague, "C1", payment_day="5")
    second = Proposal.objects.exclude(pk=draft.pk).get()
    proposal = proposals.recall(draft.pk, by=clerk)
    second.refresh_from_db()
    assert second.state == State.JOINED
    assert proposal.changes.filter(outcome="").count() == 3
    assert proposal.contributors.filter(person=colleague).exists()


def test_discard_removes_one_change_and_the_last_one_closes_the_proposal(draft, clerk):
    first, second = draft.changes.order_by("id")
    assert proposals.discard_change(first.pk, by=clerk).state == State.NOT_SUBMITTED
    assert proposals.discard_change(second.pk, by=clerk).state == State.DISCARDED
    discarded = WorkflowEvent.objects.filter(verb=Verb.DISCARDED)
    assert set(discarded.values_list("new", flat=True)) == {"200.00", "NL91ABNA0417164300"}
    with pytest.raises(Refused):
        proposals.discard_change(first.pk, by=clerk)


def test_discarding_a_pending_change_is_refused(draft, clerk):
    submitted(draft, clerk)
    with pytest.raises(Refused):
        proposals.discard_change(draft.changes.first().pk, by=clerk)


def test_discard_all_takes_the_unsubmitted_and_the_returned_ones(draft, clerk, approver):
    submitted(draft, clerk)
    vote(approver, draft, "reject", "No")
    edit(clerk, "C1", phone="12345")
    assert proposals.discard_all(draft.record, by=clerk) == 2
    draft.refresh_from_db()
    assert draft.state == State.DISCARDED
    assert live("C1", "credit_limit") == "100.00"


def test_a_steward_recalls_resubmits_and_discards_what_he_imported(
    draft, clerk, steward, person, workflow
):
    edit(clerk, "C1", phone="12345")
    customer("C2", credit_limit="5")
    edit(steward, "C2", import_source(steward, Behavior.PROPOSE), credit_limit="10")
    imported = Proposal.objects.get(record_key="C2")
    with pytest.raises(PermissionDenied):
        proposals.recall(imported.pk, by=person("other", "Data steward"))
    proposals.recall(imported.pk, by=steward)
    assert proposals.submit(imported.pk, by=steward).state == State.PENDING
    proposals.recall(imported.pk, by=steward)
    assert proposals.discard_all(imported.record, by=steward) == 1


def test_an_unseen_reference_stops_submit(clerk, workflow, govern_fields):
    from customers.models import PaymentTerms

    govern_fields("payment_terms")
    customer("C1")
    terms = PaymentTerms.objects.create(code="T1", name="T1")
    edit(clerk, "C1", payment_terms="T1")
    terms.delete()
    with pytest.raises(Refused, match="T1"):
        submitted(Proposal.objects.get(), clerk)
