"""No entry of the history is ahead of those to come: the newest one says what is switched on."""

from functools import partial

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from approvals import history
from approvals.bulk import new_ids
from approvals.models import ApprovalParameters, WorkflowEvent
from approvals.seals.chain import BLOCK
from tests.unguarded import unguarded

from .forging import sql

pytestmark = pytest.mark.django_db
ENTRIES = WorkflowEvent._meta.db_table
HIGHEST = 2**63 - 1
OFF = {"verb": "parameter_changed", "field": "enabled", "new": "0", "origin": "code"}
REFUSED = "guard: an entry of the history takes no number that is still to be given out"


def entry(pk):
    """That approvals are switched off."""
    return WorkflowEvent(pk=pk, at=timezone.now(), **OFF)


def next_id():
    return new_ids(WorkflowEvent, 1)[0]


def as_the_last_one():
    WorkflowEvent.objects.bulk_create([entry(HIGHEST)])


def by_its_number_as_text():
    _insert_with_number(f"'{HIGHEST}'")


def by_another_entry():
    edited = WorkflowEvent.objects.latest("pk")
    edited.pk, edited.verb, edited.field, edited.new = HIGHEST, *list(OFF.values())[:3]
    edited.save_base(force_insert=True, raw=True)


def behind_one_that_may():
    WorkflowEvent.objects.bulk_create([entry(next_id()), entry(HIGHEST)])


def before_one_that_may():
    WorkflowEvent.objects.bulk_create([entry(HIGHEST), entry(next_id())])


def _insert_with_number(number):
    columns = {**OFF, "record_key": "", "comment": "", "mark": 0, "at": timezone.now()}
    names, marks = ", ".join(columns), ", ".join(["%s"] * len(columns))
    sql(f"INSERT INTO {ENTRIES} (id, {names}) VALUES ({number}, {marks})", *columns.values())


WAYS = [
    as_the_last_one,
    by_its_number_as_text,
    by_another_entry,
    behind_one_that_may,
    before_one_that_may,
]
EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@pytest.fixture
def switch_on(govern_fields):
    """A function that switches approvals on; they are on."""
    govern_fields("credit_limit")
    return partial(govern_fields, "credit_limit")


def switch_off():
    ApprovalParameters.objects.update(enabled=False)


@EVERY_WAY
def test_no_entry_is_ahead_of_those_to_come(way, switch_on):
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        way()
    with pytest.raises(IntegrityError, match="with an entry"), transaction.atomic():
        switch_off()


@EVERY_WAY
def test_control_without_the_guard_approvals_stay_off_for_good(way, switch_on):
    with unguarded(WorkflowEvent):
        way()
    switch_off()
    with pytest.raises((DatabaseError, OverflowError)), transaction.atomic():
        switch_on()


def test_approvals_are_switched_on_again_after_the_highest_number_that_there_is(switch_on):
    highest = next_id() + at_a_time() - 1
    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        WorkflowEvent.objects.bulk_create([entry(highest + 1)])
    WorkflowEvent.objects.bulk_create([entry(highest)])
    switch_off()
    switch_on()
    assert ApprovalParameters.objects.get().enabled


def at_a_time():
    """How many numbers are given out at a time."""
    return BLOCK if connection.vendor == "postgresql" else 1


# What goes on


def note(*comments):
    history.record([WorkflowEvent(verb="assigned", comment=c, origin="code") for c in comments])


def noted():
    return list(WorkflowEvent.objects.order_by("pk").values_list("comment", flat=True))


def test_the_history_goes_on_after_what_was_taken_back(db):
    note("a", "b")
    with transaction.atomic():
        note("c", "d")
        transaction.set_rollback(True)
    note("e")
    assert noted() == ["a", "b", "e"]


def test_entries_that_are_written_together_take_the_numbers_that_follow(db):
    first = next_id()
    WorkflowEvent.objects.bulk_create([entry(first + place) for place in range(3)])
    assert WorkflowEvent.objects.count() == 3


def test_an_entry_without_a_number_gets_one(db):
    WorkflowEvent.objects.bulk_create([entry(None), entry(None)])
    note("a")
    assert noted() == ["", "", "a"]


def test_the_history_goes_on_where_it_was_emptied(db):
    """As after a test that commits: the counter stays where it was."""
    note("a", "b")
    with unguarded(WorkflowEvent):
        sql(f"DELETE FROM {ENTRIES}")
    note("c")
    assert noted() == ["c"]


def test_a_copy_is_read_in_while_the_guard_is_lifted_and_the_history_goes_on(db, tmp_path):
    copy = tmp_path / "entries.json"
    note("a", "b")
    call_command("dumpdata", "approvals.workflowevent", output=copy)
    with unguarded(WorkflowEvent):
        sql(f"DELETE FROM {ENTRIES}")
        call_command("loaddata", copy, verbosity=0)
    note("c")
    assert noted() == ["a", "b", "c"]
