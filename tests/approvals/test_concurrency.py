"""Two people at once. On PostgreSQL, with a control that takes the locks away."""

import contextlib
import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet

from approvals import changes, proposals
from approvals.deciding import decisions
from approvals.models import Decision, Proposal, ProposedChange, State, WorkItem
from approvals.outcomes import BROWSER, Change
from approvals.writing import LostUpdate
from customers.models import Customer
from tests.approvals.helpers import create_records, edit, live
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .definitions import change_step

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite has one writer at a time; see PostgreSQL"
    ),
]


def together(*actions):
    """Run actions in threads of their own; return each result, or the exception raised."""
    results = [None] * len(actions)

    def run(place, action):
        try:
            results[place] = action()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


@pytest.fixture
def meet(monkeypatch):
    """Make two threads wait for each other, for half a second at most, inside a function."""

    def arrange(module, name):
        barrier = threading.Barrier(2)
        original = getattr(module, name)

        def wrapped(*args, **kwargs):
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(0.5)
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, wrapped)

    return arrange


@pytest.fixture
def pending(clerk, person, workflow, govern_fields):
    """Pending for `approver` and "colleague" alike; one decision decides."""
    with unguarded():
        workflow.steps.filter(position=2).delete()
    change_step(workflow.steps.get(), add=[person("colleague", "Approver")])
    govern_fields("credit_limit", "iban")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    return proposals.submit(Proposal.objects.get().pk, by=clerk)


def approve_as(username, proposal):
    def action():
        user = User.objects.get(username=username)
        item = WorkItem.objects.get(proposal=proposal, assignee=user)
        [result] = decisions.decide(
            [decisions.Vote(item.pk, proposal.revision)], "approve", by=user
        )
        return result

    return action


def one_breaks(results):
    """Whether one of two was done, and the other broke on that: a deadlock, or a lost update."""
    done = [r for r in results if isinstance(r, Proposal) or getattr(r, "done", False)]
    broken = [r for r in results if isinstance(r, LostUpdate | DatabaseError)]
    return (len(done), len(broken)) == (1, 1)


def test_of_two_approvals_at_once_one_decides_and_the_other_reads_who(pending, meet):
    meet(decisions, "_record_votes")
    results = together(approve_as("approver", pending), approve_as("colleague", pending))
    assert sorted(result.done for result in results) == [False, True]
    [loser] = [result for result in results if not result.done]
    assert "Already approved by" in loser.message
    assert Decision.objects.count() == 1
    assert live("C1", "credit_limit") == "200.00"


def test_control_without_locks_two_approvals_do_not_end_well(pending, meet, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self.all())
    meet(decisions, "_record_votes")
    results = together(approve_as("approver", pending), approve_as("colleague", pending))
    assert one_breaks(results)


def test_of_an_approval_and_a_recall_at_once_one_wins(pending, clerk, meet):
    meet(decisions, "_record_votes")
    meet(proposals, "stop_runs")
    results = together(
        approve_as("approver", pending), lambda: proposals.recall(pending.pk, by=clerk)
    )
    pending.refresh_from_db()
    approved = pending.state == State.APPROVED
    assert approved or pending.state == State.NOT_SUBMITTED
    assert results[0].done == approved
    assert isinstance(results[1], proposals.Refused) == approved
    assert live("C1", "credit_limit") == ("200.00" if approved else "100.00")


def test_two_clerks_proposing_at_once_share_one_proposal(clerk, person, workflow, govern_fields):
    govern_fields("credit_limit", "iban")
    customer("C1")
    colleague = person("colleague2", "Clerk")
    together(
        lambda: edit(clerk, "C1", credit_limit="5"),
        lambda: edit(colleague, "C1", iban="NL91ABNA0417164300"),
    )
    assert Proposal.objects.get().state == State.NOT_SUBMITTED
    assert ProposedChange.objects.filter(outcome="").count() == 2


def test_two_clerks_creating_the_same_account_make_one_customer(clerk, meet):
    from approvals import writing

    customer("C1")
    meet(writing, "write")
    values = {"name": "New", "customer_group": "10", "currency": "EUR"}

    def create(account):
        [outcome] = create_records(Customer, [Change(account, values)], by=clerk, source=BROWSER)
        return outcome.status

    assert sorted(together(lambda: create("N1"), lambda: create("n1"))) == ["created", "failed"]
    assert Customer.objects.filter(folded_key="n1").count() == 1


def test_two_saves_that_refer_to_each_other_both_go_through(clerk, meet):
    from approvals import writing

    customer("A")
    customer("B")
    meet(writing, "write_values")
    results = together(
        lambda: edit(clerk, "A", invoice_account="B"),
        lambda: edit(clerk, "B", invoice_account="A"),
    )
    assert [result.status for result in results] == ["updated", "updated"]


def test_a_switch_waits_for_what_is_being_written_under_the_old_rules(
    clerk, administrator, govern_fields, monkeypatch
):
    from approvals import parameters, writing

    govern_fields("iban")
    customer("A", credit_limit="1")
    planned, switched = threading.Event(), threading.Event()
    write = writing.write

    def slow(*args, **kwargs):
        planned.set()
        switched.wait(1)
        return write(*args, **kwargs)

    monkeypatch.setattr(writing, "write", slow)

    def switch():
        planned.wait(5)
        parameters.set_parameters(Customer, by=administrator, fields={"credit_limit": True})
        switched.set()
        return live("A", "credit_limit")

    outcome, seen = together(lambda: edit(clerk, "A", credit_limit="999"), switch)
    assert outcome.status == "updated"
    assert seen == "999.00"


def test_handing_over_while_a_decision_completes_the_step(
    clerk, person, workflow, govern_fields, administrator, meet, monkeypatch
):
    from approvals.deciding import handover

    govern_fields("credit_limit")
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    voted = threading.Event()
    approve = decisions._approve

    def slow(*args, **kwargs):
        voted.set()
        threading.Event().wait(0.5)
        return approve(*args, **kwargs)

    monkeypatch.setattr(decisions, "_approve", slow)

    def hand_over():
        voted.wait(5)
        User.objects.filter(username="approver").update(is_active=False)
        return handover.hand_over_orphans(by=administrator)

    result, handed = together(approve_as("approver", proposal), hand_over)
    assert result.done
    assert handed == 0
    assert WorkItem.objects.get(state="open").assignee.username == "second_approver"


def terminate(proposal):
    administrator = User.objects.get(username="administrator")
    return proposals.terminate(proposal.pk, by=administrator, comment="No longer wanted")


def approved_and_terminated(proposal, meet):
    """Both at once, each held back at its first write."""
    meet(decisions, "_record_votes")
    meet(proposals, "stop_runs")
    results = together(approve_as("approver", proposal), lambda: terminate(proposal))
    proposal.refresh_from_db()
    return results


def test_of_an_approval_and_a_termination_at_once_one_wins(pending, meet):
    approval, termination = approved_and_terminated(pending, meet)
    approved = pending.state == State.APPROVED
    assert approved or pending.state == State.DISCARDED
    assert approval.done == approved
    assert isinstance(termination, proposals.Refused) == approved
    assert live("C1", "credit_limit") == ("200.00" if approved else "100.00")
    assert not WorkItem.objects.filter(state="open").exists()


def test_control_without_locks_an_approval_and_a_termination_do_not_end_well(
    pending, meet, monkeypatch
):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self.all())
    approval, termination = approved_and_terminated(pending, meet)
    assert one_breaks([approval, termination])


def test_of_two_who_hand_on_the_same_work_item_one_wins(pending, person, meet):
    """The approver delegates it while an administrator reassigns it."""
    from approvals.deciding import assigning, delegating, reassigning

    item = WorkItem.objects.get(proposal=pending, assignee__username="approver")
    approver, administrator = (
        User.objects.get(username=name) for name in ("approver", "administrator")
    )
    dan, rita = person("dan", "Approver"), person("rita", "Approver")
    meet(assigning, "hand_on_all")
    delegation, [reassignment] = together(
        lambda: delegating.delegate(item.pk, dan, "Away", by=approver),
        lambda: reassigning.reassign([item.pk], rita, "Away", by=administrator),
    )
    delegated = not isinstance(delegation, proposals.Refused)
    assert delegated != reassignment.done
    successors = WorkItem.objects.filter(assignee__in=(dan, rita), state="open")
    assert successors.get().assignee == (dan if delegated else rita)


@pytest.fixture
def of_a_group(pending):
    """The work items of `pending`, as if they had reached the two through a group."""
    from django.contrib.auth.models import Group

    WorkItem.objects.update(group=Group.objects.create(name="Credit team"))
    return pending


def claim_as(username, proposal):
    from approvals.deciding import claims

    def action():
        user = User.objects.get(username=username)
        item = WorkItem.objects.get(proposal=proposal, assignee=user)
        return claims.claim_all([item.pk], by=user)[0]

    return action


def test_of_two_who_claim_at_once_one_wins_and_the_other_reads_who(of_a_group, meet):
    from approvals.deciding import claims

    meet(claims, "_why_not_claimed")
    results = together(claim_as("approver", of_a_group), claim_as("colleague", of_a_group))
    assert sorted(result.done for result in results) == [False, True]
    [loser] = [result for result in results if not result.done]
    assert "Claimed by" in loser.refusal
    assert of_a_group.events.filter(verb="claimed").count() == 1


def test_control_without_locks_both_believe_that_they_claimed(of_a_group, meet, monkeypatch):
    from approvals.deciding import claims

    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self.all())
    meet(claims, "_why_not_claimed")
    results = together(claim_as("approver", of_a_group), claim_as("colleague", of_a_group))
    assert [result.done for result in results] == [True, True]


def test_of_a_claim_and_an_approval_at_once_neither_undoes_the_other(of_a_group, meet):
    meet(decisions, "_record_votes")
    claim, approval = together(
        claim_as("colleague", of_a_group), approve_as("approver", of_a_group)
    )
    assert claim.done != approval.done
    assert live("C1", "credit_limit") == ("200.00" if approval.done else "100.00")


def test_who_waits_for_a_switch_reads_the_fields_as_they_are_after_it(govern_fields):
    govern_fields()
    found, switched = [], threading.Event()

    def read():
        switched.wait(5)
        with transaction.atomic():
            found.append(changes.read_rules(Customer, hold=True).fields)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    with transaction.atomic():
        govern_fields("iban")
        switched.set()
        time.sleep(0.5)  # the other one waits for the row
    reader.join(10)
    assert found == [frozenset({"iban"})]
