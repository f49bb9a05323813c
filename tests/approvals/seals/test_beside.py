"""Decisions and proposed changes say what the history says."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from approvals import proposals
from approvals.models import Action, Behavior, Decision, Proposal, ProposedChange, State, Verb
from approvals.seals.beside import follow
from approvals.seals.verifying import Report
from customers.models import Customer
from tests.approvals.helpers import edit, import_source, vote
from tests.unguarded import switch_field, unguarded

pytestmark = pytest.mark.django_db


def findings():
    found = []
    follow(Report(found.append))
    return found


@pytest.fixture
def decision(history):
    return Decision.objects.filter(proposal__record_key="C1").first()


def about(proposal):
    return f"customers.customer {proposal.record_key}, proposal {proposal.pk}: the history says "


def forge(row, **values):
    with unguarded():
        type(row).objects.filter(pk=row.pk).update(**values)


def test_what_the_program_wrote_says_so(history):
    assert Decision.objects.count() == 4
    assert set(ProposedChange.objects.values_list("outcome", flat=True)) == {"", "applied"}
    assert findings() == []


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("person", "person {0.person_id}, but there is person {1}."),
        ("on_behalf_of", "on_behalf_of None, but there is on_behalf_of {1}."),
        ("comment", "comment '', but there is comment 'forged'."),
        ("action", "what 'approved', but there is what 'rejected'."),
    ],
)
def test_a_forged_decision_is_found(decision, column, told, steward):
    people = {"person": steward, "on_behalf_of": steward}
    forge(decision, **{column: people.get(column, {"action": "reject"}.get(column, "forged"))})
    assert findings() == [about(decision.proposal) + told.format(decision, steward.pk)]


@pytest.mark.parametrize("at", ["2020-01-01T00:00Z", "9999-12-31T00:00Z"])
def test_a_decision_at_another_time_is_found(decision, at):
    forge(decision, decided_at=at)
    [found] = findings()
    assert f"but there is at '{at[:10]}" in found


def test_a_decision_a_moment_later_than_its_entry_is_found(decision):
    event = decision.proposal.events.get(verb=Verb.APPROVED, actor=decision.person)
    forge(decision, decided_at=event.at)
    assert findings() == []
    forge(decision, decided_at=event.at.replace(microsecond=(event.at.microsecond + 1) % 10**6))
    assert len(findings()) == 1


@pytest.fixture
def clock(monkeypatch):
    """A function that has the clock of the server go wrong by so many seconds from now on."""
    now = timezone.now

    def go_wrong(seconds):
        monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=seconds))

    return go_wrong


def test_a_decision_and_its_entry_have_one_moment(decision):
    event = decision.proposal.events.get(verb=Verb.APPROVED, actor=decision.person)
    assert event.at == decision.decided_at


@pytest.mark.parametrize("seconds", [(30, 0), (0, 30), (30, -20), (-20, 30)])
@pytest.mark.parametrize("earlier", [0, 100, 20_000])
def test_decisions_on_servers_whose_clocks_differ_are_taken_for_what_they_are(
    history, clerk, approver, second_approver, clock, seconds, earlier
):
    """earlier: by so many milliseconds than its entry, as an older version wrote a decision."""
    edit(clerk, "C3", credit_limit="300")
    proposal = Proposal.objects.get(record_key="C3", state=State.NOT_SUBMITTED)
    proposals.submit(proposal.pk, by=clerk)
    for by, wrong in zip((approver, second_approver), seconds, strict=True):
        clock(wrong)
        assert vote(by, proposal).done
    for decision in proposal.decisions.all():
        forge(decision, decided_at=decision.decided_at - timedelta(milliseconds=earlier))
    assert findings() == []


@pytest.mark.parametrize("seconds", [(0, 0), (30, 0), (0, 30)])
def test_the_same_decision_taken_twice_in_a_minute_is_two(history, clerk, approver, clock, seconds):
    edit(clerk, "C3", credit_limit="300")
    proposal = Proposal.objects.get(record_key="C3", state=State.NOT_SUBMITTED)
    for wrong in seconds:
        proposals.submit(proposal.pk, by=clerk)
        clock(wrong)
        assert vote(approver, proposal, Action.REJECT, comment="No").done
    for decision in proposal.decisions.all():
        forge(decision, decided_at=decision.decided_at - timedelta(seconds=29))
    assert findings() == []


def test_decisions_that_are_gone_or_added_are_found(decision, steward):
    other = Decision.objects.filter(proposal=decision.proposal).last()
    with unguarded():
        Decision.objects.filter(pk=decision.pk)._raw_delete("default")
    [found] = findings()
    assert found.startswith(about(decision.proposal) + f"record 'C1', proposal {other.proposal_id}")
    assert found.endswith("but there is nothing.")
    with unguarded():
        decision.save(force_insert=True)
        assert findings() == []
        decision.pk, decision.person = None, steward
        decision.work_item = other.step_run.work_items.create(
            proposal=other.proposal,
            record_key="C1",
            assignee=steward,
            created_at="2026-01-01T00:00Z",
        )
        decision.save(force_insert=True)
    [found] = findings()
    assert found.startswith(about(other.proposal) + "nothing, but there is")


def test_a_decision_said_to_be_on_another_step_or_proposal_is_found(decision):
    other = Proposal.objects.filter(record_key="C4").get()
    forge(decision, proposal=other)
    assert len(findings()) == 2
    forge(decision, proposal=decision.proposal)
    run = decision.step_run
    step = run.step.version.steps.exclude(pk=run.step_id).get()
    forge(run, step=step)
    [found] = findings()
    assert found.endswith(f"but there is step {step.pk}.")


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("value", "9.00", "value '200.00', but there is value '9.00'."),
        ("value", None, "value '200.00', but there is value None."),
        ("original", "9.00", "original '100.00', but there is original '9.00'."),
        ("field", "name", "field 'credit_limit', but there is field 'name'."),
        ("outcome", "discarded", "outcome 'applied', but there is outcome 'discarded'."),
    ],
)
def test_a_forged_change_is_found(history, column, value, told):
    change = ProposedChange.objects.get(proposal__record_key="C1")
    forge(change, **{column: value})
    assert findings() == [about(change.proposal) + told]


def test_another_s_change_or_one_of_another_record_is_found(history, steward, clerk):
    change = ProposedChange.objects.get(proposal__record_key="C1")
    forge(change, proposed_by=steward, object_id=change.object_id + 1)
    model, record = change.content_type_id, change.object_id
    ids = f"about ({model}, {record}), person {clerk.pk}, but there is "
    ids += f"about ({model}, {record + 1}), person {steward.pk}."
    assert findings() == [about(change.proposal) + ids]


def test_a_proposal_moved_to_another_record_is_found(history):
    proposal = Proposal.objects.get(record_key="C1")
    forge(proposal, record_key="C2")
    assert len(findings()) == 6
    other = Customer.objects.get(account="C3").pk
    forge(proposal, record_key="C1", object_id=other)
    ids = f"record_id {proposal.object_id}, but there is record_id {other}."
    assert findings() == [about(proposal) + ids] * 3
    forge(proposal, object_id=2**40)
    assert len(findings()) == 6


def test_a_change_that_is_gone_is_found(history):
    with unguarded():
        ProposedChange.objects.filter(proposal__record_key="C2", field="name")._raw_delete(
            "default"
        )
    [found] = findings()
    assert "field 'name'" in found
    assert found.endswith("but there is nothing.")


def test_what_many_people_do_to_changes_is_followed(history, clerk, person, approver, steward):
    """Edited by another, rejected, recalled, dropped, superseded, discarded."""
    colleague = person("colleague", "Clerk")
    edit(clerk, "C3", credit_limit="200", name="First")
    [proposal] = Proposal.objects.filter(record_key="C3", state=State.NOT_SUBMITTED)
    edit(colleague, "C3", credit_limit="300")
    proposals.submit(proposal.pk, by=clerk)
    vote(approver, proposal, Action.REJECT, comment="No")
    assert findings() == []
    unapproved = import_source(steward, Behavior.ALLOW)
    edit(steward, "C3", source=unapproved, credit_limit="300", name="Second")
    edit(clerk, "C3", name="Third", credit_limit="400")
    proposals.submit(proposal.pk, by=clerk)
    assert findings() == []
    proposals.recall(proposal.pk, by=clerk)
    proposals.discard_all(Customer.objects.get(account="C3"), by=clerk)
    assert findings() == []


def test_a_draft_that_joins_what_is_recalled_is_followed(history, clerk, approver):
    edit(clerk, "C3", credit_limit="300")
    [recalled] = Proposal.objects.filter(record_key="C3", state=State.NOT_SUBMITTED)
    proposals.submit(recalled.pk, by=clerk)
    edit(clerk, "C3", name="Beside")
    proposals.recall(recalled.pk, by=clerk)
    assert recalled.changes.count() == 2
    assert findings() == []
    edit(clerk, "C3", name="Edited")
    assert findings() == []


def test_a_change_that_a_direct_one_took_the_place_of_is_followed(history, clerk):
    switch_field("name", False)
    edit(clerk, "C2", name="Direct")
    assert findings() == []
    proposals.submit(Proposal.objects.get(record_key="C2").pk, by=clerk)
    assert ProposedChange.objects.get(proposal__record_key="C2", field="name").original == "New"
    assert findings() == []


def test_the_command_tells(decision, capsys):
    forge(decision, comment="forged")
    with pytest.raises(SystemExit):
        call_command("verify_history")
    assert "comment '', but there is comment 'forged'." in capsys.readouterr().out


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite takes any text")
def test_a_moment_that_is_none_is_found(decision):
    with unguarded(), connection.cursor() as cursor:
        cursor.execute("UPDATE approvals_decision SET decided_at = 'never'")
    assert len(findings()) == 4
