"""Ways to make up an approval, or to have something else applied than what was approved.

Each takes the people and the proposal of `Stage`, and ends with a customer whose credit
limit nobody approved so. `why` is what the guard says of it.
"""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.utils import timezone

from approvals import proposals
from approvals.deciding import decisions
from approvals.models import (
    AutomaticAction,
    Behavior,
    Contributor,
    Decision,
    Proposal,
    ProposedChange,
    StepRun,
    WorkflowVersion,
    WorkItem,
)
from customers.models import Customer
from tests.approvals.helpers import edit, import_source, vote

from .by_entry import BY_ENTRY, PLANTED
from .by_import import BY_IMPORT
from .by_number import BY_NUMBER
from .passing_by import (
    SHOWN,
    decide_without_a_workflow,
    never_be_noted_as_a_contributor,
    replace_by_an_update,
)
from .unasked import ON_POSTGRESQL, UNASKED


@dataclass
class Stage:
    """C1 has a credit limit of 100; that it be 200 is pending, two steps have to approve.

    A rule of their version would approve more than a million.
    """

    proposal: Proposal
    clerk: User
    approver: User
    second: User
    steward: User

    def take(self, value=200):
        """Write a credit limit as the program does once it is approved."""
        Customer.objects.filter(account="C1").update(credit_limit=value, revision=F("revision") + 1)

    def approve_first_step(self):
        assert vote(self.approver, self.proposal).done

    def approve_all(self):
        self.approve_first_step()
        assert vote(self.second, self.proposal).done

    def mark_approved(self, **also):
        """Say that it is approved."""
        self.row().update(state="approved", revision=F("revision") + 1, **also)

    def decide_raw(self, item, person, revision=None, **also):
        """Write a vote as if it had been asked for, and say that it was the last one."""
        Decision.objects.create(
            work_item=item,
            step_run=item.step_run,
            proposal=self.proposal,
            person=person,
            action="approve",
            revision=revision or self.row().get().revision,
            decided_at=timezone.now(),
            **also,
        )
        StepRun.objects.update(state="approved")
        self.mark_approved()
        self.take()

    def row(self):
        return Proposal.objects.filter(pk=self.proposal.pk)

    def changes(self):
        return ProposedChange.objects.filter(proposal=self.proposal)

    def new_proposal(self, state, value="200.00", **also):
        """A proposal with one change, stored as it is."""
        record = Customer.objects.get(account="C1")
        same = {"content_type": self.proposal.content_type, "object_id": record.pk}
        made = Proposal.objects.create(
            **{"origin": "code", "created_by": self.clerk, **same, **also},
            state=state,
            record_key="C1",
            created_at=timezone.now(),
        )
        ProposedChange.objects.create(
            proposal=made,
            field="credit_limit",
            value=value,
            outcome="applied" if state == "not_required" else "",
            proposed_by=self.clerk,
            proposed_at=timezone.now(),
            **same,
        )
        return made

    def no_other_change(self):
        """Only one change of a field may be open."""
        proposals.recall(self.proposal.pk, by=self.clerk)
        proposals.discard_all(Customer.objects.get(account="C1"), by=self.clerk)


def say_so(stage):
    stage.mark_approved()
    stage.take()


def say_so_of_a_draft(stage):
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    stage.mark_approved()
    stage.take()


def say_so_of_a_rejected_one(stage):
    vote(stage.approver, stage.proposal, "reject", "No.")
    stage.mark_approved()
    stage.take()


def make_it_approved(stage):
    stage.no_other_change()
    stage.new_proposal("approved")
    stage.take()


def make_it_need_no_approval(stage):
    stage.new_proposal("not_required", revision=2)
    stage.take()


def make_it_an_import_that_may_not(stage):
    job = import_source(stage.steward, Behavior.PROPOSE).job
    stage.new_proposal("not_required", revision=2, origin="import", import_job=job)
    stage.take()


def let_it_need_no_approval(stage):
    source = import_source(stage.steward, Behavior.ALLOW)
    stage.changes().update(outcome="applied")
    stage.row().update(state="not_required", revision=2, import_job=source.job)
    stage.take()


def stop_after_the_first_step(stage):
    stage.approve_first_step()
    StepRun.objects.filter(proposal=stage.proposal).update(state="approved")
    stage.mark_approved()
    stage.take()


def stop_the_step(stage):
    stage.approve_first_step()
    StepRun.objects.filter(state="running").update(state="stopped")
    stage.mark_approved()
    stage.take()


def ask_for_no_vote(stage):
    stage.approve_first_step()
    StepRun.objects.filter(state="running").update(state="approved", votes_needed=0)
    stage.mark_approved()
    stage.take()


def begin_a_step_without_votes(stage):
    stage.approve_first_step()
    run = StepRun.objects.get(state="running")
    run.pk, run.state, run.votes_needed = None, "approved", 0
    run.save()
    StepRun.objects.filter(state="running").update(state="approved")
    stage.mark_approved()
    stage.take()


def carry_votes_over(stage):
    """What was approved before it was recalled and edited counts for the new value."""
    stage.approve_first_step()
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    edit(stage.clerk, "C1", credit_limit="300")
    proposals.submit(stage.proposal.pk, by=stage.clerk)
    first, last = stage.proposal.version.steps.order_by("position")
    StepRun.objects.filter(state="running").update(state="stopped")
    old, now = Decision.objects.get(), timezone.now()
    later = StepRun.objects.create(
        proposal=stage.proposal, step=last, votes_needed=1, started_at=now
    )
    item = WorkItem.objects.create(
        step_run=later,
        proposal=stage.proposal,
        record_key="C1",
        assignee=stage.second,
        created_at=now,
    )
    assert old.step_run.step == first
    decisions.decide(
        [decisions.Vote(item.pk, stage.row().get().revision)], "approve", by=stage.second
    )
    stage.take(300)


def exchange_the_value(stage):
    stage.approve_first_step()
    stage.changes().update(value="777.00")
    assert vote(stage.second, stage.proposal).done


def exchange_the_original(stage):
    """The live value has moved; who decides is not to know."""
    stage.changes().update(original="90.00", value="777.00")
    stage.changes().update(original="100.00")
    stage.approve_all()


def exchange_the_field(stage):
    stage.changes().update(field="name", value="Other")
    stage.changes().update(field="credit_limit", value="777.00")
    stage.approve_all()


def apply_again(stage):
    """An old approval is brought to life."""
    stage.approve_all()
    stage.changes().update(outcome="")
    stage.take(100)
    stage.take(200)


def give_an_approved_one_another_value(stage):
    stage.approve_all()
    stage.changes().update(outcome="", value="777.00")
    stage.take(777)


def slip_into_what_is_pending(stage):
    """Beside what one has approved, before the other does."""
    stage.changes().update(outcome="discarded")
    stage.approve_first_step()
    change = stage.changes().get()
    change.pk, change.value, change.outcome = None, "777.00", ""
    change.save()
    assert vote(stage.second, stage.proposal).done


def slip_into_what_was_approved(stage):
    stage.approve_all()
    change = stage.changes().get()
    change.pk, change.value, change.outcome = None, "777.00", ""
    change.save()
    stage.take(777)


def slip_beside_what_is_pending(stage):
    stage.approve_first_step()
    change = stage.changes().get()
    change.pk, change.field, change.value = None, "name", "Other"
    change.save()
    assert vote(stage.second, stage.proposal).done
    stage.take(200)


def move_into_what_is_pending(stage):
    """A draft's change moves into a proposal that somebody has approved in part."""
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    edit(stage.clerk, "C1", name="Other")
    draft = ProposedChange.objects.get(field="name")
    ProposedChange.objects.filter(pk=draft.pk).update(outcome="discarded")
    proposals.submit(stage.proposal.pk, by=stage.clerk)
    stage.approve_first_step()
    ProposedChange.objects.filter(pk=draft.pk).update(outcome="", value="Third")
    assert vote(stage.second, stage.proposal).done


def approve_for_another_record(stage):
    """The proposal is about C2; its change says C1."""
    stage.no_other_change()
    edit(stage.clerk, "C2", credit_limit="777")
    other = Proposal.objects.get(record_key="C2")
    ProposedChange.objects.filter(proposal=other).update(
        object_id=Customer.objects.get(account="C1").pk
    )
    proposals.submit(other.pk, by=stage.clerk)
    Proposal.objects.filter(pk=other.pk).update(object_id=Customer.objects.get(account="C1").pk)
    stage.proposal = other
    stage.approve_all()


def approve_oneself(stage):
    WorkItem.objects.filter(state="open").update(assignee=stage.clerk)
    stage.decide_raw(WorkItem.objects.get(state="open"), stage.clerk)


def forget_who_contributed(stage):
    Contributor.objects.filter(proposal=stage.proposal).delete()
    approve_oneself(stage)


def say_another_contributed(stage):
    Contributor.objects.filter(proposal=stage.proposal, role="submitted").update(
        person=stage.steward
    )
    Contributor.objects.filter(proposal=stage.proposal, role="proposed").update(
        person=stage.steward
    )
    approve_oneself(stage)


def contribute_after_deciding(stage):
    stage.approve_first_step()
    Contributor.objects.create(proposal=stage.proposal, person=stage.approver, role="edited")
    assert vote(stage.second, stage.proposal).done


def turn_a_rejection(stage):
    vote(stage.approver, stage.proposal, "reject", "No.")
    Decision.objects.update(action="approve")
    stage.row().update(state="pending", revision=F("revision") + 1)
    stage.mark_approved()
    stage.take()


def remove_a_rejection(stage):
    vote(stage.approver, stage.proposal, "reject", "No.")
    Decision.objects.all().delete()
    stage.row().update(state="pending", revision=F("revision") + 1)
    stage.mark_approved()
    stage.take()


def decide_on_an_older_revision(stage):
    stage.decide_raw(WorkItem.objects.get(), stage.approver, revision=1)


def decide_when_it_is_closed(stage):
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    stage.decide_raw(WorkItem.objects.get(), stage.approver, stage.row().get().revision)


def name_a_rule(stage):
    """A rule that approves, of the same version, has decided; nothing else says so."""
    StepRun.objects.update(state="stopped")
    stage.mark_approved(automatic_action=AutomaticAction.objects.get())
    stage.take()


def change_the_workflow(stage):
    """To one whose only step has been decided."""
    stage.approve_first_step()
    short = WorkflowVersion.objects.create(workflow=stage.proposal.version.workflow, number=9)
    StepRun.objects.filter(state="running").update(state="stopped")
    stage.row().update(version=short)
    stage.mark_approved()
    stage.take()


def go_back_to_a_revision(stage):
    """That of the votes, with another value."""
    stage.approve_first_step()
    seen = stage.row().get().revision
    proposals.recall(stage.proposal.pk, by=stage.clerk)
    edit(stage.clerk, "C1", credit_limit="777")
    stage.row().update(state="pending", revision=seen)
    StepRun.objects.filter(step__position=2).update(state="running")
    WorkItem.objects.filter(assignee=stage.second).update(state="open")
    assert vote(stage.second, stage.proposal).done


def use_an_import_again(stage):
    """What an import was allowed to write is written again, when it was changed since."""
    stage.no_other_change()
    source = import_source(stage.steward, Behavior.ALLOW)
    edit(stage.steward, "C1", source=source, credit_limit="777")
    edit(stage.steward, "C1", source=source, credit_limit="100")
    Proposal.objects.filter(state="not_required").update(
        revision=Customer.objects.get(account="C1").revision + 1
    )
    stage.take(777)


def remove_what_is_in_the_way(stage):
    """Without the change that a later approver objects to, and with another."""
    stage.changes().delete()
    stage.mark_approved()
    stage.take()


def replace_the_proposal(stage):
    names = [f.column for f in Proposal._meta.concrete_fields if f.column != "state"]
    listed = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO approvals_proposal ({listed}, state) "
            f"SELECT {listed}, 'approved' FROM approvals_proposal WHERE id = %s",
            [stage.proposal.pk],
        )
    stage.take()


def replace_the_change(stage):
    stage.approve_first_step()
    names = [f.column for f in ProposedChange._meta.concrete_fields if f.column != "value"]
    listed = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO approvals_proposedchange ({listed}, value) "
            f"SELECT {listed}, '777.00' FROM approvals_proposedchange WHERE outcome = ''"
        )
    assert vote(stage.second, stage.proposal).done


DECISIONS = "only from pending, with the decisions"
FORGERIES = {
    say_so: DECISIONS,
    say_so_of_a_draft: DECISIONS,
    say_so_of_a_rejected_one: DECISIONS,
    make_it_approved: "only by deciding on it",
    make_it_need_no_approval: "only as an import that may",
    make_it_an_import_that_may_not: "only as an import that may",
    let_it_need_no_approval: "applied once|" + DECISIONS,
    stop_after_the_first_step: DECISIONS,
    stop_the_step: DECISIONS,
    ask_for_no_vote: "keeps its proposal, .* the votes it needs",
    begin_a_step_without_votes: "one vote or more",
    carry_votes_over: DECISIONS,
    exchange_the_value: "not edited while it is pending",
    exchange_the_original: "not edited while it is pending",
    exchange_the_field: "not edited while it is pending",
    apply_again: "applied once",
    give_an_approved_one_another_value: "not edited while it is pending|applied once",
    slip_into_what_is_pending: "not discarded while pending|nothing is added",
    slip_into_what_was_approved: "nothing is added",
    slip_beside_what_is_pending: "nothing is added",
    move_into_what_is_pending: "not edited while it is pending|applied once",
    approve_for_another_record: "stays with its record|changes only by approval",
    approve_oneself: "four eyes",
    forget_who_contributed: "never deleted",
    say_another_contributed: "stays a contributor",
    contribute_after_deciding: DECISIONS,
    turn_a_rejection: "a decision never changes",
    remove_a_rejection: "never deleted",
    decide_on_an_older_revision: "on the revision that stands",
    decide_without_a_workflow: f"{DECISIONS}|only by a version",
    never_be_noted_as_a_contributor: "four eyes",
    decide_when_it_is_closed: "on the revision that stands",
    name_a_rule: DECISIONS,
    change_the_workflow: "keeps its workflow",
    go_back_to_a_revision: "never goes back",
    use_an_import_again: "never changes",
    remove_what_is_in_the_way: "never deleted",
    **SHOWN,
    **BY_ENTRY,
    **BY_IMPORT,
    **UNASKED,
}
ON_SQLITE = {
    replace_the_proposal: "only by deciding on it|never replaced",
    replace_by_an_update: "never replaced",
    replace_the_change: "never replaced|nothing is added",
    **BY_NUMBER,
}
HERE = FORGERIES | (ON_SQLITE if connection.vendor == "sqlite" else ON_POSTGRESQL | PLANTED)
