"""A right that is withdrawn between opening a page and posting its form is gone."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from approvals.models import Substitution

from .acts import IN_THE_BROWSER, LAST, picture
from .holdings import OWN, STANDING_IN
from .rule import FORBIDDEN, LOGIN
from .touches import nothing

pytestmark = pytest.mark.django_db


def leaves_the_group(company):
    company.rosa.groups.clear()


def group_loses_the_permission(company):
    decide = Permission.objects.get(codename="decide_proposal")
    company.groups["Approver"].permissions.remove(decide)


def is_deactivated(company):
    User.objects.filter(pk=company.rosa.pk).update(is_active=False)


def is_no_superuser_any_more(company):
    User.objects.filter(pk=company.rosa.pk).update(is_superuser=False)


WITHDRAWN = (leaves_the_group, group_loses_the_permission, is_deactivated)


@pytest.mark.parametrize("withdraw", WITHDRAWN, ids=lambda way: way.__name__)
@pytest.mark.parametrize("decision", [d for d in IN_THE_BROWSER if d != LAST])
def test_her_own_right(withdraw, decision, company):
    told = _post_after(withdraw, decision, company, OWN, "Approver")
    assert told == (LOGIN if withdraw is is_deactivated else FORBIDDEN)


@pytest.mark.parametrize("decision", [d for d in IN_THE_BROWSER if d != LAST])
def test_a_superusers(decision, company):
    told = _post_after(is_no_superuser_any_more, decision, company, OWN, "superuser")
    assert told == FORBIDDEN


def principal_leaves_the_group(company):
    company.anna.groups.clear()


def principal_is_deactivated(company):
    User.objects.filter(pk=company.anna.pk).update(is_active=False)


def substitution_is_removed(company):
    Substitution.objects.all().delete()


OF_PRINCIPAL = (principal_leaves_the_group, principal_is_deactivated, substitution_is_removed)


@pytest.mark.parametrize("withdraw", OF_PRINCIPAL, ids=lambda way: way.__name__)
def test_the_right_of_whom_she_stands_in_for(withdraw, company):
    """She can still read what became of it, but decides nothing."""
    _post_after(withdraw, "approve", company, STANDING_IN, "Approver")


@pytest.mark.parametrize("decision", [d for d in IN_THE_BROWSER if d != LAST])
def test_control_nothing_withdrawn(decision, company):
    with pytest.raises(AssertionError, match="was taken"):
        _post_after(lambda company: None, decision, company, OWN, "Approver")


def _post_after(withdraw, decision, company, holding, role):
    """Open the page, lose the right, post; nothing may have happened. Returns what she is told."""
    proposal = nothing(company, company.rosa)
    company.give_role(role)
    item = holding.hand(company, proposal)
    item.proposal.work_items.update(group=company.groups["Approver"])
    client = Client()
    client.force_login(company.fresh(company.rosa))
    assert client.get(f"/work-items/{item.pk}/decide/").status_code == 200
    withdraw(company)
    before = picture(proposal)
    told = IN_THE_BROWSER[decision](company, item, client)
    assert picture(proposal) == before, "was taken"
    return told
