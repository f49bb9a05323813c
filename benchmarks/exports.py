"""Exports against plain django-import-export: speed, and the memory they take.

    python -m benchmarks.exports [--json] [--rows 2000] [--runs 5] [--few 20000] [--many 200000]

The same customers to the same format, in turns: a default `ModelResource` builds a dataset
and turns it into a file; ours writes the file as it reads. Memory is the most that a
process of its own holds while it exports few customers, and ours many too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import scratch

FORMATS = ("csv", "xlsx")


def main() -> None:
    """Print the tables, or measure on the one database that the environment names."""
    options = _options()
    if options.export:
        print(json.dumps(export_alone(*options.export)))
        return
    if options.measure:
        print(json.dumps(measure(options)))
        return
    arguments = []
    for name in ("rows", "runs", "few", "many"):
        arguments += [f"--{name}", str(getattr(options, name))]
    found = scratch.on_each_database("benchmarks.exports", arguments, options.postgresql)
    if options.json:
        print(json.dumps(found))
        return
    _print(found, options)


def _print(found, options):
    print(f"{options.rows} customers, median of {options.runs}, customers a second;")
    print(f"peak memory in MB, of exporting {options.few} and {options.many} customers")
    print(f"{'':12}{'':6}{'plain':>8}{'ours':>8}{'ratio':>8}{'plain MB':>10}{'our MB':>10}{'':>10}")
    for name, formats in found.items():
        for file_format, row in formats.items():
            print(
                f"{name:12}{file_format:6}{row['plain']:>8.0f}{row['ours']:>8.0f}"
                f"{row['ratio']:>8.1f}{row['plain MB']:>10.0f}"
                f"{row['our MB']:>10.0f}{row['our MB, many']:>10.0f}"
            )


def measure(options) -> dict[str, dict]:
    """Customers a second of both sides, their ratio, and their memory, for each format."""
    scratch.set_up()
    from tests.customers import factories

    factories.customers(options.rows, "A")
    found = {file_format: _speed(file_format, options) for file_format in FORMATS}
    factories.customers(options.few - options.rows, "B")
    for file_format, row in found.items():
        row |= {"plain MB": _peak("plain", file_format), "our MB": _peak("ours", file_format)}
    factories.customers(options.many - options.few, "C")
    for file_format, row in found.items():
        row["our MB, many"] = _peak("ours", file_format)
    return found


def _speed(file_format, options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers"
        ways = {
            name: lambda way=way: scratch.seconds(lambda: way(file_format, path))
            for name, way in WAYS.items()
        }
        rate = {name: options.rows / t for name, t in scratch.median_of(options.runs, ways).items()}
    return {**rate, "ratio": rate["ours"] / rate["plain"]}


def _peak(way, file_format):
    from tests.children import environment

    command = [sys.executable, "-m", "benchmarks.exports", "--export", way, file_format]
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=scratch.ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def export_alone(way, file_format) -> float:
    """Export all customers in this process; the most memory that it held, in MB."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django

    django.setup()
    from tests.children import peak_memory

    with tempfile.TemporaryDirectory() as folder:
        WAYS[way](file_format, Path(folder) / "customers")
    return peak_memory()


def export_plainly(file_format, path) -> None:
    """As import-export comes: a dataset of everything, then a file of it."""
    from benchmarks.import_company import PlainResource

    dataset = PlainResource().export()
    content = dataset.export(file_format)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def export_ours(file_format, path) -> None:
    """As manage.py export_customers does."""
    from customers import exports

    with path.open("wb") as target:
        target.writelines(exports.export(None, file_format))


WAYS = {"plain": export_plainly, "ours": export_ours}


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--few", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--postgresql", default=scratch.POSTGRESQL, help="a server to measure on")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--export", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
