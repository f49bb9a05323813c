"""Draws the state machines of the code into the engine's README."""

from pathlib import Path

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from ... import drawing


class Command(BaseCommand):
    """Rewrites what stands between the markers; with --check it only compares."""

    help = "Draw the state machines of the code into approvals/README.md."
    requires_system_checks = []

    def add_arguments(self, parser):
        """Whether to write."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where the README differs"
        )

    def handle(self, *, check, **options):
        """Draw, in English whatever the setting, and write or compare."""
        readme = Path(apps.get_app_config("approvals").path, "README.md")
        text = readme.read_text(encoding="utf-8")
        with translation.override("en"):
            drawn = drawing.redrawn(text)
        if check and drawn != text:
            raise CommandError("The states in approvals/README.md are not those of the code.")
        if not check:
            readme.write_text(drawn, encoding="utf-8")
