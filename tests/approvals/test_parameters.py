"""Setting the parameters: only differences, each with its entry, and useful warnings."""

import pytest
from django.core.exceptions import PermissionDenied

from approvals.models import ApprovalParameters, Behavior, FieldEnablement, Verb, WorkflowEvent
from approvals.parameters import enabled_fields, set_parameters, warnings
from customers.models import Customer


def entries():
    rows = WorkflowEvent.objects.filter(
        verb__in=[Verb.PARAMETER_CHANGED, Verb.ENABLEMENT_CHANGED]
    ).order_by("id")
    return [(e.verb, e.field, e.old, e.new, e.actor.username) for e in rows]


def test_parameters_start_switched_off_and_rejecting(db):
    row = ApprovalParameters.objects.get()
    assert (row.enabled, row.entity_behavior) == (False, Behavior.REJECT)
    assert enabled_fields(Customer) == set()


def test_each_switch_has_its_own_entry_in_the_history(administrator):
    set_parameters(
        Customer, by=administrator, enabled=True, entity_behavior="propose", fields={"name": True}
    )
    assert entries() == [
        ("parameter_changed", "enabled", "0", "1", "administrator"),
        ("parameter_changed", "entity_behavior", "reject", "propose", "administrator"),
        ("enablement_changed", "name", "0", "1", "administrator"),
    ]
    assert enabled_fields(Customer) == {"name"}


def test_an_enablement_entry_carries_the_governed_model(administrator):
    set_parameters(Customer, by=administrator, fields={"name": True})
    entry = WorkflowEvent.objects.get(verb=Verb.ENABLEMENT_CHANGED)
    assert entry.content_type.model_class() is Customer


def test_what_is_set_already_is_not_switched_again(administrator):
    set_parameters(Customer, by=administrator, enabled=True, fields={"name": True})
    switched = set_parameters(
        Customer, by=administrator, enabled=True, fields={"name": True, "iban": False}
    )
    assert switched.changes == []
    assert len(entries()) == 2
    assert FieldEnablement.objects.count() == 1


def test_a_switch_that_is_not_named_stays(administrator):
    set_parameters(Customer, by=administrator, enabled=True, fields={"name": True, "iban": True})
    set_parameters(Customer, by=administrator, fields={"iban": False})
    assert ApprovalParameters.objects.get().enabled
    assert enabled_fields(Customer) == {"name"}


def test_a_field_can_be_switched_off_and_on_again(administrator):
    for on in (True, False, True):
        set_parameters(Customer, by=administrator, fields={"name": on})
    assert [(old, new) for _, _, old, new, _ in entries()] == [("0", "1"), ("1", "0"), ("0", "1")]


@pytest.mark.parametrize("group", ["Clerk", "Approver", "Data steward", "Auditor"])
def test_only_an_administrator_may_switch(person, group):
    with pytest.raises(PermissionDenied):
        set_parameters(Customer, by=person("somebody", group), enabled=True)
    assert not ApprovalParameters.objects.get().enabled


def test_a_field_that_cannot_be_governed_is_refused(administrator):
    with pytest.raises(LookupError):
        set_parameters(Customer, by=administrator, enabled=True, fields={"account": True})
    assert not ApprovalParameters.objects.get().enabled


def test_an_unknown_behavior_is_refused(administrator):
    with pytest.raises(ValueError, match="ignore"):
        set_parameters(Customer, by=administrator, entity_behavior="ignore")


def test_switching_on_without_an_active_workflow_says_what_to_do(administrator):
    switched = set_parameters(Customer, by=administrator, enabled=True, fields={"name": True})
    assert len(switched.warnings) == 1
    assert "Accounts receivable workflows" in switched.warnings[0]


def test_switching_on_without_an_enabled_field_warns(administrator, workflow):
    switched = set_parameters(Customer, by=administrator, enabled=True)
    assert ["no field is enabled" in text for text in switched.warnings] == [True]


def test_nothing_is_warned_of_where_all_is_in_place(administrator, workflow):
    switched = set_parameters(Customer, by=administrator, enabled=True, fields={"name": True})
    assert switched.warnings == []


def test_nothing_is_warned_of_while_approvals_are_off(db):
    assert warnings(Customer) == []


def test_the_calendar_and_whether_new_customers_need_approval_are_set_with_entries(administrator):
    set_parameters(
        Customer,
        by=administrator,
        approve_new_records=True,
        calendar_country="DE",
        calendar_region="BY",
    )
    row = ApprovalParameters.objects.get()
    assert (row.approve_new_records, row.calendar_country, row.calendar_region) == (
        True,
        "DE",
        "BY",
    )
    assert [entry[1:4] for entry in entries()] == [
        ("approve_new_records", "0", "1"),
        ("calendar_country", "", "DE"),
        ("calendar_region", "", "BY"),
    ]


@pytest.mark.parametrize(
    "calendar",
    [
        {"calendar_country": "XX"},
        {"calendar_country": "DE", "calendar_region": "ZZ"},
        {"calendar_region": "BY"},
    ],
)
def test_a_calendar_that_does_not_exist_is_refused(administrator, calendar):
    with pytest.raises(ValueError, match="No calendar"):
        set_parameters(Customer, by=administrator, **calendar)
    assert entries() == []
