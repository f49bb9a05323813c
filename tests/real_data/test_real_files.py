"""Real public files, where the folder ../shared/data holds them."""

from pathlib import Path

import pytest
from django.core.management import call_command

from approvals.imports import import_jobs
from approvals.imports.files import FileRefused
from approvals.models import ImportRow
from customers.imports import jobs
from customers.models import Customer, CustomerGroup, PaymentTerms

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
REFERENCE = DATA / "customers_v3_export.csv"
WIDE_WORLD = DATA / "wide_world_importers_customers.csv"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.is_dir(), reason="The folder ../shared/data is not there."),
]


def take(by, path, **options):
    job = import_jobs.new_job(Customer, by=by, file_name=path.name, options=options)
    job.save()
    jobs.run(job, path, dry_run=False)
    return job


def failures(job):
    rows = job.row_outcomes.filter(outcome=ImportRow.Outcome.FAILED)
    return {row.key: row.errors for row in rows}


@pytest.fixture
def without_codes(db):
    """No group and no terms of payment is known."""
    CustomerGroup.objects.all().delete()
    PaymentTerms.objects.all().delete()


@pytest.fixture
def codes(without_codes, tmp_path):
    """The groups and terms that the files use, loaded by the command."""
    files = {
        "customer-groups": ["10", "3", "4", "5", "6", "7"],
        "payment-terms": ["Net7", "Net30"],
    }
    for table, names in files.items():
        path = tmp_path / f"{table}.csv"
        path.write_text("code,name\n" + "".join(f"{name},{name}\n" for name in names))
        call_command("import_reference_data", table, str(path), verbosity=0)


def test_the_export_of_the_reference_is_refused_until_a_company_is_chosen(steward):
    with pytest.raises(FileRefused, match="GBSI, USMF"):
        take(steward, REFERENCE)


def test_unknown_groups_and_terms_fail_with_the_reason(steward, without_codes):
    job = take(steward, REFERENCE, company="GBSI")
    assert (job.rows, job.failed) == (2, 2)
    for errors in failures(job).values():
        assert {field for field, _reason in errors} == {"customer_group", "payment_terms"}
    assert not Customer.objects.exists()


def test_the_export_of_the_reference_imports_once_its_codes_are_known(steward, codes):
    job = take(steward, REFERENCE, company="GBSI")
    assert (job.rows, job.created, job.failed) == (2, 2, 0)
    assert len(job.facts["recognised"]) + len(job.facts["ignored"]) == 212
    assert set(Customer.objects.values_list("country", "currency")) == {("US", "USD")}
    assert take(steward, REFERENCE, company="GBSI").unchanged == 2


def test_wide_world_importers_come_in_but_for_the_damaged_names(steward, codes):
    job = take(steward, WIDE_WORLD)
    assert (job.rows, job.created, job.failed) == (663, 657, 6)
    for errors in failures(job).values():
        assert {field for field, _reason in errors} <= {"name", "city", "street", "url"}
        assert all("U+0081" in reason for _field, reason in errors)
    assert set(Customer.objects.values_list("currency", "country")) == {("EUR", None)}
    again = take(steward, WIDE_WORLD)
    assert (again.unchanged, again.failed, again.updated) == (657, 6, 0)
