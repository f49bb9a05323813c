"""Each live value follows from the history, back to the record's creation."""

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from approvals.models import WorkflowEvent
from approvals.seals.trails import follow
from approvals.seals.verifying import Report
from customers.models import Customer
from tests.approvals.helpers import edit
from tests.customers.factories import customer
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db
only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite takes anything")


def findings():
    found = []
    report = Report(found.append)
    follow(report)
    assert report.records == Customer.objects.count()
    return found


def written(**values):
    with unguarded():
        Customer.objects.filter(account="C1").update(**values)


def test_what_went_through_the_door_has_its_trail(history):
    assert Customer.objects.filter(held=True).exists()
    assert findings() == []


def test_what_has_no_creation_has_none(history):
    customer("BEFORE")
    assert findings() == ["customers.customer BEFORE: no trail back to creation."]


@pytest.mark.parametrize(
    ("name", "value", "was"),
    [
        ("credit_limit", "7", "'200.00', but there is '7.00'"),
        ("credit_limit", None, "'200.00', but there is None"),
        ("phone", "", "'030 000 1', but there is ''"),
        ("held", True, "'0', but there is '1'"),
        ("exclude_interest_charge", True, "'0', but there is '1'"),
        ("customer_group_id", "20", "'10', but there is '20'"),
    ],
)
def test_a_value_from_elsewhere_is_found(history, name, value, was):
    written(**{name: value})
    field = name.removesuffix("_id")
    assert findings() == [f"customers.customer C1, {field}: the history says {was}."]


@only_sqlite
def test_a_value_that_is_none_at_all_is_found_and_keeps_nothing_else_from_it(history):
    written(phone="elsewhere")
    with unguarded(), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET credit_limit = 'much' WHERE account = 'C2'")
    broken, other = sorted(findings(), reverse=True)
    assert broken == "customers.customer C2: a value that its field cannot have."
    assert other.startswith("customers.customer C1, phone:")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"folded_key": "c9"}, "is looked for as 'c9', not as 'c1'."),
        ({"folded_key": "C1"}, "is looked for as 'C1', not as 'c1'."),
        ({"revision": 0}, "the revision 0 is none."),
    ],
)
def test_what_no_save_leaves_beside_the_values_is_found(history, values, told):
    written(**values)
    assert findings() == [f"customers.customer C1: {told}"]


@only_sqlite
@pytest.mark.parametrize("value", ["'x'", "-1", "1.5", "x'00'", "''"])
@pytest.mark.parametrize("name", ["held", "exclude_interest_charge", "revision"])
def test_what_python_reads_as_another_value_is_found(history, name, value):
    with unguarded(), connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = 1")
        cursor.execute(f"UPDATE customers_customer SET {name} = {value} WHERE account = 'C1'")
        cursor.execute("PRAGMA ignore_check_constraints = 0")
    assert findings()
    assert all(line.startswith("customers.customer C1") for line in findings())


def test_a_value_that_was_changed_and_changed_back_by_nobody_is_found(history, clerk):
    """A later entry does not begin where the one before it ended."""
    event = WorkflowEvent.objects.filter(record_key="C2", field="phone").last()
    with unguarded():
        WorkflowEvent.objects.filter(pk=event.pk).update(old="none")
    assert findings() == [
        "customers.customer C2, phone: the history says '030 000 2', but there is 'none'."
    ]


@pytest.mark.parametrize("pk", [0, -1, -(2**62)])
def test_a_record_with_an_id_that_no_sequence_gives_is_looked_at(history, pk):
    customer("BELOW", id=pk)
    assert findings() == ["customers.customer BELOW: no trail back to creation."]


def test_a_record_that_is_gone_is_told(history):
    """Also one of which nothing is left but what was changed in it."""
    customer("BEFORE")
    edit(User.objects.get(username="clerk"), "BEFORE", phone="030 000 9")
    with unguarded():
        Customer.objects.filter(account__in=("C1", "C5", "BEFORE"))._raw_delete("default")
    assert findings() == [
        f"customers.customer {key}: the record is gone." for key in ("C1", "C5", "BEFORE")
    ]


def test_a_record_by_another_key_is_told(history):
    written(account="C9", folded_key="c9")
    assert findings() == ["customers.customer C9: the history knows it as C1."]


def test_two_records_that_exchanged_their_keys_are_told(history):
    for old, new in (("C1", "X"), ("C2", "C1"), ("X", "C2")):
        with unguarded():
            Customer.objects.filter(account=old).update(account=new, folded_key=new.casefold())
    assert findings() == [
        "customers.customer C2: the history knows it as C1.",
        "customers.customer C1: the history knows it as C2.",
    ]


def test_a_spoilt_creation_is_no_trail(history):
    with unguarded():
        WorkflowEvent.objects.filter(verb="created", record_key="C1").update(new="[not")
    assert findings() == ["customers.customer C1: no trail back to creation."]


def test_customers_of_the_company_s_own_currency_keep_their_trail(history, settings):
    settings.COMPANY_CURRENCY = "SEK"
    assert findings() == []


@pytest.mark.django_db(transaction=True)
def test_the_demo_verifies(capsys):
    from customers.demo import setup

    setup.found_company()
    call_command("verify_history")
    assert ": 0 findings." in capsys.readouterr().out
