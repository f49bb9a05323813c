"""Imports beside edits and decisions on the same customers, by eight processes at once."""

import os

import pytest
from django.db import connection

from . import import_rounds
from .plays import not_found_without_locks, play

pytestmark = pytest.mark.django_db(transaction=True)

# So many rounds of each of the four kinds; a long run has more: IMPORT_ROUNDS=500.
ROUNDS = int(os.environ.get("IMPORT_ROUNDS", "1"))

# What must be found without locks: imports that are broken off, or people who hear an error.
BROKEN_OFF = r"import: propose.*: the import is (running|refused)"
FOUND = {
    "sqlite": [
        BROKEN_OFF,
        r": work: 500.*database is locked",
        r": approve: 500.*database is locked",
        r": edit: 500.*database is locked",
    ],
    "postgresql": [
        BROKEN_OFF,
        r": approve: 500.*(LostUpdate|approvals_guard_approvals_decision_insert)",
        r": edit: 500.*LostUpdate",
    ],
}


def test_imports_edits_and_decisions_at_once_each_take_effect_once_or_say_why_not():
    assert play(import_rounds, ROUNDS) == []


def test_control_without_locks_imports_are_broken_off_and_people_read_errors():
    kinds = import_rounds.KINDS[:1]
    assert not_found_without_locks(import_rounds, kinds, FOUND[connection.vendor]) == []
