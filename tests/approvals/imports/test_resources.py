"""import-export's own calls on a governed resource."""

import pytest
import tablib
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from import_export.results import RowResult

from approvals import batch, changes
from approvals.models import Behavior, ImportJob, ImportRow, Origin, Proposal, State, WorkflowEvent
from customers.models import Customer
from customers.resources import CustomerResource
from tests.customers.factories import customer
from tests.unguarded import ungoverned

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def customers(db):
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old", credit_limit="1")


DATA = tablib.Dataset(
    ("C1", "New", 5),
    ("C2", "New", "many"),
    ("C3", None, 1),
    headers=["account", "name", "credit_limit"],
)


def take(by, data=DATA, **how):
    how = {"dry_run": False, **how}
    return CustomerResource().import_data(data, user=by, **how)


def types(result):
    return [row.import_type for row in result.rows]


def names():
    return list(Customer.objects.order_by("account").values_list("name", flat=True))


def test_rows_become_row_results(steward):
    result = take(steward)
    new, invalid, skip = result.rows
    assert types(result) == [
        RowResult.IMPORT_TYPE_UPDATE,
        RowResult.IMPORT_TYPE_INVALID,
        RowResult.IMPORT_TYPE_SKIP,
    ]
    assert (result.total_rows, result.totals["update"], result.totals["invalid"]) == (3, 1, 1)
    assert new.object_id == Customer.objects.get(account="C1").pk
    [row] = result.invalid_rows
    assert row.number == 3
    assert list(row.field_specific_errors) == ["credit_limit"]
    assert names() == ["New", "Old", "Old"]


def test_a_failed_row_does_not_hide_confirm(steward):
    result = take(steward, dry_run=True)
    assert result.invalid_rows
    assert not result.has_errors()
    assert not result.has_validation_errors()


def test_a_dry_run_writes_nothing(steward):
    events = WorkflowEvent.objects.count()
    result = take(steward, dry_run=True)
    assert types(result) == types(take(steward))
    assert WorkflowEvent.objects.count() > events
    with ungoverned():
        Customer.objects.update(name="Old")
    events = WorkflowEvent.objects.count(), ImportJob.objects.count(), ImportRow.objects.count()
    take(steward, dry_run=True)
    assert names() == ["Old"] * 3
    assert (
        WorkflowEvent.objects.count(),
        ImportJob.objects.count(),
        ImportRow.objects.count(),
    ) == events


def test_an_import_is_on_record_as_a_job(steward):
    result = take(steward, file_name="x.csv")
    job = ImportJob.objects.get()
    assert result.job == job
    assert (job.state, job.file_name, job.rows, job.failed) == ("done", "x.csv", 3, 1)
    assert WorkflowEvent.objects.get(field="name").origin == Origin.IMPORT


def test_rolling_back_on_validation_errors_is_all_or_nothing(steward):
    result = take(steward, rollback_on_validation_errors=True)
    assert result.has_validation_errors()
    assert names() == ["Old"] * 3
    assert not ImportJob.objects.exists()


def test_errors_are_raised_where_that_is_asked_for(steward):
    with pytest.raises(ValidationError):
        take(steward, raise_errors=True)
    assert names() == ["Old"] * 3


def test_failed_rows_are_collected_where_that_is_asked_for(steward):
    result = take(steward, collect_failed_rows=True)
    assert [row[:3] for row in result.failed_dataset] == [("C2", "New", "many")]
    assert (
        result.failed_dataset.headers[0] == "account" and "Error" in result.failed_dataset.headers
    )


def test_a_file_that_is_refused_is_a_base_error(steward):
    data = tablib.Dataset(("C1", "x"), headers=["account", "shoe"])
    result = take(steward, data)
    assert result.has_errors()
    assert "shoe" in str(result.base_errors[0].error)
    assert not ImportJob.objects.exists()


def test_the_parameter_decides_what_happens_to_governed_fields(steward, workflow, govern_fields):
    govern_fields("name", behavior=Behavior.PROPOSE)
    take(steward)
    assert names() == ["Old"] * 3
    assert Proposal.objects.get().state == State.PENDING
    assert Proposal.objects.get().import_job == ImportJob.objects.get()


def test_rules_other_than_the_confirmed_ones_refuse_the_file(steward, govern_fields):
    result = take(steward, confirmed_rules="what was in force yesterday")
    assert result.has_errors()
    assert names() == ["Old"] * 3


@pytest.mark.parametrize("together", [True, False])
def test_rules_that_change_under_way_stop_an_import_that_was_confirmed(
    steward, govern_fields, monkeypatch, together
):
    govern_fields()
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    real = CustomerResource.import_batch

    def switch_after(self, *args, **kwargs):
        done = real(self, *args, **kwargs)
        govern_fields("iban")
        return done

    monkeypatch.setattr(CustomerResource, "import_batch", switch_after)
    data = tablib.Dataset(("C1", "New"), ("C2", "New"), headers=["account", "name"])
    rules = changes.read_rules(Customer).fingerprint
    result = take(steward, data, confirmed_rules=rules, use_transactions=together)
    assert result.has_errors()
    if together:
        assert names() == ["Old"] * 3
        assert not ImportJob.objects.exists()
    else:
        assert names() == ["New", "Old", "Old"]
        assert ImportJob.objects.get().state == ImportJob.State.REFUSED


def test_each_batch_reads_the_rules_in_its_own_transaction(steward, govern_fields, monkeypatch):
    inside = []
    real = batch.read_rules

    def read(governed, *, hold=False):
        if hold:
            inside.append(len(connection.savepoint_ids))
        return real(governed, hold=hold)

    monkeypatch.setattr(batch, "read_rules", read)
    outside = len(connection.savepoint_ids)
    rules = changes.read_rules(Customer).fingerprint
    take(steward, confirmed_rules=rules, use_transactions=False)
    assert inside and min(inside) > outside


def test_who_may_not_import_is_refused(clerk):
    with pytest.raises(PermissionDenied):
        take(clerk)
    assert names() == ["Old"] * 3


def test_nobody_cannot_import():
    with pytest.raises(TypeError):
        CustomerResource().import_data(DATA, dry_run=False)


def test_no_row_leaves_a_value_to_the_next_one_with_its_key(steward, govern_fields):
    govern_fields("credit_limit", behavior=Behavior.REJECT)
    data = tablib.Dataset(
        ("C1", "New", "9"), ("C1", "New", ""), headers=["account", "name", "credit_limit"]
    )
    take(steward, data)
    assert Customer.objects.get(account="C1").credit_limit == 1


def test_an_export_is_read_back_as_unchanged(steward):
    data = CustomerResource().export()
    assert data.headers[:2] == ["account", "name"]
    assert set(types(take(steward, data))) == {RowResult.IMPORT_TYPE_SKIP}
