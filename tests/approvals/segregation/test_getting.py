"""Nobody is handed what he touched, in none of the ways in which work items are handed on."""

import pytest

from approvals.models import ItemState, Notification, WorkItem

from . import getting, rule
from .getting import GETTING
from .rule import ROLES
from .touches import TOUCHES, nothing, proposed, submitted

pytestmark = pytest.mark.django_db

# Those by which an administrator comes to decide, too: by his word, or where time has run out.
FOR_ADMINISTRATORS = (getting.reassigned, getting.escalated)
# Why somebody who hands it on by name is told that it can't be.
TELLING = (getting.delegated, getting.reassigned)


def named(way):
    return way.__name__


def gets(role, way, touched):
    """Whether Rosa gets a work item: as long as she may decide, and touched nothing."""
    if way is getting.next_step_by_group:
        may = bool(ROLES[role]) and rule.may_be_given(role)
    elif way in FOR_ADMINISTRATORS:
        may = rule.may_decide(role)
    else:
        may = rule.may_be_given(role)
    return may and not touched


@pytest.mark.parametrize("way", GETTING, ids=named)
@pytest.mark.parametrize("touch", [proposed, nothing], ids=named)
def test_every_role(touch, way, company, undone):
    proposal = touch(company, company.rosa)
    wrong = []
    for role in ROLES:
        with undone():
            company.give_role(role)
            wrong += _wrong(company, proposal, way, role, touch)
    assert not wrong


@pytest.mark.parametrize("way", GETTING, ids=named)
def test_every_touch(way, company, undone):
    wrong = []
    for touch in TOUCHES:
        with undone():
            proposal = touch(company, company.rosa)
            wrong += _wrong(company, proposal, way, rule.BOTH, touch)
    assert not wrong


def _wrong(company, proposal, way, role, touch):
    known = Notification.objects.count()
    told = way(company, proposal)
    touched = touch is not nothing
    expected = gets(role, way, touched)
    got = WorkItem.objects.filter(proposal=proposal, assignee=company.rosa, state=ItemState.OPEN)
    asked = Notification.objects.filter(person=company.rosa, pk__gt=known, occasion="assigned")
    if got.exists() != expected:
        yield f"{role}, {touch.__name__}: {'no' if expected else 'a'} work item; {told}"
    elif way in TELLING and touched and rule.may_be_given(role) and "contributed to" not in told:
        yield f"{role}, {touch.__name__}: told {told!r}"
    if asked.exists() and not expected:
        yield f"{role}, {touch.__name__}: was asked"


def test_the_originator_is_not_his_own_manager(company):
    """Rosa stands above herself in a circle; the next above her decides what she submitted."""
    getting.assign_to_managers(company.version.steps)
    proposal = submitted(company, company.rosa)
    assert _holders(proposal) == ["bea"]


def test_the_originators_manager_decides_what_she_did_not_touch(company):
    getting.assign_to_managers(company.version.steps)
    proposal = nothing(company, company.rosa)
    assert _holders(proposal) == ["bea", "rosa"]


def test_the_originators_manager_who_touched_it_gets_none(company):
    getting.assign_to_managers(company.version.steps)
    proposal = proposed(company, company.rosa)
    assert _holders(proposal) == ["bea"]


def _holders(proposal):
    items = proposal.work_items.filter(state=ItemState.OPEN)
    return sorted(items.values_list("assignee__username", flat=True))
