"""Parameters and Enable are switched by nobody without an entry in the history."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, transaction

from approvals import parameters
from approvals.models import ApprovalParameters, Behavior, FieldEnablement
from customers.models import Customer
from tests.unguarded import switch, switch_field, unguarded

pytestmark = pytest.mark.django_db


def switch_approvals_off():
    ApprovalParameters.objects.update(enabled=False)


def ask_none_for_new_customers():
    ApprovalParameters.objects.update(approve_new_records=False)


def let_imports_write():
    ApprovalParameters.objects.update(entity_behavior=Behavior.ALLOW)


def exchange_the_calendar():
    ApprovalParameters.objects.update(calendar_country="DE", calendar_region="BY")


def remove_the_parameters():
    _raw("DELETE FROM approvals_approvalparameters")


def put_others_in_their_place():
    ApprovalParameters.objects.bulk_create(
        [ApprovalParameters(pk=1)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["enabled"],
    )


def switch_a_field_off():
    _of("credit_limit").update(enabled=False)


def switch_a_field_off_by_an_upsert():
    FieldEnablement.objects.bulk_create(
        [FieldEnablement(content_type=_customers(), field="credit_limit", enabled=False)],
        update_conflicts=True,
        unique_fields=["content_type", "field"],
        update_fields=["enabled"],
    )


def switch_a_field_on():
    _of("name").update(enabled=True)


def switch_on_what_was_never_switched():
    _raw("DELETE FROM approvals_fieldenablement WHERE field = 'phone'")
    FieldEnablement.objects.create(content_type=_customers(), field="phone", enabled=True)


def enable_another_field_instead():
    _of("credit_limit").update(field="no_such_field")


def enable_it_of_another_model():
    other = ContentType.objects.get_for_model(ApprovalParameters)
    _of("credit_limit").update(content_type=other)


def remove_a_field():
    _of("credit_limit").delete()


def remove_all_fields():
    _raw("DELETE FROM approvals_fieldenablement")


def replace_a_row_by_another_field_s():
    _raw(
        "INSERT OR REPLACE INTO approvals_fieldenablement (id, content_type_id, field, enabled) "
        "SELECT id, content_type_id, 'no_such_field', 0 FROM approvals_fieldenablement "
        "WHERE field = 'credit_limit'"
    )


def truncate():
    _raw("SET CONSTRAINTS ALL IMMEDIATE")
    _raw("TRUNCATE approvals_fieldenablement")


def _of(name):
    return FieldEnablement.objects.filter(field=name)


def _customers():
    return ContentType.objects.get_for_model(Customer)


def _raw(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


UNTOLD = "guard: what is asked for an approval changes with an entry"
DELETED = "guard: .* never deleted"
WAYS = {
    switch_approvals_off: UNTOLD,
    ask_none_for_new_customers: UNTOLD,
    let_imports_write: UNTOLD,
    exchange_the_calendar: UNTOLD,
    remove_the_parameters: "guard: approvalparameters are never deleted",
    put_others_in_their_place: f"{UNTOLD}|never replaced",
    switch_a_field_off: UNTOLD,
    switch_a_field_off_by_an_upsert: UNTOLD,
    switch_a_field_on: UNTOLD,
    switch_on_what_was_never_switched: f"{UNTOLD}|{DELETED}",
    enable_another_field_instead: "Enable stays with its field",
    enable_it_of_another_model: "Enable stays with its field",
    remove_a_field: DELETED,
    remove_all_fields: DELETED,
}
if connection.vendor == "sqlite":
    WAYS[replace_a_row_by_another_field_s] = "guard: a row is never replaced"
else:
    WAYS[truncate] = DELETED


def stored():
    rows = FieldEnablement.objects.filter(enabled=True).order_by("field")
    return [
        *ApprovalParameters.objects.values(),
        *rows.values_list("content_type__model", "field"),
    ]


@pytest.fixture
def switched(govern_fields):
    """The parameters as an administrator has set them; the name was governed once."""
    govern_fields("credit_limit", "name")
    govern_fields("credit_limit", "payment_terms", approve_new=True)
    return stored()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_switched_without_an_entry(way, switched):
    with pytest.raises(IntegrityError, match=WAYS[way]), transaction.atomic():
        way()
    assert stored() == switched


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_control_without_the_guard_it_is(way, switched):
    with unguarded():
        way()
    assert stored() != switched


def test_with_its_entry_it_is_switched_by_any_code(switched):
    switch(enabled=False, entity_behavior=Behavior.ALLOW)
    switch_field("credit_limit", False)
    assert ApprovalParameters.objects.filter(enabled=False, entity_behavior="allow").exists()
    assert parameters.enabled_fields(Customer) == {"payment_terms"}


def test_an_entry_about_another_switch_is_none(switched):
    switch(approve_new_records=False)
    switch_field("payment_terms", False)
    for way in (switch_approvals_off, switch_a_field_off):
        with pytest.raises(IntegrityError, match=UNTOLD), transaction.atomic():
            way()


def test_an_entry_of_long_ago_counts_no_more(switched):
    switch(enabled=False)
    switch(enabled=True)
    with pytest.raises(IntegrityError, match=UNTOLD), transaction.atomic():
        switch_approvals_off()


def test_what_stays_as_it_is_needs_none(switched):
    ApprovalParameters.objects.update(enabled=True)
    _of("credit_limit").update(enabled=True)
    assert stored() == switched
