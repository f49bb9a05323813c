"""Imports against plain django-import-export, and against a floor written entirely in SQL.

    python -m benchmarks.imports [--json] [--rows 6000] [--runs 5] [--part create …]

The same rows on the same model, in turns: a default `ModelResource` reads them from a
dataset in memory; ours reads the CSV file and does all that an import does: job, rules,
permission, validation, history, proposals, work items, an outcome on record for each row.
"""

import argparse
import json

from benchmarks import scratch

PARTS = ("create", "allow", "propose", "reject")
AT_LEAST = {
    "PostgreSQL": {"create": 15, "allow": 30, "propose": 25, "reject": 40, "floor": 0.6},
    "SQLite": {"create": 12, "allow": 22, "propose": 22, "reject": 30, "floor": 0.3},
}


def main() -> None:
    """Print the table, or measure on the one database that the environment names."""
    options = _options()
    if options.measure:
        print(json.dumps(measure(options.rows, options.runs, options.part)))
        return
    arguments = ["--rows", str(options.rows), "--runs", str(options.runs)]
    arguments += ["--part", *options.part]
    found = scratch.on_each_database("benchmarks.imports", arguments, options.postgresql)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.rows} rows, median of {options.runs}, rows a second")
    print(f"{'':12}{'':10}{'plain':>8}{'ours':>9}{'ratio':>8}{'at least':>10}")
    for name, parts in found.items():
        for part, row in parts.items():
            print(
                f"{name:12}{part:10}{row['other']:>8.0f}{row['ours']:>9.0f}"
                f"{row['ratio']:>8.2f}{AT_LEAST[name][part]:>10}"
            )


def measure(rows: int, runs: int, parts: list[str]) -> dict[str, dict[str, float]]:
    """Rows a second of both sides, and their ratio, for each part."""
    scratch.set_up()
    from benchmarks.import_company import Company

    company = Company(rows)
    ways = {}
    if "create" in parts:
        ways |= {"create": company.create, "plain create": company.create_plainly}
    if set(parts) - {"create"}:
        ways["plain update"] = company.update_plainly
    ways |= {part: getattr(company, part) for part in parts if part != "create"}
    if "propose" in parts:
        ways["floor"] = company.floor
    rate = {name: rows / time for name, time in scratch.median_of(runs, ways).items()}
    found = {}
    for part in parts:
        plain = rate["plain create" if part == "create" else "plain update"]
        found[part] = _row(rate[part], plain)
    if "propose" in parts:
        found["floor"] = _row(rate["propose"], rate["floor"])
    return found


def _row(ours, other):
    return {"ours": ours, "other": other, "ratio": ours / other}


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--postgresql", default=scratch.POSTGRESQL, help="a server to measure on")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
