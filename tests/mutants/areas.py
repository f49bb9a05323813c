"""Which files are changed, and where their tests are when no single test runs a line."""

import os

# The triggers of the other database are made by no test.
DIALECT = "postgresql" if "DATABASE_URL" in os.environ else "sqlite"
# Area -> the files it is made of, and the tests to run for what runs before any test.
AREAS = {
    "door": (
        "approvals/{changes,planning,creations,writing,batch,applying,checking,proposals,"
        "submitting,values,bulk}.py",
        "tests/approvals/test_changes.py tests/approvals/test_proposals.py "
        "tests/approvals/test_creations.py",
    ),
    "guard": (
        f"approvals/guard/{{__init__,records,{DIALECT}}}.py "
        "approvals/guard/rules/{__init__,rule,proposals,deciding,imports,workflows,switches,"
        "history}.py",
        "tests/approvals/guard",
    ),
    "routing": (
        "approvals/workflow/{routing,routes,conditions,condition_rows,facts,managers}.py",
        "tests/approvals/workflow",
    ),
    "decisions": (
        "approvals/deciding/{decisions,cases,obstacles,runs,claims,delegating,reassigning,"
        "receiving,assigning,substitutions,substituting,handover,escalation,deadlines}.py",
        "tests/approvals/deciding",
    ),
    "import": (
        "approvals/imports/{resources,import_jobs,leases,rows,columns,widgets}.py "
        "customers/imports/{running,jobs,columns}.py customers/resources.py",
        "tests/approvals/imports tests/customers/imports",
    ),
}
# What an approval stands on: every change of a line with one of these words is tried.
ESSENTIAL = (
    r"(?i)contribut|four_eyes|revision|original|obstacle|may_decide|may_get|barr|voted|votes_needed"
)
# Too slow to try often, or about something else.
LEFT_OUT = ("browser", "everywhere", "real_data", "mutants", "approvals/machine", "resilience")


def files_of(area: str) -> list[str]:
    """The paths of an area's files."""
    return [path for pattern in AREAS[area][0].split() for path in _expanded(pattern)]


def tests_of(area: str) -> list[str]:
    """Where the tests of an area are."""
    return AREAS[area][1].split()


def _expanded(pattern):
    if "{" not in pattern:
        return [pattern]
    before, rest = pattern.split("{")
    names, after = rest.split("}")
    return [f"{before}{name}{after}" for name in names.split(",")]
