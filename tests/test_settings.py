"""Settings: production refuses to start half configured, and the README names what it reads."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings_production",
    "SECRET_KEY": "n0t-a-secret-but-long-enough-for-Django-to-be-content-with-it",
    "ALLOWED_HOSTS": "customers.example",
    "DATABASE_URL": "postgres://localhost/customers",
    "SITE_URL": "https://customers.example",
}


def manage(tmp_path, *arguments, **environment):
    """Run manage.py in a process of its own; None takes a variable away."""
    values = {**os.environ, "DATA_DIR": str(tmp_path), **PRODUCTION, **environment}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in values.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_production_settings_pass_the_deployment_checks(tmp_path):
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "SITE_URL"])
def test_production_does_not_start_without(tmp_path, name):
    done = manage(tmp_path, "check", **{name: None})

    assert done.returncode != 0
    assert f"Set the environment variable {name}." in done.stderr


def test_production_does_not_start_with_a_weak_secret(tmp_path):
    done = manage(tmp_path, "check", SECRET_KEY="a" * 60)

    assert done.returncode != 0
    assert "SECRET_KEY is too weak" in done.stderr


def test_the_readme_names_every_environment_variable_that_production_reads():
    files = ("config/settings.py", "config/settings_production.py")
    text = "".join(Path(settings.BASE_DIR, file).read_text() for file in files)
    read = set(re.findall(r'(?:environ\.get|required)\("(\w+)"', text))
    readme = Path(settings.BASE_DIR, "README.md").read_text()

    assert read <= set(re.findall(r"`(\w+)(?:=1)?`", readme))
