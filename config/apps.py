"""The admin site under the program's own name."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Uses `config.admin.Site` as the default admin site."""

    default_site = "config.admin.Site"

    def ready(self):
        """Find the admin pages, and note when people log in."""
        super().ready()
        from . import sessions  # noqa: F401  (connects its receiver)
