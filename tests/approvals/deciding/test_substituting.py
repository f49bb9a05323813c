"""Entering a substitution, changing it, ending it: who may, and what the history keeps."""

from itertools import product

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from approvals.deciding import claims, substituting, substitutions
from approvals.models import Substitution, Workflow

from ..definitions import change_step
from ..helpers import item_of
from .substitutes import DAY, decide_as, entered, events, standing_in, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def sue(person):
    return person("sue", "Approver", first_name="Sue", last_name="Substitute")


def test_entering_changing_and_removing_one_is_in_the_history(approver, sue, administrator):
    row = entered(standing_in(approver, sue, 1, 2), approver)
    first = f"Sue Substitute for Anna Approver, {row.starts} – {row.ends}, everything"
    row.ends += DAY
    row.workflow = Workflow.objects.get()
    entered(row, administrator)
    second = f"Sue Substitute for Anna Approver, {row.starts} – {row.ends}, Customers"
    substituting.remove(row, by=approver)
    assert events() == [
        ("approver", "", first),
        ("administrator", first, second),
        ("approver", second, ""),
    ]
    assert not Substitution.objects.exists()


def test_what_changes_nothing_is_not_in_the_history(approver, sue):
    row = entered(standing_in(approver, sue), approver)
    entered(row, approver)
    assert len(events()) == 1


def test_ending_one_ends_it_at_once_and_keeps_what_was(approver, sue, propose, person):
    other = stored(person("ted", "Approver"), sue, 1, 5)
    proposal = propose("A")
    row = stored(approver, sue, -2, 2)
    substituting.end(row, by=approver)
    row.refresh_from_db()
    assert row.ends == timezone.localdate() - DAY
    assert not decide_as(sue, proposal, approver).done
    assert len(events()) == 1
    substituting.end(row, by=approver)
    assert len(events()) == 1
    assert Substitution.objects.get(pk=other.pk).ends == other.ends


def delete(row, by):
    row.delete()


@pytest.mark.parametrize("how", ["end", "remove", "another", "workflow", "code"])
def test_what_a_substitute_has_claimed_is_free_when_he_no_longer_stands_in(
    approver, sue, person, propose, workflow, how
):
    team = Group.objects.create(name="Credit team")
    team.user_set.add(approver)
    change_step(workflow.steps.get(position=1), users=[], groups=[team])
    proposal = propose("A")
    row = stored(approver, sue, -2, 2)
    claims.claim(item_of(proposal, approver).pk, by=sue)
    if how == "another":
        row.substitute = person("ted", "Approver")
    if how == "workflow":
        row.workflow = Workflow.objects.create(
            content_type=workflow.workflow.content_type, name="Other"
        )
    acts = {"end": substituting.end, "remove": substituting.remove, "code": delete}
    acts.get(how, substituting.save)(row, by=approver)
    assert proposal.step_runs.get().claimed_by is None
    assert proposal.events.get(verb="released").comment == "The claim has lapsed."


@pytest.mark.parametrize("first", [0, 2])
def test_ending_one_that_was_never_in_force_on_earlier_days_removes_it(approver, sue, first):
    row = stored(approver, sue, first, 5)
    substituting.end(row, by=approver)
    assert not Substitution.objects.exists()
    assert len(events()) == 1


def test_everyone_enters_his_own_and_an_administrator_anybodys(
    approver, sue, clerk, auditor, administrator, person
):
    for by in (sue, clerk, auditor):
        with pytest.raises(PermissionDenied):
            entered(standing_in(approver, sue), by)
    with pytest.raises(PermissionDenied):  # a clerk has nothing to decide
        entered(standing_in(clerk, sue), clerk)
    row = entered(standing_in(approver, sue), administrator)
    running = stored(approver, person("tom", "Approver"), -2, 2)
    for act, of in product((substituting.end, substituting.remove), (row, running)):
        with pytest.raises(PermissionDenied):
            act(of, by=sue)
    row.person = sue
    with pytest.raises(PermissionDenied):
        entered(row, sue)


@pytest.mark.parametrize(
    ("field", "first", "last", "why"),
    [
        ("starts", -1, 2, "This day is past"),
        ("ends", -3, -1, "This day is past"),
        ("ends", 2, 1, "before the first day"),
    ],
)
def test_days_are_in_order_and_not_past(approver, sue, field, first, last, why):
    with pytest.raises(ValidationError) as refusal:
        entered(standing_in(approver, sue, first, last), approver)
    assert why in refusal.value.message_dict[field][0]
    assert not Substitution.objects.exists()


def test_a_running_one_is_prolonged_though_it_began_before(approver, sue):
    row = stored(approver, sue, -5, 1)
    row.ends += DAY
    assert entered(row, approver).ends == timezone.localdate() + 2 * DAY


def test_a_substitute_is_active_may_decide_and_is_somebody_else(approver, sue, auditor):
    sue.is_active = False
    sue.save()
    for substitute in (sue, auditor, approver):
        with pytest.raises(ValidationError) as refusal:
            entered(standing_in(approver, substitute), approver)
        assert "substitute" in refusal.value.message_dict


def test_one_stays_that_of_one_person(approver, sue, person, administrator):
    row = entered(standing_in(approver, sue), approver)
    row.person = person("other", "Approver")
    with pytest.raises(ValidationError, match="stays that of one person"):
        entered(row, administrator)


def test_others_on_the_same_days_are_told(approver, sue, second_approver, workflow):
    row = stored(approver, sue, 1, 5)
    same = [
        stored(approver, second_approver, first, last) for first, last in ((5, 9), (0, 1), (2, 3))
    ]
    stored(approver, second_approver, 6, 9)
    stored(sue, second_approver, 1, 5)
    assert set(substitutions.overlapping(row)) == set(same)
