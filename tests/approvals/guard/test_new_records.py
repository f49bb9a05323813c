"""While new customers need approval, none is made for use, or with governed values."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from approvals.changes import change_records
from approvals.models import Behavior, Proposal, ProposedChange
from approvals.outcomes import Change
from approvals.values import fold_key
from customers.models import Customer, CustomerGroup
from tests.approvals.helpers import import_source
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db


@pytest.fixture
def approve_new(workflow, govern_fields):
    CustomerGroup.objects.get_or_create(code="10", defaults={"name": "Group"})
    govern_fields("credit_limit", "payment_day", "credit_limit_mandatory", approve_new=True)


def new(account="NEW", **values):
    now = timezone.now()
    usual = {"name": "New", "customer_group_id": "10", "created_at": now, "modified_at": now}
    return Customer(account=account, folded_key=fold_key(account), **{**usual, **values})


def save(record):
    record.save(force_insert=True)


def bulk_create(record):
    Customer.objects.bulk_create([new("BEFORE", held=True), record])


def raw_sql(record):
    fields = [f for f in Customer._meta.concrete_fields if f.column != "id"]
    names = ", ".join(f'"{f.column}"' for f in fields)
    values = [f.get_db_prep_save(getattr(record, f.attname), connection) for f in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO customers_customer ({names}) VALUES ({', '.join(['%s'] * len(fields))})",
            values,
        )


WAYS = pytest.mark.parametrize("way", [save, bulk_create, raw_sql])
NOT_SO = pytest.mark.parametrize(
    ("field", "values"),
    [
        ("held", {"held": False}),
        ("credit_limit", {"held": True, "credit_limit": 5}),
        ("payment_day", {"held": True, "payment_day": "MON"}),
        ("credit_limit_mandatory", {"held": True, "credit_limit_mandatory": True}),
    ],
    ids=["for use", "a number", "a text", "a yes"],
)


@WAYS
@NOT_SO
def test_a_new_customer_is_held_and_has_no_governed_value(way, field, values, approve_new):
    with pytest.raises(IntegrityError, match=f"guard: {field} of"), transaction.atomic():
        way(new(**values))
    assert not Customer.objects.exists()


@WAYS
@NOT_SO
def test_control_without_the_guard_it_could(way, field, values, approve_new):
    with unguarded():
        way(new(**values))
    assert Customer.objects.filter(account="NEW", **values).exists()


@WAYS
def test_one_that_is_held_may_have_direct_values(way, approve_new):
    way(new(held=True, phone="1", city="Here"))
    assert Customer.objects.filter(account="NEW", phone="1").exists()


@WAYS
def test_while_new_customers_need_no_approval_they_are_made_at_once(
    way, approve_new, govern_fields
):
    govern_fields("credit_limit")
    way(new(credit_limit=5))
    assert Customer.objects.filter(account="NEW", credit_limit=5).exists()


def test_an_import_that_may_makes_them_with_what_it_recorded(approve_new, steward):
    source = import_source(steward, Behavior.ALLOW)
    meant = {"name": "New", "customer_group": "10", "credit_limit": "5", "payment_day": "MON"}
    [made] = change_records(Customer, [Change("NEW", meant, new=True)], by=steward, source=source)
    record = Customer.objects.get(pk=made.record_id)
    assert (record.held, record.credit_limit, record.payment_day) == (False, 5, "MON")


def test_a_record_of_an_import_covers_no_other_value(approve_new, steward):
    job = import_source(steward, Behavior.ALLOW).job
    about = {"content_type": job.content_type, "object_id": 4711}
    proposal = Proposal.objects.create(
        **about,
        record_key="NEW",
        origin="import",
        import_job=job,
        state="not_required",
        created_by=steward,
        created_at=timezone.now(),
    )
    for field, value in (("held", "0"), ("credit_limit", "5.00")):
        ProposedChange.objects.create(
            **about,
            proposal=proposal,
            field=field,
            value=value,
            outcome="applied",
            proposed_by=steward,
            proposed_at=timezone.now(),
        )
    for values in ({"id": 4711, "credit_limit": 6}, {"id": 4712, "credit_limit": 5}):
        with pytest.raises(IntegrityError, match="guard: "), transaction.atomic():
            save(new(**values))
    save(new(id=4711, credit_limit=5))
    assert Customer.objects.get().credit_limit == 5
