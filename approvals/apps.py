"""The approval engine as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    """The engine: governs changes, routes approvals, applies them."""

    name = "approvals"
    verbose_name = _("Approvals")
