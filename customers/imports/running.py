"""The rows of a file through the door, batch by batch, from where the job stands.

A preview is the same run with the door only asked. What a batch does, what is on record
of its rows and the job's place in the file are committed together.
"""

import gc
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.db import connection, transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from approvals import bulk, history
from approvals.imports import import_jobs, leases
from approvals.imports.failures import Failures
from approvals.imports.files import FileRefused, open_table
from approvals.imports.resources import batches
from approvals.models import ImportJob
from customers.resources import CustomerResource

# SQLite has one writer: nobody waits longer for it than for the busy timeout.
WHOLE_ROWS_ON_SQLITE = 10_000

# Seconds after which the lease goes on though no batch is done.
SIGN_OF_LIFE = 10


class Cancelled(Exception):  # noqa: N818
    """Somebody wished the import to stop."""


class _NothingImported(Exception):  # noqa: N818
    """Rolls back an import that takes all rows or none."""


@dataclass
class Run:
    """A file on its way.

    tell: called with the job after each batch, and with the batch's outcomes.
    stopped: whether it is to stop, asked before each batch beside the job itself.
    """

    job: ImportJob
    file: Path | BinaryIO
    tell: Callable = field(default=lambda job, outcomes: None)
    stopped: Callable[[], bool] = field(default=lambda: False)

    def plan(self) -> None:
        """Only ask the door, about each row from the first. Raises as `carry_out` does."""
        failed = self._ask_all()
        with transaction.atomic():
            self._keep()
            if failed:
                import_jobs.take_back(self.job, failed)
            self._keep("total", *import_jobs.PROGRESS)

    def carry_out(self) -> None:
        """Import the rows behind the job's place, and close the job.

        Raises FileRefused, RulesChanged where the rules are not the confirmed ones, Cancelled,
        and LostLease where the job is somebody else's; finished batches stay.
        """
        if self.job.options.get("all_or_nothing"):
            self._all_or_nothing()
            return
        rows = self._begin()
        if not self.job.place:
            self._forget()
        for batch in self._batches(row for row in rows if row.number > self.job.place):
            self._import(batch)
        import_jobs.finish(self.job)

    # One batch

    def _import(self, batch):
        with _without_collecting(), history.sealed():
            # From here to the commit nobody else takes the job.
            self._stop_where_asked()
            outcomes = self._through_the_door(batch)
            self.job.place, self.job.attempts = batch[-1].number, 0
            with bulk.gathered(with_update=True):
                import_jobs.put(self.job, outcomes)
                history.seal()
                leases.keep(self.job, *import_jobs.PROGRESS, "attempts")
        self.tell(self.job, outcomes)

    def _through_the_door(self, batch):
        return self._asked(batch, dry_run=False, confirmed=self.job.confirmed_rules)

    def _asked(self, batch, *, dry_run, confirmed=None):
        source = import_jobs.source_of(self.job, confirmed)
        outcomes = self.resource.import_batch(
            batch, by=self.job.created_by, source=source, dry_run=dry_run
        )
        import_jobs.count(self.job, outcomes)
        return outcomes

    def _stop_where_asked(self, *, hold=True):
        """hold: keep the job from others to the end of the transaction."""
        if leases.is_to_stop(self.job, hold=hold):
            raise Cancelled

    def _batches(self, rows):
        for batch in batches(rows):
            # Asked while nobody waits for the database.
            if self.stopped():
                raise Cancelled
            yield batch

    # All rows

    def _ask_all(self):
        """Plan every row; the failed ones, where they are reason enough to import nothing."""
        whole = self.job.options.get("all_or_nothing")
        rows, failed = self._begin(), Failures()
        self._forget()
        for batch in self._batches(rows):
            with transaction.atomic():
                self._stop_where_asked()
                outcomes = self._asked(batch, dry_run=True)
                with bulk.gathered(with_update=True):
                    import_jobs.put(self.job, outcomes)
                    self._keep(*import_jobs.PROGRESS)
            if whole:
                failed.add(outcomes)
            self.tell(self.job, outcomes)
        self.job.total = self.job.rows
        if whole:
            _refuse_too_many(self.job.rows)
        return failed

    def _all_or_nothing(self):
        """Import all rows in one transaction, or none.

        Where there is one writer it is not kept from others for what must fail anyway.
        """
        failed = self._ask_all() if connection.vendor == "sqlite" else Failures()
        if not failed:
            try:
                with _beside(self.job) as say:
                    self._in_one_transaction(failed, say)
                return
            except _NothingImported:
                pass
        with transaction.atomic():
            self._keep()
            import_jobs.nothing_imported(self.job, failed)

    def _in_one_transaction(self, failed, say):
        ahead, resource = self._begin(), self.resource
        rows = self._begin()
        with history.sealed():
            if connection.vendor == "postgresql":
                resource.hold(_with_signs(ahead, say))
            import_jobs.recount(self.job)
            for batch in self._batches(rows):
                # Its lease goes on over another connection, which must not have to wait.
                self._stop_where_asked(hold=False)
                outcomes = self._through_the_door(batch)
                import_jobs.put(self.job, outcomes)
                failed.add(outcomes)
                say()
                self.tell(self.job, outcomes)
            if failed:
                raise _NothingImported
            self.job.place = self.job.rows and batch[-1].number
            import_jobs.finish(self.job)

    # The file

    def _begin(self):
        """The rows to import. What was found in the file goes onto the job, refused or not."""
        chosen = ("encoding", "delimiter", "sheet")
        options = {name: self.job.options.get(name) or None for name in chosen}
        table = open_table(self.file, name=self.job.file_name, **options)
        names = ("format", *chosen, "sheets", "row_count")
        self.job.facts = {name: getattr(table, name) for name in names}
        self.job.facts["sample"] = table.sample()
        self.resource = CustomerResource(**self.job.options)
        read = partial(self._alive, table.rows)
        try:
            rows = self.resource.begin(table.headers, read)
            import_jobs.require_workflow(self.job)
        finally:
            self._note_columns()
        if self.job.total is None and table.format == "csv":
            self.job.total = table.row_count
            if len(self.resource.companies) > 1:
                self.job.total = sum(1 for _row in rows)
                rows = self.resource.begin(table.headers, read)
        self._keep("total")
        return rows

    def _alive(self, rows):
        """The rows; to count many, or to pass over those that are done, takes its time."""
        return _with_signs(rows(), lambda: connection.in_atomic_block or self._keep())

    def _note_columns(self):
        columns = self.resource.columns
        self.job.facts |= {
            "recognised": columns.recognised,
            "ignored": columns.ignored,
            "unknown": columns.unknown,
            "companies": self.resource.companies,
        }
        self._keep("facts")

    # The job

    def _forget(self):
        """Take the rows on record, such as a preview's, for what they are: not done."""
        with transaction.atomic():
            self._keep()
            import_jobs.recount(self.job)
            self._keep(*import_jobs.PROGRESS)

    def _keep(self, *names):
        if self.job.pk:
            leases.keep(self.job, *names)


def _with_signs(rows, say):
    """The rows; every now and then `say` is called meanwhile, which lets the lease go on."""
    told = time.monotonic()
    for row in rows:
        if time.monotonic() - told >= SIGN_OF_LIFE:
            say()
            told = time.monotonic()
        yield row


def _refuse_too_many(rows):
    if connection.vendor == "sqlite" and rows > WHOLE_ROWS_ON_SQLITE:
        reason = _(
            "All or nothing takes at most %(limit)s rows on this database, since nobody else can "
            "save anything meanwhile."
        )
        raise FileRefused(reason % {"limit": number_format(WHOLE_ROWS_ON_SQLITE)})


@contextmanager
def _without_collecting():
    """Leave the cyclic garbage for later: a batch makes 100,000 objects and hardly a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _beside(job):
    """A function that says how far a long transaction is, over a connection of its own.

    So the lease goes on, and others see how far it is. Where there is one writer only, the
    transaction is short; where the caller has one open already, nobody else sees the job.
    """
    if not job.lease or connection.vendor == "sqlite" or connection.in_atomic_block:
        yield lambda: None
        return
    with ThreadPoolExecutor(1) as other:
        try:
            yield lambda: other.submit(leases.keep, job, "rows").result()
        finally:
            other.submit(lambda: connection.close()).result()
