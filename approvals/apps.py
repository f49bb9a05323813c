"""The approval engine as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    """The engine: governs changes, routes approvals, applies them."""

    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self):
        """Keep the groups and the parameters row in place."""
        from .roles import make_roles

        post_migrate.connect(make_roles, sender=self)
