"""The gate fails on a known vulnerability, and says where nothing could be checked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

SOUND = {"name": "django", "version": "5.2.19", "vulns": []}
HOLED = {
    "name": "django",
    "version": "4.2.0",
    "vulns": [{"id": "PYSEC-2023-61", "fix_versions": ["4.2.1"], "aliases": []}],
}
UNKNOWN = {"name": "asgiref", "skip_reason": "Dependency not found on PyPI"}
OURS = {"name": "customer-approvals", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def audit(tmp_path):
    """A function that has a report of pip-audit read: exit status and text."""

    def read(*packages, log=""):
        (tmp_path / "log").write_text(log)
        if packages:
            (tmp_path / "report").write_text(json.dumps({"dependencies": packages, "fixes": []}))
        script = Path(settings.BASE_DIR, ".ci/audit")
        done = subprocess.run(
            [sys.executable, script, tmp_path / "report", tmp_path / "log"],
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout

    return read


def test_packages_without_a_vulnerability_pass(audit):
    assert audit(SOUND, OURS) == (0, "0 known vulnerabilities in 1 of 1 packages.\n")


def test_a_vulnerability_fails_and_is_named(audit):
    status, text = audit(HOLED, UNKNOWN)

    assert status == 1
    assert "django 4.2.0: PYSEC-2023-61, fixed in 4.2.1" in text


def test_packages_that_the_index_does_not_know_are_named(audit):
    status, text = audit(UNKNOWN, OURS)

    assert status == 0
    assert "in 0 of 1 packages" in text
    assert "NOT CHECKED, the index has no answer: asgiref" in text


def test_an_index_that_cannot_be_reached_fails_nothing_and_is_said(audit):
    reason = "requests.exceptions.ConnectionError: Failed to resolve 'index.example'"
    assert audit(log=f"Traceback\n{reason}\n") == (0, f"NOT CHECKED: {reason}\n")


@pytest.mark.parametrize("log", ["", "ImportError: no module named pip\n"])
def test_an_audit_that_broke_fails(audit, log):
    assert audit(log=log)[0] == 1
