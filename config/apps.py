"""The admin site under the program's own name."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Uses `config.admin.Site` as the default admin site."""

    default_site = "config.admin.Site"
