"""What every import does beside its rows: rules in force, job, outcomes on record."""

from collections import Counter

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django.utils.translation import gettext as _

from . import changes, registry
from .bulk import insert_rows
from .facts import Facts
from .files import FileRefused
from .models import Behavior, ImportJob, ImportRow, Origin
from .outcomes import RecordOutcome, Source
from .routing import Router
from .values import encode

COUNTS = ("rows", *ImportRow.Outcome.values)


class RulesChanged(FileRefused):
    """The rules are no longer those that a person confirmed."""


def new_job(model, *, by, file_name="", behavior=None, options=None) -> ImportJob:
    """An unsaved job under the rules that are in force now.

    behavior: what it may do to governed fields; the parameter decides where it is None.
    """
    job = ImportJob(
        content_type=ContentType.objects.get_for_model(model),
        created_by=by,
        created_at=timezone.now(),
        file_name=file_name[-255:],
        options=options or {},
    )
    reset(job, behavior)
    return job


def reset(job: ImportJob, behavior: Behavior | None = None) -> None:
    """Start `job` over, unsaved: no rows counted, under the rules that are in force now."""
    rules = changes.read_rules(model_of(job))
    job.behavior = behavior or rules.behavior
    job.confirmed_rules = rules.fingerprint
    job.refused, job.facts = "", {}
    recount(job)


def recount(job: ImportJob) -> None:
    """Forget the rows of `job` that are on record and counted so far; the job is not saved."""
    for name in COUNTS:
        setattr(job, name, 0)
    if job.pk:
        job.row_outcomes.all().delete()


def source_of(job: ImportJob) -> Source:
    """Where the rows of `job` come from, as the door wants to know it."""
    return Source(Origin.IMPORT, job if job.pk else None, Behavior(job.behavior))


def model_of(job: ImportJob):
    """The governed model that `job` imports."""
    return registry.for_content_type(job.content_type).model


def require_rules(job: ImportJob, confirmed: str) -> None:
    """Raise RulesChanged where the rules are no longer the `confirmed` ones."""
    if changes.read_rules(model_of(job), hold=True).fingerprint != confirmed:
        raise RulesChanged(
            _("The parameters or the enabled fields have changed. Look at a new preview first.")
        )


def require_workflow(job: ImportJob) -> None:
    """Raise FileRefused where proposals would be made and no active workflow could take them."""
    rules = changes.read_rules(model_of(job))
    if job.behavior != Behavior.PROPOSE or not rules.fields:
        return
    if reason := Router(job.content_type).refusal(_facts(job)):
        raise FileRefused(reason)


def _facts(job):
    """What routing knows before the first row: who imports."""
    person = job.created_by_id
    return Facts(
        governed=registry.for_content_type(job.content_type),
        changes={},
        record={},
        origin=Origin.IMPORT,
        originator=person,
        groups=frozenset(),
        contributors=frozenset({person}),
    )


def store(job: ImportJob, outcomes: list[RecordOutcome]) -> None:
    """Count outcomes on `job` and, where it is a stored one, put each row's on record."""
    job.rows += len(outcomes)
    for status, count in Counter(outcome.status for outcome in outcomes).items():
        setattr(job, status, getattr(job, status) + count)
    if job.pk:
        insert_rows([row_of(job, outcome) for outcome in outcomes])
        job.save(update_fields=COUNTS)


def finish(job: ImportJob) -> None:
    """Close `job`: every row of it has its outcome."""
    job.state = ImportJob.State.DONE
    job.finished_at = timezone.now()
    job.save()


def refuse(job: ImportJob, reason) -> None:
    """Close `job`: its file as a whole was not taken."""
    job.state = ImportJob.State.REFUSED
    job.refused = str(reason)
    job.finished_at = timezone.now()
    job.save()


def nothing_imported(job: ImportJob, failed: list[RecordOutcome]) -> None:
    """Put on record that all was rolled back because these rows failed."""
    take_back(job, failed)
    reason = _("Nothing was imported, because %(failed)s of %(rows)s rows failed.")
    refuse(job, reason % {"failed": job.failed, "rows": job.rows})


def take_back(job: ImportJob, failed: list[RecordOutcome]) -> None:
    """Count all rows but the failed ones as unchanged, on record too; the job is not saved."""
    for name in COUNTS[1:]:
        setattr(job, name, 0)
    job.failed, job.unchanged = len(failed), job.rows - len(failed)
    if not job.pk:
        return
    job.row_outcomes.filter(number__in=[outcome.number for outcome in failed]).delete()
    job.row_outcomes.update(outcome=ImportRow.Outcome.UNCHANGED, changes=[])
    insert_rows([row_of(job, outcome) for outcome in failed])


def row_of(job: ImportJob, outcome: RecordOutcome) -> ImportRow:
    """What stands on record of a row; not saved."""
    governed = registry.for_content_type(job.content_type)
    kinds = {"direct": outcome.direct, "proposed": outcome.proposed, "waiting": outcome.waiting}
    warnings = [warning.message for warning in outcome.warnings]
    return ImportRow(
        job=job,
        number=outcome.number,
        key=outcome.key,
        outcome=outcome.status,
        changes=[_texts(governed, c, kind) for kind, found in kinds.items() for c in found],
        errors=[[error.field, str(error.message)] for error in outcome.errors],
        notes=list(dict.fromkeys(str(note) for note in (*outcome.notes, *warnings))),
    )


def _texts(governed, change, kind):
    model_field = governed.proposable[change.field]
    return [change.field, encode(model_field, change.old), encode(model_field, change.new), kind]
