"""Who hears what became of proposed changes."""

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.deciding import reassigning
from approvals.models import (
    Action,
    AutomaticDecision,
    Occasion,
    Policy,
    ProposedChange,
    Substitution,
    Verb,
    WorkItem,
)
from approvals.notifying import notifications
from customers.models import Customer
from tests.approvals.definitions import change_step
from tests.approvals.helpers import decide_item, edit, vote
from tests.unguarded import ungoverned

from .helpers import SITE, decide_all, import_limits, only_mail, told

pytestmark = pytest.mark.django_db


def test_the_originator_hears_that_his_changes_are_in_force(
    commit, submitted, clerk, approver, second_approver
):
    proposal = submitted("A")
    vote(approver, proposal)
    with commit():
        vote(second_approver, proposal)
    message = only_mail()
    assert message.to == [clerk.email]
    assert message.subject == "Approved and applied: changes to A"
    assert "are in force" in message.body and "Ben Approver" in message.body
    assert "A Customer A\n  Credit limit: (empty) → 1,000.00\n" in message.body
    assert SITE + Customer.objects.get().get_absolute_url() + "\n" in message.body


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        (Action.REJECT, "Rejected: changes to A"),
        (Action.REQUEST_CHANGE, "Change requested: changes to A"),
    ],
)
def test_the_originator_hears_why_changes_come_back(
    commit, submitted, clerk, approver, action, subject
):
    proposal = submitted("A")
    with commit():
        vote(approver, proposal, action, "Too much & too soon")
    message = only_mail()
    assert (message.to, message.subject) == ([clerk.email], subject)
    assert "Anna Approver" in message.body and "Reason: Too much & too soon" in message.body
    url = reverse("customers:proposed_changes", args=[proposal.object_id])
    assert f"{SITE}{url}\n" in message.body


def test_the_originator_hears_of_a_conflict(commit, submitted, clerk, approver, second_approver):
    proposal = submitted("A")
    vote(approver, proposal)
    with ungoverned():
        Customer.objects.update(credit_limit=77)
    with commit():
        vote(second_approver, proposal)
    message = only_mail()
    assert message.to == [clerk.email]
    assert message.subject == "Conflict: change requested: changes to A"
    assert "Conflict: Credit limit is now “77.00”" in message.body


def test_many_decisions_send_each_originator_one_email(commit, submitted, steward, clerk, approver):
    import_limits(steward, [f"I{number}" for number in range(notifications.NAMED + 2)])
    submitted("A"), submitted("B")
    with commit():
        decide_all(approver, Action.REJECT, "No")
    by_person = {message.to[0]: message for message in mail.outbox}
    assert len(mail.outbox) == 2
    assert by_person[clerk.email].subject == "Rejected: changes to 2 customers"
    assert "Customer A\n" in by_person[clerk.email].body
    body = by_person[steward.email].body
    # Each of them, and the page of the notification itself.
    assert body.count(SITE) == notifications.NAMED + 1 and "and 2 more customers" in body


def test_approving_a_step_that_is_not_the_last_tells_the_originator_nothing(
    commit, submitted, approver, second_approver
):
    proposal = submitted("A")
    with commit():
        vote(approver, proposal)
    assert only_mail().to == [second_approver.email]


def test_who_proposed_what_another_submitted_hears_that_it_is_applied(
    commit, propose, clerk, person, approver, second_approver
):
    other = person("other", "Clerk")
    proposal = propose("A")
    edit(other, "A", name="New name")
    with commit():
        proposals.submit(proposal.pk, by=other)
        vote(approver, proposal)
        mail.outbox.clear()
        vote(second_approver, proposal)
    assert [n.occasion for n in told(clerk)] == [Occasion.APPLIED]
    assert [n.occasion for n in told(other)] == [Occasion.APPLIED]
    assert told(clerk)[0].body == told(other)[0].body


@pytest.mark.parametrize(
    ("action", "occasion"),
    [
        (Action.REJECT, Occasion.REJECTED),
        (Action.REQUEST_CHANGE, Occasion.CHANGE_REQUESTED),
    ],
)
def test_everyone_who_contributed_hears_once_that_changes_come_back(
    propose, clerk, person, approver, action, occasion
):
    proposal, other = propose("A"), person("other", "Clerk")
    edit(other, "A", name="New name")
    originator = person("originator", "Clerk")
    proposals.submit(proposal.pk, by=originator)
    vote(approver, proposal, action, "Why?")
    for contributor in (clerk, other, originator):
        assert [n.occasion for n in told(contributor)] == [occasion]
    assert told(approver, occasion) == []


@pytest.mark.parametrize("how", ["recall", "terminate"])
def test_a_substitute_who_was_asked_hears_that_nobody_needs_to_decide(
    submitted, clerk, approver, administrator, person, how
):
    asked, later = person("asked", "Approver"), person("later", "Approver")
    day = timezone.localdate()
    stand_in = {"person": approver, "starts": day, "ends": day}
    Substitution.objects.create(substitute=asked, **stand_in)
    proposal = submitted("A")
    Substitution.objects.create(substitute=later, **stand_in)
    by = clerk if how == "recall" else administrator
    getattr(proposals, how)(proposal.pk, by=by, comment="Never mind")
    occasion = {"recall": Occasion.RECALLED, "terminate": Occasion.TERMINATED}[how]
    assert len(told(asked, occasion)) == len(told(approver, occasion)) == 1
    assert told(later) == []


def test_who_had_a_work_item_hears_that_it_was_given_to_somebody_else(
    steward, submitted, approver, administrator, person, monkeypatch
):
    rita = person("rita", "Approver", first_name="Rita", last_name="Receiver")
    sue, day = person("sue", "Approver"), timezone.localdate()
    Substitution.objects.create(person=approver, substitute=sue, starts=day, ends=day)
    import_limits(steward, ["A", "B"]), submitted("C")
    monkeypatch.setattr(reassigning, "BATCH", 2)
    reassigning.reassign_all_of(approver, rita, "She is ill", by=administrator)
    for person in (approver, sue):
        [notification] = told(person, Occasion.REASSIGNED)
        assert notification.subject == "Reassigned: changes to 3 customers"
        assert "Adam gave the decision to Rita Receiver." in notification.body
        assert "Reason: She is ill" in notification.body
    assert told(rita, Occasion.REASSIGNED) == told(administrator) == []


def test_many_conflicts_send_each_originator_one_notification_with_every_reason(
    steward, approver, second_approver
):
    import_limits(steward, ["A", "B", "C"])
    decide_all(approver, Action.APPROVE)
    with ungoverned():
        Customer.objects.filter(account="A").update(credit_limit=77)
    with ungoverned():
        Customer.objects.filter(account="B").update(credit_limit=88)
    decide_all(second_approver, Action.APPROVE)
    [conflict] = told(steward, Occasion.CONFLICT)
    assert (conflict.count, conflict.subject) == (
        2,
        "Conflict: change requested: changes to 2 customers",
    )
    first, second = conflict.body.split("B Customer")[0], conflict.body.split("B Customer")[-1]
    assert "Conflict: Credit limit is now “77.00”" in first and "“77.00”" not in second
    assert "Conflict: Credit limit is now “88.00”" in second
    [applied] = told(steward, Occasion.APPLIED)
    assert applied.count == 1


@pytest.mark.parametrize(
    ("decision", "occasion", "text"),
    [
        (AutomaticDecision.APPROVE, Occasion.APPLIED, "last by the rule “Small amounts”, and are"),
        (AutomaticDecision.REJECT, Occasion.REJECTED, "rejected by the rule “Small amounts”. You"),
    ],
)
def test_the_originator_hears_which_rule_decided(
    submitted, clerk, always, decision, occasion, text
):
    always(decision)
    submitted("A")
    [notification] = told(clerk)
    assert notification.occasion == occasion and text in notification.body
    assert "Reason:" not in notification.body and "Rule:" not in notification.body


@pytest.mark.parametrize("decision", list(AutomaticDecision))
def test_what_a_rule_decides_in_an_import_is_told_once(commit, steward, always, decision):
    always(decision)
    with commit():
        source = import_limits(steward, ["A", "B"])
    with commit():
        import_limits(steward, ["C"], source)
    assert only_mail().subject.endswith("changes to 2 customers")
    [notification] = told(steward)
    assert notification.count == 3 and notification.subject.endswith("changes to 3 customers")
    assert "C Customer" in notification.body and "and 2 more customers" in notification.body


def test_what_nobody_decided_in_time_came_back_by_the_workflow(submitted, clerk):
    notifications.decided([submitted("A")], Verb.REJECTED, comment="The time limit has passed.")
    [notification] = told(clerk)
    assert "rejected by the workflow. You can" in notification.body
    assert "Reason: The time limit has passed." in notification.body


# Recalled, terminated, discarded


def test_a_recall_shows_what_was_recalled_and_not_what_joins_it(submitted, clerk, approver):
    proposal = submitted("A", credit_limit="1000")
    edit(clerk, "A", name="New name")
    proposals.recall(proposal.pk, by=clerk, comment="Not yet")
    [notification] = told(approver, Occasion.RECALLED)
    assert "Credit limit: (empty) → 1,000.00" in notification.body
    assert "New name" not in notification.body and "Reason: Not yet" in notification.body


def test_a_termination_tells_the_originator_and_whoever_was_to_decide(
    submitted, propose, clerk, approver, administrator
):
    proposal = propose("A", credit_limit="1000", name="New name")
    proposals.discard_change(ProposedChange.objects.get(field="name").pk, by=clerk)
    proposals.submit(proposal.pk, by=clerk)
    proposals.terminate(proposal.pk, by=administrator, comment="The customer has gone")
    for person in (clerk, approver):
        [notification] = told(person, Occasion.TERMINATED)
        assert notification.subject == "Terminated: changes to A"
        assert "Adam" in notification.body and "The customer has gone" in notification.body
        assert "Credit limit: (empty) → 1,000.00" in notification.body
        assert "New name" not in notification.body
        assert notification.url == reverse("customers:history", args=[proposal.object_id])
    assert told(administrator) == []


def test_who_proposed_hears_that_submitting_dropped_what_is_equal_by_now(
    propose, clerk, person, approver
):
    proposal = propose("A", credit_limit="1000", name="New name")
    with ungoverned():
        Customer.objects.update(credit_limit=1000)
    proposals.submit(proposal.pk, by=person("other", "Clerk", first_name="Otto"))
    [notification] = told(clerk)
    assert notification.subject.startswith("Dropped, equal to the current value")
    assert "Otto submitted the changes" in notification.body
    assert "discarded" not in notification.body and "New name" not in notification.body


def test_who_proposed_hears_that_a_direct_edit_took_its_place(
    propose, clerk, person, govern_fields
):
    propose("A")
    govern_fields("name")
    edit(person("other", "Clerk", first_name="Otto"), "A", credit_limit="7")
    [notification] = told(clerk)
    assert "Otto changed these fields directly" in notification.body


def test_what_is_discarded_at_once_is_told_together(propose, clerk, person):
    changes = []
    for account in ("A", "B"):
        changes += propose(account, credit_limit="1", name="New").changes.all()
    notifications.discarded(changes, by=person("other"))
    [notification] = told(clerk)
    assert notification.subject == "Discarded: your proposed changes to 2 customers"
    assert notification.body.count("Credit limit: ") == notification.body.count("Name: ") == 2


def test_a_recall_tells_those_who_need_not_decide_any_more(commit, submitted, clerk, approver):
    proposal = submitted("A")
    with commit():
        proposals.recall(proposal.pk, by=clerk)
    message = only_mail()
    assert (message.to, message.subject) == ([approver.email], "Recalled: changes to A")
    assert "Clara Clerk recalled" in message.body


def test_the_originator_hears_when_an_administrator_recalls(
    commit, submitted, clerk, approver, administrator
):
    proposal = submitted("A")
    with commit():
        proposals.recall(proposal.pk, by=administrator)
    assert {message.to[0] for message in mail.outbox} == {approver.email, clerk.email}


def test_who_proposed_hears_that_somebody_else_discarded_it_once(commit, propose, person):
    proposal = propose("A", credit_limit="1000", name="New name")
    other = person("other", "Clerk", first_name="Otto")
    record = Customer.objects.get(account="A")
    with commit():
        proposals.discard_all(record, by=other)
    message = only_mail()
    assert message.to == [proposal.created_by.email]
    assert message.subject == "Discarded: your proposed changes to A"
    assert "Otto discarded" in message.body
    assert "Credit limit: (empty) → 1,000.00\n  Name: Customer A → New name\n" in message.body


def test_nobody_hears_of_what_he_discarded_himself(commit, propose, clerk):
    proposal = propose("A")
    with commit():
        proposals.discard_change(ProposedChange.objects.get(proposal=proposal).pk, by=clerk)
    assert mail.outbox == []


def test_a_termination_tells_everyone_whose_changes_are_gone_with_it(
    propose, clerk, approver, administrator, person
):
    jonas, gone = person("jonas", "Clerk"), person("gone", "Clerk")
    proposal = propose("A", credit_limit="1000", name="New name")
    edit(gone, "A", name="Another name")
    edit(jonas, "A", name="His name")
    proposals.submit(proposal.pk, by=clerk)
    proposals.terminate(proposal.pk, by=administrator, comment="Twice the same")
    [notification] = told(jonas, Occasion.TERMINATED)
    assert "His name" in notification.body and "Twice the same" in notification.body
    assert [len(told(who, Occasion.TERMINATED)) for who in (clerk, approver, gone)] == [1, 1, 0]


@pytest.fixture
def colleague(person, workflow):
    """Has the work items of the first step beside `approver`."""
    found = person("colleague", "Approver")
    change_step(workflow.steps.get(position=1), add=[found])
    return found


def asked(*people):
    """Whether the last that asked each of them for a decision is unread."""
    return [told(person, Occasion.ASSIGNED)[-1].read_at is None for person in people]


def test_what_a_colleague_has_decided_asks_nobody_any_more(
    submitted, workflow, approver, colleague, second_approver
):
    submitted("A"), submitted("B")
    assert asked(approver, colleague) == [True, True]
    [item, _other] = WorkItem.objects.filter(assignee=approver).order_by("pk")
    decide_item(approver, item)
    assert asked(approver, second_approver) == [True, True]
    first = [told(who, Occasion.ASSIGNED)[0].read_at for who in (approver, colleague)]
    assert all(first)


def test_while_others_may_still_decide_they_are_asked(submitted, workflow, approver, colleague):
    change_step(workflow.steps.get(position=1), policy=Policy.ALL)
    proposal = submitted("A")
    vote(approver, proposal)
    assert asked(approver, colleague) == [False, True]


@pytest.mark.parametrize("end", ["reject", "recall", "terminate"])
def test_what_came_to_an_end_asks_nobody_any_more(
    submitted, clerk, approver, colleague, administrator, end
):
    proposal = submitted("A")
    if end == "reject":
        vote(approver, proposal, Action.REJECT, "No")
    elif end == "recall":
        proposals.recall(proposal.pk, by=clerk)
    else:
        proposals.terminate(proposal.pk, by=administrator, comment="No")
    assert asked(approver, colleague) == [False, False]
