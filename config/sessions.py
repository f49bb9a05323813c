"""Sessions: which keys they have, and how they end when nobody is there any more."""

import re
import time
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Written into the session at login; what comes later is kept in a cookie, so that looking
# at a page writes nothing to the database.
LOGGED_IN_AT = "logged_in_at"
# Seconds: so exact is the time of the last request kept.
EXACT = 60


class SessionStore(db.SessionStore):
    """Sessions in the database, which is asked for no key but such as it gives out itself.

    A cookie may hold anything, also what a database refuses even to compare.
    """

    def _validate_session_key(self, key):
        return bool(key and re.fullmatch("[a-z0-9]{32}", key))

    def save(self, must_create=False):
        """Save it. One that was ended meanwhile stays so, and the answer is given all the same."""
        with suppress(UpdateError):
            super().save(must_create)


@receiver(user_logged_in)
def note_login(request, **kwargs):
    """A new session begins now, and ends in time; each save would else put that off."""
    request.session[LOGGED_IN_AT] = int(time.time())
    request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))


@receiver(post_save)
def end_with_deactivation(instance, **kwargs):
    """Remove the sessions of whoever is saved as deactivated: activated again, he logs in again.

    No column says whose a session is. Where Django tells nobody, as of `QuerySet.update`, the
    next request ends it.
    """
    if not isinstance(instance, User) or instance.is_active:
        return
    rows = Session.objects.filter(expire_date__gt=timezone.now())
    store, person = SessionStore(), str(instance.pk)
    theirs = [
        key
        for key, data in rows.values_list("session_key", "session_data").iterator()
        if store.decode(data).get(SESSION_KEY) == person
    ]
    rows.filter(session_key__in=theirs).delete()


class IdleTimeoutMiddleware:
    """Ends the session of whoever has done nothing for `SESSION_IDLE_MINUTES`, and says so.

    The cookie is signed for its session. Without it the time of the login counts, so
    that nobody gains time by deleting it.
    """

    def __init__(self, get_response):
        """get_response: the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request):
        """Answer; first end a session that has been idle for too long."""
        if request.user.is_authenticated and _idle(request) > settings.SESSION_IDLE_MINUTES * 60:
            _end(request)
        elif _has_ended(request):
            request.session.flush()
            messages.info(request, _("Your session has ended. Please log in again."))
        response = self.get_response(request)
        if request.user.is_authenticated and _is_by_a_person(request) and _idle(request) >= EXACT:
            _stamp(request, response)
        return response


def _idle(request) -> int:
    """Seconds since the person's last request before this one."""
    session = request.session
    stamp = request.get_signed_cookie(
        settings.SESSION_IDLE_COOKIE_NAME, default="0", salt=str(session.session_key)
    )
    return int(time.time()) - max(int(stamp), session.get(LOGGED_IN_AT, 0))


def _stamp(request, response):
    response.set_signed_cookie(
        settings.SESSION_IDLE_COOKIE_NAME,
        int(time.time()),
        salt=str(request.session.session_key),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _is_by_a_person(request) -> bool:
    """Whether a person asked; a page that keeps itself up to date asks by script."""
    return request.headers.get("Sec-Fetch-Dest") != "empty"


def _has_ended(request) -> bool:
    """Whether the browser names a session in which nobody is logged in any more.

    One in which nobody ever was holds no more than messages.
    """
    named = settings.SESSION_COOKIE_NAME in request.COOKIES
    ended = not request.user.is_authenticated and (
        request.session.is_empty() or SESSION_KEY in request.session
    )
    return named and ended


def _end(request):
    request.session.flush()
    request.user = AnonymousUser()
    minutes = settings.SESSION_IDLE_MINUTES
    text = ngettext(
        "You were logged out, since nothing was done for %(minutes)d minute.",
        "You were logged out, since nothing was done for %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}
    if request.method == "POST":
        text = f"{text} {_('What you have just sent was not saved.')}"
    messages.warning(request, text)
