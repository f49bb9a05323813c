"""Imports beside edits and decisions on the same customers, by eight processes at once."""

import os

import pytest

from . import import_rounds
from .plays import play

pytestmark = pytest.mark.django_db(transaction=True)

# So many rounds of each of the four kinds; a long run has more: IMPORT_ROUNDS=500.
ROUNDS = int(os.environ.get("IMPORT_ROUNDS", "1"))


def test_imports_edits_and_decisions_at_once_each_take_effect_once_or_say_why_not():
    assert play(import_rounds, ROUNDS) == []


def test_control_without_locks_imports_do_not_end_well():
    assert play(import_rounds, 1, unlocked=True)
