"""Settings: production refuses to start half configured, and the README names what it reads."""

import os
import re
import subprocess
import sys
from pathlib import Path
from secrets import token_urlsafe

import pytest
from django.conf import settings
from django.core.management.utils import get_random_secret_key

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


WEAK = {
    "SECRET_KEY": [
        "a" * 60,
        "abcde" * 20,
        "short-4%kq9",
        "django-insecure-x0$7q!k2v9w#3e8r5t1y6u4i0o-p_a=s(d)f&g*h^j",
        "only-for-a-workstation-never-for-production",
        "only-for-a-workstation-never-for-production-1234567",
        "x1y2z3w4-only-for-a-workstation-never-for-production",
        "abcdefghij" * 5,
        "abcdefghijklmnop" * 4,
        "x" + "4%kq9-Zr7!" * 5 + "yz",
        "0123456789a" + "0" * 50,
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA",
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "qwertyuiopasdfghjklzxcvbnmQWERTYUIOPASDFGHJKLZXCVBNM",
        "aabbccddeeffgghhiijjkkllmmnnooppqqrrssttuuvvwwxxyyzz",
        "abc1def2ghi3jkl4mno5pqr6stu7vwx8yz9ABC1DEF2GHI3JKL4",
    ],
    "ALLOWED_HOSTS": [
        "*",
        "customers.example,*",
        ".example",
        "customers.example, .example",
        ",",
        "customers.example,",
    ],
    "SITE_URL": [
        "http://customers.example",
        "customers.example",
        "https://",
        "https:///work-items",
        "https://:443",
        "https://[customers.example",
    ],
    "SESSION_IDLE_MINUTES": ["5000000", "721", "0", "-5", "1e3"],
    "PROXY_COUNT": ["abc", "-1"],
    "EMAIL_PORT": ["x", "65536"],
    "EMAIL_USE_TLS": ["true"],
    "TIME_ZONE": ["Mars/Base"],
    "COMPANY_CURRENCY": ["euro"],
    "COMPANY_COUNTRY": ["Netherlands"],
    "DATABASE_URL": ["mysql://localhost/customers"],
}


@pytest.mark.parametrize(
    "name, value", [(n, value) for n, values in WEAK.items() for value in values]
)
def test_production_does_not_start_with_what_is_not_safe(tmp_path, name, value):
    done = manage(tmp_path, "check", **{name: value})

    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name} " in done.stderr


@pytest.mark.parametrize("random", [get_random_secret_key, lambda: token_urlsafe(60)])
def test_production_starts_with_a_random_key(tmp_path, random):
    done = manage(tmp_path, "check", SECRET_KEY=random())

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["DEBUG", "PROXY_COUNT", "SESSION_IDLE_MINUTES", "TIME_ZONE"])
def test_a_workstation_does_not_start_with_what_makes_no_sense(tmp_path, name):
    module = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": None}
    done = manage(tmp_path, "check", **module, **{name: "none"})

    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name} must be " in done.stderr


def test_production_does_not_serve_what_is_uploaded(tmp_path):
    done = manage(tmp_path, "check", DATA_DIR=str(tmp_path / "s/data"), STATIC_ROOT=str(tmp_path))

    assert done.returncode != 0
    assert "ImproperlyConfigured: DATA_DIR " in done.stderr


SHOW_HEADERS = """
import django; django.setup()
from django.test import Client
response = Client(SERVER_NAME="customers.example").get("/accounts/login/", secure=True)
for name, value in response.items(): print(f"{name}: {value}")
for cookie in response.cookies.values(): print(cookie.output())
from django.conf import settings
print("Session cookie:", settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_DOMAIN)
"""


def test_production_sends_headers_and_cookies_that_protect(tmp_path):
    # Without the manifest of collectstatic, pages in production show nothing.
    assert manage(tmp_path, "collectstatic", STATIC_ROOT=str(tmp_path / "s")).returncode == 0
    sent = manage(tmp_path, "shell", "-c", SHOW_HEADERS, STATIC_ROOT=str(tmp_path / "s")).stdout

    for line in (
        "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload",
        "X-Content-Type-Options: nosniff",
        "X-Frame-Options: DENY",
        "Referrer-Policy: same-origin",
        "Cross-Origin-Opener-Policy: same-origin",
        "Cross-Origin-Resource-Policy: same-origin",
        "Session cookie: __Host-sessionid None",
    ):
        assert line in sent.splitlines(), sent
    [cookie] = [line for line in sent.splitlines() if line.startswith("Set-Cookie:")]
    assert "Set-Cookie: __Host-csrftoken=" in cookie
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
    assert not any(part.startswith("Domain") for part in attributes)


def test_production_logs_a_users_text_on_one_line(tmp_path):
    code = "import logging; logging.getLogger('approvals').warning('By %s', 'eve\\nroot')"
    done = manage(tmp_path, "shell", "-c", code)

    assert done.stderr.splitlines()[-1].endswith(r"WARNING approvals: By eve\nroot")


def test_the_readme_names_every_environment_variable_that_production_reads():
    files = ("config/settings.py", "config/settings_production.py")
    text = "".join(Path(settings.BASE_DIR, file).read_text() for file in files)
    read = set(re.findall(r'environ(?:ment)?\.\w+\(\s*"(\w+)"', text))
    readme = Path(settings.BASE_DIR, "README.md").read_text()

    assert {"SECRET_KEY", "SESSION_IDLE_MINUTES"} <= read
    assert read <= set(re.findall(r"`(\w+)(?:=1)?`", readme))
