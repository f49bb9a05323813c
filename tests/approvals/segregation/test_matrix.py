"""Segregation of duties: every role, every way of having touched a proposal, every way of
coming to decide on it, every decision; in code, in the browser and past both in SQL.

What is expected stands in `rule`. A test has all cells of one way, and names those that are wrong.
"""

import pytest
from django.db import connection

from .acts import IN_CODE, IN_THE_BROWSER, LAST, OF_SEVERAL
from .cells import Cells
from .holdings import OTHER_WAYS, OWN
from .rule import BOTH, ROLES
from .touches import TOUCHES, nothing, proposed

pytestmark = pytest.mark.django_db

# Each touch with a work item of one's own; each other way of deciding with a touch and without.
WAYS = [(touch, OWN) for touch in (*TOUCHES, nothing)]
WAYS += [(touch, way) for way in OTHER_WAYS for touch in (proposed, nothing)]
# One of each kind: whether it is allowed does not depend on why, nor on how many are ticked.
KINDS = ("approve", "approve, of several", "delegate", "claim", LAST)
# In code each decision of every role; of several at once, which are decided one like the other
# (`test_every_decision_of_every_role` shows it), of who may do both. On PostgreSQL less: which
# database it is makes no difference there.
ONE = [decision for decision in IN_CODE if decision not in OF_SEVERAL]
IN_TURN = [(ROLES, IN_CODE, ONE), ([BOTH], IN_CODE, OF_SEVERAL)]
if connection.vendor == "postgresql":
    IN_TURN = [(ROLES, IN_CODE, ["approve"]), ([BOTH], IN_CODE, IN_CODE)]


def named(way):
    return way.__name__ if callable(way) else way.name


@pytest.mark.parametrize(("touch", "holding"), WAYS, ids=named)
def test_every_way(touch, holding, company, undone):
    """Every role and decision; of who may do both in the browser and in SQL, too."""
    cells = Cells(company, undone, touch, holding)
    browser = [BOTH], IN_THE_BROWSER, KINDS
    assert not list(cells.wrong(*IN_TURN, browser, sql=True))


@pytest.mark.parametrize("touch", [proposed, nothing], ids=named)
@pytest.mark.parametrize("acts", [IN_CODE, IN_THE_BROWSER], ids=["code", "browser"])
def test_every_decision_of_every_role(touch, acts, company, undone):
    cells = Cells(company, undone, touch, OWN)
    assert not list(cells.wrong((ROLES, acts, acts)))


@pytest.mark.parametrize("touch", TOUCHES, ids=named)
@pytest.mark.parametrize("by_tom", [True, False], ids=["Tom's", "Rosa's"])
def test_every_touch_with_every_way_of_deciding(touch, by_tom, company, undone):
    proposal = touch(company, company.tom if by_tom else company.rosa)
    wrong = []
    for holding in OTHER_WAYS:
        if holding.by_tom == by_tom and not holding.prepare:
            cells = Cells(company, undone, touch, holding)
            wrong += cells.of_role(BOTH, proposal, IN_CODE, ["approve"])
    assert not wrong
