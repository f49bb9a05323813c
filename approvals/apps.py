"""The approval engine as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    """The engine: governs changes, routes approvals, applies them."""

    name = "approvals"
    verbose_name = _("Accounts receivable")

    def ready(self):
        """Keep the groups, the parameters row and the database's own guard in place."""
        from . import guard, rights
        from .deciding import substituting
        from .links import IdConverter
        from .roles import make_roles
        from .seals.beginning import begin
        from .workflow import reporting_lines, workflows

        rights.watch()
        reporting_lines.watch()
        substituting.watch()
        workflows.watch()
        register_converter(IdConverter, "id")
        pre_migrate.connect(guard.remove_before_migrate, sender=self)
        post_migrate.connect(make_roles, sender=self)
        post_migrate.connect(begin, sender=self)
        post_migrate.connect(guard.install, sender=self)
