"""No row takes the place of another: on SQLite that deletes it, and asks no DELETE trigger."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, transaction
from django.db.models import UniqueConstraint

from approvals import proposals
from approvals.guard.rules import KEPT
from approvals.guard.rules.workflows import DEFINED
from approvals.guard.sqlite import UNIQUE
from approvals.models import (
    ApprovalParameters,
    Behavior,
    Contributor,
    FieldEnablement,
    ImportJob,
    Proposal,
    WorkflowVersion,
)
from tests.approvals.helpers import edit, import_source, vote
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .forging import sql

GUARDED = [*KEPT, *DEFINED, WorkflowVersion, ImportJob, ContentType]
# Who is replaced so says the same as before.
ALIKE = {
    Contributor: ("proposal_id", "person_id", "role"),
    FieldEnablement: ("content_type_id", "field"),
}
EVERY_MODEL = pytest.mark.parametrize("model", GUARDED, ids=lambda model: model.__name__)


def unique(model):
    """What is unique in a model: the columns of each constraint, and whether it has a condition."""
    meta = model._meta
    for field in meta.concrete_fields:
        if field.unique:
            yield (field.column,), False
    for names in meta.unique_together:
        yield tuple(meta.get_field(name).column for name in names), False
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint) and "draft" not in constraint.name:
            columns = tuple(meta.get_field(name).column for name in constraint.fields)
            yield columns, bool(constraint.condition)


def _within_its_parent(model, columns):
    return model in DEFINED and model._meta.get_field(DEFINED[model]).column in columns


@EVERY_MODEL
def test_whatever_is_unique_is_looked_at(model):
    """But a draft, which may be deleted, and what is so among the parts of one version."""
    looked_at = {(columns, bool(among)) for columns, among in UNIQUE[model].items()}
    wanted = {
        (columns, among)
        for columns, among in unique(model)
        if not _within_its_parent(model, columns) and ALIKE.get(model) != columns
    }
    assert wanted == looked_at


def _renumber(model):
    key = model._meta.pk.column
    sql(f"UPDATE {model._meta.db_table} SET {key} = {key} + 1000")


@pytest.fixture
def everything(clerk, approver, steward, workflow, govern_fields):
    """A row of each model: a change that was decided, and an import that waits."""
    customer("C1", credit_limit="100")
    govern_fields("credit_limit")
    edit(clerk, "C1", credit_limit="200")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    assert vote(approver, proposal).done
    proposals.recall(proposal.pk, by=clerk)
    import_source(steward, Behavior.ALLOW)


OF_ONE_ROW = {ApprovalParameters}  # as a check constraint says
NUMBERED = [m for m in GUARDED if m not in OF_ONE_ROW and m not in DEFINED]


@pytest.mark.django_db
@pytest.mark.parametrize("model", NUMBERED, ids=lambda model: model.__name__)
def test_no_row_gets_another_number(model, everything):
    assert model.objects.exists()
    with pytest.raises(IntegrityError, match="guard: "), transaction.atomic():
        _renumber(model)


@pytest.mark.django_db
def test_control_without_the_guard_each_does(everything):
    class Undone(Exception):
        pass

    for model in NUMBERED:
        with unguarded(), pytest.raises(Undone), transaction.atomic():
            _renumber(model)
            raise Undone
