"""The import page, from file to result."""

import pytest
from django.urls import reverse

from approvals.models import Behavior, ImportJob
from customers.imports.running import Run
from customers.models import Customer, CustomerGroup
from tests.customers.factories import customer

from .helpers import outcomes, stored, take, upload

pytestmark = pytest.mark.django_db

State = ImportJob.State
IMPORT = "/customers/import/"
FILE = ("account,name,city", "C1,New name,Town", "C2,,a\u202eb", "C3,,")


@pytest.fixture(autouse=True)
def customers(db):
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old name")


@pytest.fixture
def page(client, steward):
    client.force_login(steward)
    return client


def send(client, *lines, **options):
    """Upload a file, and return the page that shows its preview."""
    form = {"file": upload(*lines), "decimal_separator": ".", **options}
    return client.post(IMPORT, form, follow=True)


def text(response):
    return response.content.decode()


def test_the_page_names_the_active_behavior_and_what_it_does(page, govern_fields):
    govern_fields("name", behavior=Behavior.PROPOSE)
    shown = text(page.get(IMPORT))
    assert "Create change proposals" in shown
    assert "are proposed and submitted" in shown


def test_the_page_lists_columns_with_the_required_and_the_governed(page, govern_fields):
    govern_fields("name")
    columns = {c.name: c for c in page.get(IMPORT).context["columns"]}
    assert {n for n, c in columns.items() if c.required} == {"account", "name", "customer_group"}
    assert {n for n, c in columns.items() if c.governed} == {"name"}


def test_an_upload_leads_to_a_preview_with_good_and_bad_rows(page):
    response = send(page, *FILE)
    job = ImportJob.objects.get()
    assert response.redirect_chain == [(reverse("customers:import_job", args=[job.pk]), 302)]
    shown = text(response)
    for expected in ("Preview", "Old name", "New name", "Updated", "Failed", "Unchanged", "U+202E"):
        assert expected in shown
    assert "Comma" in shown
    assert "UTF-8" in shown
    assert stored("C1", "name") == "Old name"


def test_the_preview_is_confirmed_once_and_becomes_the_result(page):
    send(page, *FILE)
    job = ImportJob.objects.get()
    url = reverse("customers:import_confirm", args=[job.pk])
    shown = text(page.post(url, follow=True))
    assert "<strong>Imported</strong>" in shown
    assert stored("C1", "name") == "New name"
    assert url not in shown
    assert "confirmed already" in text(page.post(url, follow=True))


def test_confirming_takes_a_post(page):
    send(page, *FILE)
    job = ImportJob.objects.get()
    assert page.get(reverse("customers:import_confirm", args=[job.pk])).status_code == 405
    assert stored("C1", "name") == "Old name"


def test_the_preview_of_all_or_nothing_says_that_nothing_would_be_imported(page):
    response = send(page, *FILE, all_or_nothing="on")
    shown = text(response)
    assert "nothing would be imported" in shown
    assert "carry out what stands below" not in shown
    assert not any(row["changes"] for row in response.context["page"].rows)
    assert "U+202E" in shown


def test_after_an_import_that_stopped_the_page_asks_and_previews_the_rest(
    page, govern_fields, monkeypatch
):
    govern_fields()
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    send(page, *FILE)
    real, batches = Run._import, []

    def switch_before_the_second(self, batch):
        batches.append(batch)
        if len(batches) == 2:
            govern_fields("swift")
        return real(self, batch)

    monkeypatch.setattr(Run, "_import", switch_before_the_second)
    stopped = ImportJob.objects.get()
    response = page.post(reverse("customers:import_confirm", args=[stopped.pk]), follow=True)
    assert "up to row 2" in text(response)
    rest = reverse("customers:import_rest", args=[stopped.pk])
    assert rest in text(response)
    response = page.post(rest, follow=True)
    again = ImportJob.objects.exclude(pk=stopped.pk).get()
    assert response.redirect_chain[0][0] == reverse("customers:import_job", args=[again.pk])
    assert reverse("customers:import_confirm", args=[again.pk]) in text(response)
    assert outcomes(stopped) == {2: "updated"}
    assert outcomes(again) == {2: "unchanged", 3: "failed", 4: "unchanged"}


def test_a_refused_file_offers_its_companies(page):
    file = ("CUSTOMERACCOUNT,ORGANIZATIONNAME,DATAAREAID", "C1,One,USMF", "C1,Two,GBSI")
    response = send(page, *file)
    assert "several companies" in text(response)
    assert response.context["form"].fields["company"].choices == [
        ("", "—"),
        ("GBSI", "GBSI"),
        ("USMF", "USMF"),
    ]
    job = ImportJob.objects.get()
    options = {"company": "GBSI", "decimal_separator": "."}
    page.post(reverse("customers:import_job", args=[job.pk]), options)
    job.refresh_from_db()
    assert (job.state, job.rows, job.updated) == (State.PREVIEW, 1, 1)


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n0000", b"<html></html>", b"{}", b"account\n\xff\xfe\xfa", b"PK\x03\x04"],
)
def test_a_file_that_is_no_table_is_refused_for_what_it_is(page, content):
    from django.core.files.uploadedfile import SimpleUploadedFile

    form = {"file": SimpleUploadedFile("customers.csv", content), "decimal_separator": "."}
    response = page.post(IMPORT, form, follow=True)
    assert response.status_code == 200
    job = ImportJob.objects.get()
    assert job.state == State.REFUSED
    assert job.refused
    assert reverse("customers:import_confirm", args=[job.pk]) not in text(response)


def test_without_a_file_the_form_says_so(page):
    assert "This field is required" in text(page.post(IMPORT, {"decimal_separator": "."}))
    assert not ImportJob.objects.exists()


def test_a_file_beyond_the_limit_is_not_stored(page, monkeypatch):
    monkeypatch.setattr("customers.imports.forms.FILE_BYTES", 10)
    assert "Split it" in text(send(page, *FILE))
    assert not ImportJob.objects.exists()


def test_rows_are_filtered_by_outcome_and_searched_by_account(page):
    send(page, *FILE)
    url = reverse("customers:import_job", args=[ImportJob.objects.get().pk])
    keys = lambda query: [r["key"] for r in page.get(url + query).context["page"].rows]  # noqa: E731
    assert keys("?outcome=failed") == ["C2"]
    assert keys("?q=c3") == ["C3"]
    assert keys("?outcome=nonsense") == ["C1", "C2", "C3"]
    assert keys("?outcome=failed&q=c3") == []
    assert keys("?q=%00") == ["C1", "C2", "C3"]
    assert keys("?q=%C2%A0c%E3%85%A43") == ["C3"]
    assert keys("?after=x&before=-1") == ["C1", "C2", "C3"]


def test_an_account_is_found_by_a_part_of_it_whatever_the_case(page):
    send(page, "account,name", "ÅB-123,New", "C1,New")
    url = reverse("customers:import_job", args=[ImportJob.objects.get().pk])
    for search in ("åb-123", "åB", "b-12", " 123 "):
        assert [row["key"] for row in page.get(url, {"q": search}).context["page"].rows] == [
            "ÅB-123"
        ]
    assert not page.get(url, {"q": "%"}).context["page"].rows


def test_a_failed_row_shows_what_it_would_have_changed_as_not_taken(page, workflow, govern_fields):
    govern_fields("name", behavior=Behavior.PROPOSE, approve_new=True)
    send(page, "account,name,customer_group,credit_limit", "N1,New,10,5", "N2,New,10,much")
    url = reverse("customers:import_job", args=[ImportJob.objects.get().pk])
    taken, failed = page.get(url).context["page"].rows
    assert (taken["folded"], bool(taken["changes"]), len(taken["notes"])) == (False, True, 1)
    assert (failed["folded"], bool(failed["changes"]), failed["notes"]) == (True, True, [])
    assert "2 values not taken" in text(page.get(url))


def test_rows_are_paged_there_and_back(page):
    send(page, "account,name", *(f"X{number},n" for number in range(120)))
    url = reverse("customers:import_job", args=[ImportJob.objects.get().pk])
    first = page.get(url + "?outcome=failed").context["page"]
    second = page.get(url + first.next_url).context["page"]
    third = page.get(url + second.next_url).context["page"]
    assert [len(p.rows) for p in (first, second, third)] == [50, 50, 20]
    assert (first.previous_url, third.next_url) == ("", "")
    back = page.get(url + third.previous_url).context["page"]
    assert [r["number"] for r in back.rows] == [r["number"] for r in second.rows]
    assert "outcome=failed" in back.next_url


def test_the_page_takes_as_many_queries_however_many_rows_it_shows(page, django_assert_num_queries):
    counts = []
    for rows in (2, 40):
        send(page, "account,name,city", *(f"X{n},n,a\u202eb" for n in range(rows)))
        url = reverse("customers:import_job", args=[ImportJob.objects.first().pk])
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            page.get(url)
        counts.append(len(captured))
    assert counts[0] == counts[1] < 15


def test_failed_rows_are_downloaded_in_the_format_of_the_file(page):
    send(page, *FILE)
    url = reverse("customers:import_failed_rows", args=[ImportJob.objects.get().pk])
    response = page.get(url)
    assert response["Content-Disposition"] == 'attachment; filename="test-failed.csv"'
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0].endswith("account,name,city")
    assert lines[1].startswith("3,city,")
    assert len(lines) == 2


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_template_imports_as_it_is(page, steward, file_format):
    from django.core.files.uploadedfile import SimpleUploadedFile

    assert CustomerGroup.objects.exists()
    response = page.get(reverse("customers:import_template") + f"?format={file_format}")
    content = b"".join(response.streaming_content)
    form = {"file": SimpleUploadedFile("t", content), "decimal_separator": "."}
    page.post(IMPORT, form)
    job = ImportJob.objects.get()
    assert (job.rows, job.created) == (1, 1), list(job.row_outcomes.values())


def test_no_other_format_is_downloaded(page):
    assert page.get(reverse("customers:import_template") + "?format=exe").status_code == 404


@pytest.mark.parametrize("role", ["Clerk", "Approver", "Auditor"])
def test_only_who_may_import_sees_the_page(client, person, role):
    client.force_login(person("someone", role))
    assert client.get(IMPORT).status_code == 403
    assert send(client, *FILE).status_code == 403
    assert client.get(reverse("customers:import_template")).status_code == 403
    assert not ImportJob.objects.exists()


def test_an_import_is_its_makers_and_nobody_elses(client, page, person, auditor):
    send(page, *FILE)
    job = ImportJob.objects.get()
    urls = [
        reverse("customers:import_job", args=[job.pk]),
        reverse("customers:import_failed_rows", args=[job.pk]),
    ]
    confirm = reverse("customers:import_confirm", args=[job.pk])
    client.force_login(person("other", "Data steward"))
    assert [client.get(url).status_code for url in urls] == [403, 403]
    assert client.post(confirm).status_code == 403
    client.force_login(auditor)
    response = client.get(urls[0])
    assert response.status_code == 200
    assert confirm not in text(response)
    assert client.get(urls[1]).status_code == 200
    assert client.post(confirm).status_code == 403
    assert client.post(urls[0], {"decimal_separator": "."}).status_code == 403
    assert stored("C1", "name") == "Old name"


def test_an_import_by_the_command_is_shown_too(page, steward):
    job = take(steward, *FILE)
    response = page.get(reverse("customers:import_job", args=[job.pk]))
    assert "New name" in text(response)
    failed = reverse("customers:import_failed_rows", args=[job.pk])
    assert failed not in text(response)
    assert page.get(failed).status_code == 404


def test_an_account_that_nobody_should_see_is_shown_harmlessly(page):
    send(page, "account,name", f"a\u202eb{'x' * 5000},New")
    url = reverse("customers:import_job", args=[ImportJob.objects.get().pk])
    shown = text(page.get(url))
    assert "\u202e" not in shown
    assert "x" * 100 not in shown


def test_what_a_file_contains_is_shown_as_text(page):
    send(page, "account,name", "C1,<script>alert(1)</script>")
    url = reverse("customers:import_job", args=[ImportJob.objects.get().pk])
    assert "<script>alert" not in text(page.get(url))
    assert Customer.objects.get(account="C1").name == "Old name"
