"""The door: every change of a governed model's records comes through here.

`change_records` takes many records and writes; `plan_changes` gives the same answers and
writes nothing. Browser, Django admin, imports and code call these and nothing else
writes. How a plan is made stands in `approvals.planning` and `approvals.creations`, how it
is written in `approvals.writing`.
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
    """Change or create records, or propose it, as the rules in force say.

    model: the governed model. by: the person who means it. source: where it comes in.

    While new records need approval, each is held until then, and its governed fields are
    proposed: imports submit that at once, people do when it is complete. A new record that
    is not held may be referred to by those after it, and by those that are changed.

    Returns an outcome for each change, in their order; a record takes its change
    entirely or not at all. Raises PermissionDenied where `by` may not do this.
    """
    governed = registry.get(model)
    _require_rights(governed, changes, by, source)

    def carry_out():
        plans = _plan(governed, changes, by, source, lock=True)
        with bulk.gathered():
            written = writing.write(governed, plans, by=by, source=source)
            _submit(governed, written, by, source)
        return [plan.outcome for plan in plans]

    return _in_transaction(carry_out)


def plan_changes(model, changes: list[Change], *, by, source: Source) -> list[RecordOutcome]:
    """Say what `change_records` would do, without a write or a lock."""
    governed = registry.get(model)
    _require_rights(governed, changes, by, source)
    return [plan.outcome for plan in _plan(governed, changes, by, source, lock=False)]


def read_rules(model, *, hold=False) -> batch.Rules:
    """What is in force for `model` now: approvals on or off, behavior, governed fields.

    hold: let nobody change that before the end of the transaction.
    """
    return batch.read_rules(registry.get(model), hold=hold)


def version_of(record: GovernedModel) -> str:
    """A token for `Change.seen` that covers the record and what is proposed for it."""
    return batch.load_by_ids(registry.get(record), [record.pk], lock=False)[record.pk].version


def _plan(governed, changes, by, source, *, lock) -> list[planning.Plan]:
    """Plan changes, new records first, so that others may refer to them; in the order given."""
    plans = [planning.new_plan(change) for change in changes]
    # Held to the end, so that a switch counts from the moment it is committed.
    rules = batch.read_rules(governed, hold=lock)
    source.require(rules)
    records = batch.load_by_keys(governed, [plan.outcome.key for plan in plans], lock=lock)
    new = [plan for plan in plans if plan.change.new]
    known = [plan for plan in plans if not plan.change.new]
    wanted = creations.read(governed, new, records, rules, source)
    wanted += planning.read(governed, known, records)
    missing = batch.missing_references(governed, wanted)
    usable = creations.place(governed, new, missing, rules, source)
    missing = batch.but_for(governed, missing, {*usable, *source.planned})
    planning.place(governed, known, missing, rules, by=by, source=source)
    if source.origin == Origin.IMPORT:
        planning.route(governed, new, known, by=by, source=source)
    creations.tell(new)
    planning.tell(known)
    return plans


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


def _require_rights(governed, changes, by, source):
    new = sum(change.new for change in changes)
    imports = source.origin == Origin.IMPORT
    may_import = may_import_record(governed.model, by)
    if new and not (may_import if imports else may_create_record(governed.model, by)):
        raise PermissionDenied
    # Who may only import can still edit what he imported; `planning` looks at each field.
    may_edit = may_import or not imports and may_edit_record(governed.model, by)
    if new < len(changes) and not may_edit:
        raise PermissionDenied
