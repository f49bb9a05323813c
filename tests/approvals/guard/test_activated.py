"""A version that was activated stays as it was: whatever it is made of, however it is written."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, connection, transaction
from django.db.models import CASCADE, F

from approvals.guard.rules.workflows import DEFINED
from approvals.models import WorkflowVersion
from tests.approvals.definitions import define
from tests.unguarded import unguarded

pytestmark = pytest.mark.django_db
ROWS = [("new", "credit_limit", "more", "1")]
EVERY_PART = pytest.mark.parametrize("part", DEFINED, ids=lambda part: part._meta.model_name)
ACTIVATED = pytest.mark.parametrize("state", ["active", "retired"])


def parts(model=WorkflowVersion):
    """Every table whose rows go with a row of this one."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.one_to_many and relation.on_delete is CASCADE:
            yield relation.related_model
            yield from parts(relation.related_model)


def test_all_that_a_version_is_made_of_is_looked_at():
    assert set(parts()) == set(DEFINED)


@pytest.fixture
def make(approver):
    """A function that makes a version of everything, in a state."""

    def make(state):
        step = {"name": "First", "users": [approver], "rows": ROWS}
        step["groups"] = [Group.objects.get(name="Approver")]
        version = define("All", step, rows=ROWS, rules=[("Much", "reject", ROWS)])
        with unguarded():
            step = version.steps.get()
            step.escalation_levels.create(position=1, kind="manager", time_limit=1)
            WorkflowVersion.objects.filter(pk=version.pk).update(state=state)
        version.refresh_from_db()
        return version

    return make


def insert(part):
    """Another row like the one there is, for someone else and at another place."""
    row = part.objects.get()
    row.pk = None
    others = {"position": 7, "user_id": User.objects.create(username="zoe").pk}
    others["group_id"] = Group.objects.create(name="Zone").pk
    for name in others.keys() & {field.attname for field in part._meta.concrete_fields}:
        setattr(row, name, others[name])
    row.save(force_insert=True)


def update(part):
    key = part._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {part._meta.db_table} SET {key} = {key}")


def delete(part):
    part.objects.all()._raw_delete("default")


def truncate(part):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {part._meta.db_table} CASCADE")


WAYS = pytest.mark.parametrize("write", [insert, update, delete])


class Undone(Exception):
    pass


def done(write, *of):
    """Whether the database lets this be written; it is taken back."""
    try:
        with transaction.atomic():
            write(*of)
            raise Undone
    except Undone:
        return True
    except IntegrityError as error:
        assert "guard: " in str(error)
    return False


@WAYS
@EVERY_PART
@ACTIVATED
def test_nothing_of_it_is_written(part, write, state, make):
    make(state)
    assert not done(write, part)


@WAYS
@EVERY_PART
def test_all_of_a_draft_is_written(part, write, make):
    make("draft")
    assert done(write, part)


@WAYS
@EVERY_PART
def test_control_without_the_guard_all_of_it_is_written(part, write, make):
    make("active")
    with unguarded():
        assert done(write, part)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite knows no TRUNCATE")
@EVERY_PART
def test_no_table_of_it_is_emptied(part, make):
    make("draft")
    assert not done(truncate, part)
    with unguarded():
        assert done(truncate, part)


@EVERY_PART
def test_nothing_goes_from_one_draft_to_another(part, make):
    make("draft")
    owner = DEFINED[part]
    assert not done(lambda: part.objects.update(**{owner: F(owner) + 1}))


# The version itself

OTHER = {
    "id": 99,
    "workflow_id": 99,
    "number": 99,
    "match": "any",
    "notes": "Because",
    "activated_at": "2026-01-01T00:00Z",
    "activated_by_id": 99,
    "state": "retired",
}
OF_ANY = {"id", "workflow_id", "number"}


def set_one(column):
    WorkflowVersion.objects.update(**{column: OTHER[column]})


@pytest.mark.parametrize("column", [f.attname for f in WorkflowVersion._meta.concrete_fields])
def test_a_version_keeps_what_it_says(column, make):
    make("active")
    assert done(set_one, column) == (column == "state")
    with unguarded():
        assert done(set_one, column)
        WorkflowVersion.objects.update(state="draft")
    # A draft is never retired: it would look as if it had been active.
    assert done(set_one, column) == (column not in {*OF_ANY, "state"})


@ACTIVATED
def test_a_version_is_deleted_as_a_draft_only(state, make):
    version = make(state)
    assert not done(delete, WorkflowVersion)
    with unguarded():
        assert done(delete, WorkflowVersion)
        WorkflowVersion.objects.update(state="draft")
    version.delete()
    assert not WorkflowVersion.objects.exists()


def test_whoever_an_activated_version_names_cannot_be_deleted_by_code(make, approver):
    version = make("active")
    for named in (approver, Group.objects.get(name="Approver")):
        assert not done(named.delete)
    with unguarded():
        WorkflowVersion.objects.filter(pk=version.pk).update(state="draft")
    assert done(approver.delete)
