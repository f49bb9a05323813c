"""ASGI entry point; production settings unless the environment says otherwise."""

import os

from django.core.asgi import get_asgi_application

from config import charset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_production")
application = charset.over_asgi(get_asgi_application())

from approvals import guard  # noqa: E402  (needs the apps)

guard.require()
