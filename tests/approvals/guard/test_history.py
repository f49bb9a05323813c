"""The history is append-only, and so are its seals, whoever writes, and however."""

import pytest
from django.db import IntegrityError, connection, transaction

from approvals.models import HistoryHead, HistorySeal, WorkflowEvent
from approvals.seals.verifying import Report, verify
from tests.approvals.helpers import edit
from tests.customers.factories import customer
from tests.unguarded import unguarded

from .doors import sql

pytestmark = pytest.mark.django_db
POSTGRESQL = connection.vendor == "postgresql"
ENTRIES, SEALS, HEAD = (m._meta.db_table for m in (WorkflowEvent, HistorySeal, HistoryHead))


def columns_of(model):
    return [f.column for f in model._meta.concrete_fields if not f.primary_key]


def replaced(table, **changed):
    """Put another row in the place of the newest one."""
    names = [c.name for c in connection.introspection.get_table_description(cursor(), table)]
    key = "position" if table == SEALS else "id"
    chosen = ", ".join(changed.get(name, f'"{name}"') for name in names)
    sql(f"INSERT OR REPLACE INTO {table} SELECT {chosen} FROM {table} ORDER BY {key} DESC LIMIT 1")


def cursor():
    return connection.cursor()


WAYS = {
    "update": lambda: WorkflowEvent.objects.filter(pk=newest()).update(comment="nothing"),
    "set another key": lambda: sql(f"UPDATE {ENTRIES} SET id = id + 100000000"),
    "delete": lambda: sql(f"DELETE FROM {ENTRIES} WHERE id = {newest()}"),
    "delete all": lambda: WorkflowEvent.objects.all()._raw_delete("default"),
    "update a seal": lambda: HistorySeal.objects.update(digest="0" * 64),
    "delete a seal": lambda: HistorySeal.objects.last().delete(),
    "set the head back": lambda: HistoryHead.objects.update(position=1),
    "another hash for the head": lambda: HistoryHead.objects.update(hash="0" * 64),
    "delete the head": lambda: HistoryHead.objects.all().delete(),
    "a second head": lambda: HistoryHead.objects.create(pk=2, position=9),
}
WAYS |= {
    f"update {table}.{column}": lambda table=table, column=column: sql(
        f'UPDATE {table} SET "{column}" = "{column}"'
    )
    for table, model in ((ENTRIES, WorkflowEvent), (SEALS, HistorySeal))
    for column in columns_of(model)
}
if POSTGRESQL:
    WAYS |= {
        f"truncate {table}": lambda table=table: sql(f"TRUNCATE {table} CASCADE")
        for table in (ENTRIES, SEALS, HEAD)
    }
else:
    WAYS |= {
        "replace an entry": lambda: replaced(ENTRIES, comment="'nothing'"),
        "replace a seal": lambda: replaced(SEALS, digest="'0'"),
        "replace a seal by its first entry": lambda: replaced(SEALS, position="position + 1"),
        "replace the head": lambda: replaced(HEAD, position="1"),
        "set the row id": lambda: sql(f"UPDATE {ENTRIES} SET rowid = rowid + 1000"),
    }


def newest():
    return WorkflowEvent.objects.last().pk


@pytest.fixture
def history(workflow, govern_fields, clerk):
    customer("C1", credit_limit="100")
    govern_fields("credit_limit")
    for value in ("1", "2", "3"):
        edit(clerk, "C1", credit_limit=value, city=value)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_nothing_written_is_changed_or_removed(way, history):
    with pytest.raises(IntegrityError, match="guard: "), transaction.atomic():
        if POSTGRESQL:
            sql("SET CONSTRAINTS ALL IMMEDIATE")
        way()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_control_without_the_guard_it_is(way, history):
    with unguarded(), transaction.atomic():
        if POSTGRESQL:
            sql("SET CONSTRAINTS ALL IMMEDIATE")
        way()


def test_the_history_goes_on(history, clerk):
    edit(clerk, "C1", credit_limit="9")
    found = []
    verify(Report(found.append))
    assert found == []
