"""What every import does beside its rows: rules in force, job, outcomes on record."""

from collections import Counter
from functools import partial
from itertools import islice

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import changes, registry
from ..models import Behavior, ImportJob, ImportRow, Origin
from ..notifying import notifications
from ..outcomes import RecordOutcome, Source
from ..values import shown
from ..workflow.facts import Facts
from ..workflow.routing import Router
from . import leases
from .failures import Failures
from .files import FileRefused
from .rows import put_on_record

COUNTS = ("rows", *ImportRow.Outcome.values)
# So many failed rows are put on record in one statement where all is taken back.
AT_ONCE = 2000
# How far a job is.
PROGRESS = (*COUNTS, "place", "taken_rows")


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
        file_name=shown(file_name[-255:]),
        options=options or {},
    )
    reset(job, behavior)
    return job


def reset(job: ImportJob, behavior: Behavior | None = None) -> None:
    """Start `job` over, unsaved: no rows counted, under the rules that are in force now."""
    rules = changes.read_rules(model_of(job))
    job.behavior = behavior or rules.behavior
    job.confirmed_rules = rules.fingerprint
    job.refused, job.facts, job.total = "", {}, None
    job.finished_at, job.cancelling = None, False
    recount(job)


def recount(job: ImportJob) -> None:
    """Forget the rows of `job` that are on record and counted so far; the job is not saved."""
    for name in PROGRESS:
        setattr(job, name, 0)
    if job.pk:
        job.row_outcomes.all().delete()


def source_of(job: ImportJob, confirmed: str | None = None) -> Source:
    """Where the rows of `job` come from, as the door wants to know it.

    confirmed: the rules that a person has confirmed, as a fingerprint; under others the
    door raises RulesChanged.
    """
    stored = job if job.pk else None
    if confirmed is None:
        return Source(Origin.IMPORT, stored, Behavior(job.behavior))
    require = partial(_require, confirmed=confirmed)
    return Source(Origin.IMPORT, stored, Behavior(job.behavior), require=require)


def model_of(job: ImportJob):
    """The governed model that `job` imports."""
    return registry.for_content_type(job.content_type).model


def require_rules(job: ImportJob, confirmed: str) -> None:
    """Raise RulesChanged where the rules are no longer the `confirmed` ones."""
    _require(changes.read_rules(model_of(job)), confirmed)


def _require(rules, confirmed):
    if rules.fingerprint != confirmed:
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
    """Count outcomes on `job`, and where it is a stored one, put each row's on record.

    The counts are for the caller to save.
    """
    count(job, outcomes)
    put(job, outcomes)


def count(job: ImportJob, outcomes: list[RecordOutcome]) -> None:
    """Count outcomes on `job`, for the caller to save."""
    job.rows += len(outcomes)
    for status, number in Counter(outcome.status for outcome in outcomes).items():
        setattr(job, status, getattr(job, status) + number)


def put(job: ImportJob, outcomes: list[RecordOutcome]) -> None:
    """Put each row's outcome on record, where `job` is a stored one."""
    if job.pk:
        put_on_record(job, outcomes)


def finish(job: ImportJob) -> None:
    """Close `job`: every row of it has its outcome."""
    end(job, ImportJob.State.DONE)


def refuse(job: ImportJob, reason) -> None:
    """Close `job`: its file as a whole was not taken."""
    end(job, ImportJob.State.REFUSED, reason)


@transaction.atomic
def end(job: ImportJob, state, reason="") -> None:
    """Close `job` in `state`, and tell who is to decide what it has submitted.

    Raises LostLease where it was leased and no longer is.
    """
    job.state, job.refused = state, str(reason)
    job.finished_at, job.cancelling = timezone.now(), False
    save(job)
    if job.pk and job.rows:
        notifications.assigned_by_import(job)


def save(job: ImportJob) -> None:
    """Save all of `job`, and let go of it where it is leased; raises LostLease as `end` does."""
    names = [f.attname for f in job._meta.concrete_fields if not f.primary_key]
    if job.lease:
        leases.close(job, *names)
    else:
        job.save()


def nothing_imported(job: ImportJob, failed: Failures) -> None:
    """Put on record that all was rolled back because these rows failed."""
    take_back(job, failed)
    reason = _("Nothing was imported, because %(failed)s of %(rows)s rows failed.")
    refuse(job, reason % {"failed": job.failed, "rows": job.rows})


def take_back(job: ImportJob, failed: Failures) -> None:
    """Count all rows but the failed ones as unchanged, on record too; the job is not saved."""
    for name in COUNTS[1:]:
        setattr(job, name, 0)
    job.failed, job.unchanged = len(failed), job.rows - len(failed)
    if not job.pk:
        return
    job.row_outcomes.update(outcome=ImportRow.Outcome.UNCHANGED, changes=[], notes=[])
    rows = iter(failed)
    while some := list(islice(rows, AT_ONCE)):
        job.row_outcomes.filter(number__in=[outcome.number for outcome in some]).delete()
        put_on_record(job, some)
