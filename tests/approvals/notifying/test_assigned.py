"""Who is asked for decisions, and how."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.deciding import assigning
from approvals.models import (
    Action,
    Notification,
    Occasion,
    ProposedChange,
    StepRun,
    Substitution,
    Verb,
    WorkItem,
)
from approvals.notifying import notifications
from approvals.outcomes import BROWSER
from approvals.workflow.routing import Assignee

from ..definitions import change_step
from .helpers import SITE, decide_all, import_limits, only_mail, told

pytestmark = pytest.mark.django_db


def test_an_approver_reads_the_changes_of_one_work_item_and_where_to_decide(
    commit, propose, clerk, approver, settings
):
    proposal = propose("A", credit_limit="1000", name="O'Neill & Søn <b>")
    with commit():
        proposals.submit(proposal.pk, by=clerk, note="They asked for it")
    message = only_mail()
    assert message.to == [approver.email]
    assert message.from_email == settings.DEFAULT_FROM_EMAIL
    assert message.subject == "Changes to A wait for your decision"
    assert "Clara Clerk asks for your decision" in message.body
    assert "\nA Customer A\n  Credit limit: (empty) → 1,000.00\n" in message.body
    assert "  Name: Customer A → O'Neill & Søn <b>\n" in message.body
    assert "Credit manager" in message.body and "They asked for it" in message.body
    item = WorkItem.objects.get(assignee=approver)
    assert f"{SITE}{reverse('approvals:decide', args=[item.pk])}\n" in message.body


def test_an_approver_gets_one_email_for_an_import_that_leads_to_its_items(
    commit, steward, approver
):
    with commit():
        source = import_limits(steward, ["A", "B", "C"])
    message = only_mail()
    assert message.to == [approver.email]
    assert message.subject == "Changes to 3 customers wait for your decision"
    assert "customers.csv, by Stella Steward" in message.body
    url = f"{SITE}{reverse('approvals:work_items')}?import={source.job.pk}\n"
    assert url in message.body


def test_the_later_batches_of_an_import_send_no_further_email(commit, steward):
    with commit():
        source = import_limits(steward, ["A"])
    with commit():
        import_limits(steward, ["B", "C"], source)
    assert only_mail().subject == "Changes to 1 customer wait for your decision"
    with commit():
        import_limits(steward, ["D"])
    assert len(mail.outbox) == 1


def test_an_import_in_one_transaction_sends_one_email_that_counts_all_of_it(commit, steward):
    with commit():
        source = import_limits(steward, ["A"])
        import_limits(steward, ["B", "C"], source)
    assert only_mail().subject == "Changes to 3 customers wait for your decision"


def test_approvals_of_many_send_the_next_approver_one_email(
    commit, steward, approver, second_approver, submitted
):
    source = import_limits(steward, ["A", "B"])
    with commit():
        decide_all(approver, Action.APPROVE)
    message = only_mail()
    assert message.to == [second_approver.email]
    assert f"?import={source.job.pk}\n" in message.body
    import_limits(steward, ["C"]), submitted("D")
    with commit():
        decide_all(approver, Action.APPROVE)
    message = only_mail()
    assert message.subject == "Changes to 2 customers wait for your decision"
    assert f"{reverse('approvals:work_items')}\n" in message.body


def test_what_was_discarded_before_submitting_is_not_among_the_changes(commit, propose, clerk):
    proposal = propose("A", credit_limit="1000", name="New name")
    proposals.discard_change(ProposedChange.objects.get(field="name").pk, by=clerk)
    with commit():
        proposals.submit(proposal.pk, by=clerk)
    body = only_mail().body
    assert "Credit limit" in body and "New name" not in body


@pytest.fixture
def hand_on(approver, second_approver, administrator):
    """A function that hands the work items of a proposal on to the second approver."""

    def move(proposal, verb, on_behalf_of=None, by=administrator, **details):
        items = list(WorkItem.objects.filter(proposal=proposal).select_related("step_run__step"))
        assignee = Assignee(second_approver.pk, on_behalf_of=on_behalf_of)
        assigning.hand_on(items, [assignee], verb, by=by, source=BROWSER, **details)
        return told(second_approver)[-1]

    return move


def test_a_delegate_reads_who_asks_him_for_whom_and_why(submitted, hand_on, approver):
    notification = hand_on(
        submitted("A"), Verb.DELEGATED, approver.pk, by=approver, comment="You know them."
    )
    assert notification.subject == "Changes to A wait for your decision"
    assert notification.body.startswith("Anna Approver hands you the decision on changes that ")
    assert "Clara Clerk submitted to this customer:" in notification.body
    assert "Comment: You know them.\n" in notification.body
    assert "On behalf of: Anna Approver" in notification.body
    item = WorkItem.objects.get(state="open")
    assert notification.url == reverse("approvals:decide", args=[item.pk])


def test_what_is_escalated_says_that_nobody_decided_in_time(submitted, hand_on):
    notification = hand_on(submitted("A"), Verb.ESCALATED, by=None, occasion=Occasion.ESCALATED)
    assert notification.occasion == Occasion.ESCALATED
    assert notification.subject == "Escalated: Changes to A wait for your decision"
    assert "Nobody decided in time" in notification.body


def test_a_reminder_says_until_when(submitted, approver):
    submitted("A")
    [item] = WorkItem.objects.select_related("step_run")
    item.step_run.due_at = timezone.now()
    item.step_run.save()
    notifications.reminded([item])
    [notification] = told(approver, Occasion.REMINDED)
    assert notification.subject == "Reminder: Changes to A wait for your decision"
    assert "still wait for your decision:" in notification.body and "Due: " in notification.body


def test_many_reminders_are_one(submitted, approver):
    submitted("A"), submitted("B")
    notifications.reminded(list(WorkItem.objects.all()))
    [notification] = told(approver, Occasion.REMINDED)
    assert notification.subject == "Reminder: Changes to 2 customers wait for your decision"
    assert "A Customer A" in notification.body and "B Customer B" in notification.body


def test_of_what_somebody_has_claimed_nobody_else_is_reminded(
    submitted, workflow, approver, person
):
    colleague = person("colleague", "Approver")
    change_step(workflow.steps.get(position=1), add=[colleague])
    submitted("A")
    StepRun.objects.update(claimed_by=colleague, claimed_at=timezone.now())
    notifications.reminded(list(WorkItem.objects.all()))
    assert told(approver, Occasion.REMINDED) == []
    assert len(told(colleague, Occasion.REMINDED)) == 1


def test_later_batches_of_an_import_bring_its_notification_up_to_date(steward, approver):
    source = import_limits(steward, ["A"])
    Notification.objects.update(read_at=timezone.now())
    import_limits(steward, ["B", "C"], source)
    [notification] = told(approver)
    assert notification.subject == "Changes to 3 customers wait for your decision"
    assert (notification.count, notification.read_at) == (3, None)
    import_limits(steward, ["D"])
    assert len(told(approver)) == 2


def test_of_many_assigned_at_once_some_are_shown_with_their_changes(steward, approver):
    import_limits(steward, [f"I{number:02}" for number in range(notifications.NAMED + 2)])
    [notification] = told(approver)
    assert notification.body.count("Credit limit: (empty) → 5.00") == notifications.NAMED
    assert notification.body.endswith("and 2 more customers")


# Substitutes


@pytest.fixture
def substitute(person, approver):
    """Stands in for `approver` today."""
    found = person("substitute", "Approver", first_name="Sue")
    day = timezone.localdate()
    Substitution.objects.create(person=approver, substitute=found, starts=day, ends=day)
    return found


def test_a_substitute_is_told_too_and_for_whom(submitted, substitute, approver):
    submitted("A")
    [own], [notification] = told(approver), told(substitute)
    assert "On behalf of" not in own.body
    assert "On behalf of: Anna Approver" in notification.body
    assert notification.url == own.url
    submitted("B"), submitted("C")
    notifications.reminded(list(WorkItem.objects.all()))
    assert "Some of them on behalf of: Anna Approver" in told(substitute)[-1].body


@pytest.fixture
def colleague(person, workflow):
    """Has the work items of the first step beside `approver`."""
    found = person("colleague", "Approver", first_name="Cora")
    change_step(workflow.steps.get(position=1), add=[found])
    return found


def claimed_by(person):
    StepRun.objects.update(claimed_by=person, claimed_at=timezone.now())
    return notifications.reminded(list(WorkItem.objects.select_related("step_run")))


def told_to_decide(*people):
    return [bool(told(person, Occasion.REMINDED)) for person in people]


def test_of_a_substitutes_claim_he_is_reminded_and_whom_he_stands_in_for(
    submitted, substitute, approver, colleague, person
):
    other, day = person("other", "Approver"), timezone.localdate()
    Substitution.objects.create(person=approver, substitute=other, starts=day, ends=day)
    submitted("A")
    [people] = claimed_by(substitute).values()
    found = [(assignee.person, assignee.on_behalf_of) for assignee in people]
    assert found == [(approver.pk, None), (substitute.pk, approver.pk)]
    assert told_to_decide(substitute, approver, colleague, other) == [True, True, False, False]


def test_whose_own_work_item_is_claimed_is_reminded_of_that_one(
    submitted, substitute, approver, colleague
):
    """Though he stands in for another one of the step as well."""
    day = timezone.localdate()
    Substitution.objects.create(person=approver, substitute=colleague, starts=day, ends=day)
    submitted("A")
    [people] = claimed_by(colleague).values()
    assert [assignee.person for assignee in people] == [colleague.pk]
    assert told_to_decide(colleague, approver, substitute) == [True, False, False]


def test_where_the_claim_has_lapsed_all_are_reminded(submitted, substitute, approver, colleague):
    submitted("A")
    Substitution.objects.all().delete()
    [people] = claimed_by(substitute).values()
    assert {assignee.person for assignee in people} == {approver.pk, colleague.pk}
    assert told_to_decide(substitute, approver, colleague) == [False, True, True]


@pytest.mark.parametrize("why", ["day", "workflow", "right", "contributor"])
def test_a_substitute_who_could_not_decide_is_not_told(
    propose, submitted, substitute, clerk, workflow, why
):
    if why == "day":
        Substitution._base_manager.update(
            ends=timezone.localdate() - timedelta(days=1), starts="2020-01-01"
        )
    if why == "workflow":
        other = type(workflow.workflow).objects.create(
            content_type=workflow.workflow.content_type, name="Other", position=9
        )
        Substitution._base_manager.update(workflow=other)
    if why == "right":
        substitute.groups.clear()
    proposal = propose("A")
    if why == "contributor":
        proposal.contributors.create(person=substitute, role="edited")
    proposals.submit(proposal.pk, by=clerk)
    assert told(substitute) == []


def test_a_substitute_who_has_the_work_item_himself_is_told_of_that(
    submitted, substitute, approver, workflow
):
    change_step(workflow.steps.get(position=1), add=[substitute])
    submitted("A")
    [notification] = told(substitute)
    assert "On behalf of" not in notification.body
