"""Each parameter and each Enable is where the history says it is, and was off when need be."""

import pytest
from django.core.management import call_command
from django.db import connection

from approvals.models import ApprovalParameters, FieldEnablement, Verb, WorkflowEvent
from approvals.seals import trails
from approvals.seals.switches import follow
from approvals.seals.verifying import Report
from customers.models import Customer
from tests.approvals.helpers import edit
from tests.unguarded import switch, switch_field, unguarded

from .tampering import written

pytestmark = pytest.mark.django_db


def findings():
    found = []
    follow(Report(found.append))
    return found


def test_what_was_switched_with_its_entries_follows(history):
    assert ApprovalParameters.objects.get().enabled
    assert findings() == []


def test_nothing_was_ever_switched(db):
    assert findings() == []


@pytest.mark.parametrize(
    ("rows", "values", "told"),
    [
        (ApprovalParameters.objects, {"enabled": False}, "Parameter changed, enabled: '1' '0'"),
        (
            ApprovalParameters.objects,
            {"entity_behavior": "propose"},
            "Parameter changed, entity_behavior: 'allow' 'propose'",
        ),
        (
            FieldEnablement.objects.filter(field="name"),
            {"enabled": False},
            "Enablement changed, name: '1' '0'",
        ),
    ],
)
def test_a_switch_past_the_history_is_found(history, rows, values, told):
    with unguarded():
        rows.update(**values)
    what, expected, found = told.rsplit(" ", 2)
    assert findings() == [f"{what} the history says {expected}, but there is {found}."]


def test_parameters_and_fields_that_are_gone_are_found(history):
    with unguarded():
        ApprovalParameters.objects.all().delete()
        FieldEnablement.objects.all().delete()
    assert len(findings()) == 5 + 2


def test_a_switch_to_and_fro_is_found_at_the_next_entry(history):
    """Off past the history, and on again as the program does it."""
    with unguarded():
        ApprovalParameters.objects.update(enabled=False)
        switch(enabled=True)
    [told] = findings()
    assert told == "Parameter changed, enabled: the history says '1', but there is '0'."


def test_other_fields_are_not_asked_about(history):
    switch_field("name", False)
    assert findings() == []


def direct(record, field, old, new):
    """Change a field as somebody could who owns the database and knows how to seal."""
    with unguarded():
        Customer.objects.filter(pk=record.pk).update(**{field: new})
        entry = written(record, Verb.CHANGED, field=field, old=old, new=new)
    trails.follow(Report(pytest.fail))
    return entry


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [("credit_limit", "200.00", "7777777.00"), ("name", "New", "Other"), ("held", "0", "1")],
)
def test_a_direct_change_of_what_needed_approval_is_found(history, field, old, new):
    entry = direct(Customer.objects.get(account="C1"), field, old, new)
    text = "customers.customer C1, {}: changed directly by entry {}, while it needed approval."
    assert findings() == [text.format(field, entry)]
    switch_field("credit_limit", False)
    switch(enabled=False)
    switch_field("name", False)
    assert findings() == [text.format(field, entry)]


def test_what_was_changed_directly_while_it_needed_none_follows(history, clerk):
    switch_field("name", False)
    assert edit(clerk, "C1", name="Direct").direct
    switch_field("name", True)
    assert findings() == []
    switch(enabled=False)
    assert edit(clerk, "C1", name="Off", credit_limit="5").direct
    edit(clerk, "C5", name="Released", credit_limit="5")
    assert WorkflowEvent.objects.filter(verb=Verb.CHANGED, field="held").count() == 1
    switch(enabled=True)
    assert edit(clerk, "C1", phone="030 000 9").direct
    assert findings() == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite takes anything")
@pytest.mark.parametrize("value", ["'x'", "-1", "1.5"])
@pytest.mark.parametrize("model", [ApprovalParameters, FieldEnablement])
def test_what_python_reads_as_off_is_found_also_where_it_is_off(history, model, value):
    table = model._meta.db_table
    with unguarded(), connection.cursor() as cursor:
        switch(enabled=False)
        switch_field("name", False)
        cursor.execute(f"UPDATE {table} SET enabled = {value} WHERE NOT enabled")  # noqa: S608
    assert any(line.endswith(": a value that its field cannot have.") for line in findings())


def test_the_command_tells(history, capsys):
    with unguarded():
        ApprovalParameters.objects.update(enabled=False)
    with pytest.raises(SystemExit):
        call_command("verify_history")
    assert "Parameter changed, enabled: the history says '1'" in capsys.readouterr().out
