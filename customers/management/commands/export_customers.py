"""Writes all customers to a file that imports back without a change."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from approvals.imports.files import FileRefused
from customers import exports


class Command(BaseCommand):
    """Streams the customers to a file or to standard output."""

    help = "Export all customers as CSV or XLSX. The file imports back without a change."

    def add_arguments(self, parser):
        """Where to, and in which format."""
        parser.add_argument("file", nargs="?", default="-", help="- for standard output")
        parser.add_argument(
            "--format",
            choices=(exports.CSV, exports.XLSX),
            help="by the name of the file, or csv, where it is not given",
        )

    def handle(self, *, file, format, **options):
        """Write the file."""
        format = format or (exports.XLSX if file.lower().endswith(".xlsx") else exports.CSV)
        try:
            self._write(file, exports.export(None, format))
        except (FileRefused, OSError) as error:
            raise CommandError(str(error)) from None

    def _write(self, file, pieces):
        if file == "-":
            sys.stdout.buffer.writelines(pieces)
            sys.stdout.buffer.flush()
            return
        with Path(file).open("wb") as target:
            target.writelines(pieces)
