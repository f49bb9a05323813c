"""However long a file is, and however many of its rows fail, memory stays what it was."""

import pytest

from tests import children

pytestmark = pytest.mark.django_db(transaction=True)

FEW, MANY = 5000, 14_000
# All or nothing takes no more on SQLite.
MANY_AT_ONCE = 9500


def failing(path, rows):
    """A file of so many rows, all of which fail for several reasons."""
    cells = "Name,nowhere,nonsense,much," + "x" * 400
    lines = (f"C{number},{cells}" for number in range(rows))
    path.write_text("\n".join(["account,name,country,email,credit_limit,city", *lines]))
    return path


@pytest.mark.parametrize(
    ("options", "rows"),
    [(["--dry-run"], MANY), ([], MANY), (["--all-or-nothing"], MANY_AT_ONCE)],
)
def test_failed_rows_cost_no_memory(steward, tmp_path, options, rows):
    target = tmp_path / "failed.csv"
    how = ["--user", "steward", "--json", "--failed-rows", target, *options]
    few, many = [
        children.peak_of("import_customers", failing(tmp_path / f"{count}.csv", count), *how)
        for count in (FEW, rows)
    ]
    assert len(target.read_text(encoding="utf-8-sig").splitlines()) == rows + 1
    assert many < few * 1.07, (few, many)
