"""manage.py import_customers: options, JSON, exit statuses."""

import io
import json
import os
import signal

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from approvals.models import ImportJob, Proposal, State, WorkflowEvent
from customers.imports.running import Run
from customers.models import Customer
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .helpers import stored

pytestmark = pytest.mark.django_db

KEYS = {
    "rows",
    "created",
    "updated",
    "unchanged",
    "proposed",
    "proposals",
    "failed",
    "refused",
    "errors",
}


@pytest.fixture(autouse=True)
def customers(db):
    for key in ("C1", "C2", "C3"):
        customer(key, name="Old", city="City")


@pytest.fixture
def file(tmp_path):
    """A function that writes lines to a file, and returns its path."""

    def write(*lines, name="customers.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines))
        return path

    return write


def run(*arguments):
    """Run the command; return its exit status, and what it wrote to both streams."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_customers", *map(str, arguments), stdout=out, stderr=err)
        status = 0
    except SystemExit as left:
        status = left.code
    return status, out.getvalue(), err.getvalue()


def report(*arguments):
    """Run the command with --json; return its exit status and the object."""
    status, out, err = run(*arguments, "--json")
    assert err == ""
    assert out.count("\n") == 1
    result = json.loads(out)
    assert set(result) == KEYS
    return status, result


GOOD = ("account,name", "C1,New", "C2,Old")
BAD = ("account,name,email", "C1,New,a@example.com", "C2,New,nonsense", "C3,,")


def test_every_row_in_is_status_0(steward, file):
    status, result = report(file(*GOOD), "--user", "steward")
    assert status == 0
    assert result == {
        "rows": 2,
        "created": 0,
        "updated": 1,
        "unchanged": 1,
        "proposed": 0,
        "proposals": 0,
        "failed": 0,
        "refused": None,
        "errors": [],
    }
    job = ImportJob.objects.get()
    assert (job.created_by, job.state, job.file_name) == (steward, "done", "customers.csv")


def test_a_failed_row_is_status_1_and_the_others_are_in(steward, file):
    status, result = report(file(*BAD), "--user", "steward")
    assert status == 1
    assert (result["updated"], result["unchanged"], result["failed"]) == (1, 1, 1)
    [error] = result["errors"]
    assert (error["row"], error["field"]) == (3, "email")
    assert error["reason"]
    assert stored("C1", "name") == "New"


def test_a_refused_file_is_status_2(steward, file):
    status, result = report(file("account,shoe", "C1,44"), "--user", "steward")
    assert status == 2
    assert "shoe" in result["refused"]
    assert (result["rows"], result["errors"]) == (0, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--user", "nobody"),
        ("--user", "clerk"),
        ("--user", "steward", "--behavior", "allow"),
        ("--user", "steward", "--company", "USMF"),
    ],
)
def test_who_or_what_may_not_import_is_status_2(steward, clerk, file, arguments):
    status, result = report(file(*GOOD), *arguments)
    assert status == 2
    assert result["refused"]
    assert stored("C1", "name") == "Old"
    assert not ImportJob.objects.filter(created_by__username="clerk").exists()


def test_a_user_who_may_no_longer_log_in_imports_nothing(steward, file):
    steward.is_active = False
    steward.save()
    assert report(file(*GOOD), "--user", "steward")[0] == 2


def test_a_file_that_is_not_there_is_status_2(steward, tmp_path):
    status, result = report(tmp_path / "nowhere.csv", "--user", "steward")
    assert status == 2
    assert result["refused"]


def test_another_behavior_takes_someone_who_may_change_the_parameter(
    person, workflow, govern_fields, file
):
    govern_fields("name", behavior="reject")
    person("boss", "Data steward", "Administrator")
    status, result = report(file(*GOOD), "--user", "boss", "--behavior", "propose")
    assert (status, result["proposed"], result["proposals"]) == (0, 1, 1)
    assert Proposal.objects.get().state == State.PENDING


@pytest.mark.django_db(transaction=True)
def test_json_is_alone_on_standard_output_wherever_mail_goes(
    steward, workflow, govern_fields, file, settings, capsys
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    govern_fields("name", behavior="propose")
    call_command("import_customers", str(file(*GOOD)), "--user", "steward", "--json")
    captured = capsys.readouterr()
    assert json.loads(captured.out)["proposed"] == 1
    assert "Subject:" in captured.err


def test_without_a_behavior_the_parameter_decides(steward, govern_fields, file):
    govern_fields("name", behavior="reject")
    status, result = report(file(*GOOD), "--user", "steward")
    assert (status, result["failed"]) == (1, 1)


def test_proposing_without_a_workflow_is_status_2(person, govern_fields, file):
    govern_fields("name", behavior="propose")
    person("boss", "Data steward", "Administrator")
    status, result = report(file(*GOOD), "--user", "boss")
    assert status == 2
    assert "workflow" in result["refused"]


def test_a_dry_run_says_the_same_and_writes_nothing(steward, file):
    dry = report(file(*BAD), "--user", "steward", "--dry-run")
    assert stored("C1", "name") == "Old"
    assert not ImportJob.objects.exists()
    assert report(file(*BAD), "--user", "steward") == dry


def test_all_or_nothing_imports_nothing_where_a_row_fails(steward, file):
    status, result = report(file(*BAD), "--user", "steward", "--all-or-nothing")
    assert status == 1
    assert (result["created"], result["updated"], result["failed"]) == (0, 0, 1)
    assert [error["row"] for error in result["errors"]] == [3]
    assert stored("C1", "name") == "Old"


def test_a_dry_run_of_all_or_nothing_says_that_nothing_would_be_imported(steward, file):
    arguments = (file(*BAD), "--user", "steward", "--all-or-nothing")
    dry = report(*arguments, "--dry-run")
    _status, out, _err = run(*arguments, "--dry-run")
    assert out.startswith("Nothing would be imported, because 1 of 3 rows fail.\n")
    assert report(*arguments) == dry
    assert report(file(*GOOD), *arguments[1:], "--dry-run")[1]["updated"] == 1


def test_update_only_empty_clears_company_and_unknown_columns_are_options(steward, file):
    path = file("account,city,dataareaid,shoe", "C1,,A,44", "N1,x,A,44", "C2,x,B,44")
    options = ("--update-only", "--empty-clears", "--company", "A", "--ignore-unknown-columns")
    status, result = report(path, "--user", "steward", *options)
    assert status == 1
    assert (result["rows"], result["updated"], result["failed"]) == (2, 1, 1)
    assert (stored("C1", "city"), stored("C2", "city")) == ("", "City")
    assert not Customer.objects.filter(account="N1").exists()


def test_failed_rows_are_written_and_import_once_they_are_corrected(steward, file, tmp_path):
    failed = tmp_path / "failed.csv"
    status, _result = report(file(*BAD), "--user", "steward", "--failed-rows", failed)
    assert status == 1
    text = failed.read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 2
    failed.write_text(text.replace("nonsense", "b@example.com"))
    assert report(failed, "--user", "steward")[0] == 0
    assert stored("C2", "email") == "b@example.com"


def test_failed_rows_are_not_written_where_none_failed(steward, file, tmp_path):
    report(file(*GOOD), "--user", "steward", "--failed-rows", tmp_path / "failed.csv")
    assert not (tmp_path / "failed.csv").exists()


def test_people_read_counts_and_reasons(steward, file):
    status, out, err = run(file(*BAD), "--user", "steward")
    assert status == 1
    assert out.strip() == "rows 3, created 0, updated 1, unchanged 1, proposed 0, failed 1"
    assert err.startswith("Row 3, email: ")


def test_people_read_that_nothing_was_imported(steward, file):
    _status, out, _err = run(file(*BAD), "--user", "steward", "--all-or-nothing")
    assert out.startswith("Nothing was imported")


def test_people_read_why_a_file_was_refused(steward, file):
    status, out, err = run(file("account,shoe", "C1,44"), "--user", "steward")
    assert (status, out) == (2, "")
    assert "shoe" in err


def test_failed_rows_that_could_not_be_written_refuse_the_file_before_anything_is_in(
    steward, file, tmp_path
):
    nowhere = tmp_path / "nowhere" / "failed.csv"
    status, result = report(file(*BAD, *GOOD[1:]), "--user", "steward", "--failed-rows", nowhere)
    assert status == 2
    assert "nowhere" in result["refused"]
    assert (result["created"], result["updated"]) == (0, 0)
    assert stored("C1", "name") == "Old"


def test_failed_rows_do_not_take_the_place_of_the_file_itself(steward, file):
    path = file(*BAD)
    status, result = report(path, "--user", "steward", "--failed-rows", path)
    assert status == 2
    assert result["refused"]
    assert path.read_text() == "\n".join(BAD)
    assert stored("C1", "name") == "Old"


def test_failed_rows_that_cannot_be_written_in_the_end_only_warn(steward, file, monkeypatch):
    command = "customers.management.commands.import_customers.write_failed_rows"

    def fail(*args):
        raise OSError("no space left")

    monkeypatch.setattr(command, fail)
    path = file(*BAD)
    status, out, err = run(path, "--user", "steward", "--failed-rows", path.with_name("f.csv"))
    assert status == 1
    assert "no space left" in err
    assert "updated 1" in out
    assert stored("C1", "name") == "New"


def test_people_read_how_far_an_import_came_that_stopped(steward, file, govern_fields, monkeypatch):
    govern_fields()
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)
    real = Run._import

    def switch_after(self, batch):
        real(self, batch)
        govern_fields("name")

    monkeypatch.setattr(Run, "_import", switch_after)
    status, result = report(file(*GOOD), "--user", "steward")
    assert (status, result["updated"]) == (2, 1)
    assert "up to row 2" in result["refused"]


@pytest.fixture
def one_row_batches(monkeypatch):
    monkeypatch.setattr("approvals.imports.resources.BATCH", 1)


def interrupt_after(rows, error):
    """Let an import break down once so many rows are in."""
    real = Run._import

    def break_down(self, batch):
        if self.job.rows == rows:
            raise error
        real(self, batch)

    patch = pytest.MonkeyPatch()
    patch.setattr(Run, "_import", break_down)
    return patch


def test_an_import_that_was_cut_off_is_resumed_where_it_was(
    steward, file, one_row_batches, tmp_path
):
    path = file("account,name,email", "C1,New,nonsense", "C2,New,", "C3,New,")
    broken = interrupt_after(2, OperationalError("the connection is lost"))
    with pytest.raises(OperationalError):
        run(path, "--user", "steward")
    broken.undo()
    path.unlink()
    job = ImportJob.objects.get()
    assert (job.state, job.rows, job.place) == ("running", 2, 3)
    ImportJob.objects.update(lease_until=timezone.now())
    failed = tmp_path / "failed.csv"
    status, result = report("--resume", job.pk, "--failed-rows", failed)
    assert (status, result["rows"], result["updated"], result["failed"]) == (1, 3, 2, 1)
    assert [error["row"] for error in result["errors"]] == [2]
    assert "C1,New,nonsense" in failed.read_text(encoding="utf-8-sig")
    assert WorkflowEvent.objects.filter(record_key="C2", field="name").count() == 1


def test_an_import_that_nobody_works_on_is_waited_for(steward, file, one_row_batches, monkeypatch):
    broken = interrupt_after(1, OperationalError("the connection is lost"))
    with pytest.raises(OperationalError):
        run(file(*GOOD), "--user", "steward")
    broken.undo()
    waited = []

    def lapse(seconds):
        waited.append(seconds)
        ImportJob.objects.update(lease_until=timezone.now())

    monkeypatch.setattr("customers.management.commands.import_customers.time.sleep", lapse)
    assert report("--resume", ImportJob.objects.get().pk)[0] == 0
    assert len(waited) == 1


@pytest.mark.parametrize("state", ["done", "preview", "cancelled", "reading"])
def test_what_is_not_under_way_is_not_resumed(steward, file, state):
    run(file(*GOOD), "--user", "steward")
    with unguarded():
        ImportJob.objects.update(state=state)
    status, result = report("--resume", ImportJob.objects.get().pk)
    assert status == 2
    assert "no import" in result["refused"]
    assert report("--resume", 999)[0] == 2


@pytest.mark.parametrize("arguments", [[], ["customers.csv"], ["--user", "steward"]])
def test_a_file_and_a_user_or_an_import_to_resume_has_to_be_named(db, arguments):
    with pytest.raises(CommandError, match="--resume"):
        run(*arguments)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_cancels_before_the_next_batch(
    steward, file, one_row_batches, monkeypatch, number
):
    real = Run._import

    def signalled(self, batch):
        real(self, batch)
        os.kill(os.getpid(), number)

    monkeypatch.setattr(Run, "_import", signalled)
    before = signal.getsignal(number)
    status, result = report(file(*GOOD), "--user", "steward")
    assert (status, result["rows"], result["updated"]) == (2, 1, 1)
    assert "cancelled" in result["refused"]
    assert "up to row 2" in result["refused"]
    assert ImportJob.objects.get().state == "cancelled"
    assert signal.getsignal(number) == before


def test_a_terminal_shows_a_bar_with_rows_rate_and_time_left(steward, file, one_row_batches):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    err = Terminal()
    call_command("import_customers", str(file(*GOOD)), user="steward", stderr=err)
    shown = err.getvalue().split("\r")
    assert "[###############---------------] 1 of 2 rows, " in shown[1]
    assert " a second, " in shown[1]
    assert " left" in shown[1]
    assert "2 of 2 rows" in shown[2]


def test_what_is_no_terminal_gets_no_bar(steward, file):
    assert run(file(*GOOD), "--user", "steward")[2] == ""
