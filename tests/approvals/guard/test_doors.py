"""A governed column changes only by approval, whoever writes, and however."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from approvals import registry
from approvals.models import Behavior
from customers.models import Customer, PaymentTerms
from tests.approvals.helpers import edit, import_source, live
from tests.customers.factories import customer
from tests.unguarded import switch, switch_field, unguarded

from .doors import HERE, WANTED, sql, update

pytestmark = pytest.mark.django_db
EVERY_DOOR = pytest.mark.parametrize("door", HERE.values(), ids=HERE)
REFUSED = "guard: "


@pytest.fixture
def governed(workflow, govern_fields, clerk):
    """A customer whose credit limit is governed; another one is proposed, not submitted."""
    customer("C1", credit_limit="100")
    govern_fields("credit_limit", "name", "payment_terms")
    edit(clerk, "C1", credit_limit=WANTED)


@EVERY_DOOR
def test_every_door_is_shut(door, governed, tmp_path):
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        door(tmp_path)
    assert live("C1", "credit_limit") == "100.00"


@EVERY_DOOR
def test_control_without_the_guard_every_door_is_open(door, governed, tmp_path):
    with unguarded(), transaction.atomic():
        door(tmp_path)
        assert live("C1", "credit_limit") == f"{WANTED}.00"


def test_there_are_doors_enough():
    assert len(HERE) >= 25


def test_every_field_that_can_be_governed_is_guarded(governed, govern_fields):
    """Each with a value of its own, and with nothing at all, through plain SQL."""
    fields = registry.get(Customer).fields
    govern_fields(*fields)
    PaymentTerms.objects.get_or_create(code="OTHER", defaults={"name": "Other"})
    for name, field in fields.items():
        for value in other_values(field):
            with (
                pytest.raises(IntegrityError, match=f"guard: {name} of "),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(
                    f'UPDATE customers_customer SET "{field.column}" = %s WHERE account = %s',
                    [value, "C1"],
                )


def other_values(field):
    """Values that the customer does not have there; an empty one where it may be empty."""
    kind = field.target_field if field.is_relation else field
    stored = Customer.objects.values_list(field.attname, flat=True).get(account="C1")
    if kind.get_internal_type() == "BooleanField":
        return [not stored]
    if kind.get_internal_type() in ("DecimalField", "PositiveSmallIntegerField"):
        return [7] if stored is None else [7, None]
    return ["x "] if stored in (None, "") or not field.blank else ["x ", ""]


def test_held_is_guarded_while_approvals_are_on(governed, govern_fields):
    govern_fields()
    with pytest.raises(IntegrityError, match="guard: held of "), transaction.atomic():
        Customer.objects.update(held=True)
    switch(enabled=False)
    Customer.objects.update(held=True)


def test_direct_fields_are_free(governed):
    Customer.objects.update(phone="1", city="Somewhere", revision=7)
    assert live("C1", "phone") == "1"


def test_a_value_that_stays_is_no_change(governed):
    Customer.objects.update(credit_limit="100", name=Customer.objects.get().name, phone="1")
    Customer.objects.get().save()
    assert live("C1", "phone") == "1"


# Enablement is read at run time


def test_a_field_is_free_while_it_is_switched_off(governed):
    for number in range(3):
        switch_field("credit_limit", False)
        Customer.objects.update(credit_limit=number)
        switch_field("credit_limit", True)
        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            Customer.objects.update(credit_limit=WANTED)
        assert live("C1", "credit_limit") == f"{number}.00"


def test_nothing_is_governed_while_approvals_are_off(governed):
    switch(enabled=False)
    Customer.objects.update(credit_limit=5)
    switch(enabled=True)
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        Customer.objects.update(credit_limit=WANTED)


def test_key_id_and_revision_stay_even_while_approvals_are_off(governed):
    switch(enabled=False)
    for change in ({"account": "C9"}, {"folded_key": "c9"}, {"id": 99999}, {"revision": 0}):
        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            Customer.objects.update(**change)


def test_key_id_and_revision_stay_where_many_are_written_at_once(governed):
    customer("C2")
    for column, other in (("account", "account || 'X'"), ("revision", "0"), ("id", "id + 9999")):
        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            sql(f"UPDATE customers_customer SET {column} = {other}")
    Customer.objects.update(phone="1")


def test_one_of_many_is_refused(governed):
    customer("C2")
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        sql(
            "UPDATE customers_customer SET phone = '1', credit_limit = "
            "CASE WHEN account = 'C1' THEN 999 ELSE credit_limit END"
        )


def test_a_customer_is_never_deleted(governed):
    switch(enabled=False)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        sql("DELETE FROM customers_customer")


# Allow changes without approval


@pytest.fixture
def allowed(governed, steward, govern_fields):
    """The credit limit is 555 by an import that may change without approval."""
    govern_fields("credit_limit", "name", behavior=Behavior.ALLOW)
    edit(steward, "C1", source=import_source(steward, Behavior.ALLOW), credit_limit="555")
    assert live("C1", "credit_limit") == "555.00"


def test_what_an_import_recorded_is_written_once(allowed, clerk):
    """Not again by going back to the revision that it was written for."""
    switch(enabled=False)
    Customer.objects.update(credit_limit=1)
    switch(enabled=True)
    for change in ({}, {"revision": Customer.objects.get().revision + 1}):
        with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
            Customer.objects.update(credit_limit=555, **change)
    with pytest.raises(IntegrityError, match="never goes back"), transaction.atomic():
        Customer.objects.update(revision=1)


def test_an_import_writes_no_other_field_than_it_recorded(allowed):
    revision = Customer.objects.get().revision + 1
    with pytest.raises(IntegrityError, match="guard: name of"), transaction.atomic():
        Customer.objects.update(name="Other", revision=revision)


# A second connection


@pytest.mark.django_db(transaction=True)
def test_a_second_connection_finds_the_same_guard(governed, tmp_path):
    errors = []

    def other():
        try:
            update(tmp_path)
        except IntegrityError as error:
            errors.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(30)
    assert len(errors) == 1
    assert REFUSED in errors[0]
    assert live("C1", "credit_limit") == "100.00"
