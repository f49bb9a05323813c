"""The groups that the program makes, and that making them again does no harm."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from approvals.models import ApprovalParameters, Behavior
from tests.unguarded import switch, unguarded


def permissions_of(name):
    rows = Group.objects.get(name=name).permissions.values_list(
        "content_type__app_label", "codename"
    )
    return {f"{label}.{codename}" for label, codename in rows}


def make_again():
    call_command("migrate", verbosity=0)


def test_a_clerk_edits_customers_and_proposes(db):
    assert permissions_of("Clerk") == {
        "customers.view_customer",
        "customers.add_customer",
        "customers.change_customer",
        "customers.export_customer",
        "approvals.view_proposal",
        "approvals.submit_proposal",
    }


def test_an_approver_sees_customers_and_decides(db):
    assert permissions_of("Approver") == {
        "customers.view_customer",
        "approvals.view_proposal",
        "approvals.decide_proposal",
    }


def test_a_data_steward_imports_and_does_not_edit_in_the_browser(db):
    assert permissions_of("Data steward") == {
        "customers.view_customer",
        "customers.import_customer",
        "customers.export_customer",
        "approvals.view_proposal",
        "approvals.submit_proposal",
    }


def test_an_auditor_reads_everything_and_changes_nothing(db):
    held = permissions_of("Auditor")
    assert all(".view_" in name or ".export_" in name for name in held)
    assert held >= {
        "approvals.view_workflowevent",
        "approvals.view_proposedchange",
        "approvals.view_approvalparameters",
        "approvals.view_workflow",
        "approvals.view_importjob",
        "customers.view_customer",
        "customers.view_customergroup",
    }


def test_an_administrator_sets_up_and_reads_but_edits_no_customer(db):
    held = permissions_of("Administrator")
    assert held > permissions_of("Auditor")
    assert held >= {
        "approvals.change_approvalparameters",
        "approvals.administer_workflow",
        "approvals.delete_workflowversion",
        "customers.add_currency",
        "customers.change_country",
    }
    assert "approvals.decide_proposal" not in held
    assert not any(name.startswith("customers.delete_") for name in held)
    assert not held & {"customers.change_customer", "customers.add_customer", "auth.change_user"}


def test_a_second_migrate_changes_nothing(db):
    before = {group.name: permissions_of(group.name) for group in Group.objects.all()}
    make_again()
    assert {group.name: permissions_of(group.name) for group in Group.objects.all()} == before


def test_what_a_company_granted_stays_and_what_is_missing_comes_back(db):
    clerks = Group.objects.get(name="Clerk")
    clerks.permissions.add(Permission.objects.get(codename="import_customer"))
    clerks.permissions.remove(Permission.objects.get(codename="submit_proposal"))
    make_again()
    assert {"customers.import_customer", "approvals.submit_proposal"} <= permissions_of("Clerk")


def test_the_parameters_keep_their_values(db):
    switch(enabled=True, entity_behavior=Behavior.ALLOW)
    make_again()
    row = ApprovalParameters.objects.get()
    assert (row.pk, row.enabled, row.entity_behavior) == (1, True, Behavior.ALLOW)


@pytest.mark.django_db(transaction=True)
def test_a_flushed_database_has_its_groups_and_parameters_again():
    with unguarded():
        call_command("flush", interactive=False, verbosity=0)
    assert Group.objects.count() == 5
    assert "customers.change_customer" in permissions_of("Clerk")
    assert ApprovalParameters.objects.filter(pk=1).exists()
