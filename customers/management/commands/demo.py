"""The demo: a company to try the program with."""

import os
import signal
import socket
import threading
from argparse import ArgumentTypeError

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.core.management import BaseCommand, CommandError, call_command
from django.utils.translation import gettext as _

from approvals.outcomes import Refused
from customers.demo import setup, telling, worker
from customers.demo.walk import walk

# In the terminal e-mails are worth reading, not each request. Read when the server starts.
QUIET = {"django": {"level": "ERROR"}, "django.server": {"level": "ERROR", "propagate": True}}


class Command(BaseCommand):
    """Makes the company where it is not there yet, tells of it, and serves or walks."""

    help = "Fill an empty database with a company to try the program with, and serve it."

    def add_arguments(self, parser):
        """--no-serve and --port."""
        parser.add_argument(
            "--no-serve",
            action="store_true",
            help="Instead of serving, walk one change from edit to applied.",
        )
        parser.add_argument("--port", type=port_number, default=8000, help="Default: 8000.")

    def handle(self, *, no_serve, port, **options):
        """Run the demo. Raises CommandError where it would touch anything that is not its own."""
        refuse_other_databases()
        if not no_serve:
            refuse_taken_port(port)
        self._prepare()
        telling.introduce(self.stdout.write)
        if no_serve:
            self._walk()
        else:
            self._serve(port)

    def _prepare(self):
        call_command("migrate", verbosity=0, interactive=False)
        if setup.is_ours():
            self.stdout.write(_("The demo's company is there already; it stays as you left it."))
        else:
            self.stdout.write(_("Setting up the demo's company …"))
            self.stdout.flush()
            setup.found_company()

    def _walk(self):
        self.stdout.write(_("One change, from edit to applied:"))
        try:
            walk(self.stdout.write)
        except (Refused, PermissionDenied, ObjectDoesNotExist, ValueError) as reason:
            raise CommandError(
                _("The walk stopped, since this database has been changed: %s") % reason
            ) from reason

    def _serve(self, port):
        settings.SITE_URL = f"http://127.0.0.1:{port}"
        telling.invite(self.stdout.write, settings.SITE_URL)
        self.stdout.flush()
        settings.LOGGING = settings.LOGGING | {"loggers": QUIET}
        os.environ["DJANGO_RUNSERVER_HIDE_WARNING"] = "true"
        # Also where a shell started this in the background and had Ctrl-C ignored.
        signal.signal(signal.SIGINT, stop)
        # Imports cut off, reminders, e-mails; a daemon: it ends with the server however that ends.
        every = {"every": 30, "verbosity": 0}
        beside = threading.Thread(
            target=call_command, args=("process_workflows",), kwargs=every, daemon=True
        )
        beside.start()
        worker.keep_running()
        call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)


def port_number(text):
    """Read a port; raises ArgumentTypeError where there is no such port."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise ArgumentTypeError(_("“%s” is not a port: choose one from 1 to 65535.") % text)
    return int(text)


def stop(*_signal):
    """End the server at the first Ctrl-C; a second one would only interrupt its ending."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def refuse_other_databases():
    """Raise CommandError in production, and on a database that holds other data."""
    if settings.PRODUCTION:
        raise CommandError(_("The demo does not run with production settings."))
    if setup.holds_other_data():
        raise CommandError(
            _(
                "The database %s holds data that the demo did not make. Nothing was changed. "
                "Set DATA_DIR to an empty folder, or DATABASE_URL to an empty database."
            )
            % settings.DATABASES["default"]["NAME"]
        )


def refuse_taken_port(port):
    """Raise CommandError where something listens on the port already."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise CommandError(
                _("Port %s is in use. Choose another: manage.py demo --port 8001") % port
            )
