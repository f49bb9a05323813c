"""The admin site: titles only; each app registers its own pages."""

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class Site(AdminSite):
    """Django admin, headed as the reference's setup area."""

    site_header = _("Accounts receivable setup")
    site_title = _("Accounts receivable setup")
    index_title = _("Setup and inquiry")
