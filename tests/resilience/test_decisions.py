"""Decisions, recalls and edits of the same proposals by eight processes at once."""

import os

import pytest
from django.db import connection

from . import rounds
from .plays import not_found_without_locks, play

pytestmark = pytest.mark.django_db(transaction=True)

# So many rounds of each of the nine kinds; a long run has more: CROWD_ROUNDS=500.
ROUNDS = int(os.environ.get("CROWD_ROUNDS", "1"))

UNLOCKED = [rounds.eight_approve, rounds.two_are_needed, rounds.two_from_four_windows_each]
LOSER = r"eight approve.*could not approve and read: $"
# What must be found without locks. On PostgreSQL all vote where two are enough; what keeps a
# second vote of somebody out is the unique constraint alone; and who lost hears an error.
FOUND = {
    "sqlite": [r"eight approve.*: approve: 500.*database is locked", LOSER],
    "postgresql": [
        r"two are needed.*: [3-8] decisions$",
        r"from four windows.*: approve: 500.*approvals_decision_work_item_id_key",
        r"eight approve.*: approve: 500.*(LostUpdate|deadlock detected)",
        LOSER,
    ],
}


def test_of_those_who_act_at_once_one_wins_and_the_others_read_who():
    assert play(rounds, ROUNDS) == []


def test_control_without_locks_decisions_are_doubled_or_end_in_errors():
    assert not_found_without_locks(rounds, UNLOCKED, FOUND[connection.vendor]) == []
