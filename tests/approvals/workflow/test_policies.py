"""Completion policies, with the three approvers of the reference manual."""

import pytest
from django.contrib.auth.models import User

from approvals.models import Policy, State, WorkItem
from approvals.workflow import routes, routing

from ..definitions import define
from ..helpers import vote
from .helpers import named, submit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(govern_fields):
    govern_fields("credit_limit", "iban")


@pytest.fixture
def asked(clerk, three):
    """A function that has Sue, Jo and Bill decide a proposal under a policy."""

    def ask(policy, percentage=None):
        define("Customers", named("Check", *three, policy=policy, percentage=percentage))
        return submit(clerk)

    return ask


def decided(proposal, *said):
    """Let people decide in turn; return the proposal's state after each."""
    states = []
    for who, action in said:
        result = vote(User.objects.get(username=who), proposal, action, "So be it")
        assert result.done, result.message
        states.append(proposal.state)
    return states


PENDING, APPROVED, REJECTED = State.PENDING, State.APPROVED, State.REJECTED
SUE, JO, BILL = ("sue", "approve"), ("jo", "approve"), ("bill", "approve")
NOT_SUE, NOT_JO, NOT_BILL = ("sue", "reject"), ("jo", "reject"), ("bill", "reject")


@pytest.mark.parametrize(
    ("policy", "percentage", "said", "states"),
    [
        (Policy.SINGLE, None, [SUE], [APPROVED]),
        (Policy.SINGLE, None, [NOT_SUE], [REJECTED]),
        (Policy.SINGLE, None, [BILL], [APPROVED]),
        (Policy.MAJORITY, None, [SUE, JO], [PENDING, APPROVED]),
        (Policy.MAJORITY, None, [SUE, NOT_JO], [PENDING, REJECTED]),
        (Policy.MAJORITY, None, [NOT_SUE], [REJECTED]),
        (Policy.PERCENTAGE, 50, [SUE, JO], [PENDING, APPROVED]),
        (Policy.PERCENTAGE, 50, [SUE, NOT_JO], [PENDING, REJECTED]),
        (Policy.PERCENTAGE, 33, [SUE], [APPROVED]),
        (Policy.PERCENTAGE, 34, [SUE, BILL], [PENDING, APPROVED]),
        (Policy.PERCENTAGE, 67, [SUE, JO, BILL], [PENDING, PENDING, APPROVED]),
        (Policy.PERCENTAGE, 100, [SUE, JO, NOT_BILL], [PENDING, PENDING, REJECTED]),
        (Policy.ALL, None, [SUE, JO, BILL], [PENDING, PENDING, APPROVED]),
        (Policy.ALL, None, [SUE, JO, NOT_BILL], [PENDING, PENDING, REJECTED]),
        (Policy.ALL, None, [NOT_SUE], [REJECTED]),
    ],
)
def test_sue_jo_and_bill(asked, policy, percentage, said, states):
    proposal = asked(policy, percentage)
    assert decided(proposal, *said) == states
    assert not WorkItem.objects.filter(state="open").exists() or states[-1] == PENDING


@pytest.mark.parametrize("policy", [Policy.SINGLE, Policy.MAJORITY, Policy.PERCENTAGE])
def test_who_comes_after_the_quorum_decides_nothing(asked, policy):
    proposal = asked(policy, 50)
    decided(proposal, *([SUE] if policy == Policy.SINGLE else [SUE, JO]))
    result = vote(User.objects.get(username="bill"), proposal, "reject", "Too late")
    assert (result.done, proposal.state) == (False, APPROVED)
    assert "Already approved by" in result.message


@pytest.mark.parametrize("policy", Policy.values)
def test_one_request_for_change_hands_back_whatever_the_policy(asked, policy):
    proposal = asked(policy, 100)
    assert decided(proposal, ("jo", "request_change")) == [State.CHANGE_REQUESTED]


def test_one_person_counts_once_towards_a_quorum(asked):
    proposal = asked(Policy.MAJORITY)
    decided(proposal, SUE)
    assert not vote(User.objects.get(username="sue"), proposal).done
    assert proposal.state == PENDING


@pytest.mark.parametrize(
    ("policy", "percentage", "people", "needed"),
    [
        (Policy.SINGLE, None, 5, 1),
        (Policy.MAJORITY, None, 1, 1),
        (Policy.MAJORITY, None, 2, 2),
        (Policy.MAJORITY, None, 4, 3),
        (Policy.PERCENTAGE, 1, 3, 1),
        (Policy.PERCENTAGE, 50, 4, 2),
        (Policy.PERCENTAGE, 51, 4, 3),
        (Policy.PERCENTAGE, 100, 7, 7),
        (Policy.ALL, None, 4, 4),
    ],
)
def test_how_many_approvals_complete_a_step(policy, percentage, people, needed):
    step = routing.WorkflowStep(policy=policy, percentage=percentage)
    assert routes.votes_needed(step, people) == needed
