"""Commands that change what is governed don't start where the database does not guard it."""

from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError

from .. import guard


class Guarded:
    """Put before Django's command among the bases of one.

    refused_with: its exit status where it does not start.
    """

    refused_with = 1
    requires_migrations_checks = True

    def check_migrations(self):
        """Raises CommandError where the guard does not stand; Django asks before it begins."""
        try:
            guard.require()
        except ImproperlyConfigured as missing:
            raise CommandError(str(missing), returncode=self.refused_with) from None
