"""What the matrix does not show of four eyes in the database: rows that name something else."""

import pytest
from django.db import IntegrityError, transaction

from approvals.models import Decision, WorkItem
from tests.customers.factories import customer

from ..definitions import change_step
from ..helpers import edit
from .acts import insert_decision
from .holdings import stand_in
from .touches import nothing, proposed

pytestmark = pytest.mark.django_db


def test_a_decision_on_behalf_of_who_touched_it_is_refused(company):
    item = company.item_for(proposed(company, company.tom))
    WorkItem.objects.update(assignee=company.anna, on_behalf_of=company.tom)
    with pytest.raises(IntegrityError, match="four eyes"):
        insert_decision(item, company.anna, on_behalf_of=company.tom)
    WorkItem.objects.update(on_behalf_of=company.dora)
    insert_decision(item, company.anna, on_behalf_of=company.dora)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Decision.objects.update(on_behalf_of=company.tom)


def test_a_decision_that_names_another_proposal_does_not_slip_through(company):
    item = company.item_for(proposed(company, company.rosa))
    item.proposal_id = company.untouched.pk
    with pytest.raises(IntegrityError, match="guard: "):
        insert_decision(item, company.rosa)


def test_a_work_item_of_another_proposal_does_not_let_one_slip_through(company):
    item = company.item_for(company.untouched)
    item.proposal_id = proposed(company, company.rosa).pk
    for person, principal in ((company.rosa, None), (company.dora, company.rosa)):
        with pytest.raises(IntegrityError, match="guard: "):
            insert_decision(item, person, on_behalf_of=principal)


def test_a_person_has_one_decision_in_a_step(company):
    change_step(company.version.steps.get(position=1), add=[company.dan])
    customer("C")
    edit(company.clara, "C", credit_limit="5")
    items = WorkItem.objects.filter(proposal=company.submit(company.clara))
    annas, dans = items.order_by("assignee__username")
    insert_decision(annas, company.anna)
    stand_in(company.dan, company.anna)
    with pytest.raises(IntegrityError, match="one_vote|step_run_id|never replaced"):
        insert_decision(dans, company.anna, on_behalf_of=company.dan)
    assert Decision.objects.count() == 1


def test_control_who_touched_nothing_is_taken(company):
    item = company.item_for(nothing(company, company.rosa))
    WorkItem.objects.filter(pk=item.pk).update(assignee=company.rosa)
    insert_decision(item, company.rosa)
    assert Decision.objects.count() == 1


def test_who_touched_it_stays_a_contributor(company):
    proposal = proposed(company, company.rosa)
    for change in (
        lambda: proposal.contributors.filter(person=company.rosa).delete(),
        lambda: proposal.contributors.filter(person=company.rosa).update(person=company.dan),
    ):
        with pytest.raises(IntegrityError, match="guard: "), transaction.atomic():
            change()
    assert proposal.contributors.filter(person=company.rosa).exists()
