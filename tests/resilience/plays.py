"""Rounds, played by a crowd; with its locks, and without."""

import re

from . import company
from .crowd import crowd

# Rounds of each kind that are prepared, and looked at, together.
TOGETHER = 10
# How often what goes wrong without locks has a chance to come up.
CHANCES = 5


def play(rounds, count) -> list[str]:
    """Play so many rounds of each kind; what is wrong after them.

    rounds: a module that makes them, and says what is wrong after them.
    """
    company.found_company()
    wrong = []
    with crowd() as people:
        for first in range(0, count, TOGETHER):
            wrong += _played(rounds, people, range(first, min(first + TOGETHER, count)))
    return wrong


def not_found_without_locks(rounds, kinds, named) -> list[str]:
    """Which of these findings, named by patterns, do not come up where nothing is locked."""
    company.found_company()
    missing = list(named)
    with crowd(unlocked=True) as people:
        for number in range(CHANCES):
            wrong = _played(rounds, people, [number], kinds)
            missing = [name for name in missing if not _is_in(wrong, name)]
            if not missing:
                break
    return missing


def _played(rounds, people, numbers, *kinds):
    made = rounds.make(numbers, *kinds)
    for each in made:
        each.answers = people.together(each.deeds)
    return rounds.after(made)


def _is_in(wrong, name):
    return any(re.search(name, line, re.DOTALL) for line in wrong)
