"""Rounds, played by a crowd."""

from . import company
from .crowd import crowd

# Rounds of each kind that are prepared, and looked at, together.
TOGETHER = 10


def play(rounds, count, **how) -> list[str]:
    """Play so many rounds of each kind; what is wrong after them.

    rounds: a module that makes them, and says what is wrong after them. how: see `Crowd`.
    """
    company.found_company()
    wrong = []
    with crowd(**how) as people:
        for first in range(0, count, TOGETHER):
            wrong += _played(rounds, people, range(first, min(first + TOGETHER, count)))
    return wrong


def _played(rounds, people, numbers):
    made = rounds.make(numbers)
    for each in made:
        each.answers = people.together(each.deeds)
    return rounds.after(made)
