"""import-export's face on the door.

A `GovernedResource` is a `ModelResource` whose rows go through `approvals.changes`,
in batches. Everything else is import-export's: fields, widgets, transaction, dry
run, confirmation, results. `import_batch` is the one way of rows into the door; the
import page, the command and the admin import all call it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError, IntegrityError
from django.db.models import Min, Value
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import ModelResource

from .. import batch, changes, history, registry
from ..models.permissions import may_still_import
from ..outcomes import Change, FieldError, RecordOutcome
from ..values import REMEMBERED, fold_key, normalise
from . import import_jobs
from .columns import recognise
from .files import FileRefused, Row, limits
from .results import GovernedResult, rows_of
from .widgets import DecimalWidget, widget_for

BATCH = 2000


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """`rows` in lists of at most BATCH, fewer where they are so long that memory would fill."""
    batch, characters = [], 0
    for row in rows:
        batch.append(row)
        characters += sum(map(len, row.as_read))
        if len(batch) >= BATCH or characters >= limits.BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


@dataclass(slots=True)
class ReadRow:
    """One row as it was read: what it means to set, what it leaves empty, what is wrong.

    known: there is a record with its key. askable: the door could be asked about it.
    """

    number: int
    key: str = ""
    values: dict = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    known: bool = False
    askable: bool = False
    outcome: RecordOutcome | None = None


class GovernedResource(ModelResource):
    """Base of a resource for a governed model.

    `Meta.fields` names what a file can hold: the key, and what can be set. A field that is
    `readonly` is exported, and ignored where a file has it.

    further_columns: header in small letters -> name of a field, beside the fields' own
    names. A name that is no field is handed to `combine` as text.
    not_kept: further known headers, in small letters, whose cells are not kept.
    """

    further_columns: Mapping[str, str] = {}
    not_kept: Collection[str] = frozenset()

    def __init__(
        self,
        *,
        update_only=False,
        empty_clears=False,
        ignore_unknown_columns=False,
        decimal_separator=".",
        **kwargs,
    ):
        """What the importer chose; one resource imports one file."""
        super().__init__(**kwargs)
        self.governed = registry.get(self._meta.model)
        self.update_only = update_only
        self.empty_clears = empty_clears
        self.ignore_unknown_columns = ignore_unknown_columns
        self.all_or_nothing = False
        self.columns = None
        self._first_row = {}  # folded key -> number of the first row that has it
        self._planned = set()  # keys that a dry run would have created for use by now
        self._known = {}  # what the door has read for its next batch
        self._reader = {}
        for resource_field in self.fields.values():
            if isinstance(resource_field.widget, DecimalWidget):
                resource_field.widget.separator = decimal_separator

    @classmethod
    def field_from_django_field(cls, field_name, django_field, readonly):
        """A field whose column has the model field's name, and whose widget never guesses."""
        return Field(
            attribute=django_field.attname,
            column_name=field_name,
            widget=widget_for(django_field),
            readonly=readonly,
        )

    @classmethod
    def get_result_class(cls):
        """The result that shows failed rows beside the others."""
        return GovernedResult

    def get_import_fields(self):
        """The fields that a file can set; those that are only exported stay out."""
        return [f for f in super().get_import_fields() if not f.readonly]

    # Reading a file

    def begin(self, headers: list[str], rows: Callable[[], Iterator[Row]]) -> Iterator[Row]:
        """Get ready for a file, and return those of its rows that are to be imported.

        Raises FileRefused where its columns don't serve.
        """
        columns = {f.column_name.lower(): (name, f.readonly) for name, f in self.fields.items()}
        names = {column: name for column, (name, readonly) in columns.items() if not readonly}
        not_kept = {*self.not_kept, *(columns.keys() - names.keys())}
        self.columns = recognise(headers, {**self.further_columns, **names}, not_kept)
        if self.governed.key not in self.columns.fields:
            key = self.governed.key_field.verbose_name
            reason = _("There is no column for the field “%(key)s” (%(name)s).")
            raise FileRefused(reason % {"key": key, "name": self.governed.key})
        if self.columns.unknown and not self.ignore_unknown_columns:
            names = ", ".join(self.columns.unknown)
            reason = _(
                "Unknown columns: %(names)s. Choose to ignore unknown columns, or remove them."
            )
            raise FileRefused(reason % {"names": names})
        self._reader = self._readers()
        return rows()

    def combine(self, values: dict) -> None:
        """Turn what columns say together into fields' values, in place. Raises ValueError."""

    def review(self, rows: list[ReadRow]) -> None:
        """Note what else is wrong with rows, now that it is known which records exist."""

    def hold(self, rows: Iterable[Row]) -> None:
        """Lock all records that rows are about, before the first batch of one transaction."""
        changes.read_rules(self._meta.model, hold=True)
        batch.hold(self.governed, (key for row in rows if (key := self._key_of(row))))

    def _key_of(self, row):
        read = ReadRow(row.number)
        if not row.error:
            self._read_field(read, row, self.governed.key)
            self._read_key(read)
        return read.key if read.askable else ""

    def import_batch(self, rows: list[Row], *, by, source, dry_run) -> list[RecordOutcome]:
        """Take rows through the door, or only ask it: an outcome for each, in their order.

        Call `begin` first. source: an import's, with job and behavior. Raises
        PermissionDenied where `by` may not import, or not any more.
        """
        if not may_still_import(self._meta.model, by):
            raise PermissionDenied
        read = [self._read(row) for row in rows]
        stored = self._find_keys([r.key for r in read if r.askable], source.job)
        for r in read:
            if r.askable:
                self._check_key(r, stored)
        self.review([r for r in read if r.askable])
        source = replace(source, planned=self._planned, known=self._known)
        good = [r for r in read if r.askable and not r.errors]
        bad = [r for r in read if r.askable and r.errors]
        self._ask(good, by, source, dry_run)
        # What else would be wrong with a row that fails anyway.
        self._ask(bad, by, source, True)
        return [r.outcome or RecordOutcome(r.key, r.number, errors=r.errors) for r in read]

    def _read(self, row: Row) -> ReadRow:
        read = ReadRow(row.number)
        if row.error:
            read.errors.append(FieldError("", row.error))
            return read
        for name in self.columns.fields:
            self._read_field(read, row, name)
        try:
            self.combine(read.values)
        except ValueError as error:
            read.errors.append(FieldError("", str(error)))
        self._read_key(read)
        return read

    def _read_field(self, read, row, name):
        places = self.columns.fields[name]
        texts = [row.cells[i] for i in places if row.cells[i] and not row.cells[i].isspace()]
        if texts:
            self._read_cells(read, name, texts, places)
        else:
            read.empty.append(name)

    def _read_cells(self, read, name, texts, places):
        try:
            values = [self._clean(name, text) for text in texts]
        except ValueError as error:
            read.errors.append(FieldError(name, str(error)))
            return
        read.values[name] = values[0]
        if any(value != values[0] for value in values):
            headers = ", ".join(self.columns.headers[i] for i in places)
            message = _("The columns %(headers)s disagree.") % {"headers": headers}
            read.errors.append(FieldError(name, message))

    def _clean(self, name, text):
        if name in self._reader:
            return self._reader[name](text)
        if name not in self.fields:
            return text.strip()
        resource_field = self.fields[name]
        return resource_field.clean({resource_field.column_name: text})

    def _readers(self):
        """How a cell that is not blank is read, by the field's name.

        What a widget makes of a text is remembered: in most columns few come again and again.
        """
        return {
            name: lru_cache(REMEMBERED)(self.fields[name].widget.clean)
            for name in self.columns.fields
            if name in self.fields and type(self.fields[name]).clean is Field.clean
        }

    def _read_key(self, read):
        read.key = read.values.pop(self.governed.key, "")
        try:
            read.key = normalise(self.governed.key_field, read.key)
            read.askable = True
        except ValidationError as error:
            read.errors += [FieldError(self.governed.key, text) for text in error.messages]

    def _find_keys(self, keys, job) -> set[str]:
        """Which of the keys exist, folded; notes those that rows before have had.

        They are on record with the rows of a stored job, however many these are.
        """
        folded = {fold_key(key) for key in keys}
        stored = self._meta.model._base_manager.filter(folded_key__among=folded)
        stored = stored.order_by().annotate(row=Value(0)).values_list("folded_key", "row")
        if job is None:
            return {key for key, _row in stored}
        before = job.row_outcomes.filter(folded_key__among=folded).order_by()
        before = before.values("folded_key").annotate(row=Min("number"))
        found = list(stored.union(before.values_list("folded_key", "row"), all=True))
        self._first_row = {key: row for key, row in found if row}
        return {key for key, row in found if not row}

    def _check_key(self, read: ReadRow, stored: set[str]):
        """Find out whether the row is about a known record; note why it can't be taken."""
        folded = fold_key(read.key)
        read.known = folded in stored
        problem = self._key_problem(read, folded)
        if problem:
            read.errors.append(FieldError(self.governed.key, problem))
        read.askable = not problem

    def _key_problem(self, read, folded):
        first = self._first_row.setdefault(folded, read.number)
        details = {"key": read.key, "row": first}
        if first != read.number:
            return _("“%(key)s” stands in row %(row)s of this file already.") % details
        if not read.known and self.update_only:
            return _("There is no “%(key)s” yet, and only existing ones are updated.") % details
        return None

    # Asking the door

    def _ask(self, read: list[ReadRow], by, source, dry_run):
        """Plan or do what rows mean."""
        if not read:
            return
        # New ones first, so that others may refer to them also where a batch is halved.
        read = sorted(read, key=lambda r: r.known)
        door = changes.plan_changes if dry_run else changes.change_records
        wanted = [self._change(r) for r in read]
        for r, outcome in zip(read, self._outcomes(door, wanted, by, source), strict=True):
            r.outcome = outcome
            named = {error.field for error in r.errors}
            outcome.errors = r.errors + [e for e in outcome.errors if e.field not in named]
        if dry_run and self._may_refer_to_rows:
            made = (r.outcome for r in read if r.outcome.status == "created")
            self._planned |= {outcome.key for outcome in made if not outcome.held}

    @property
    def _may_refer_to_rows(self):
        """Whether a row may name what another row is about."""
        return not self.governed.own_references.isdisjoint(self.columns.fields)

    def _change(self, read: ReadRow) -> Change:
        values = read.values
        if read.known and self.empty_clears:
            values = {name: "" for name in read.empty if name in self.governed.fields} | values
        return Change(read.key, values, number=read.number, new=not read.known)

    def _outcomes(self, door, wanted: list[Change], by, source) -> list[RecordOutcome]:
        """Call the door; where the database itself refuses, halve until the row is named."""
        try:
            return door(self._meta.model, wanted, by=by, source=source)
        except (DataError, IntegrityError) as error:
            if len(wanted) == 1:
                reason = _("The database refuses this row: %(reason)s") % {"reason": error}
                return [_refused(wanted[0], reason)]
        half = len(wanted) // 2
        return [
            outcome
            for part in (wanted[:half], wanted[half:])
            for outcome in self._outcomes(door, part, by, source)
        ]

    # import-export's own way in

    def import_data(self, dataset, *args, rollback_on_validation_errors=False, **kwargs):
        """As in import-export; `user` is the person who imports.

        rollback_on_validation_errors is what the import page calls all or nothing.
        """
        self.all_or_nothing = rollback_on_validation_errors
        return super().import_data(
            dataset,
            *args,
            rollback_on_validation_errors=rollback_on_validation_errors,
            **kwargs,
        )

    def import_data_inner(
        self,
        dataset,
        dry_run,
        raise_errors,
        using_transactions,
        collect_failed_rows,
        *,
        user,
        file_name="",
        confirmed_rules=None,
        **kwargs,
    ):
        """Import `dataset` in batches through the door, or plan it where `dry_run`."""
        result = self.get_result_class()()
        result.all_or_nothing = self.all_or_nothing
        result.diff_headers = list(dataset.headers)
        result.total_rows = len(dataset)
        if collect_failed_rows:
            result.add_dataset_headers(dataset.headers)
        job = import_jobs.new_job(self._meta.model, by=user, file_name=file_name)
        result.job = job
        try:
            if confirmed_rules is not None:
                import_jobs.require_rules(job, confirmed_rules)
            rows = self.begin(dataset.headers, lambda: iter(rows_of(dataset)))
            import_jobs.require_workflow(job)
        except FileRefused as refused:
            self.handle_import_error(result, refused, raise_errors)
            return result
        if not dry_run:
            job.save()
        for some in batches(rows):
            try:
                outcomes = self._import_confirmed(some, job, confirmed_rules, dry_run)
            except import_jobs.RulesChanged as changed:
                import_jobs.refuse(job, changed)
                self.handle_import_error(result, changed, raise_errors)
                return result
            for row, outcome in zip(some, outcomes, strict=True):
                result.report(row, outcome, collect_failed_rows, raise_errors)
        if not dry_run:
            import_jobs.finish(job)
        return result

    def _import_confirmed(self, batch, job, confirmed_rules, dry_run):
        # Under the confirmed rules: held from here to the end of the batch.
        with history.sealed():
            source = import_jobs.source_of(job, None if dry_run else confirmed_rules)
            outcomes = self.import_batch(batch, by=job.created_by, source=source, dry_run=dry_run)
            import_jobs.store(job, outcomes)
            if not dry_run:
                job.save(update_fields=import_jobs.COUNTS)
        return outcomes


def _refused(change: Change, reason: str) -> RecordOutcome:
    return RecordOutcome(change.key, change.number, errors=[FieldError("", reason)])
