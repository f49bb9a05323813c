"""Processes that work in the database of a test, and what memory they take.

Run as a program it is such a process: it runs a command of manage.py, and prints the most
memory that it held, in MB. The environment names the database.
"""

import os
import subprocess
import sys
from pathlib import Path


def environment() -> dict[str, str]:
    """The environment of a process that is to work in this test's database."""
    from django.conf import settings
    from django.db import connection

    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        place = f"{database['HOST']}:{database['PORT']}/{database['NAME']}"
        url = f"postgres://{database['USER']}@{place}"
    folder = str(Path(settings.UPLOAD_DIR).parent)
    return {**os.environ, "DATABASE_URL": url, "DATA_DIR": folder}


def peak_of(*command) -> float:
    """The most memory, in MB, that a command of manage.py holds in a process of its own."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", __name__, *map(str, command)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=True,
    )
    return float(done.stdout.splitlines()[-1])


def peak_memory() -> float:
    """The most memory that this process has held, in MB.

    Not getrusage: what it tells of a child starts with what its parent held, and a test
    runner may hold much.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main(command):
    """Run the command, whatever its exit status."""
    from contextlib import redirect_stdout, suppress

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django
    from django.core.management import call_command

    django.setup()
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), suppress(SystemExit):
        call_command(*command, stdout=nowhere)
    print(peak_memory())  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
