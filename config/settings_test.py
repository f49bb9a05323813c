"""Settings for the tests: fast hashes, mail in memory, files in a temporary folder."""

import tempfile
from pathlib import Path

from .settings import *  # noqa: F403
from .settings import DATABASES

# Removed when the process ends. Each worker of a parallel run has its own.
_folder = tempfile.TemporaryDirectory(prefix="customer-approvals-tests-")
UPLOAD_DIR = Path(_folder.name) / "uploads"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: live-server tests open several connections.
    DATABASES["default"]["TEST"] = {"NAME": Path(_folder.name) / "test.sqlite3"}

# Looks for a static file when it is asked for; else each test's client would list them all.
WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
