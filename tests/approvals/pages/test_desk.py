"""What lies before a person, view by view."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from approvals import proposals
from approvals.deciding import cases, claims
from approvals.models import (
    Contributor,
    Policy,
    Proposal,
    Role,
    State,
    StepRun,
    Substitution,
    WorkItem,
)
from approvals.pages import desk
from approvals.pages.desk import Desk, View

from ..definitions import change_step
from ..helpers import edit, item_of, vote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def team(workflow, approver, person):
    """The first step goes to a group: `approver`, Cora and Dan."""
    team = Group.objects.create(name="Credit team")
    people = [approver, person("cora", "Approver"), person("dan", "Approver")]
    team.user_set.set(people)
    change_step(workflow.steps.get(position=1), users=[], groups=[team])
    return people


def stand_in(person, substitute, workflow=None):
    today = timezone.localdate()
    Substitution.objects.create(
        person=person, substitute=substitute, starts=today, ends=today, workflow=workflow
    )


def keys(person, view):
    rows = Desk(User.objects.get(pk=person.pk)).rows(view)
    if rows.model is WorkItem:
        return sorted(rows.values_list("record_key", flat=True))
    path = "record_key" if rows.model is Proposal else "proposal__record_key"
    return sorted(rows.values_list(path, flat=True))


def test_own_work_items_and_those_of_a_group_are_told_apart(team, approver, workflow, propose):
    propose("G")
    change_step(workflow.steps.get(position=1), add=[approver])
    propose("N")
    assert keys(approver, View.OWN) == ["N"]
    assert keys(approver, View.GROUPS) == ["G"]
    assert keys(approver, View.WAITING) == ["G", "N"]


def test_what_somebody_else_claimed_waits_for_nobody_else(team, approver, propose):
    cora = team[1]
    claims.claim(item_of(propose("A"), approver).pk, by=approver)
    assert keys(approver, View.WAITING) == keys(approver, View.CLAIMED) == ["A"]
    assert keys(cora, View.WAITING) == keys(cora, View.CLAIMED) == []
    assert keys(cora, View.GROUPS) == ["A"]


def test_a_substitute_has_the_work_items_of_whom_he_stands_in_for(
    approver, second_approver, propose
):
    propose("A")
    assert keys(second_approver, View.WAITING) == []
    stand_in(approver, second_approver)
    assert keys(second_approver, View.WAITING) == ["A"]
    assert keys(second_approver, View.ON_BEHALF) == ["A"]
    assert keys(second_approver, View.OWN) == []


def test_a_substitute_for_one_workflow_has_what_runs_on_it(
    approver, second_approver, workflow, propose
):
    propose("A")
    other = workflow.workflow.__class__.objects.create(
        content_type=workflow.workflow.content_type, name="Other"
    )
    stand_in(approver, second_approver, other)
    assert keys(second_approver, View.WAITING) == []
    stand_in(approver, second_approver, workflow.workflow)
    assert keys(second_approver, View.WAITING) == ["A"]


def test_of_several_work_items_in_one_step_a_substitute_has_one(team, approver, propose):
    _approver, cora, dan = team
    propose("A")
    stand_in(cora, approver), stand_in(dan, approver)
    assert list(Desk(approver).waiting().values_list("assignee", flat=True)) == [approver.pk]
    WorkItem.objects.filter(assignee=approver).update(state="cancelled")
    assert Desk(User.objects.get(pk=approver.pk)).waiting().count() == 1


def test_overdue_is_what_waits_beyond_its_time_limit(approver, propose):
    propose("A"), propose("B")
    now = timezone.now()
    for account, hours in (("A", -1), ("B", 1)):
        runs = StepRun.objects.filter(proposal__record_key=account)
        runs.update(due_at=now + timedelta(hours=hours))
    assert keys(approver, View.OVERDUE) == ["A"]


def test_my_proposals_are_those_i_submitted_and_drafts_that_i_had_a_hand_in(
    clerk, person, approver, propose
):
    other = person("other", "Clerk")
    propose("A"), propose("B", by=other)
    vote(approver, propose("C"), "reject", "No")
    edit(other, propose("D", by=other).record_key, name="Draft of two")
    edit(clerk, "D", name="Draft of us two")
    assert keys(clerk, View.SUBMITTED) == ["A", "C", "D"]
    recalled = Proposal.objects.get(record_key="A")
    proposals.recall(recalled.pk, by=clerk)
    assert keys(clerk, View.SUBMITTED) == ["A", "C", "D"]


def test_what_i_decided_stays_on_record(approver, second_approver, propose):
    vote(approver, propose("A"))
    assert keys(approver, View.DECIDED) == ["A"]
    assert keys(second_approver, View.DECIDED) == []


@pytest.mark.parametrize(
    ("username", "first", "count"),
    [("clerk", View.SUBMITTED, 1), ("approver", View.WAITING, 7), ("auditor", None, 0)],
)
def test_people_have_the_views_that_can_show_them_something(request, username, first, count):
    views = Desk(request.getfixturevalue(username)).views
    assert (next(iter(views), None), len(views)) == (first, count)


def test_counting_stops(approver, propose, monkeypatch):
    monkeypatch.setattr(desk, "COUNT_LIMIT", 1)
    propose("A"), propose("B"), propose("C")
    assert Desk(approver).count(View.WAITING) == 2


def offered(person):
    """The ids of the work items that wait for a person, by the view's query."""
    return set(Desk(User.objects.get(pk=person.pk)).waiting().values_list("pk", flat=True))


def able(person):
    """The ids of the work items that the check of deciding lets a person decide."""
    person = User.objects.get(pk=person.pk)
    loaded = cases.load(WorkItem.objects.values_list("pk", flat=True), lock=False)
    voter = cases.Voter(person, loaded.values())
    return {pk for pk, case in loaded.items() if not cases.why_not(case, voter)}


def test_what_waits_for_a_person_is_what_he_could_decide(
    team, approver, second_approver, clerk, workflow, propose
):
    _approver, cora, dan = team
    stand_in(approver, second_approver)
    stand_in(cora, dan, workflow.workflow)
    claimed, touched = propose("CLAIMED"), propose("TOUCHED")
    claims.claim(item_of(claimed, cora).pk, by=cora)
    Contributor.objects.create(proposal=touched, person=cora, role=Role.EDITED)
    by_substitute = {"proposal": propose("BY SUBSTITUTE"), "person": second_approver}
    Contributor.objects.create(**by_substitute, role=Role.EDITED)
    propose("PLAIN")
    change_step(workflow.steps.get(position=1), policy=Policy.ALL)
    vote(dan, propose("VOTED"))
    vote(dan, propose("REJECTED"), "reject", "No")
    delegated = item_of(propose("DELEGATED"), dan)
    WorkItem.objects.filter(pk=delegated.pk).update(on_behalf_of=clerk)
    recalled = propose("RECALLED")
    proposals.recall(recalled.pk, by=clerk)
    expected = {
        approver: ["BY SUBSTITUTE", "DELEGATED", "PLAIN", "TOUCHED", "VOTED"],
        second_approver: ["DELEGATED", "PLAIN", "TOUCHED", "VOTED"],
        cora: ["BY SUBSTITUTE", "CLAIMED", "DELEGATED", "PLAIN", "VOTED"],
        # What Cora claimed he decides for her; in DELEGATED her work item, not the clerk's.
        dan: ["BY SUBSTITUTE", "CLAIMED", "DELEGATED", "PLAIN", "TOUCHED"],
        clerk: [],
    }
    for person, waiting in expected.items():
        assert keys(person, View.WAITING) == waiting, person
        mine = WorkItem.objects.filter(pk__in=able(person))
        # Of several in one step the view shows one: he decides once.
        twice = mine.filter(
            step_run__in=WorkItem.objects.filter(pk__in=offered(person)).values("step_run")
        ).exclude(pk__in=offered(person))
        assert offered(person) <= able(person), person
        assert able(person) - offered(person) == set(twice.values_list("pk", flat=True)), person
    assert {p.state for p in Proposal.objects.filter(record_key="PLAIN")} == {State.PENDING}


def test_a_work_item_that_a_contributor_delegated_to_him_keeps_nobody_from_standing_in(
    team, clerk, workflow, propose
):
    _approver, cora, dan = team
    stand_in(cora, dan)
    change_step(workflow.steps.get(position=1), policy=Policy.ALL)
    proposal = propose("DELEGATED")
    WorkItem.objects.filter(pk=item_of(proposal, dan).pk).update(on_behalf_of=clerk)
    assert offered(dan) == able(dan) == {item_of(proposal, cora).pk}
