"""Who is told what, and in which words."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from approvals import assigning, decisions, notifications, proposals
from approvals.changes import change_records
from approvals.models import (
    Action,
    AutomaticAction,
    AutomaticDecision,
    Behavior,
    MailState,
    Notification,
    Occasion,
    Proposal,
    ProposedChange,
    State,
    Substitution,
    Verb,
    WorkItem,
)
from approvals.outcomes import BROWSER, Change
from approvals.routing import Assignee
from customers.models import Customer
from tests.customers.factories import customer

from .helpers import edit, import_source, vote

pytestmark = pytest.mark.django_db
SITE = "https://approvals.example"


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields, settings):
    settings.SITE_URL = SITE + "/"
    cache.clear()
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """A context: what happens in it is committed at its end, and its mail sent."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def propose(clerk):
    """A function that proposes a change of a new customer, and returns the proposal."""

    def make(account, by=clerk, **values):
        record = customer(account, name=f"Customer {account}")
        edit(by, account, **(values or {"credit_limit": "1000"}))
        return Proposal.objects.get(object_id=record.pk)

    return make


@pytest.fixture
def submitted(propose, clerk):
    """A function that submits a change of a new customer, and returns the proposal."""
    return lambda account, **values: proposals.submit(propose(account, **values).pk, by=clerk)


@pytest.fixture
def always(workflow):
    """A function that adds a rule that decides everything, without a person."""

    def add(decision):
        AutomaticAction.objects.create(
            version=workflow, position=1, name="Small amounts", decision=decision
        )

    return add


def import_limits(by, accounts, source=None):
    source = source or import_source(by, Behavior.PROPOSE)
    changes = [Change(customer(key).account, {"credit_limit": "5"}) for key in accounts]
    change_records(Customer, changes, by=by, source=source)
    return source


def decide_all(person, action, comment=""):
    items = WorkItem.objects.filter(assignee=person, state="open")
    rows = items.values_list("pk", "proposal__revision")
    votes = [decisions.Vote(*row) for row in rows]
    return decisions.decide(votes, action, by=person, comment=comment)


def told(person, occasion=None):
    """The notifications of a person, oldest first."""
    found = Notification.objects.filter(person=person).order_by("pk")
    return list(found.filter(occasion=occasion) if occasion else found)


def only_mail():
    [message] = mail.outbox
    mail.outbox.clear()
    return message


# Assigned


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


@pytest.mark.parametrize("why", ["day", "workflow", "right", "contributor"])
def test_a_substitute_who_could_not_decide_is_not_told(
    propose, submitted, substitute, clerk, workflow, why
):
    if why == "day":
        Substitution.objects.update(
            ends=timezone.localdate() - timedelta(days=1), starts="2020-01-01"
        )
    if why == "workflow":
        other = type(workflow.workflow).objects.create(
            content_type=workflow.workflow.content_type, name="Other", position=9
        )
        Substitution.objects.update(workflow=other)
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
    workflow.steps.get(position=1).users.add(substitute)
    submitted("A")
    [notification] = told(substitute)
    assert "On behalf of" not in notification.body


# Decided


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


def test_only_the_originator_hears_that_changes_come_back(commit, propose, clerk, person, approver):
    proposal = propose("A")
    proposals.submit(proposal.pk, by=person("other", "Clerk"))
    vote(approver, proposal, Action.REQUEST_CHANGE, "Why?")
    assert told(clerk) == []


def test_many_conflicts_send_each_originator_one_notification_with_every_reason(
    steward, approver, second_approver
):
    import_limits(steward, ["A", "B", "C"])
    decide_all(approver, Action.APPROVE)
    Customer.objects.filter(account="A").update(credit_limit=77)
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


# When and how


def test_a_notification_stands_or_falls_with_what_it_tells(commit, propose, clerk, approver):
    proposal = propose("A")
    with commit() as callbacks:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            proposals.submit(proposal.pk, by=clerk)
            assert len(told(approver)) == 1
            raise ZeroDivisionError
        assert mail.outbox == []
    assert callbacks == [] and mail.outbox == [] and told(approver) == []


def test_what_cannot_be_told_is_not_done(commit, submitted, approver, monkeypatch):
    proposal = submitted("A")
    monkeypatch.setattr("approvals.notices.render_to_string", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        vote(approver, proposal, Action.REJECT, "No")
    assert Proposal.objects.get().state == State.PENDING


def test_an_event_is_one_notification_in_the_app_and_by_email(commit, propose, clerk, approver):
    proposal = propose("A")
    with commit():
        proposals.submit(proposal.pk, by=clerk)
    [notification] = told(approver)
    item = WorkItem.objects.get()
    assert notification.occasion == Occasion.ASSIGNED
    assert (notification.proposal, notification.count) == (proposal, 1)
    assert notification.url == reverse("approvals:decide", args=[item.pk])
    assert notification.mail_state == MailState.SENT and notification.read_at is None
    assert notification.body in only_mail().body
    assert "Credit limit: (empty) → 1,000.00" in notification.body


@pytest.mark.parametrize("values", [{"email": ""}, {"is_active": False}])
def test_people_without_an_address_or_who_have_left_get_no_email(
    commit, submitted, clerk, approver, values
):
    proposal = submitted("A")
    type(clerk).objects.filter(pk=clerk.pk).update(**values)
    with commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert mail.outbox == []
    [notification] = told(clerk)
    assert notification.mail_state == MailState.NONE and notification.next_attempt_at is None


def test_a_line_break_in_a_key_starts_no_header(commit, submitted, approver):
    proposal = submitted("A")
    Proposal.objects.update(record_key="A\r\nBcc: everyone@example.com")
    proposal.refresh_from_db()
    with commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert only_mail().subject == "Rejected: changes to A Bcc: everyone@example.com"


def test_mail_is_written_in_the_language_of_the_house(commit, submitted, approver):
    proposal = submitted("A")
    with translation.override("nl"), commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert "(empty) → 1,000.00" in only_mail().body


def test_no_text_ends_with_two_full_stops(
    submitted, steward, clerk, approver, second_approver, administrator
):
    first, second = submitted("A"), submitted("B")
    import_limits(steward, ["C"])
    vote(approver, first)
    Customer.objects.filter(account="A").update(credit_limit=77)
    vote(second_approver, first)
    vote(approver, second, Action.REJECT, "No.")
    notifications.reminded(list(WorkItem.objects.filter(state="open")))
    texts = [notification.body for notification in Notification.objects.all()]
    assert len(texts) > 6 and not [text for text in texts if ".." in text or ". ." in text]


def statements(action):
    with CaptureQueriesContext(connection) as captured:
        action()
    return len(captured)


def test_a_thousand_proposals_are_told_of_in_as_many_statements_as_ten(
    steward, approver, second_approver
):
    counts = []
    for count in (10, 1000):
        import_limits(steward, [f"{count}-{number}" for number in range(count)])
        items = list(WorkItem.objects.filter(state="open").select_related("proposal"))
        found = [item.proposal for item in items]
        counts.append(
            (
                statements(lambda found=items: notifications.assigned(found)),
                statements(
                    lambda found=found, by=approver: notifications.decided(
                        found, Verb.REJECTED, by=by, comment="No"
                    )
                ),
                statements(lambda found=found, by=approver: notifications.recalled(found, [], by)),
            )
        )
        decide_all(approver, Action.REJECT, "No")
    assert counts[0] == counts[1] and max(counts[0]) < 10
