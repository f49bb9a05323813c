"""Settings for production: every secret from the environment, everything over HTTPS."""

import os
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from . import environment
from .settings import *  # noqa: F403
from .settings import BASE_DIR, UPLOAD_DIR
from .settings import SECRET_KEY as WORKSTATION_KEY

# Its rows, from the left and from the right.
KEYBOARD = "qwertyuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz"


def has_repeated_piece(text, length=8):
    """Whether a piece of the text comes twice, as in no random one of a hundred characters."""
    pieces = [text[at : at + length] for at in range(len(text) - length + 1)]
    return len(set(pieces)) < len(pieces)


def follow_one_another(text):
    """Whether half of the neighbours in the text, or more, are so on a keyboard or in the alphabet.

    Of random texts of fifty letters and digits not one in 10¹¹ is such, of hexadecimal ones one
    in five million.
    """
    near = [
        abs(ord(one) - ord(other)) <= 1 or (one + other).lower() in KEYBOARD
        for one, other in pairwise(text)
    ]
    return 2 * sum(near) >= len(near)


def host_of(url):
    """The host that an address names, or nothing."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


PRODUCTION = True
DEBUG = False
SECRET_KEY = environment.required("SECRET_KEY")
if (
    len(SECRET_KEY) < 50
    or len(set(SECRET_KEY)) < 12
    or has_repeated_piece(SECRET_KEY)
    or follow_one_another(SECRET_KEY)
    or any(known in SECRET_KEY for known in ("insecure", WORKSTATION_KEY))
):
    environment.refuse("SECRET_KEY", "is too weak: use 50 random characters or more.")
ALLOWED_HOSTS = [host.strip() for host in environment.required("ALLOWED_HOSTS").split(",")]
if any(not host or "*" in host or host.startswith(".") for host in ALLOWED_HOSTS):
    environment.refuse(
        "ALLOWED_HOSTS", "must name each host: none empty, no *, and no dot in front."
    )
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
environment.required("DATABASE_URL")
SITE_URL = environment.required("SITE_URL")
if not SITE_URL.startswith("https://") or not host_of(SITE_URL):
    environment.refuse("SITE_URL", "must begin with https:// and name a host.")

SECURE_SSL_REDIRECT = True
# The proxy that ends HTTPS sets this header and X-Forwarded-For, whatever it was sent.
PROXY_COUNT = environment.number("PROXY_COUNT", 1, least=0, most=99)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# No other host of the domain can set a cookie of such a name, nor can anyone without HTTPS.
SESSION_COOKIE_NAME = "__Host-sessionid"
SESSION_IDLE_COOKIE_NAME = "__Host-lastseen"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True

STATIC_ROOT = os.environ.get("STATIC_ROOT", BASE_DIR / "staticfiles")
if UPLOAD_DIR.resolve().is_relative_to(Path(STATIC_ROOT).resolve()):
    environment.refuse(
        "DATA_DIR", "must not lie in STATIC_ROOT: anyone could read what was uploaded."
    )
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = environment.number("EMAIL_PORT", 25, least=1, most=65535)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = environment.switch("EMAIL_USE_TLS", default=True)
