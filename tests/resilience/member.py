"""A process that acts in a crowd: it posts forms as people do, or works on imports;
and on demand a process of its own that is killed meanwhile.

Run as a program it loads the program, and forks such processes as it is asked to, as web
servers do. Each reads one deed a line, says when it is ready, waits for the word and answers.
The environment names the database.
"""

import json
import os
import re
import signal
import socket
import sys
import time
import traceback
from datetime import timedelta

TAGS = re.compile(r"<(script|style|head)\b.*?</\1>|<[^>]*>", re.DOTALL)


def main(number):
    """Fork a process for each socket that comes through the one of this number."""
    load()
    # So that a process that has ended is gone, and waits for nobody to ask about it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=number) as asked:
        while sockets := socket.recv_fds(asked, 1, 1)[1]:
            child = os.fork()
            if child == 0:
                asked.close()
                live(socket.socket(fileno=sockets[0]))
                os._exit(0)
            os.close(sockets[0])
            asked.send(str(child).encode())


def load():
    """Load the program, and what its first request would."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.db import connections
    from django.test import Client
    from django.urls import reverse

    from tests.approvals import helpers  # noqa: F401 - loaded before anybody is in a hurry

    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    Client().get(reverse("login"))
    # A connection is nobody's but its own process's.
    connections.close_all()


def live(other_end):
    """Act until nobody asks for more."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    lines = other_end.makefile("rw", encoding="utf-8")

    def say(what):
        lines.write(json.dumps(what) + "\n")
        lines.flush()

    take_part(json.loads(lines.readline()))
    say("up")
    for line in iter(lines.readline, ""):
        say("ready")
        lines.readline()
        say(act(json.loads(line)))


def take_part(how):
    """Be as `how` says: `unlocked`, to see what happens without locks."""
    if how.get("unlocked"):
        _unlock()


def _unlock():
    """Take away what keeps people apart: row locks, and on SQLite the writer's lock at BEGIN."""
    from django.db import connection
    from django.db.models import QuerySet

    if connection.vendor == "sqlite":
        connection.settings_dict["OPTIONS"]["transaction_mode"] = "DEFERRED"
        return
    # So that those who block each other need not wait for a second, one after another.
    connection.settings_dict["OPTIONS"]["options"] = "-c deadlock_timeout=50ms"
    QuerySet.select_for_update = lambda self, **kwargs: self.all()


def act(deed):
    """Do it, and say what came of it, a list: status, text of the page, error, who did what."""
    from django.db import close_old_connections

    if deed["do"] == "several":
        return [answer for each in deed["deeds"] for answer in act(each)]
    if "killed_after" in deed:
        return [{"ended": _killed(deed)}]
    try:
        answer = {"post": post, "confirm": confirm, "work": work, "serve": serve}[deed["do"]](deed)
    except Exception:
        answer = {"status": 500, "text": "", "error": traceback.format_exc()}
        # As a server does between requests; a browser of the tests does not.
        close_old_connections()
    return [answer | {"who": deed.get("who"), "name": deed["name"]}]


def _killed(deed):
    """Have a process do it that is killed after so many seconds; whether it had ended by then."""
    from django.db import connections

    if "who" in deed:
        _client(deed["who"])
    connections.close_all()
    seconds = deed.pop("killed_after")
    child = os.fork()
    if child == 0:
        act(deed)
        os._exit(0)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            return True
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def serve(deed):
    """Be a worker that looks for imports that were cut off, with leases as short as a test.

    batch: rows in a batch.
    """
    from django.core.management import call_command

    from approvals.imports import leases, resources
    from approvals.management.commands import db_worker
    from customers.imports import jobs

    resources.BATCH, jobs.ATTEMPTS = deed["batch"], 10**6
    leases.LEASE = leases.NUDGED = timedelta(seconds=0.3)
    db_worker.EVERY = 0.1
    how = {"reload": False, "startup_delay": False, "interval": 0.05, "verbosity": 0}
    call_command("db_worker", **how)
    return {"status": 200, "text": "", "error": ""}


def post(deed):
    """Post a form as `who` does in his browser."""
    from django.contrib.messages import get_messages

    from tests.approvals.helpers import forget_messages

    client = _client(deed["who"])
    response = client.post(deed["url"], deed["data"])
    shown = [response.content.decode()]
    if response.status_code == 302:
        # What the page that he is led to would show; that page itself is not asked for.
        shown = [str(message) for message in get_messages(response.wsgi_request)]
        forget_messages(client)
    text = " ".join(TAGS.sub(" ", " ".join(shown)).split())
    return {"status": response.status_code, "text": text, "error": ""}


def confirm(deed):
    """Post a form as `who` does, and then the one that its preview shows, if it shows one."""
    from tests.everywhere.forms import Forms

    preview = _client(deed["who"]).post(deed["url"], deed["data"])
    form = Forms(deed["url"], preview.content.decode()).found.get(deed["url"])
    return post(deed | {"data": dict(form or deed["data"])})


def work(deed):
    """Work on an import. batch: rows in a batch."""
    from approvals.imports import resources
    from customers.imports import jobs

    resources.BATCH = deed.get("batch", resources.BATCH)
    job = jobs.work(deed["job"])
    return {"status": 302, "text": str(job and job.state), "error": ""}


_clients = {}


def _client(username):
    from django.contrib.auth.models import User
    from django.test import Client

    if username not in _clients:
        client = Client()
        client.force_login(
            User.objects.get(username=username), "django.contrib.auth.backends.ModelBackend"
        )
        _clients[username] = client
    return _clients[username]


if __name__ == "__main__":
    main(int(sys.argv[1]))
