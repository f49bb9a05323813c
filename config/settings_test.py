"""Settings for the tests: fast hashes, mail in memory, uploads in a temporary folder."""

import tempfile
from pathlib import Path

from .settings import *  # noqa: F403
from .settings import BASE_DIR, DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
UPLOAD_DIR = Path(tempfile.mkdtemp(prefix="uploads-"))
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: live-server tests open several connections.
    DATABASES["default"]["TEST"] = {"NAME": BASE_DIR / "test-db.sqlite3"}
