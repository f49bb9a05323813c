"""Processes that do something at the same instant, again and again."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager

from tests import children

PEOPLE = 8
# A crowd that stands still is ended, and with it the test.
SECONDS = 1800


class Crowd:
    """Processes in this test's database, each with one person's deed a round."""

    def __init__(self, count, **how):
        """count: how many. how: see `member.take_part`."""
        self.members = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.resilience.member"],
                env=children.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _number in range(count)
        ]
        self._to_all([how] * count)
        assert self._from_all() == ["up"] * count

    def together(self, deeds: list[dict]) -> list[dict]:
        """Do these at once, one a process; what came of each, in their order."""
        members = self.members[: len(deeds)]
        self._to_all(deeds)
        self._from_all(members)
        # All have read what they are to do: the word is short.
        self._to_all(["go"] * len(members))
        return [answer for answers in self._from_all(members) for answer in answers]

    def end(self):
        """End all of them; they wait for the next deed."""
        for member in self.members:
            member.kill()
            member.wait()
            member.stdin.close()
            member.stdout.close()

    def _to_all(self, words):
        for member, word in zip(self.members, words, strict=False):
            member.stdin.write(json.dumps(word) + "\n")
            member.stdin.flush()

    def _from_all(self, members=None):
        lines = [member.stdout.readline() for member in members or self.members]
        assert all(lines), "A process has ended, or was ended because it stood still."
        return [json.loads(line) for line in lines]


@contextmanager
def crowd(count=PEOPLE, **how):
    """A crowd that is gone at the end, whatever happens."""
    found = Crowd(count, **how)
    watchdog = threading.Timer(SECONDS, lambda: [m.kill() for m in found.members])
    watchdog.start()
    try:
        yield found
    finally:
        watchdog.cancel()
        found.end()
