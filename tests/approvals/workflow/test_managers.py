"""Steps that the originator's managers decide: which of them."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group

from approvals import proposals
from approvals.models import WorkItem
from approvals.outcomes import Refused

from ..definitions import define, report
from ..helpers import vote
from .helpers import preview, submit, usernames

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(govern_fields):
    govern_fields("credit_limit", "iban")


def managers(**columns):
    define("Customers", {"name": "Managers", "assignment": "managers", **columns})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ["lead", "head", "director", "chief"]),
        ({"manager_levels": 1}, ["lead"]),
        ({"manager_levels": 2}, ["lead", "head"]),
        ({"manager_levels": 9}, ["lead", "head", "director", "chief"]),
        ({"manager_start": 2, "manager_levels": 2}, ["head", "director"]),
        ({"manager_start": 4}, ["chief"]),
        ({"manager_start": 5}, []),
        ({"manager_take": "last"}, ["chief"]),
        ({"manager_levels": 2, "manager_take": "last"}, ["head"]),
        ({"manager_start": 2, "manager_levels": 2, "manager_take": "last"}, ["director"]),
    ],
)
def test_the_managers_of_the_originator_from_a_level_up(clerk, chain, columns, expected):
    managers(**columns)
    found = preview(clerk)
    assert usernames(found.steps[0].people) == expected
    assert bool(found.refusal) == (not expected)


@pytest.mark.parametrize(
    ("limit", "asked"), [(Decimal(99_999), 1), (Decimal(100_000), 2), (None, 2)]
)
def test_from_an_amount_on_his_manager_is_asked_too_and_for_no_limit_at_all(
    clerk, chain, limit, asked
):
    """What the README shows how to set up."""
    levels = {"assignment": "managers", "manager_levels": 1}
    from_100_000 = [("new", "credit_limit", "at_least", "100000")]
    higher = {"name": "His manager", "manager_start": 2, "rows": from_100_000, **levels}
    define("Customers", {"name": "Manager", **levels}, higher)
    found = preview(clerk, credit_limit=(Decimal(5000), limit))
    assert [name for p in found.steps for name in usernames(p.people)] == ["lead", "head"][:asked]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ["lead", "head", "director"]),
        ({"manager_take": "last"}, ["director"]),
        ({"manager_levels": 2}, ["lead", "head"]),
        ({"manager_start": 4}, ["chief"]),
    ],
)
def test_the_way_up_stops_at_the_first_member_of_a_group(clerk, chain, columns, expected):
    directors = Group.objects.create(name="Directors")
    for member in chain[2:]:
        member.groups.add(directors)
    managers(manager_stop_group=directors, **columns)
    assert usernames(preview(clerk).steps[0].people) == expected


def test_where_only_the_last_manager_counts_nobody_below_him_takes_his_place(clerk, chain):
    """He contributed himself: what he has a hand in isn't decided by his own people."""
    director = chain[2]
    managers(manager_levels=3, manager_take="last")
    found = preview(clerk, contributors=[director])
    assert (usernames(found.steps[0].people), bool(found.refusal)) == ([], True)


def test_a_stop_counts_also_where_that_manager_may_not_decide(clerk, chain):
    directors = Group.objects.create(name="Directors")
    head = chain[1]
    head.groups.set([directors])
    managers(manager_stop_group=directors)
    assert usernames(preview(clerk).steps[0].people) == ["lead"]


def test_a_manager_who_has_left_is_passed_over(clerk, chain):
    lead, head, *_others = chain
    lead.is_active = False
    lead.save()
    managers(manager_levels=1)
    assert usernames(preview(clerk).steps[0].people) == ["head"]


def test_a_manager_without_the_right_to_decide_does_not_get_it(clerk, chain):
    chain[0].groups.clear()
    managers(manager_levels=2)
    assert usernames(preview(clerk).steps[0].people) == ["head"]


def test_a_manager_who_contributed_does_not_get_it(clerk, chain):
    managers(manager_levels=2)
    found = preview(clerk, contributors=[chain[0]])
    assert usernames(found.steps[0].people) == ["head"]


def test_a_circle_of_managers_ends_and_never_leads_to_the_originator(clerk, chain):
    clerk.groups.add(Group.objects.get(name="Approver"))
    report(chain[-1], clerk)
    managers()
    names = ["lead", "head", "director", "chief"]
    assert usernames(preview(clerk).steps[0].people) == names
    report(chain[1], chain[0])
    assert usernames(preview(clerk).steps[0].people) == ["lead", "head"]


def test_without_a_manager_submitting_is_refused(clerk):
    managers()
    with pytest.raises(Refused, match="“Managers”: the originator has no manager"):
        submit(clerk)


def test_managers_are_those_of_who_submits(clerk, chain, person):
    """Also where it is submitted again, by somebody else."""
    colleague, boss = person("colleague", "Clerk"), person("boss", "Approver")
    report(colleague, boss)
    managers(manager_levels=1)
    proposal = submit(clerk)
    vote(chain[0], proposal, "reject", "No")
    proposals.submit(proposal.pk, by=colleague)
    assert WorkItem.objects.get(state="open").assignee == boss
