"""Four eyes: nobody decides on what he touched, nor on behalf of one who touched it.

A matrix: every way of having touched a proposal, every way of coming to decide on it,
every decision. Routing never hands a contributor a work item; the ways of deciding are
laid by force, past it, so that what refuses is the decision itself, and the database.
"""

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from approvals import proposals
from approvals.deciding import reassigning
from approvals.models import (
    Action,
    Behavior,
    Decision,
    Proposal,
    ProposedChange,
    State,
    Substitution,
    WorkItem,
)
from tests.customers.factories import customer

from ..helpers import decide_item, edit, import_source

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    workflow.steps.filter(position=2).delete()
    govern_fields("credit_limit", "name", behavior=Behavior.PROPOSE)
    customer("A", credit_limit="1")


@pytest.fixture
def toucher(person, workflow):
    """May do everything; is assigned to the step as well."""
    groups = ("Clerk", "Data steward", "Approver", "Administrator")
    toucher = person("toucher", *groups, first_name="Tom", last_name="Toucher")
    workflow.steps.get().users.add(toucher)
    return toucher


@pytest.fixture
def other(person):
    """Has the right to decide, and touched nothing."""
    return person("other", "Approver", first_name="Otto", last_name="Other")


@pytest.fixture
def third(person):
    return person("third", "Approver")


# Ways of having touched a proposal: each leaves one that is pending, and returns it.


def submitted(by):
    return proposals.submit(Proposal.objects.get(state=State.NOT_SUBMITTED).pk, by=by)


def discard(field, by):
    proposals.discard_change(ProposedChange.objects.get(field=field, outcome="").pk, by=by)


def proposed(toucher, clerk):
    edit(toucher, "A", credit_limit="5")
    return submitted(clerk)


def edited(toucher, clerk):
    edit(clerk, "A", credit_limit="5")
    edit(toucher, "A", credit_limit="6")
    return submitted(clerk)


def overwritten_later(toucher, clerk):
    edit(toucher, "A", credit_limit="5")
    edit(clerk, "A", credit_limit="6")
    return submitted(clerk)


def discarded_anothers(toucher, clerk):
    edit(clerk, "A", credit_limit="5", name="New")
    discard("name", toucher)
    return submitted(clerk)


def discarded_his_own(toucher, clerk):
    edit(clerk, "A", credit_limit="5")
    edit(toucher, "A", name="New")
    discard("name", toucher)
    return submitted(clerk)


def edited_what_came_back(toucher, clerk):
    edit(clerk, "A", credit_limit="5")
    proposal = submitted(clerk)
    approver = User.objects.get(username="approver")
    item = WorkItem.objects.get(proposal=proposal, assignee=approver)
    assert decide_item(approver, item, Action.REQUEST_CHANGE, "Lower").done
    edit(toucher, "A", credit_limit="4")
    return proposals.submit(proposal.pk, by=clerk)


def submitted_it(toucher, clerk):
    edit(clerk, "A", credit_limit="5")
    return submitted(toucher)


def submitted_it_before(toucher, clerk):
    edit(clerk, "A", credit_limit="5")
    proposal = submitted(toucher)
    proposals.recall(proposal.pk, by=toucher)
    return submitted(clerk)


def imported(toucher, clerk):
    edit(toucher, "A", import_source(toucher, Behavior.PROPOSE), credit_limit="5")
    return Proposal.objects.get(state=State.PENDING)


def joined_by_recall(toucher, clerk):
    edit(clerk, "A", credit_limit="5")
    pending = submitted(clerk)
    edit(toucher, "A", name="New")
    proposals.recall(pending.pk, by=clerk)
    return submitted(clerk)


TOUCHES = (
    proposed,
    edited,
    overwritten_later,
    discarded_anothers,
    discarded_his_own,
    edited_what_came_back,
    submitted_it,
    submitted_it_before,
    imported,
    joined_by_recall,
)


# Ways of deciding: each lays the open work item, and returns who decides it.


def lay(item, assignee, **values):
    WorkItem.objects.filter(pk=item.pk).update(assignee=assignee, **values)
    item.refresh_from_db()


def stand_in(person, substitute):
    today = timezone.localdate()
    Substitution.objects.create(person=person, substitute=substitute, starts=today, ends=today)


def own_item(item, toucher, other, third):
    lay(item, toucher)
    return toucher


def his_delegate(item, toucher, other, third):
    lay(item, other, on_behalf_of=toucher)
    return other


def a_delegate_himself(item, toucher, other, third):
    lay(item, toucher, on_behalf_of=other)
    return toucher


def his_substitute(item, toucher, other, third):
    lay(item, toucher)
    stand_in(toucher, other)
    return other


def a_substitute_himself(item, toucher, other, third):
    lay(item, other)
    stand_in(other, toucher)
    return toucher


def the_substitute_of_his_delegate(item, toucher, other, third):
    lay(item, third, on_behalf_of=toucher)
    stand_in(third, other)
    return other


def a_claimed_group_item(item, toucher, other, third):
    lay(item, toucher, group=Group.objects.get(name="Approver"))
    item.proposal.step_runs.filter(state="running").update(claimed_by=toucher)
    return toucher


def an_escalated_item(item, toucher, other, third):
    lay(item, toucher)
    item.proposal.step_runs.filter(state="running").update(level=1)
    return toucher


def an_administrator_standing_in(item, toucher, other, third):
    toucher.groups.set([Group.objects.get(name="Administrator")])
    lay(item, toucher)
    return User.objects.get(pk=toucher.pk)


def a_superuser(item, toucher, other, third):
    User.objects.filter(pk=toucher.pk).update(is_superuser=True)
    lay(item, toucher)
    return User.objects.get(pk=toucher.pk)


WAYS = (
    own_item,
    his_delegate,
    a_delegate_himself,
    his_substitute,
    a_substitute_himself,
    the_substitute_of_his_delegate,
    a_claimed_group_item,
    an_escalated_item,
    an_administrator_standing_in,
    a_superuser,
)

EVERY_TOUCH = pytest.mark.parametrize("touch", TOUCHES, ids=lambda touch: touch.__name__)
EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def open_item(proposal):
    return WorkItem.objects.get(proposal=proposal, state="open")


@EVERY_TOUCH
@EVERY_WAY
def test_who_touched_it_decides_nothing(touch, way, toucher, other, third, clerk):
    item = open_item(touch(toucher, clerk))
    decider = way(item, toucher, other, third)
    for action in Action:
        result = decide_item(decider, item, action, "Because")
        assert not result.done and "contributed to this proposal" in result.message
    assert not Decision.objects.filter(work_item=item).exists()
    item.refresh_from_db()
    assert (item.state, item.proposal.state) == ("open", State.PENDING)


@EVERY_WAY
@pytest.mark.parametrize("action", list(Action))
def test_control_who_touched_nothing_decides_in_each_of_these_ways(
    way, action, toucher, other, third, clerk, person
):
    edit(clerk, "A", credit_limit="5")
    item = WorkItem.objects.get(proposal=submitted(clerk), assignee=toucher)
    assert decide_item(way(item, toucher, other, third), item, action, "Because").done


@EVERY_TOUCH
def test_who_touched_it_gets_no_work_item(touch, toucher, clerk, approver, administrator):
    item = open_item(touch(toucher, clerk))
    assert item.assignee == approver
    [result] = reassigning.reassign([item.pk], toucher, "Why not", by=administrator)
    assert not result.done and "Tom Toucher contributed to this proposal" in result.message


def test_a_superuser_decides_nothing_without_a_work_item(clerk, approver):
    root = User.objects.create_superuser("root", password="x")
    edit(clerk, "A", credit_limit="5")
    for action in Action:
        result = decide_item(root, open_item(submitted_once()), action, "Because")
        assert not result.done and "not assigned to you" in result.message


def submitted_once():
    draft = Proposal.objects.filter(state=State.NOT_SUBMITTED).first()
    return proposals.submit(draft.pk, by=draft.created_by) if draft else Proposal.objects.get()


# The database refuses it too, whatever code runs against it


def insert(item, person, on_behalf_of=None):
    """A decision, past all rules of the program, in SQL."""
    columns = "work_item_id, step_run_id, proposal_id, person_id, on_behalf_of_id, action"
    columns += ", comment, revision, decided_at"
    values = [item.pk, item.step_run_id, item.proposal_id, person.pk]
    values += [on_behalf_of and on_behalf_of.pk, "approve", "", 1, timezone.now()]
    marks = ", ".join(["%s"] * len(values))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO approvals_decision ({columns}) VALUES ({marks})", values)


@EVERY_WAY
def test_the_database_refuses_it(way, toucher, other, third, clerk):
    item = open_item(proposed(toucher, clerk))
    decider = way(item, toucher, other, third)
    with pytest.raises(IntegrityError, match="four eyes"):
        insert(item, decider)
    assert not Decision.objects.exists()


@EVERY_WAY
def test_control_the_database_takes_it_of_who_touched_nothing(way, toucher, other, third, clerk):
    edit(clerk, "A", credit_limit="5")
    item = WorkItem.objects.get(proposal=submitted(clerk), assignee=toucher)
    insert(item, way(item, toucher, other, third))
    assert Decision.objects.count() == 1


def test_the_database_refuses_a_decision_on_behalf_of_who_touched_it(
    toucher, other, clerk, approver
):
    item = open_item(proposed(toucher, clerk))
    with pytest.raises(IntegrityError, match="four eyes"):
        insert(item, approver, on_behalf_of=toucher)
    insert(item, approver, on_behalf_of=other)
    with pytest.raises(IntegrityError, match="four eyes"), transaction.atomic():
        Decision.objects.update(on_behalf_of=toucher)


def test_the_database_looks_at_the_proposal_of_the_work_item(toucher, other, clerk):
    """A decision that names another proposal does not slip through."""
    item = open_item(proposed(toucher, clerk))
    customer("B")
    edit(clerk, "B", credit_limit="5")
    item.proposal_id = submitted(clerk).pk
    with pytest.raises(IntegrityError, match="four eyes"):
        insert(item, toucher)


def test_the_database_looks_at_the_proposal_that_the_decision_names(toucher, other, clerk):
    """A work item of another proposal does not let one slip through either."""
    customer("B")
    edit(clerk, "B", credit_limit="5")
    item = WorkItem.objects.get(proposal=submitted(clerk), assignee=toucher)
    item.proposal_id = proposed(toucher, clerk).pk
    for person, principal in ((toucher, None), (other, toucher)):
        with pytest.raises(IntegrityError, match="four eyes"):
            insert(item, person, on_behalf_of=principal)


def test_the_database_takes_one_decision_of_a_person_in_a_step(toucher, other, clerk, approver):
    edit(clerk, "A", credit_limit="5")
    first, second = WorkItem.objects.filter(proposal=submitted(clerk)).order_by("pk")
    insert(first, other)
    with pytest.raises(IntegrityError):
        insert(second, other, on_behalf_of=toucher)
    assert Decision.objects.count() == 1
