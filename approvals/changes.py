"""The door: every change of a governed model's records comes through here.

`change_records` and `create_records` take many records and write; `plan_changes`
and `plan_creations` give the same answers and write nothing. Browser, Django
admin, imports and code call these and nothing else writes. How a plan is made
stands in `approvals.planning`, how it is written in `approvals.writing`.
"""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection

from . import (
    batch,
    bulk,
    creations,
    history,
    planning,
    registry,
    submitting,
    writing,
)
from .models import GovernedModel, Origin, Proposal
from .models.permissions import may_create_record, may_edit_record, may_import_record
from .outcomes import Change, RecordOutcome, Source


def change_records(model, changes: list[Change], *, by, source: Source) -> list[RecordOutcome]:
    """Change existing records, or propose the changes, as the rules in force say.

    model: the governed model. by: the person who means it. source: where it comes in.
    Returns an outcome for each change, in their order; a record takes its change
    entirely or not at all. Raises PermissionDenied where `by` may not change records.
    """
    governed = registry.get(model)
    _require_change_right(governed, by, source)

    def carry_out():
        plans = planning.plan_changes(governed, changes, by=by, source=source, lock=True)
        with bulk.gathered():
            written = writing.write_changes(governed, plans, by=by, source=source)
            _submit(governed, written, by, source)
        return [plan.outcome for plan in plans]

    return _in_transaction(carry_out)


def plan_changes(model, changes: list[Change], *, by, source: Source) -> list[RecordOutcome]:
    """Say what `change_records` would do, without a write or a lock."""
    governed = registry.get(model)
    _require_change_right(governed, by, source)
    plans = planning.plan_changes(governed, changes, by=by, source=source, lock=False)
    return [plan.outcome for plan in plans]


def create_records(model, changes: list[Change], *, by, source: Source) -> list[RecordOutcome]:
    """Create records; `Change.key` is the new business key, an absent value takes its default.

    While new records need approval, each is held until then, and its governed fields are
    proposed: imports submit that at once, people do when it is complete. A record that is
    not held may be referred to by those after it in the same batch. Returns an outcome
    for each; raises PermissionDenied where `by` may not create records.
    """
    governed = registry.get(model)
    _require_create_right(governed, by, source)

    def carry_out():
        plans = creations.plan_creations(governed, changes, by=by, source=source, lock=True)
        with bulk.gathered():
            written = writing.write_creations(governed, plans, by=by, source=source)
            _submit(governed, written, by, source)
        return [plan.outcome for plan in plans]

    return _in_transaction(carry_out)


def plan_creations(model, changes: list[Change], *, by, source: Source) -> list[RecordOutcome]:
    """Say what `create_records` would do, without a write."""
    governed = registry.get(model)
    _require_create_right(governed, by, source)
    plans = creations.plan_creations(governed, changes, by=by, source=source, lock=False)
    return [plan.outcome for plan in plans]


def read_rules(model, *, hold=False) -> batch.Rules:
    """What is in force for `model` now: approvals on or off, behavior, governed fields.

    hold: let nobody change that before the end of the transaction.
    """
    return batch.read_rules(registry.get(model), hold=hold)


def version_of(record: GovernedModel) -> str:
    """A token for `Change.seen` that covers the record and what is proposed for it."""
    return batch.load_by_ids(registry.get(record), [record.pk], lock=False)[record.pk].version


def _submit(governed, written, by, source):
    """Hand what an import has submitted to its workflow, and write the history."""
    submitted, entries = written
    if not submitted:
        history.record_entries(entries, batch.content_type(governed).pk, by=by, source=source)
        return
    ruled = [filed.pk for filed, plan in submitted.items() if plan.route.rule]
    whole = Proposal.objects.select_related("content_type", "submitted_by").in_bulk(ruled)
    routes = {whole.get(filed.pk, filed): plan.route for filed, plan in submitted.items()}
    records = {filed.pk: plan.record for filed, plan in submitted.items()}
    submitting.begin(routes, records, by=by, source=source, told=entries)


def _in_transaction(work):
    """Do `work` in one transaction, and once more where another one got in between.

    What has no lock to wait for, a new key or a reference that was just removed, only
    shows when it is written; planned again, it is told as an error of that record.
    """
    try:
        return _checked(work)
    except IntegrityError:
        return _checked(work)


def _checked(work):
    """Do `work`, with what the database would only check at the end of the transaction.

    By then nobody could tell any more which record it is. On SQLite a check reads whole
    tables, and nobody else writes between a plan and its commit.
    """
    with history.sealed():
        outcomes = work()
        if connection.vendor == "postgresql":
            connection.check_constraints()
        return outcomes


def _require_change_right(governed, by, source):
    allowed = may_import_record(governed.model, by)
    if source.origin != Origin.IMPORT:
        # Who may only import can still edit what he imported; `planning` looks at each field.
        allowed = allowed or may_edit_record(governed.model, by)
    if not allowed:
        raise PermissionDenied


def _require_create_right(governed, by, source):
    may = may_import_record if source.origin == Origin.IMPORT else may_create_record
    if not may(governed.model, by):
        raise PermissionDenied
