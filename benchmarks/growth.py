"""How an import grows with its file: time, and the memory it takes.

    python -m benchmarks.growth [--json] [--few 20000] [--many 100000]

Customers are created, and then changes of all of them proposed, by a process of its own for
each number of rows. Memory is the most that the process holds while it imports.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks import scratch

PARTS = ("create", "propose")
# Of what five times the rows may take.
TIMES, MEMORY = 5.5, 1.10


def main() -> None:
    """Print the table, or measure one number of rows on the database of the environment."""
    options = _options()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    urls = {"SQLite": None, "PostgreSQL": options.postgresql}
    found = {
        name: {rows: _alone(rows, url) for rows in (options.few, options.many)}
        for name, url in urls.items()
    }
    if options.json:
        print(json.dumps(found))
        return
    print(f"{'':12}{'':9}{'rows':>10}{'seconds':>9}{'rows/s':>8}{'MB':>7}")
    for name, sizes in found.items():
        for part in PARTS:
            for rows, figures in sizes.items():
                seconds, memory = figures[part]
                line = f"{rows:>10,}{seconds:>9.1f}{rows / seconds:>8,.0f}{memory:>7.0f}"
                print(f"{name:12}{part:9}{line}")
            few, many = (sizes[rows][part] for rows in (options.few, options.many))
            print(f"{'':12}{'':9}{'×':>10}{many[0] / few[0]:>9.2f}{'':8}{many[1] / few[1]:>7.2f}")
    print(f"at most: time × {TIMES} for five times the rows, memory × {MEMORY}")


def measure(rows: int) -> dict[str, tuple[float, float]]:
    """Seconds and MB for creating so many customers, and for proposing changes of all of them."""
    scratch.set_up()
    from benchmarks.import_company import Company
    from tests.children import peak_memory

    company = Company(rows, keep=False)
    found = {}
    for part in PARTS:
        # What was held before does not count.
        Path("/proc/self/clear_refs").write_text("5")
        found[part] = getattr(company, f"{part}_once")(), peak_memory()
    return found


def _alone(rows, url):
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    if url:
        environment["DATABASE_URL"] = url
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.growth", "--measure", str(rows)],
        cwd=scratch.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--postgresql", default=scratch.POSTGRESQL, help="a server to measure on")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
