"""The tests that run a line, and what they say when it is changed."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from .areas import LEFT_OUT, tests_of
from .making import Mutant

ROOT = Path(__file__).resolve().parent.parent.parent
# Seconds of tests for one mutant, the quickest first: what most are noticed in, and in all.
# Slower tests are hardly ever needed.
FIRST, BUDGET = 30, 300
SLOWEST = 5


@dataclass
class Covered:
    """Which tests run which line, and how long each takes.

    by_line: path -> line -> ids of tests. seconds: of the tests that passed.
    """

    by_line: dict[str, dict[int, set[str]]]
    seconds: dict[str, float]

    def tests(self, mutant: Mutant, area: str) -> list[list[str]]:
        """The tests to run for a mutant in one go and, where none notices, in another."""
        found = self.by_line.get(mutant.path, {}).get(mutant.line, set())
        quick = sorted((self.seconds[test], test) for test in found if test in self.seconds)
        # What runs once, before any test, belongs to no test.
        if area == "guard" or not quick:
            return [tests_of(area)]
        goes, spent = ([], []), 0.0
        for seconds, test in quick:
            spent += seconds
            if spent <= BUDGET:
                goes[spent > FIRST].append(test)
        return [tests for tests in goes if tests]


def cover(processes: int) -> Covered:
    """Run the tests, and note who runs what. Takes as long as they do, or twice."""
    import coverage

    with tempfile.TemporaryDirectory() as folder:
        tree, times = Path(copy_into(folder)), Path(folder) / "times.xml"
        ignored = [f"--ignore=tests/{name}" for name in LEFT_OUT]
        covering = ["--cov=approvals", "--cov=customers", "--cov-context=test", "--cov-report="]
        options = [f"-n{processes}", "--junitxml", str(times), *ignored, *covering]
        _pytest(tree, options, timeout=None)
        data = coverage.CoverageData(str(tree / ".coverage"))
        data.read()
        by_line = {
            str(Path(path).relative_to(tree.resolve())): _tests_by_line(data, path)
            for path in data.measured_files()
        }
        return Covered(by_line, _seconds(times))


def _tests_by_line(data, path):
    found = defaultdict(set)
    for line, contexts in data.contexts_by_lineno(path).items():
        found[line] = {context.rsplit("|", 1)[0] for context in contexts if context}
    return dict(found)


def _seconds(times):
    found = {}
    for case in ElementTree.parse(times).iter("testcase"):  # noqa: S314 - our own
        name = case.get("classname").replace(".", "/") + ".py::" + case.get("name")
        if not len(case) and float(case.get("time")) <= SLOWEST:
            found[name] = float(case.get("time"))
    return found


class Bench:
    """A copy of the program in which one mutant after the other is tried."""

    def __init__(self, folder: str):
        self.tree = Path(copy_into(folder))
        self.made, self.used = Path(folder) / "made.sqlite3", Path(folder) / "used.sqlite3"
        self.on_sqlite = "DATABASE_URL" not in os.environ
        if self.on_sqlite:
            self._run(["tests/approvals/test_parameters.py", "--reuse-db"], self.made, 300)

    def survives(self, mutant: Mutant, goes: list[list[str]], timeout: float) -> bool:
        """Whether all these tests pass with the change. One that never ends is noticed, too."""
        path = self.tree / mutant.path
        source = path.read_bytes()
        path.write_bytes(mutant.applied(source))
        try:
            return all(self._pass(tests, timeout) for tests in goes)
        finally:
            path.write_bytes(source)

    def _pass(self, tests, timeout):
        if self.on_sqlite:
            shutil.copy(self.made, self.used)
        return self._run([*tests, "-x"], self.used, timeout) == 0

    def _run(self, arguments, database, timeout):
        if not self.on_sqlite:
            return _pytest(self.tree, [*arguments, "--create-db"], timeout)
        options = [*arguments, "--reuse-db"]
        return _pytest(self.tree, options, timeout, MUTANT_DATABASE=str(database))


def copy_into(folder) -> str:
    """Copy the program as it is, without what it does not keep; the path of the copy."""
    tree = Path(folder).resolve() / "tree"
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, names):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    return str(tree)


def _pytest(tree, arguments, timeout, **environment):
    """The exit code of the tests; 1 where they take longer than `timeout` seconds."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--no-header"]
    settings = ["--ds=tests.mutants.settings"]
    process = subprocess.Popen(
        [*command, *settings, *arguments],
        cwd=tree,
        env={**os.environ, **environment, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return 1
