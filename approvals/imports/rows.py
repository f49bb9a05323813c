"""What stands on record of each row of an import."""

from .. import registry
from ..bulk import insert_columns
from ..models import ImportJob, ImportRow
from ..outcomes import RecordOutcome
from ..values import encode, fold_key


def put_on_record(job: ImportJob, outcomes: list[RecordOutcome]) -> None:
    """Store what came of rows, in one statement."""
    insert_columns(ImportRow, columns_of(job, outcomes), {"job_id": job.pk})


def rows_of(job: ImportJob, outcomes: list[RecordOutcome]) -> list[ImportRow]:
    """What `put_on_record` would store, row by row; not saved."""
    columns = columns_of(job, outcomes)
    rows = zip(*columns.values(), strict=True)
    return [ImportRow(job=job, **dict(zip(columns, row, strict=True))) for row in rows]


def columns_of(job: ImportJob, outcomes: list[RecordOutcome]) -> dict[str, list]:
    """The outcomes as columns of `ImportRow`."""
    fields = registry.for_content_type(job.content_type).proposable
    return {
        "number": [outcome.number for outcome in outcomes],
        "key": [outcome.key for outcome in outcomes],
        "folded_key": [fold_key(outcome.key) for outcome in outcomes],
        "outcome": [outcome.status for outcome in outcomes],
        "changes": [_changes(fields, outcome) for outcome in outcomes],
        "errors": [[[e.field, str(e.message)] for e in outcome.errors] for outcome in outcomes],
        "notes": [_notes(outcome) for outcome in outcomes],
    }


def _changes(fields, outcome):
    kinds = (
        (outcome.direct, "direct"),
        (outcome.proposed, "proposed"),
        (outcome.waiting, "waiting"),
    )
    return [
        [c.field, encode(fields[c.field], c.old), encode(fields[c.field], c.new), kind]
        for found, kind in kinds
        for c in found
    ]


def _notes(outcome):
    if not (outcome.notes or outcome.warnings):
        return []
    warnings = (warning.message for warning in outcome.warnings)
    return list(dict.fromkeys(str(note) for note in (*outcome.notes, *warnings)))
