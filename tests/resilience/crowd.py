"""Processes that do something at the same instant, again and again."""

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

from tests import children

PEOPLE = 8
# Where somebody stands still for so long, the test fails.
SECONDS = 600


class Member:
    """A process in this test's database that acts in a crowd: see `member`."""

    def __init__(self):
        self.socket, its = socket.socketpair()
        self.pid = _fork(its)
        its.close()
        self.socket.settimeout(SECONDS)
        self.lines = self.socket.makefile("rw", encoding="utf-8")

    def tell(self, word):
        """Tell it what to do."""
        self.lines.write(json.dumps(word) + "\n")
        self.lines.flush()

    def answer(self):
        """What it says."""
        line = self.lines.readline()
        assert line, "A process has ended."
        return json.loads(line)

    def kill(self):
        """Kill it, whatever it does."""
        pid, self.pid = self.pid, None
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self):
        """Kill it, and wait until it is gone: its end of the sockets is closed then."""
        self.kill()
        with contextlib.suppress(OSError):
            self.lines.read()
        with contextlib.suppress(OSError):
            self.lines.close()
        self.socket.close()


class Crowd:
    """Processes, each with one person's deed a round."""

    def __init__(self, count, **how):
        """count: how many. how: see `member.take_part`."""
        self.members = [Member() for _number in range(count)]
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
        """End all of them."""
        for member in self.members:
            member.end()

    def _to_all(self, words):
        for member, word in zip(self.members, words, strict=False):
            member.tell(word)

    def _from_all(self, members=None):
        return [member.answer() for member in members or self.members]


@contextmanager
def crowd(count=PEOPLE, **how):
    """A crowd that is gone at the end, whatever happens."""
    found = Crowd(count, **how)
    try:
        yield found
    finally:
        found.end()


_one_at_a_time = threading.Lock()


def _fork(its):
    """Have a process forked that holds this end of a pair of sockets; its number."""
    environment = children.environment()
    with _one_at_a_time:
        parent = _parent(environment["DATABASE_URL"], environment["DATA_DIR"])
        socket.send_fds(parent, [b"."], [its.fileno()])
        return int(parent.recv(20))


@functools.cache
def _parent(*_where):
    """The socket of a process that has loaded the program once for all; it ends when we do."""
    ours, its = socket.socketpair()
    subprocess.Popen(
        [sys.executable, "-m", "tests.resilience.member", str(its.fileno())],
        env=children.environment(),
        pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    its.close()
    return ours
