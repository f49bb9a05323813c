"""What is due from time to time: imports to go on with, hand over, remind, escalate, e-mails."""

import logging
import threading
from argparse import ArgumentTypeError
from collections import Counter

from django.core.management import BaseCommand, CommandError, call_command
from django.db import close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...deciding import deadlines
from ...deciding.handover import hand_over_orphans
from ...imports import tasks, uploads
from ...notifying import outbox
from ...outcomes import CODE
from ...stopping import stopped_by_signals
from ..guarded import Guarded

logger = logging.getLogger(__name__)

# A program that is told to stop is not kept waiting by more e-mails than this.
FEW_MAILS = 20

ALWAYS_SAID = {
    "handed_over": gettext_lazy("handed over"),
    "reminded": gettext_lazy("reminded"),
    "escalated": gettext_lazy("escalated"),
    "rejected": gettext_lazy("rejected"),
    "change_requested": gettext_lazy("change requested"),
    "sent": gettext_lazy("e-mails sent"),
}
SAID_IF_ANY = {
    "stayed": gettext_lazy("overdue with nobody else to decide"),
    "failed": gettext_lazy("failed, see the log"),
    "put_back": gettext_lazy("e-mails to try again"),
    "given_up": gettext_lazy("e-mails given up"),
    "no_address": gettext_lazy("e-mails without an address"),
    "withheld": gettext_lazy("e-mails withheld, no right to see it"),
    "unreachable": gettext_lazy("mail server unreachable"),
    "imports": gettext_lazy("imports sent on their way"),
    "files": gettext_lazy("old import files deleted"),
}


class Command(Guarded, BaseCommand):
    """Does what is due, once or again and again; two at a time do nothing twice."""

    help = (
        "Go on with imports that were cut off, hand over work items that nobody can decide, "
        "remind, escalate, and send e-mails."
    )

    def add_arguments(self, parser):
        """--every."""
        parser.add_argument(
            "--every",
            type=seconds,
            metavar="SECONDS",
            help="Repeat so long after each end, until stopped. Default: once.",
        )

    def handle(self, *, every, verbosity, **options):
        """Run once or repeat. Raises CommandError where something failed in a single run."""
        stopping = threading.Event()
        with stopped_by_signals(stopping):
            counts = self._round(stopping, verbosity)
            while every and not stopping.wait(every):
                close_old_connections()
                self._round(stopping, verbosity)
        if counts["failed"] and not every:
            raise CommandError(_("Something failed; the log says what."))

    def _round(self, stopping, verbosity):
        counts = Counter()
        for part in (_imports, _hand_over, _time_limits, _mail):
            if stopping.is_set():
                break
            try:
                counts += part(stopping)
            except Exception:
                logger.exception("A part of process_workflows failed; the others go on.")
                counts["failed"] += 1
        if verbosity:
            self.stdout.write(f"{timezone.localtime():%Y-%m-%d %H:%M:%S} {_line(counts)}")
            self.stdout.flush()
        return counts


def seconds(text):
    """Read a number of seconds; raises ArgumentTypeError where it is none."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 86400):
        raise ArgumentTypeError(_("“%s” is not a number of seconds from 1 to 86400.") % text)
    return int(text)


def _imports(stopping):
    sent = tasks.send_waiting()
    call_command("prune_db_task_results", verbosity=0)
    return Counter(imports=sent, files=uploads.delete_old())


def _hand_over(stopping):
    return Counter(handed_over=hand_over_orphans(by=None, source=CODE))


def _time_limits(stopping):
    return deadlines.process(stopped=stopping.is_set)


def _mail(stopping):
    counts = Counter()
    while not stopping.is_set():
        some = outbox.deliver(limit=FEW_MAILS)
        counts += some
        if not some or some["unreachable"]:
            break
    return counts


def _line(counts):
    said = [(counts[key], words) for key, words in ALWAYS_SAID.items()]
    said += [(counts[key], words) for key, words in SAID_IF_ANY.items() if counts[key]]
    return ", ".join(f"{words}: {count}" for count, words in said)
