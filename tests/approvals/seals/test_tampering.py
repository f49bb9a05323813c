"""Whoever falsifies the history is found: a hundred of a hundred times."""

import random

import pytest
from django.db import connection, transaction

from approvals.models import WorkflowEvent
from approvals.seals import checkpoints, digests
from approvals.seals.verifying import Report, verify
from tests.unguarded import unguarded

from . import tampering

pytestmark = pytest.mark.django_db
TIMES = 100


def findings(noted=()):
    found = []
    verify(Report(found.append), noted)
    return found


def tamper(way, *how):
    """What is found after `way`, which is taken back: without and with a checkpoint."""
    noted = checkpoints.read([checkpoints.newest()])
    point = transaction.savepoint()
    way(*how)
    found = findings(), findings(noted)
    transaction.savepoint_rollback(point)
    return found


@pytest.fixture
def open_to_all(history):
    """The history, and nothing that guards it."""
    if connection.vendor == "postgresql":
        connection.check_constraints()
    with unguarded():
        yield


def test_an_untouched_history_has_no_finding(history):
    assert findings() == []
    assert WorkflowEvent.objects.count() >= 40


def test_every_one_of_a_hundred_tampers_is_found(open_to_all):
    seen = []
    for number in range(TIMES):
        way = tampering.WAYS[number % len(tampering.WAYS)]
        found, with_checkpoint = tamper(way, random.Random(number))
        needed = way in tampering.NEEDS_CHECKPOINT
        seen.append((way.__name__, number, bool(found) != needed, bool(with_checkpoint)))
    assert [one for one in seen if not all(one[2:])] == []
    assert findings() == []


@pytest.mark.parametrize("column", [*digests.COLUMNS, "mark"])
def test_an_edited_entry_is_named_whatever_its_column(open_to_all, column):
    found, _with_checkpoint = tamper(tampering.edit, random.Random(column), column)
    assert any(line.startswith("Entry ") and line.endswith("edited.") for line in found)


def test_every_column_is_part_of_the_digest():
    columns = {f.attname for f in WorkflowEvent._meta.concrete_fields}
    assert columns == {*digests.COLUMNS, "id", "mark"}
    assert len(set(digests.COLUMNS)) == len(digests.COLUMNS)


@pytest.mark.parametrize("seed", range(5))
def test_two_exchanged_entries_are_told_of_by_themselves_or_their_seals(open_to_all, seed):
    found, _with_checkpoint = tamper(tampering.swap, random.Random(seed), False)
    assert len(found) >= 2
    assert all("edited" in line for line in found)


def test_a_removed_entry_is_told_by_its_seal(open_to_all):
    found, _with_checkpoint = tamper(tampering.remove, random.Random(1))
    assert any("removed or inserted" in line for line in found)


def test_an_inserted_entry_is_named(open_to_all):
    found, _with_checkpoint = tamper(tampering.insert, random.Random(1))
    assert [line for line in found if "in no seal" in line]


def test_values_that_read_alike_in_a_row_do_not_have_one_digest():
    """Where one column ends and the next begins is part of the text."""
    shared = ("2026-01-01T00:00:00Z", 1, None, None, "code", None)
    rows = [
        (0, "verb", 1, "ab", None, None, None, "c", None, None, ""),
        (0, "verb", 1, "a", None, None, None, "bc", None, None, ""),
        (0, "verb", 1, 'ab"\n"', None, None, None, "c", None, None, ""),
        (0, "verb", 1, "ab", None, None, None, "c", "", None, ""),
        (0, "verb", 1, "ab", None, None, None, "c", None, "null", ""),
        (0, "verb", "1", "ab", None, None, None, "c", None, None, ""),
        (0, "verb", 1, "ab]\n[0", None, None, None, "c", None, None, ""),
    ]
    found = digests.digests([shared] * len(rows), rows)
    assert len(set(found)) == len(found) == len(rows)
    assert [digests.digests([shared], [row])[0] for row in rows] == found
