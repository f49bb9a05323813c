"""Looks whether the history is whole, and whether what is stored agrees with it."""

import sys
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from approvals.seals import approved, beside, checkpoints, reading, rights, switches, trails
from approvals.seals.verifying import Report, verify


class Command(BaseCommand):
    """Reads everything and writes nothing; others may go on meanwhile."""

    help = "Verify the history: entries, the chain of seals, trails of values, switches, rights."

    def add_arguments(self, parser):
        """--checkpoint."""
        parser.add_argument(
            "--checkpoint",
            action="append",
            default=[],
            metavar="FILE",
            help="with lines of history_checkpoint that the chain must pass through; - for "
            "standard input",
        )

    def handle(self, *, checkpoint, **options):
        """Tell each finding on a line; exit with 1 where there is one."""
        noted = [found for name in checkpoint for found in _read(name)]
        report = Report(self.stdout.write)
        with reading.snapshot():
            verify(report, noted)
            switches.follow(report)
            rights.follow(report)
            trails.follow(report)
            beside.follow(report)
            approved.follow(report)
        self.stdout.write(self._told(report, noted))
        if report.findings:
            sys.exit(1)

    def _told(self, report, noted):
        counts = {
            "entries": report.entries,
            "seals": report.seals,
            "checkpoints": len(noted),
            "records": report.records,
            "findings": report.findings,
        }
        return (
            _(
                "%(entries)s entries in %(seals)s seals, %(checkpoints)s checkpoints and "
                "%(records)s records verified: %(findings)s findings."
            )
            % counts
        )


def _read(name):
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
        return checkpoints.read(text.splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(str(error)) from error
    except ValueError as error:
        raise CommandError(_("This is no checkpoint: %s") % error) from error
