"""Imports beside edits and decisions on the same customers, by eight processes at once."""

import os

import pytest

from . import company, import_rounds
from .crowd import crowd

pytestmark = pytest.mark.django_db(transaction=True)

# So many rounds; a long run has more: IMPORT_ROUNDS=500.
ROUNDS = int(os.environ.get("IMPORT_ROUNDS", "4"))


def play(count, **how):
    """Play rounds; what is wrong after them."""
    company.found_company()
    played = import_rounds.make(count, seed=count)
    with crowd(**how) as people:
        for each in played:
            each.answers = people.together(each.deeds)
    return import_rounds.wrong_after(played)


def test_imports_edits_and_decisions_at_once_each_take_effect_once_or_say_why_not():
    assert play(ROUNDS) == []


def test_control_without_locks_imports_do_not_end_well():
    assert play(2, unlocked=True)
