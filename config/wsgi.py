"""WSGI entry point; production settings unless the environment says otherwise."""

import os

from django.core.wsgi import get_wsgi_application

from config import charset

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_production")
application = charset.over_wsgi(get_wsgi_application())

from approvals import guard  # noqa: E402  (needs the apps)

guard.require()
