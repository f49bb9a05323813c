"""Prints a checkpoint of the history."""

from django.core.management import BaseCommand, CommandError
from django.utils.translation import gettext as _

from approvals.seals import checkpoints, reading


class Command(BaseCommand):
    """One line, to be kept apart from the database."""

    help = "Print the newest seal of the history, to be kept where nobody can change it."

    def handle(self, **options):
        """Print it. Raises CommandError where nothing is sealed yet, or it is not the newest."""
        try:
            with reading.snapshot():
                line = checkpoints.newest()
        except ValueError as error:
            raise CommandError(str(error)) from error
        if not line:
            raise CommandError(_("The history is empty."))
        self.stdout.write(line)
