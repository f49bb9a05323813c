"""Who gets which e-mail, and when."""

import logging

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse

from approvals import decisions, notifications, proposals
from approvals.changes import change_records
from approvals.models import Action, Behavior, Proposal, ProposedChange, State, WorkItem
from approvals.outcomes import Change
from customers.models import Customer
from tests.customers.factories import customer

from .helpers import edit, import_source, vote

pytestmark = pytest.mark.django_db
SITE = "https://approvals.example"


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields, settings):
    settings.SITE_URL = SITE + "/"
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
    assert message.subject == "Approved: changes to A"
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
    assert body.count(SITE) == notifications.NAMED and "and 2 more customers" in body


def test_approving_a_step_that_is_not_the_last_tells_the_originator_nothing(
    commit, submitted, approver, second_approver
):
    proposal = submitted("A")
    with commit():
        vote(approver, proposal)
    assert only_mail().to == [second_approver.email]


# Recalled, discarded


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


def test_nothing_is_sent_before_the_commit_or_after_a_rollback(commit, propose, clerk):
    proposal = propose("A")
    with commit() as callbacks:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            proposals.submit(proposal.pk, by=clerk)
            raise ZeroDivisionError
        assert mail.outbox == []
    assert callbacks == [] and mail.outbox == []


@pytest.mark.parametrize("backend", ["BrokenMail", "UnreachableMail"])
def test_a_decision_stands_when_mail_fails(
    commit, submitted, approver, second_approver, settings, caplog, backend
):
    proposal = submitted("A")
    settings.EMAIL_BACKEND = f"tests.approvals.test_notifications.{backend}"
    vote(approver, proposal)
    with caplog.at_level(logging.ERROR), commit():
        vote(second_approver, proposal)
    assert Proposal.objects.get().state == State.APPROVED
    assert Customer.objects.get().credit_limit == 1000
    assert "No mail server" in caplog.text


def test_a_decision_stands_when_an_email_cannot_be_written(
    commit, submitted, approver, monkeypatch, caplog
):
    proposal = submitted("A")
    monkeypatch.setattr(notifications, "_cases", lambda ids: 1 / 0)
    with caplog.at_level(logging.ERROR), commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert Proposal.objects.get().state == State.REJECTED
    assert "ZeroDivisionError" in caplog.text


def test_one_email_that_fails_does_not_keep_the_others_back(
    commit, submitted, steward, clerk, approver, monkeypatch
):
    submitted("A"), import_limits(steward, ["B"])
    send = mail.EmailMessage.send

    def broken(message, *args, **kwargs):
        if message.to == [clerk.email]:
            raise OSError
        send(message, *args, **kwargs)

    monkeypatch.setattr("approvals.notifications.EmailMessage.send", broken)
    with commit():
        decide_all(approver, Action.REJECT, "No")
    assert only_mail().to == [steward.email]


@pytest.mark.parametrize("values", [{"email": ""}, {"is_active": False}])
def test_people_without_an_address_or_who_have_left_get_no_email(
    commit, submitted, clerk, approver, values
):
    proposal = submitted("A")
    type(clerk).objects.filter(pk=clerk.pk).update(**values)
    with commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert mail.outbox == []


def test_a_line_break_in_a_key_starts_no_header(commit, submitted, approver):
    proposal = submitted("A")
    Proposal.objects.update(record_key="A\r\nBcc: everyone@example.com")
    proposal.refresh_from_db()
    with commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert only_mail().subject == "Rejected: changes to A Bcc: everyone@example.com"


def test_mail_is_written_in_the_language_of_the_house(commit, submitted, approver):
    from django.utils import translation

    proposal = submitted("A")
    with translation.override("nl"), commit():
        vote(approver, proposal, Action.REJECT, "No")
    assert "(empty) → 1,000.00" in only_mail().body


@pytest.mark.parametrize("count", [2, 15])
def test_emails_are_read_with_the_same_few_queries_however_many_they_are_about(
    count, submitted, approver, django_assert_num_queries, django_capture_on_commit_callbacks
):
    for number in range(count):
        submitted(f"A{number}")
    with django_capture_on_commit_callbacks() as callbacks:
        decide_all(approver, Action.REJECT, "No")
    # Proposals, their records, their changes, the people.
    with django_assert_num_queries(4):
        [callback() for callback in callbacks]
    with django_capture_on_commit_callbacks() as callbacks:
        proposals.submit(Proposal.objects.first().pk, by=Proposal.objects.first().submitted_by)
    # The work item as well.
    with django_assert_num_queries(5):
        [callback() for callback in callbacks]


class BrokenMail:
    """A mail backend that cannot send."""

    def __init__(self, **kwargs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def send_messages(self, messages):
        raise OSError("No mail server")


class UnreachableMail(BrokenMail):
    """A mail backend that cannot even connect."""

    def __enter__(self):
        raise OSError("No mail server")
