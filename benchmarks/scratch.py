"""A database of one benchmark's own, and the runs on each kind of database."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POSTGRESQL = "postgres://postgres@127.0.0.1:5432/postgres"


def set_up() -> None:
    """Start Django on a fresh database: PostgreSQL where DATABASE_URL names one, else SQLite."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="customer-approvals-benchmark-"))
    import atexit

    import django

    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    atexit.register(_drop, connection)


def _drop(connection):
    connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def seconds(do: Callable[[], object]) -> float:
    """How long `do` takes."""
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def median_of(runs: int, ways: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median seconds of each way, measured in turns."""
    return {name: statistics.median(found) for name, found in in_turns(runs, ways).items()}


def in_turns(runs: int, ways: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """The seconds of each run of each way, in turns so that a slow spell meets them all.

    Each turn goes the other way round than the one before: no way always follows another.
    """
    times = {name: [] for name in ways}
    order = list(ways)
    for _run in range(runs):
        for name in order:
            times[name].append(ways[name]())
        order.reverse()
    return times


def on_each_database(module: str, arguments: list[str], postgresql: str) -> dict[str, dict]:
    """Run `module` in a process of its own on SQLite and on PostgreSQL; what each printed."""
    urls = {"SQLite": None, "PostgreSQL": postgresql}
    return {name: _run(module, arguments, url) for name, url in urls.items()}


def _run(module, arguments, url):
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    if url:
        environment["DATABASE_URL"] = url
    command = [sys.executable, "-m", module, "--measure", *arguments]
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])
