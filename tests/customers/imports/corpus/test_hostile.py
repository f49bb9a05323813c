"""No file takes more than 200 MB of memory, or stands still for long; see hostile.py."""

import json
import os
import subprocess
import sys

import pytest

from . import hostile

SAID = {
    "100 MB of nothing": "longer than 1,000,000",
    "rows of one character": "more than 1,100,000 rows",
    "blank rows": "more than 1,100,000 rows",
    "rows of 465 empty cells": "more than 100,000,000 cells",
    "one row of commas": "longer than 1,000,000",
    "a bad byte at the end": "does not exist in utf-8",
    "a zip bomb": "too large",
    "more texts than memory": "too large",
    "elements within elements": "more than 500 columns",
}
MEMORY = 200


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_costs_little(name):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings_test"}
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", hostile.__name__, name],
        stdout=subprocess.PIPE,
        check=True,
        env=environment,
        timeout=120,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert SAID.get(name, "") in found["said"]
    assert bool(found["said"]) == (name in SAID)
    assert found["memory"] < MEMORY, found
