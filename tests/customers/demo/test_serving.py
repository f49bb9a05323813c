"""The demo as it serves pages, with a worker beside it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from io import StringIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from customers.management.commands.demo import port_number


def test_a_taken_port_is_said_before_anything_is_done(db):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port}"):
            call_command("demo", port=port, stdout=StringIO())

    assert not User.objects.exists()


@pytest.fixture
def served(tmp_path):
    """The address of a demo that serves, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    names = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)],
        cwd=settings.BASE_DIR,
        env={**environment, "DATA_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}", process
    process.kill()
    process.wait()


def fetch(url, seconds=60):
    """The text behind a URL, as soon as something answers."""
    for _ in range(seconds * 5):
        try:
            return urlopen(url).read().decode()
        except (ConnectionError, URLError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def test_the_demo_serves_pages_and_their_looks_until_interrupted(served):
    url, process = served

    page = fetch(f"{url}/")
    style = re.search(r'href="(/static/[^"]+\.css)"', page)[1]

    assert "Log in" in page
    assert fetch(url + style)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def workers(process):
    """The ids of the demo's workers."""
    tasks = Path(f"/proc/{process.pid}/task")
    ids = [pid for task in tasks.glob("*/children") for pid in task.read_text().split()]
    return {int(pid) for pid in ids if "customers.demo.worker" in command(pid)}


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def wait_for(found, seconds=60):
    """What a function finds, as soon as it finds anything."""
    for _ in range(seconds * 5):
        if result := found():
            return result
        time.sleep(0.2)
    raise AssertionError("It does not happen.")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_demo_keeps_a_worker_that_ends_with_it(served):
    _url, process = served

    [first] = wait_for(lambda: workers(process))
    os.kill(first, signal.SIGKILL)
    [second] = wait_for(lambda: workers(process) - {first})
    process.kill()
    process.wait()
    assert wait_for(lambda: not command(second))


@pytest.mark.parametrize("text", ["0", "65536", "99999", "-1", "8000.5", "", "９"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="1 to 65535"):
        port_number(text)


def test_the_first_and_the_last_port_are_taken():
    assert (port_number("1"), port_number("65535")) == (1, 65535)
