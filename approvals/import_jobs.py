"""What every import does beside its rows: rules in force, job, outcomes on record."""

from collections import Counter

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django.utils.translation import gettext as _

from . import changes, registry
from .bulk import insert_rows
from .files import FileRefused
from .models import Behavior, ImportJob, ImportRow, Origin
from .outcomes import RecordOutcome, Refused, Source
from .routing import Router
from .values import encode


def new_job(model, *, by, file_name="", behavior=None, options=None) -> ImportJob:
    """An unsaved job under the rules that are in force now.

    behavior: what it may do to governed fields; the parameter decides where it is None.
    """
    rules = changes.read_rules(model)
    return ImportJob(
        content_type=ContentType.objects.get_for_model(model),
        created_by=by,
        created_at=timezone.now(),
        file_name=file_name[-255:],
        options=options or {},
        behavior=behavior or rules.behavior,
        confirmed_rules=rules.fingerprint,
    )


def source_of(job: ImportJob) -> Source:
    """Where the rows of `job` come from, as the door wants to know it."""
    return Source(Origin.IMPORT, job if job.pk else None, Behavior(job.behavior))


def model_of(job: ImportJob):
    """The governed model that `job` imports."""
    return registry.for_content_type(job.content_type).model


def require_rules(job: ImportJob, confirmed: str | None) -> None:
    """Raise FileRefused where the rules are no longer those that a person confirmed."""
    if confirmed is not None and changes.read_rules(model_of(job)).fingerprint != confirmed:
        raise FileRefused(
            _("The parameters or the enabled fields have changed. Look at a new preview first.")
        )


def require_workflow(job: ImportJob) -> None:
    """Raise FileRefused where proposals would be made and no active workflow could take them."""
    rules = changes.read_rules(model_of(job))
    if job.behavior != Behavior.PROPOSE or not rules.fields:
        return
    try:
        Router(job.content_type).first({job.created_by_id})
    except Refused as refused:
        raise FileRefused(str(refused)) from None


def store(job: ImportJob, outcomes: list[RecordOutcome]) -> None:
    """Put the outcome of each row on record, and count them on the job (unsaved)."""
    governed = registry.for_content_type(job.content_type)
    insert_rows([_row(governed, job, outcome) for outcome in outcomes])
    job.rows += len(outcomes)
    for status, count in Counter(outcome.status for outcome in outcomes).items():
        setattr(job, status, getattr(job, status) + count)


def finish(job: ImportJob) -> None:
    """Close `job`: every row of it has its outcome."""
    job.state = ImportJob.State.DONE
    job.finished_at = timezone.now()
    job.save()


def _row(governed, job, outcome: RecordOutcome) -> ImportRow:
    kinds = {"direct": outcome.direct, "proposed": outcome.proposed, "waiting": outcome.waiting}
    warnings = [warning.message for warning in outcome.warnings]
    return ImportRow(
        job=job,
        number=outcome.number,
        key=outcome.key,
        outcome=outcome.status,
        changes=[_texts(governed, c, kind) for kind, found in kinds.items() for c in found],
        errors=[[error.field, str(error.message)] for error in outcome.errors],
        notes=[str(note) for note in (*outcome.notes, *warnings)],
    )


def _texts(governed, change, kind):
    model_field = governed.fields[change.field]
    return [change.field, encode(model_field, change.old), encode(model_field, change.new), kind]
