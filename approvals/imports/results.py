"""import-export's results of imports that went through the door."""

import tablib
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from import_export.results import Result, RowResult

from ..outcomes import RecordOutcome
from .files import Row, Table

IMPORT_TYPES = {
    "failed": RowResult.IMPORT_TYPE_INVALID,
    "created": RowResult.IMPORT_TYPE_NEW,
    "proposed": RowResult.IMPORT_TYPE_UPDATE,
    "updated": RowResult.IMPORT_TYPE_UPDATE,
    "unchanged": RowResult.IMPORT_TYPE_SKIP,
}


class TableDataset(tablib.Dataset):
    """A dataset that keeps the rows of the file it was read from, bad ones included."""

    def __init__(self, table: Table):
        """Raises FileRefused where the file proves unreadable further on."""
        self.file_rows = list(table.rows())
        super().__init__(*(row.cells for row in self.file_rows), headers=table.headers)


def rows_of(dataset: tablib.Dataset) -> list[Row]:
    """The rows of a dataset; the header counts as row 1."""
    if isinstance(dataset, TableDataset):
        return dataset.file_rows
    rows = [["" if cell is None else str(cell) for cell in row] for row in dataset]
    return [Row(number, cells, None, cells) for number, cells in enumerate(rows, 2)]


class GovernedResult(Result):
    """What came of an import. A failed row is shown, and hides neither Confirm nor the others.

    job: the import as it stands on record, or would stand there, with the counts by outcome.
    """

    all_or_nothing = False
    job = None

    def has_errors(self):
        """Whether the file as a whole was refused."""
        return bool(self.base_errors)

    def has_validation_errors(self):
        """Whether failed rows keep all the others out."""
        return self.all_or_nothing and super().has_validation_errors()

    def report(self, row: Row, outcome: RecordOutcome, collect_failed_rows, raise_errors):
        """Add what came of one row. Raises its ValidationError where `raise_errors`."""
        row_result = _row_result(outcome)
        self.increment_row_result_total(row_result)
        self.append_row_result(row_result)
        error = row_result.validation_error
        if error is None:
            return
        cells = dict(zip(self.diff_headers, row.cells, strict=True))
        self.append_invalid_row(row.number, cells, error)
        if collect_failed_rows:
            self.append_failed_row(cells, error)
        if raise_errors:
            raise error


def _row_result(outcome: RecordOutcome) -> RowResult:
    row_result = RowResult()
    row_result.import_type = IMPORT_TYPES[outcome.status]
    row_result.object_id, row_result.object_repr = outcome.record_id, outcome.key
    row_result.outcome = outcome
    if outcome.failed:
        reasons = {}
        for error in outcome.errors:
            reasons.setdefault(error.field or NON_FIELD_ERRORS, []).append(error.message)
        row_result.validation_error = ValidationError(reasons)
    return row_result
