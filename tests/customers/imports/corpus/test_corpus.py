"""Bad and odd files: each has the outcome it must have, in each behavior."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

from approvals.imports import import_jobs
from approvals.imports.files import FileRefused
from approvals.models import Behavior, ImportJob
from customers.imports import jobs
from customers.models import Customer
from tests.customers.factories import customer
from tests.customers.imports.helpers import reasons

from . import others, texts

pytestmark = pytest.mark.django_db

CASES = [*texts.all_cases(), *others.all_cases()]


@pytest.fixture(autouse=True)
def customers(db, workflow, govern_fields):
    for key in ("C1", "C2", "C3"):
        customer(key, name="Name", city="City", credit_limit="100")
    govern_fields("credit_limit")


def taken(case, by, behavior) -> ImportJob:
    """The job of importing a file of the corpus. Raises FileRefused."""
    job = import_jobs.new_job(
        Customer, by=by, file_name=case.file_name, behavior=behavior, options=case.options
    )
    job.save()
    jobs.run(job, io.BytesIO(case.data), dry_run=False)
    return job


def problem(case, by, behavior):
    """What is not as it must be with a file, or None."""
    before = list(Customer.objects.order_by("pk").values())
    try:
        job = taken(case, by, behavior)
    except FileRefused as refused:
        found = None if case.refused and case.refused in str(refused) else str(refused)
        return found or (before != list(Customer.objects.order_by("pk").values()) or None)
    found = list(job.row_outcomes.order_by("number").values_list("outcome", flat=True))
    if case.refused or found != case.outcomes(behavior):
        return found, reasons(job)
    return _unsaid(case, job)


def _unsaid(case, job):
    said = [str(found) for found in reasons(job).values()]
    missing = [text for text in case.said if not any(text in found for found in said)]
    return (missing, said) if missing else None


def test_there_are_at_least_a_hundred_files_each_with_a_name_of_its_own():
    assert len({case.name for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("behavior", Behavior.values)
def test_every_file_has_its_outcome(behavior, steward):
    problems = {}
    for case in CASES:
        with transaction.atomic():
            problems[case.name] = problem(case, steward, behavior)
            transaction.set_rollback(True)
    assert {name: found for name, found in problems.items() if found} == {}


def test_every_file_comes_to_a_page_that_says_what_it_is(client, steward):
    client.force_login(steward)
    for case in CASES:
        form = {"file": SimpleUploadedFile(case.file_name, case.data), **_form(case)}
        response = client.post(reverse("customers:import"), form, follow=True)
        assert response.status_code == 200, case.name
        if response.redirect_chain:
            jobs.work(ImportJob.objects.latest("pk").pk)  # as a worker does with a large file
            shown = client.get(response.redirect_chain[-1][0])
            assert case.refused in _text(shown), case.name
        else:  # the form itself does not offer it, or knows it for empty
            assert case.refused and response.context["form"].errors, case.name


def _form(case):
    on = {name: "on" if value is True else value for name, value in case.options.items()}
    return {"decimal_separator": "."} | on


def _text(response):
    return response.content.decode().replace("&quot;", '"')
