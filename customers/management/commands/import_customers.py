"""Imports customers from a file: for schedules and scripts."""

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from approvals.imports import import_jobs, leases, uploads
from approvals.imports.failures import Failures
from approvals.imports.files import FileRefused, Spool, open_table, write_failed_rows
from approvals.management.guarded import Guarded
from approvals.models import Behavior, ImportJob
from approvals.models.permissions import may_import_record
from approvals.stopping import stopped_by_signals
from customers.imports import jobs, terminal
from customers.imports.running import Cancelled
from customers.models import Customer

SOME_FAILED, FILE_REFUSED = 1, 2
# Seconds between looks at an import that somebody else works on.
WAIT = 1
COUNTS = ("rows", "created", "updated", "unchanged", "proposed")
SWITCHES = {
    "all_or_nothing": "take every row or none",
    "update_only": "rows of customers that don't exist yet fail",
    "ignore_unknown_columns": "leave out columns that nobody knows",
    "empty_clears": "an empty cell clears the field",
}


class Command(Guarded, BaseCommand):
    """Exit status: 0 every row went in, 1 some failed, 2 the file was refused."""

    refused_with = FILE_REFUSED
    help = (
        "Import customers from a CSV or XLSX file. Ctrl-C and SIGTERM cancel it before the next "
        "batch. Exit status: 0 where every row went in, 1 where some failed, 2 where the file "
        "as a whole was refused, or not all of it is done."
    )

    def add_arguments(self, parser):
        """The file, who imports it, and how."""
        parser.add_argument(
            "file",
            nargs="?",
            help="CSV or XLSX, with our columns or Customers V3's; - for standard input",
        )
        parser.add_argument("--user", metavar="NAME", help="who imports")
        parser.add_argument(
            "--resume", type=int, metavar="JOB", help="go on with an import that was cut off"
        )
        parser.add_argument(
            "--behavior",
            choices=Behavior.values,
            help=(
                "what to do with governed fields; the parameter decides where it is not given. "
                "NAME needs the rights to import and to change the parameters"
            ),
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")
        for name, text in SWITCHES.items():
            parser.add_argument(f"--{_dashed(name)}", action="store_true", help=text)
        parser.add_argument("--company", default="", metavar="ID", help="whose rows to take")
        parser.add_argument("--failed-rows", metavar="PATH", help="write the failed rows here")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, file, **options):
        """Import the file, report, and exit with the status."""
        if options["resume"] is None and not (file and options["user"]):
            raise CommandError(_("Name a file and --user, or an import to --resume."))
        stopping = threading.Event()
        importing = Import(file and Path(file), options, stopping, self._progress(options))
        # Where e-mail goes to the console, it must not stand in the way of the report.
        with contextlib.redirect_stdout(sys.stderr), stopped_by_signals(stopping):
            importing.run()
        if importing.warning:
            self.stderr.write(importing.warning)
        if options["json"]:
            self._print(importing)
        else:
            self._tell(importing)
        if importing.status:
            sys.exit(importing.status)

    def _progress(self, options):
        """A function that shows on a terminal how far it is, or None."""
        if options["json"] or not self.stderr.isatty():
            return None
        return lambda job: self.stderr.write(f"\r{terminal.line(job)}\x1b[K", ending="")

    def _print(self, importing):
        """The report as one JSON object on one line; errors are written as they are read."""
        counts = json.dumps(importing.report(), ensure_ascii=False)
        self.stdout.write(f'{counts[:-1]}, "errors": [', ending="")
        between = ""
        for error in importing.errors():
            self.stdout.write(between + json.dumps(error, ensure_ascii=False), ending="")
            between = ", "
        self.stdout.write("]}")

    def _tell(self, importing):
        report = importing.report()
        for error in importing.errors():
            self.stderr.write(
                _("Row %(row)s, %(field)s: %(reason)s")
                % {**error, "field": error["field"] or _("all fields")}
            )
        if report["refused"]:
            self.stderr.write(report["refused"])
            return
        if importing.nothing:
            self.stdout.write(importing.nothing)
        counts = {name: report[name] for name in (*COUNTS, "failed")}
        self.stdout.write(", ".join(f"{name} {count}" for name, count in counts.items()))


class Import:
    """One run of the command: its job, what failed, and why the file was refused."""

    def __init__(self, path, options, stopping, progress=None):
        """options: the command's; progress: called with the job after each batch."""
        self.path, self.options, self.progress = path, options, progress
        self.stopping = stopping
        self.job, self.refused, self.nothing = None, None, ""
        self.dry_failures = Failures()
        self.warning = ""

    @property
    def status(self) -> int:
        """The exit status."""
        if self.refused is not None:
            return FILE_REFUSED
        return SOME_FAILED if self.job.failed else 0

    def run(self):
        """Import the file, or plan it, and write the failed rows where that was asked for."""
        try:
            self._take()
        except (FileRefused, OSError) as refused:
            self._refuse(refused)
        except Cancelled:
            self._refuse(_("Cancelled."))
        except PermissionDenied:
            self._refuse(_("This user may not import customers."))
        else:
            self._write_failed_rows()

    def report(self) -> dict:
        """What --json prints, but for the errors."""
        counts = {name: getattr(self.job, name, 0) for name in COUNTS}
        # Each proposed row has a proposal of its own.
        proposals, failed = counts["proposed"], getattr(self.job, "failed", 0)
        return {**counts, "proposals": proposals, "failed": failed, "refused": self.refused}

    def errors(self) -> Iterator[dict]:
        """What is wrong with rows, error by error: read as it is asked for, never held."""
        for row, reasons in self._failed():
            for field, reason in reasons:
                yield {"row": row, "field": field, "reason": reason}

    def _take(self):
        if self.options["resume"] is not None:
            self.job = _to_resume(self.options["resume"])
            self.path = uploads.path_of(self.job)
            self._check_target()
            self._follow()
            return
        by = _importer(self.options)
        if str(self.path) == "-":
            self.spool = Spool(sys.stdin.buffer, _("standard input"))
            self.path = self.spool.path
        self._check_target()
        how = {"by": by, "behavior": self.options["behavior"]}
        chosen = {name: self.options[name] for name in (*SWITCHES, "company")}
        if self.options["dry_run"]:
            self.job = import_jobs.new_job(
                Customer, file_name=self.path.name, options=chosen, **how
            )
            jobs.run(self.job, self.path, dry_run=True, **self._watching())
            self.nothing = self._would_be_nothing()
        else:
            self.job = jobs.enter(self.path, options=chosen, **how)
            self._follow()

    def _watching(self):
        return {"tell": self._batch_done, "stopped": self.stopping.is_set}

    def _follow(self):
        """Work on the job to its end, or wait where somebody else does; see what came of it."""
        while self.job.state in leases.UNDER_WAY:
            if self.stopping.is_set():
                leases.wish_to_cancel(self.job.pk)
            done = jobs.work(self.job.pk, **self._watching())
            self.job = done or ImportJob.objects.get(pk=self.job.pk)
            if done is None and self.job.state in leases.UNDER_WAY:
                self._wait()
        if self.job.failed and self.job.state == ImportJob.State.REFUSED and not self.job.place:
            self.nothing = self.job.refused
        elif self.job.refused:
            self._refuse(self.job.refused)

    def _wait(self):
        if self.progress:
            self.progress(self.job)
        time.sleep(WAIT)

    def _failed(self):
        """Number and errors of each row that failed; on record also those before a cut."""
        if self.job is None or self.job.pk is None:
            for outcome in self.dry_failures:
                yield outcome.number, [(error.field, error.message) for error in outcome.errors]
            return
        found = self.job.row_outcomes.filter(outcome="failed").order_by("number")
        yield from found.values_list("number", "errors").iterator()

    def _would_be_nothing(self):
        if not (self.options["all_or_nothing"] and self.job.failed):
            return ""
        reason = _("Nothing would be imported, because %(failed)s of %(rows)s rows fail.")
        return reason % {"failed": self.job.failed, "rows": self.job.rows}

    def _batch_done(self, job, outcomes):
        if self.options["dry_run"]:
            self.dry_failures.add(outcomes)
        if self.progress:
            self.progress(job)

    def _check_target(self):
        """See that the failed rows can be written before anything is.

        Raises OSError, and FileRefused where they would take the place of the file.
        """
        if not self.options["failed_rows"]:
            return
        target = Path(self.options["failed_rows"])
        is_new = not target.exists()
        if not is_new and target.samefile(self.path):
            raise FileRefused(_("The failed rows would take the place of the file itself."))
        target.open("ab").close()
        if is_new:
            target.unlink()

    def _write_failed_rows(self):
        if not (self.options["failed_rows"] and self.job.failed):
            return
        try:
            table = open_table(self.path, name=self.job.file_name)
            with Path(self.options["failed_rows"]).open("wb") as target:
                target.writelines(write_failed_rows(table, self._failed()))
        except (FileRefused, OSError) as error:
            # The rows are in: this is no reason to call the file refused.
            reason = _("The failed rows could not be written: %(reason)s")
            self.warning = reason % {"reason": error}

    def _refuse(self, reason):
        self.refused = str(reason)


def _to_resume(job_id):
    """The import of that number. Raises FileRefused where it is not one to go on with."""
    job = ImportJob.objects.filter(pk=job_id).first()
    if job is None or job.state != ImportJob.State.RUNNING:
        raise FileRefused(_("There is no import %(number)s under way.") % {"number": job_id})
    return job


def _importer(options):
    """The user who imports. Raises FileRefused where there is none or he may not."""
    user = get_user_model().objects.filter(username=options["user"]).first()
    if user is None:
        raise FileRefused(_("There is no user “%(name)s”.") % {"name": options["user"]})
    if not may_import_record(Customer, user):
        raise FileRefused(_("This user may not import customers."))
    if options["behavior"] and not user.has_perm("approvals.change_approvalparameters"):
        raise FileRefused(_("Only who may change the parameters may choose another behavior."))
    return user


def _dashed(name):
    return name.replace("_", "-")
