"""How many small changes to the program its tests notice.

    python -m tests.mutants [--area door …] [--sample 60] [--seed 1] [--processes 2]

Takes hours for all. --sample: so many mutants of each area, chosen at random, beside all of
those on lines that an approval stands on (`areas.ESSENTIAL`). Prints each survivor, and the
share that was noticed. DATABASE_URL: the database to test on, as for the tests. Needs
`pip install -e ".[mutants]"`.
"""

import argparse
import json
import pickle
import random
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from .areas import AREAS, ESSENTIAL, files_of
from .making import mutants_of
from .running import ROOT, Bench, cover

# Beside what the tests themselves may take: Python and Django start, the database is looked at.
START = 60


def main() -> None:
    """Try the mutants, and print what survived."""
    options = _options()
    covered = _covered(options)
    results = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.processes) as pool:
        benches = SimpleQueue()
        for number in range(options.processes):
            benches.put(Bench(str(Path(folder) / str(number))))

        def tried(chosen):
            area, mutant = chosen
            bench, goes = benches.get(), covered.tests(mutant, area)
            try:
                return area, mutant, bench.survives(mutant, goes, START + options.patience)
            finally:
                benches.put(bench)

        for area, mutant, survived in pool.map(tried, _chosen(options)):
            tally = results.setdefault(area, {"tried": 0, "survivors": []})
            tally["tried"] += 1
            if survived:
                tally["survivors"].append(str(mutant))
                essential = " (essential)" if _is_essential(mutant) else ""
                print(f"{area}: {mutant}{essential}", flush=True)
    _tell(results, options)


def _chosen(options):
    """Pairs of area and mutant, mixed, so that what is done after an hour says something."""
    chance = random.Random(options.seed)  # noqa: S311
    chosen = []
    for area in options.area or AREAS:
        mutants = [m for p in files_of(area) for m in mutants_of(p, (ROOT / p).read_bytes())]
        essential = [m for m in mutants if _is_essential(m)]
        others = [m for m in mutants if not _is_essential(m)]
        if options.sample is not None:
            others = chance.sample(others, min(options.sample, len(others)))
        kept = others if options.without_essential else essential + others
        print(f"{area}: {len(kept)} of {len(mutants)} mutants, {len(essential)} essential")
        chosen += [(area, mutant) for mutant in kept]
    chance.shuffle(chosen)
    return chosen


def _is_essential(mutant):
    lines = (ROOT / mutant.path).read_text().splitlines()
    return bool(re.search(ESSENTIAL, lines[mutant.line - 1]))


def _covered(options):
    """Who runs what; kept in a file where one is named, since it takes long to find out."""
    kept = options.covered
    if kept and kept.exists():
        return pickle.loads(kept.read_bytes())  # noqa: S301 - our own
    covered = cover(options.processes)
    if kept:
        kept.write_bytes(pickle.dumps(covered))
    return covered


def _tell(results, options):
    tried = killed = 0
    for area, tally in results.items():
        noticed = tally["tried"] - len(tally["survivors"])
        print(f"{area}: {noticed} of {tally['tried']} noticed, {noticed / tally['tried']:.0%}")
        tried, killed = tried + tally["tried"], killed + noticed
    print(f"all: {killed} of {tried} noticed, {killed / max(tried, 1):.1%}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False))


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--area", action="append", choices=AREAS)
    parser.add_argument("--sample", type=int, help="so many of each area, beside the essential")
    parser.add_argument("--without-essential", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--patience", type=int, default=600, help="seconds before it never ends")
    parser.add_argument("--covered", type=Path, help="a file that keeps who runs what")
    parser.add_argument("--json", type=Path, help="a file for the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
