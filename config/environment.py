"""What the environment says, refused at the start where it makes no sense.

Each refusal is an ImproperlyConfigured that names the variable and what it should be. A
variable that is empty counts as missing.
"""

import os
import re
from zoneinfo import ZoneInfo

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

DATABASES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")


def refuse(name, why):
    """Raise ImproperlyConfigured: the value of `name` cannot stay."""
    # The value may be a secret, and so may what tells why it could not be read.
    raise ImproperlyConfigured(f"{name} {why}") from None


def required(name):
    """Return the environment variable `name`; raise ImproperlyConfigured where it is missing."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def number(name, default, least, most):
    """A whole number, from `least` to `most`."""
    text = os.environ.get(name) or str(default)
    if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
        refuse(name, f"must be a whole number from {least} to {most}.")
    return int(text)


def switch(name, default):
    """Whether something is on: 1, or off: 0."""
    text = os.environ.get(name) or str(int(default))
    if text not in ("0", "1"):
        refuse(name, "must be 1, which is on, or 0, which is off.")
    return text == "1"


def code(name, default):
    """A code of capital letters, as many as the default has."""
    text = os.environ.get(name) or default
    if not re.fullmatch(f"[A-Z]{{{len(default)}}}", text):
        refuse(name, f"must be a code of {len(default)} capital letters, such as {default}.")
    return text


def time_zone(name, default):
    """A time zone by its name."""
    text = os.environ.get(name) or default
    try:
        ZoneInfo(text)
    except (LookupError, ValueError, OSError):
        refuse(name, "must be the name of a time zone, such as Europe/Amsterdam.")
    return text


def database(name, default):
    """A database by its address, as Django's settings have it."""
    try:
        found = dj_database_url.parse(os.environ.get(name) or default, conn_health_checks=True)
    except ValueError:
        found = {"ENGINE": ""}
    if found["ENGINE"] not in DATABASES:
        refuse(name, "must be such as postgres://user:password@host:5432/name, or of SQLite.")
    return found
