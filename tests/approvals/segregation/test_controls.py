"""The matrix is able to fail: each piece of the rule is broken, and exactly its cells are wrong."""

import pytest

from approvals import proposals, submitting, writing
from approvals.deciding import cases, obstacles, receiving
from approvals.workflow import routing
from tests.unguarded import unguarded

from ..machine.sowing import Fault
from . import getting, touches
from .acts import IN_CODE
from .cells import Cells
from .getting import GETTING
from .holdings import OTHER_WAYS, OWN
from .rule import BOTH, ROLES, SUPERUSER, may_decide
from .touches import TOUCHES, nothing, proposed

pytestmark = pytest.mark.django_db

# What is not filed any more -> the touches after which the toucher decides.
FILING = [
    (
        Fault("proposed", writing, "_propose", "contribute(filed,", "(filed,"),
        {
            touches.proposed,
            touches.proposed_and_nothing_is_left_of_it,
            touches.imported,
            touches.proposed_in_a_draft_that_joined,
        },
    ),
    (
        Fault("edited", writing, "_touch", "contribute(loaded,", "(loaded,"),
        {
            touches.edited,
            touches.edited_and_nothing_is_left_of_it,
            touches.discarded_anothers_change,
            touches.edited_what_came_back,
        },
    ),
    (
        Fault("discarded", writing, "close_changes", "_touch(set(changed), by)", "()"),
        {touches.discarded_anothers_change},
    ),
    (
        Fault("submitted", submitting, "start", "writing.contribute(routes,", "(routes,"),
        {
            touches.submitted,
            touches.submitted_before_a_recall,
            touches.resubmitted_after_a_rejection,
        },
    ),
    (
        Fault("joined", proposals, "_move", "draft.contributors.", "draft.contributors.none()."),
        {touches.proposed_in_a_draft_that_joined},
    ),
]

BY_DELEGATION = {"Tom delegated it to her", "she stands in for Tom's delegate"}
HERS = {way.name for way in (OWN, *OTHER_WAYS) if not way.by_tom and way.is_his}
# What is not looked at any more -> the ways of deciding that then stand open.
DECIDING = [
    (
        Fault(
            "who decides",
            obstacles,
            "_lasting",
            "CONTRIBUTED: _contributed(person)",
            'CONTRIBUTED: _contributed(OuterRef("on_behalf_of"))',
        ),
        HERS | BY_DELEGATION,  # these are refused for a wrong reason
    ),
    (
        Fault("the delegator", obstacles, "_lasting", ', OuterRef("on_behalf_of")', ""),
        BY_DELEGATION,
    ),
    (
        Fault("the substituted", obstacles, "_lasting", "_contributed(ASSIGNEE, ", "_contributed("),
        {"she stands in for Tom"},
    ),
]

ROLE = [
    (
        Fault("the right", cases, "why_not", "not voter.may_decide", "False"),
        {role for role in ROLES if not may_decide(role)},
        nothing,
    ),
    (
        Fault(
            "superusers",
            obstacles,
            "met",
            "return found.",
            "return (found.none() if person.is_superuser else found).",
        ),
        {SUPERUSER},
        proposed,
    ),
]

HANDING = [
    (
        Fault(
            "whom it is handed on to",
            receiving,
            "Receiving._barred",
            "person in case.facts.contributors",
            "False",
        ),
        {getting.delegated, getting.reassigned, getting.escalated},
    ),
    (
        Fault(
            "whom a step goes to",
            routing,
            "Router.may_get",
            " and person not in facts.contributors",
            "",
        ),
        {getting.next_step_by_name, getting.next_step_by_group, getting.next_step_by_managers},
    ),
]


def named(fault):
    return fault.name if isinstance(fault, Fault) else ""


def wrong(company, undone, touch, holding, role=BOTH):
    """Whether something is wrong about one approval."""
    with undone():
        if holding.prepare:
            holding.prepare(company)
        proposal = touch(company, holding.toucher(company))
        cells = Cells(company, undone, touch, holding)
        return bool(list(cells.of_role(role, proposal, IN_CODE, ["approve"])))


@pytest.mark.parametrize(("fault", "expected"), FILING, ids=named)
def test_a_touch_that_is_not_filed(fault, expected, company, undone, monkeypatch):
    fault.sow(monkeypatch)
    assert {touch for touch in TOUCHES if wrong(company, undone, touch, OWN)} == expected


@pytest.mark.parametrize(("fault", "expected"), DECIDING, ids=named)
def test_an_obstacle_that_is_not_looked_at(fault, expected, company, undone, monkeypatch):
    fault.sow(monkeypatch)
    ways = (OWN, *OTHER_WAYS)
    assert {way.name for way in ways if wrong(company, undone, proposed, way)} == expected


def test_whose_work_item_it_is(company, undone, monkeypatch):
    Fault("", cases, "Voter.holds", "if item.assignee_id == self.person.pk", "if True").sow(
        monkeypatch
    )
    ways = [way.name for way in OTHER_WAYS if wrong(company, undone, nothing, way)]
    assert ways == ["it is another's"]


@pytest.mark.parametrize(("fault", "expected", "touch"), ROLE, ids=named)
def test_a_role_that_is_let_through(fault, expected, touch, company, undone, monkeypatch):
    fault.sow(monkeypatch)
    assert {role for role in ROLES if wrong(company, undone, touch, OWN, role)} == expected


@pytest.mark.parametrize(("fault", "expected"), HANDING, ids=named)
def test_who_is_handed_it(fault, expected, company, undone, monkeypatch):
    fault.sow(monkeypatch)
    got = set()
    for way in GETTING:
        with undone():
            proposal = proposed(company, company.rosa)
            way(company, proposal)
            if company.item_for(proposal, company.rosa).assignee_id == company.rosa.pk:
                got.add(way)
    assert got == expected


def test_the_database_without_its_guard(company, undone):
    proposal = proposed(company, company.rosa)
    item = OWN.hand(company, proposal)
    cells = Cells(company, undone, proposed, OWN)
    assert not list(cells.wrong_rows(item))
    with unguarded():
        assert len(list(cells.wrong_rows(item))) == 3
