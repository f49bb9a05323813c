"""The number under which a model is governed stays its own: under another, nothing is enabled."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from approvals import guard
from approvals.models import FieldEnablement, ProposedChange
from customers.models import Customer
from tests.approvals.helpers import edit
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .forging import replace, sql

pytestmark = pytest.mark.django_db
TABLE = ContentType._meta.db_table
OF_CUSTOMERS = "WHERE app_label = 'customers' AND model = 'customer'"


def call_it_otherwise():
    _customers().update(model="former_customer")


def call_the_app_otherwise():
    _customers().update(app_label="former")


def give_it_another_number():
    sql(f"UPDATE {TABLE} SET id = id + 1000 {OF_CUSTOMERS}")


def delete_it():
    sql(f"DELETE FROM {TABLE} {OF_CUSTOMERS}")


def replace_it_by_another_number():
    replace(ContentType, _number(), id=_number() + 1000)


def replace_it_by_another_name():
    replace(ContentType, _number(), model="former_customer")


def have_another_take_its_name():
    sql(f"UPDATE OR REPLACE {TABLE} SET app_label = 'customers', model = 'customer' {_OTHER}")


def have_another_take_its_number():
    sql(f"UPDATE OR REPLACE {TABLE} SET id = {_number()} {_OTHER}")


def have_another_take_its_row():
    sql(f"UPDATE OR REPLACE {TABLE} SET rowid = {_number()} {_OTHER}")


_OTHER = "WHERE app_label = 'old'"
WAYS = [call_it_otherwise, call_the_app_otherwise, give_it_another_number, delete_it]
if connection.vendor == "sqlite":
    WAYS += [replace_it_by_another_number, replace_it_by_another_name]
    WAYS += [have_another_take_its_name, have_another_take_its_number, have_another_take_its_row]
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def _customers():
    return ContentType.objects.filter(app_label="customers", model="customer")


def _number():
    return _customers().get().pk


@pytest.fixture
def governed(govern_fields):
    """Another content type is that of a model which is gone."""
    ContentType.objects.create(app_label="old", model="thing")
    govern_fields("credit_limit")
    return FieldEnablement.objects.get().content_type_id


class Undone(Exception):
    pass


@EACH_WAY
def test_it_stays_under_its_number(way, governed):
    refused = pytest.raises(IntegrityError, match="guard: .*(stays as it is|never replaced)")
    with refused, transaction.atomic():
        way()
    assert list(_customers().values_list("pk", flat=True)) == [governed]


@EACH_WAY
def test_control_without_the_guard_it_does_not(way, governed):
    with unguarded(), pytest.raises(Undone), transaction.atomic():
        way()
        assert list(_customers().values_list("pk", flat=True)) != [governed]
        raise Undone


def test_that_of_a_model_that_is_gone_is_removed(governed):
    ContentType.objects.filter(app_label="old").update(model="other")
    ContentType.objects.get(app_label="old").delete()
    _customers().update(model="customer")
    assert not ContentType.objects.filter(app_label="old").exists()


# A change is about the same model as its proposal, or no page could tell what it is about


@pytest.fixture
def of_another_model(governed, clerk):
    """A change in a draft about C1, of a model that is not governed; not stored yet."""
    customer("C1", credit_limit="100")
    edit(clerk, "C1", credit_limit="200")
    change = ProposedChange.objects.get()
    change.pk, change.content_type = None, ContentType.objects.get(app_label="old")
    return change


def test_no_change_is_of_another_model_than_its_proposal(of_another_model):
    with pytest.raises(IntegrityError, match="guard: nothing is added"), transaction.atomic():
        of_another_model.save(force_insert=True)
    of_another_model.content_type, of_another_model.field = _customers().get(), "name"
    of_another_model.save(force_insert=True)


def test_control_without_the_guard_it_may_be(of_another_model):
    with unguarded(ProposedChange):
        of_another_model.save(force_insert=True)
    assert ProposedChange.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_migrate_finds_it_as_it_was(governed):
    call_command("migrate", verbosity=0)
    assert guard.gaps() == []
    assert ContentType.objects.get_for_model(Customer).pk == governed
