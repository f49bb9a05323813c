"""The shape of the code: which way imports go, who writes, how long files get."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# From the engine up: what each package may import of the others.
MAY_IMPORT = {"approvals": set(), "customers": {"approvals"}, "config": {"approvals", "customers"}}
LONGEST_FILE = 500

# The only module that writes records under approval.
DOOR = "approvals/writing.py"
# Where SQL stands, for what Django has no statement: many rows at once, locks, triggers.
SQL = {"approvals/bulk.py", "approvals/batch.py", "approvals/seals/reading.py"} | {
    f"approvals/guard/{name}.py" for name in ("__init__", "sqlite", "postgresql")
}
WRITES = {"insert_columns", "insert_rows", "update_rows"}
METHODS = {
    "save",
    "asave",
    "save_base",
    "create",
    "acreate",
    "update",
    "aupdate",
    "delete",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
    "cursor",
    "execute",
    "raw",
}
# What the engine calls a record under approval, or its model.
GOVERNED = {"Customer", "customer", "record", "governed", "_base_manager", "model_class"}

# What customers and config write themselves: reference tables, import jobs, the demo's people,
# sessions.
OWN_WRITES = {
    "customers/reference.py": {"bulk_create"},
    "customers/management/commands/import_reference_data.py": {"save"},
    "customers/imports/jobs.py": {"save"},
    "customers/demo/people.py": {"create", "save"},
    "customers/demo/setup.py": {"create", "save"},
    "config/sessions.py": {"save", "delete"},
}


def modules(*packages):
    """The packages' files, without migrations."""
    files = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    return sorted(file for file in files if "migrations" not in file.parts)


def name_of(file):
    """A file's path inside the project."""
    return file.relative_to(ROOT).as_posix()


def imported(source):
    """The top packages that a source imports; relative imports stay in their package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def write_calls(source):
    """Calls that write: the name of what is called, and the names it is reached by."""
    for node in ast.walk(ast.parse(source)):
        called = getattr(node, "func", None)
        if isinstance(called, ast.Attribute) and called.attr in METHODS:
            # A set's or a dictionary's update takes what a queryset's never does.
            if not (called.attr == "update" and node.args):
                yield called.attr, path_of(called.value)
        elif isinstance(called, ast.Name) and called.id in WRITES:
            yield called.id, path_of(node.args[0])


def path_of(node):
    """The names of a chain such as `Customer.objects.filter(…)`, without the arguments."""
    names = set()
    while isinstance(node, ast.Attribute | ast.Call):
        names |= {node.attr} if isinstance(node, ast.Attribute) else set()
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return names | ({node.id} if isinstance(node, ast.Name) else set())


def writes_governed(source):
    """The calls of a source that write what looks like a record under approval."""
    return [name for name, names in write_calls(source) if names & GOVERNED]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package):
    forbidden = set(MAY_IMPORT) - MAY_IMPORT[package] - {package}
    for file in modules(package):
        assert not forbidden & set(imported(file.read_text())), name_of(file)


def test_the_engines_readme_names_every_module_in_its_rooms():
    text = (ROOT / "approvals/README.md").read_text()
    rooms = ("", "workflow", "deciding", "pages", "notifying", "imports", "guard", "guard/rules")
    files = [file for room in rooms for file in (ROOT / "approvals" / room).glob("*.py")]
    named = {name.rpartition("/")[2] for name in re.findall(r"`([\w/]+\.py)`", text)}

    assert {file.name for file in files} - named == {"__init__.py", "apps.py", "urls.py"}


def test_the_engine_names_no_app_above_it():
    for file in modules("approvals"):
        assert '"customers' not in file.read_text(), name_of(file)


def test_only_the_door_writes_records_under_approval():
    writers = {name_of(f) for f in modules("approvals") if writes_governed(f.read_text())}

    assert writers == {DOOR}


def test_customers_and_config_write_nothing_but_what_is_listed():
    found = {
        name_of(file): {name for name, _names in write_calls(file.read_text())}
        for file in modules("customers", "config")
    }

    assert {file: names for file, names in found.items() if names} == OWN_WRITES


def test_sql_stands_in_the_engine_alone():
    files = modules("approvals", "customers", "config")
    writers = {
        name_of(file)
        for file in files
        if {"cursor", "execute", "raw"} & {name for name, _names in write_calls(file.read_text())}
    }

    assert writers <= SQL


@pytest.mark.parametrize(
    "source",
    [
        "Customer.objects.filter(pk=1).update(name='x')",
        "Customer(account='x').save()",
        "record.save(update_fields=['name'])",
        "governed.model._base_manager.bulk_update(rows, ['name'])",
        "update_rows(governed.model, ['name'], rows)",
        "customer.invoice_account.save()",
    ],
)
def test_a_write_past_the_door_is_noticed(source):
    assert writes_governed(source)


def test_an_import_is_noticed_wherever_it_stands():
    assert set(imported("def f():\n    from customers.models import Customer")) == {"customers"}


def test_templates_write_no_thousands_separator_into_ids():
    bare = re.compile(r"(\{\{|with \w+=)(?! ?form\.)[^}|%]*\.(pk|id|revision) ?[%}]")
    for file in (ROOT / "templates").rglob("*.html"):
        assert not bare.search(file.read_text()), name_of(file)


@pytest.mark.parametrize("folder", ["approvals", "customers", "config"])
def test_files_stay_short(folder):
    long = {name_of(f): len(f.read_text().splitlines()) for f in modules(folder)}

    assert {file: lines for file, lines in long.items() if lines > LONGEST_FILE} == {}
