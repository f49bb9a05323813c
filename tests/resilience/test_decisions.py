"""Decisions, recalls and edits of the same proposals by eight processes at once."""

import os

import pytest

from . import company, findings, rounds
from .crowd import crowd

pytestmark = pytest.mark.django_db(transaction=True)

# So many rounds, each of eight processes; a long run has more: CROWD_ROUNDS=500.
ROUNDS = int(os.environ.get("CROWD_ROUNDS", "9"))


def play(count, **how):
    """Play rounds; what is wrong after them."""
    company.found_company()
    played = rounds.make(count)
    with crowd(**how) as people:
        for each in played:
            each.answers = people.together(each.deeds)
    return findings.after(played)


def test_of_those_who_act_at_once_one_wins_and_the_others_read_who():
    assert play(ROUNDS) == []


def test_control_without_locks_decisions_do_not_end_well():
    assert play(3, unlocked=True)
