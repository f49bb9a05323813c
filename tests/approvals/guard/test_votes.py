"""A step is decided with the votes that its policy asks for, of those with whom it began."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from approvals.deciding import deadlines, delegating, reassigning
from approvals.deciding.handover import hand_over_orphans
from approvals.guard.rules.deciding import votes_needed
from approvals.models import (
    Decision,
    Policy,
    Proposal,
    RunState,
    StepRun,
    WorkflowStep,
    WorkItem,
)
from approvals.workflow import routes
from tests.approvals.deciding.limits import path
from tests.approvals.definitions import define
from tests.approvals.helpers import item_of, live, vote
from tests.approvals.workflow.helpers import named, submit
from tests.unguarded import unguarded

from .forging import sql

pytestmark = pytest.mark.django_db
DECISIONS = "guard: .*only from pending, with the decisions"
# Of three people: the policy, its percentage, how many approvals it asks for.
OF_THREE = [
    (Policy.SINGLE, None, 1),
    (Policy.MAJORITY, None, 2),
    (Policy.PERCENTAGE, 34, 2),
    (Policy.PERCENTAGE, 67, 3),
    (Policy.ALL, None, 3),
]
EVERY_POLICY = pytest.mark.parametrize(("policy", "percentage", "needed"), OF_THREE)
SEVERAL = pytest.mark.parametrize(("policy", "percentage", "needed"), OF_THREE[1:])


@dataclass
class Stage:
    """That C1 has a credit limit of 2,000 is pending; three people were asked."""

    proposal: Proposal
    people: list[User]

    def begin(self, votes, later=timedelta(0)):
        """Begin the step anew, with so many votes; the work items are assigned later."""
        StepRun.objects.update(state=RunState.STOPPED)
        now, of_proposal = timezone.now(), {"proposal": self.proposal}
        step = self.proposal.version.steps.get()
        run = StepRun.objects.create(step=step, votes_needed=votes, started_at=now, **of_proposal)
        about = {"step_run": run, "record_key": "C1", "created_at": now + later, **of_proposal}
        return [WorkItem.objects.create(assignee=person, **about) for person in self.people]

    def decide(self, items):
        """Write a vote on each work item, and that they are all that was needed."""
        for item in items:
            vote = {"step_run": item.step_run, "proposal": self.proposal, "work_item": item}
            vote |= {"revision": self.proposal.revision, "decided_at": timezone.now()}
            Decision.objects.create(person=item.assignee, action="approve", **vote)
        StepRun.objects.filter(state=RunState.RUNNING).update(state=RunState.APPROVED)
        revision = self.proposal.revision + 1
        Proposal.objects.update(state="approved", revision=revision)
        sql("UPDATE customers_customer SET credit_limit = 2000, revision = revision + 1")


@pytest.fixture
def ask(clerk, person, govern_fields):
    """A function that has people decide a proposal under a policy; three, unless it is told."""
    govern_fields("credit_limit")

    def ask(policy, percentage=None, names=("sue", "jo", "bill")):
        people = [person(name, "Approver") for name in names]
        define("Customers", named("Check", *people, policy=policy, percentage=percentage))
        return Stage(submit(clerk), people)

    return ask


# With fewer votes


def with_one_vote_less(stage, needed):
    stage.decide(stage.begin(needed - 1)[: needed - 1])


def with_one_vote(stage, needed):
    stage.decide(stage.begin(1)[:1])


def with_a_vote_of_people_who_came_later(stage, needed):
    stage.decide(stage.begin(1, later=timedelta(minutes=1))[:1])


def with_a_vote_of_people_who_came_before(stage, needed):
    stage.decide(stage.begin(1, later=-timedelta(minutes=1))[:1])


OF_NOBODY = [with_a_vote_of_people_who_came_later, with_a_vote_of_people_who_came_before]
FORGERIES = pytest.mark.parametrize("forgery", [with_one_vote_less, with_one_vote, *OF_NOBODY])
BY_NOBODY = pytest.mark.parametrize("forgery", OF_NOBODY)


@FORGERIES
@SEVERAL
def test_no_step_is_decided(forgery, policy, percentage, needed, ask):
    stage = ask(policy, percentage)
    with pytest.raises(IntegrityError, match=DECISIONS), transaction.atomic():
        forgery(stage, needed)
    assert live("C1", "credit_limit") == "1000.00"


@FORGERIES
@SEVERAL
def test_control_without_the_guard_it_is(forgery, policy, percentage, needed, ask):
    stage = ask(policy, percentage)
    with unguarded(), transaction.atomic():
        forgery(stage, needed)
    assert live("C1", "credit_limit") == "2000.00"


@BY_NOBODY
def test_no_step_is_decided_that_began_with_nobody(forgery, ask):
    stage = ask(Policy.SINGLE)
    with pytest.raises(IntegrityError, match=DECISIONS), transaction.atomic():
        forgery(stage, 1)


@BY_NOBODY
def test_control_without_the_guard_one_is(forgery, ask):
    stage = ask(Policy.SINGLE)
    with unguarded(), transaction.atomic():
        forgery(stage, 1)
    assert live("C1", "credit_limit") == "2000.00"


@EVERY_POLICY
def test_with_all_its_votes_a_step_is_decided(policy, percentage, needed, ask):
    stage = ask(policy, percentage)
    stage.decide(stage.begin(needed)[:needed])
    assert live("C1", "credit_limit") == "2000.00"


@pytest.mark.parametrize("policy", Policy.values)
def test_the_database_asks_for_as_many_votes_as_the_program(policy):
    for percentage in (1, 10, 33, 34, 50, 51, 66, 67, 99, 100):
        step = WorkflowStep(policy=policy, percentage=percentage)
        for people in range(1, 13):
            assert _asked_for(step, people) == routes.votes_needed(step, people)


def _asked_for(step, people):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {votes_needed(str(people))} "
            f"FROM (SELECT '{step.policy}' AS policy, {step.percentage} AS percentage) s"
        )
        return cursor.fetchone()[0]


# Whoever has the work items in the end


def delegated(stage, other, administrator):
    jo = stage.people[1]
    delegating.delegate(item_of(stage.proposal, jo).pk, other, "On holiday", by=jo)


def reassigned(stage, other, administrator):
    item = item_of(stage.proposal, stage.people[1])
    [result] = reassigning.reassign([item.pk], other, "Has left", by=administrator)
    assert result.done


def handed_over(stage, other, administrator):
    User.objects.filter(username="jo").update(is_active=False)
    assert hand_over_orphans(by=administrator) == 1


def escalated(stage, other, administrator):
    path(stage.proposal.version.steps.get(), other)
    past = timezone.now() - timedelta(hours=1)
    StepRun.objects.update(due_at=past, wake_at=past)
    assert deadlines.process() == {"escalated": 1}


@pytest.mark.parametrize("way", [delegated, reassigned, handed_over, escalated])
def test_of_all_who_were_asked_as_many_decide_when_it_is_handed_on(way, ask, boss, administrator):
    stage = ask(Policy.ALL)
    way(stage, boss, administrator)
    for item in WorkItem.objects.filter(state="open").order_by("id"):
        assert vote(item.assignee, stage.proposal).done
    assert stage.proposal.state == "approved"


@SEVERAL
def test_one_who_was_asked_is_all_when_it_goes_to_several(
    policy, percentage, needed, ask, person, administrator
):
    stage = ask(policy, percentage, names=("sue",))
    User.objects.filter(username="sue").update(is_active=False)
    others = [person(name, "Administrator") for name in ("zoe", "abe")]
    assert hand_over_orphans(by=administrator) == 1
    assert WorkItem.objects.filter(state="open").count() == 3
    assert vote(others[0], stage.proposal).done
    assert stage.proposal.state == "approved"


@pytest.fixture
def boss(person):
    return person("boss", "Approver")
