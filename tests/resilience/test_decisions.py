"""Decisions, recalls and edits of the same proposals by eight processes at once."""

import os

import pytest

from . import rounds
from .plays import play

pytestmark = pytest.mark.django_db(transaction=True)

# So many rounds of each of the nine kinds; a long run has more: CROWD_ROUNDS=500.
ROUNDS = int(os.environ.get("CROWD_ROUNDS", "1"))


def test_of_those_who_act_at_once_one_wins_and_the_others_read_who():
    assert play(rounds, ROUNDS) == []


def test_control_without_locks_decisions_do_not_end_well():
    assert play(rounds, 1, unlocked=True)
