"""An import from upload to result."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from time import sleep

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from openpyxl import Workbook

from approvals.imports import import_jobs, uploads
from approvals.imports.import_jobs import RulesChanged
from approvals.imports.resources import GovernedResource
from approvals.models import Behavior, ImportJob, Proposal, WorkflowEvent, WorkflowVersion
from approvals.outcomes import Refused
from customers.imports import jobs
from customers.models import Customer, CustomerGroup
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .helpers import outcomes, reasons, stored, take, upload

pytestmark = pytest.mark.django_db

State = ImportJob.State
FILE = ("account,name", "C1,New", "C2,New", "C3,")


@pytest.fixture(autouse=True)
def customers(db):
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old")


def names():
    return list(Customer.objects.order_by("account").values_list("name", flat=True))


def test_a_preview_counts_and_changes_nothing(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    assert (job.state, job.rows, job.updated, job.unchanged) == (State.PREVIEW, 3, 2, 1)
    assert names() == ["Old"] * 3
    assert not WorkflowEvent.objects.filter(record_key="C1").exists()


def test_the_file_is_stored_under_a_name_of_our_own(steward):
    job = jobs.prepare(upload(*FILE, name="../../evil.csv"), {}, by=steward)
    assert uploads.path_of(job).parent == settings.UPLOAD_DIR
    assert "evil" not in job.stored_as
    assert "/" not in job.file_name


def test_confirming_carries_out_what_the_preview_said(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    preview = outcomes(job)
    job = jobs.confirm(job.pk, by=steward)
    assert job.state == State.DONE
    assert outcomes(job) == preview
    assert (job.updated, job.unchanged) == (2, 1)
    assert names() == ["New", "New", "Old"]


def test_confirming_twice_runs_once(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    jobs.confirm(job.pk, by=steward)
    with pytest.raises(Refused, match="already"):
        jobs.confirm(job.pk, by=steward)
    assert WorkflowEvent.objects.filter(record_key="C1", field="name").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_once_one_runs_it(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    barrier = Barrier(2)

    def confirm(_number):
        try:
            barrier.wait(timeout=10)
            return jobs.confirm(job.pk, by=steward).state
        except Refused:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, range(2))) == [State.DONE, "refused"]
    assert WorkflowEvent.objects.filter(record_key="C1", field="name").count() == 1


@pytest.mark.skipif(connection.vendor == "sqlite", reason="whoever reads locks nothing there")
@pytest.mark.django_db(transaction=True)
def test_who_confirms_runs_it_though_another_holds_it_just_then(steward, monkeypatch):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    held, start = Event(), jobs._start

    @transaction.atomic
    def hold():
        ImportJob.objects.select_for_update().get(pk=job.pk)
        held.set()
        sleep(0.3)

    def start_meanwhile(job):
        with ThreadPoolExecutor(1) as other:
            other.submit(hold).add_done_callback(lambda _done: connection.close())
            assert held.wait(5)
            return start(job)

    monkeypatch.setattr(jobs, "_start", start_meanwhile)
    assert jobs.confirm(job.pk, by=steward).state == State.DONE


def test_nobody_confirms_the_import_of_another(steward, person):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    with pytest.raises(PermissionDenied):
        jobs.confirm(job.pk, by=person("other", "Data steward"))
    assert names() == ["Old"] * 3


def test_who_lost_the_right_meanwhile_imports_nothing(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    steward.groups.clear()
    job = jobs.confirm(job.pk, by=steward)
    assert names() == ["Old"] * 3
    assert job.state == State.REFUSED
    assert job.refused.startswith("Its importer may not import any more.")


@pytest.mark.parametrize("switch", [{"fields": ["name"]}, {"fields": [], "behavior": "allow"}])
def test_rules_that_changed_since_the_preview_ask_for_a_new_one(steward, govern_fields, switch):
    govern_fields()
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    govern_fields(*switch["fields"], behavior=switch.get("behavior", Behavior.REJECT))
    job = jobs.confirm(job.pk, by=steward)
    assert (job.state, outcomes(job)) == (State.STOPPED, {})
    assert "new preview" in job.refused
    assert "Nothing of the file is in" in job.refused
    assert names() == ["Old"] * 3
    assert jobs.preview_again(job.pk, {}, by=steward).state == State.PREVIEW
    jobs.confirm(job.pk, by=steward)
    assert names() == (["Old"] * 3 if switch["fields"] else ["New", "New", "Old"])


@pytest.fixture
def switched_under_way(govern_fields, monkeypatch):
    """In an import of one row per batch `name` needs approval as soon as the first is in."""
    govern_fields()
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    real = GovernedResource.import_batch

    def switch_after(self, *args, **kwargs):
        done = real(self, *args, **kwargs)
        if not kwargs["dry_run"]:
            govern_fields("name")
        return done

    monkeypatch.setattr(GovernedResource, "import_batch", switch_after)


def test_rules_that_change_during_an_import_stop_it_at_the_next_batch(steward, switched_under_way):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    job = jobs.confirm(job.pk, by=steward)
    assert job.state == State.STOPPED
    assert names() == ["New", "Old", "Old"]


def test_an_import_that_stopped_keeps_its_record_and_another_one_previews_the_file(
    steward, switched_under_way
):
    job = jobs.prepare(upload(*FILE), {"update_only": True}, by=steward)
    jobs.confirm(job.pk, by=steward)
    again = jobs.preview_again(job.pk, job.options, by=steward)
    job.refresh_from_db()
    assert (job.state, job.rows, job.updated) == (State.STOPPED, 1, 1)
    assert outcomes(job) == {2: "updated"}
    assert "up to row 2" in job.refused
    assert again.pk != job.pk
    assert (again.state, again.options, again.stored_as, again.file_name) == (
        State.PREVIEW,
        job.options,
        job.stored_as,
        job.file_name,
    )
    assert outcomes(again) == {2: "unchanged", 3: "failed", 4: "unchanged"}
    assert jobs.confirm(again.pk, by=steward).state == State.DONE


def test_other_options_for_an_import_that_stopped_leave_its_record_alone(
    steward, switched_under_way
):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    jobs.confirm(job.pk, by=steward)
    again = jobs.preview_again(job.pk, {"update_only": True}, by=steward)
    job.refresh_from_db()
    assert again.pk != job.pk
    assert (job.state, job.updated, job.options) == (State.STOPPED, 1, {})
    assert outcomes(job) == {2: "updated"}
    assert (again.state, again.options) == (State.PREVIEW, {"update_only": True})


def test_all_or_nothing_that_stopped_has_nothing_on_record(steward, switched_under_way):
    job = jobs.prepare(upload(*FILE), {"all_or_nothing": True}, by=steward)
    job = jobs.confirm(job.pk, by=steward)
    assert (job.state, outcomes(job)) == (State.STOPPED, {})
    assert "Nothing of the file is in" in job.refused
    assert jobs.preview_again(job.pk, job.options, by=steward).pk == job.pk
    assert names() == ["Old"] * 3


def test_an_import_that_is_refused_before_its_first_row_says_nothing_of_rows(
    steward, workflow, govern_fields
):
    govern_fields("name", behavior=Behavior.PROPOSE)
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    WorkflowVersion.objects.update(state="retired")
    job = jobs.confirm(job.pk, by=steward)
    assert (job.state, job.rows, outcomes(job)) == (State.REFUSED, 0, {})
    assert "up to row" not in job.refused


def test_an_import_of_the_command_has_no_file_to_preview_again(steward):
    job = take(steward, *FILE)
    with unguarded():
        ImportJob.objects.update(state=State.REFUSED)
    with pytest.raises(Refused, match="not kept"):
        jobs.preview_again(job.pk, {}, by=steward)
    assert outcomes(job) == {2: "updated", 3: "updated", 4: "unchanged"}


def test_a_run_stops_for_good_where_the_rules_changed(steward, govern_fields):
    job = take(steward, *FILE, dry_run=True)
    govern_fields("name")
    with pytest.raises(RulesChanged):
        jobs.run(job, upload(*FILE).file, dry_run=False)
    assert names() == ["Old"] * 3


def test_all_or_nothing_takes_every_row_where_none_fails(steward):
    job = take(steward, *FILE, all_or_nothing=True)
    assert job.state == State.DONE
    assert names() == ["New", "New", "Old"]
    rows = job.row_outcomes.order_by("number").values_list("number", "outcome")
    assert list(rows) == [(2, "updated"), (3, "updated"), (4, "unchanged")]


@pytest.mark.parametrize("batch", [2000, 1])
def test_all_or_nothing_takes_no_row_where_one_fails(
    steward, workflow, govern_fields, monkeypatch, batch, django_capture_on_commit_callbacks
):
    govern_fields("name", behavior=Behavior.PROPOSE)
    monkeypatch.setattr("approvals.imports.resources.BATCH", batch)
    monkeypatch.setattr("approvals.imports.import_jobs.AT_ONCE", batch)
    events = WorkflowEvent.objects.count()
    with django_capture_on_commit_callbacks() as callbacks:
        job = take(
            steward,
            "account,name,city",
            "C1,New,Town",
            "C2,New,a\u202eb",
            "N1,New,Town",
            all_or_nothing=True,
        )
    assert job.state == State.REFUSED
    assert "2 of 3" in job.refused
    assert (job.rows, job.failed, job.unchanged, job.created, job.proposed) == (3, 2, 1, 0, 0)
    assert list(reasons(job)) == [3, 4]
    assert Customer.objects.values_list("city", flat=True).distinct().get() == ""
    assert not Proposal.objects.exists()
    assert WorkflowEvent.objects.count() == events
    assert callbacks == []


def test_what_all_or_nothing_took_back_says_nothing_of_what_would_have_been(
    steward, workflow, govern_fields
):
    CustomerGroup.objects.get_or_create(code="10", defaults={"name": "Companies"})
    govern_fields("name", behavior=Behavior.PROPOSE, approve_new=True)
    lines = ("account,name,customer_group", "N1,New,10", "N2,New,NOWHERE")
    job = jobs.prepare(upload(*lines), {"all_or_nothing": True}, by=steward)
    assert outcomes(job) == {2: "unchanged", 3: "failed"}
    assert job.row_outcomes.get(number=2).notes == []


def test_a_preview_knows_what_all_or_nothing_would_refuse(steward):
    job = jobs.prepare(upload(*FILE, "N1,New"), {"all_or_nothing": True}, by=steward)
    preview = outcomes(job)
    assert preview == {2: "unchanged", 3: "unchanged", 4: "unchanged", 5: "failed"}
    assert not any(job.row_outcomes.values_list("changes", flat=True))
    why = reasons(job)
    job.refresh_from_db()
    assert (job.state, job.rows, job.failed, job.unchanged) == (State.PREVIEW, 4, 1, 3)
    job = jobs.confirm(job.pk, by=steward)
    assert job.state == State.REFUSED
    assert (outcomes(job), reasons(job)) == (preview, why)
    assert names() == ["Old"] * 3


def test_a_refused_file_says_why_and_is_previewed_again_with_other_options(steward):
    job = jobs.prepare(upload("account,name,shoe", "C1,New,44"), {}, by=steward)
    assert job.state == State.REFUSED
    assert "shoe" in job.refused
    job = jobs.preview_again(job.pk, {"ignore_unknown_columns": True}, by=steward)
    assert (job.state, job.refused, job.updated) == (State.PREVIEW, "", 1)
    jobs.confirm(job.pk, by=steward)
    assert stored("C1", "name") == "New"


def test_a_refused_file_cannot_be_confirmed(steward):
    job = jobs.prepare(upload("account,name,shoe", "C1,New,44"), {}, by=steward)
    with pytest.raises(Refused):
        jobs.confirm(job.pk, by=steward)


def test_what_is_imported_is_not_previewed_again(steward):
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    jobs.confirm(job.pk, by=steward)
    with pytest.raises(Refused):
        jobs.preview_again(job.pk, {}, by=steward)
    job.refresh_from_db()
    assert job.state == State.DONE


def test_an_import_that_breaks_says_so_and_keeps_what_is_in(steward, monkeypatch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    job = jobs.prepare(upload(*FILE), {}, by=steward)
    real = GovernedResource.import_batch

    def break_at_c2(self, rows, **kwargs):
        if rows[0].cells[0] == "C2":
            raise RuntimeError("a fault of the program")
        return real(self, rows, **kwargs)

    monkeypatch.setattr(GovernedResource, "import_batch", break_at_c2)
    with pytest.raises(RuntimeError):
        jobs.confirm(job.pk, by=steward)
    job.refresh_from_db()
    assert (job.state, job.rows, job.updated) == (State.REFUSED, 1, 1)
    assert "stopped" in job.refused
    assert "up to row 2" in job.refused
    assert outcomes(job) == {2: "updated"}
    assert names() == ["New", "Old", "Old"]


@pytest.mark.parametrize("whole", [True, False])
def test_an_import_that_breaks_in_a_commit_counts_only_what_is_in(steward, monkeypatch, whole):
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    job = jobs.prepare(upload(*FILE), {"all_or_nothing": whole}, by=steward)
    real = import_jobs.put

    def store_and_break(job, found):
        real(job, found)
        if found[0].key == "C2":
            raise RuntimeError("a fault of the program")

    monkeypatch.setattr(import_jobs, "put", store_and_break)
    with pytest.raises(RuntimeError):
        jobs.confirm(job.pk, by=steward)
    job.refresh_from_db()
    assert (job.state, job.rows, job.updated) == (State.REFUSED, *((0, 0) if whole else (1, 1)))
    assert outcomes(job) == ({} if whole else {2: "updated"})
    assert ("up to row" in job.refused) != whole


def test_failed_rows_can_be_corrected_and_imported_as_they_are(steward):
    file = ("account;credit_limit;name", "C1;1.5;New", "C2;abc;'=x", "C3;1,5;New")
    job = jobs.prepare(upload(*file), {}, by=steward)
    jobs.confirm(job.pk, by=steward)
    text = b"".join(jobs.failed_rows(job)).decode()
    assert text.splitlines()[0].endswith(";account;credit_limit;name")
    assert [line.split(";")[0] for line in text.splitlines()[1:]] == ["3", "4"]
    corrected = text.replace(";abc;", ";7;").replace(";1,5;", ";8;").lstrip("\ufeff")
    job = jobs.prepare(upload(*corrected.splitlines()), {}, by=steward)
    jobs.confirm(job.pk, by=steward)
    assert job.rows == 2
    assert stored("C2", "credit_limit", "name") == (7, "=x")
    assert stored("C3", "credit_limit", "name") == (8, "New")


def test_the_importer_may_say_how_the_file_is_written(steward):
    file = upload()
    file.write("account|name\nC1|Åse; Ünlü".encode("cp1252"))
    file.seek(0)
    job = jobs.prepare(file, {}, by=steward)
    assert (job.state, job.facts) == (State.REFUSED, {})
    job = jobs.preview_again(job.pk, {"encoding": "cp1252", "delimiter": "|"}, by=steward)
    assert (job.facts["encoding"], job.facts["delimiter"]) == ("cp1252", "|")
    jobs.confirm(job.pk, by=steward)
    assert stored("C1", "name") == "Åse; Ünlü"


def test_the_importer_may_choose_the_sheet_of_a_workbook(steward):
    book = Workbook()
    book.active.append(["account"])
    other = book.create_sheet("Names")
    other.append(["account", "name"])
    other.append(["C1", "New"])
    file = upload(name="book.xlsx")
    book.save(file)
    file.seek(0)
    job = jobs.prepare(file, {}, by=steward)
    assert (job.rows, job.facts["sheets"]) == (0, ["Sheet", "Names"])
    job = jobs.preview_again(job.pk, {"sheet": "Names"}, by=steward)
    jobs.confirm(job.pk, by=steward)
    assert stored("C1", "name") == "New"


def test_a_row_that_refers_to_a_failed_row_of_an_earlier_batch_fails(steward, monkeypatch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", 2)
    customer("X", customer_group="10")
    lines = [
        "account,name,customer_group,credit_limit,invoice_account",
        "BAD,Bad,10,many,",
        "OK1,Good,10,1,",
        "OK2,Good,10,1,BAD",
        "OK3,Good,10,1,",
    ]
    expected = {2: "failed", 3: "created", 4: "failed", 5: "created"}
    assert outcomes(take(steward, *lines, dry_run=True)) == expected
    assert outcomes(take(steward, *lines)) == expected
