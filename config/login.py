"""Logging in and out: who has failed too often, and from where."""

import ipaddress
from datetime import timedelta
from math import ceil
from urllib.parse import urlsplit

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, forms
from django.contrib.auth.views import LogoutView, PasswordChangeView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

LONGEST_NAME = 150
# Seconds in which nobody is sent a second link for a new password.
LINK_PAUSE = 5 * 60


def name_of(request, credentials=None) -> str:
    """The user name that somebody typed, as failed logins are counted by it."""
    return ((credentials or request.POST).get("username") or "")[:LONGEST_NAME]


def address_of(request) -> str | None:
    """Where a request comes from, as failed logins are counted by it.

    The proxies in front of us have each put the address that they saw behind what they were
    given: what stands before that is whatever the browser likes. Of an IPv6 address
    only the network counts, since whoever has one has all of it.
    """
    seen = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    place = settings.PROXY_COUNT
    text = seen[-place].strip() if 0 < place <= len(seen) else ""
    return _address(text) or _address(request.META.get("REMOTE_ADDR", ""))


def _address(text):
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    elif address.version == 6:
        address = ipaddress.ip_network((int(address), 64), strict=False).network_address
    return str(address)


def locked_out(request, response, credentials):
    """The page that says how long to wait."""
    failed = AccessAttempt.objects.filter(
        username=name_of(request, credentials), ip_address=address_of(request)
    )
    last = failed.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    until = last + settings.AXES_COOLOFF_TIME
    left = max(until - timezone.now(), timedelta(0))
    context = {
        "failures": settings.AXES_FAILURE_LIMIT,
        "minutes": ceil(left / timedelta(minutes=1)),
        "until": until,
    }
    return render(request, "registration/locked.html", context, status=429)


class PasswordResetForm(forms.PasswordResetForm):
    """Sends the link for a new password: to our own address, and not too often."""

    def get_users(self, email):
        """Those with this address who were not sent a link a moment ago; each process counts."""
        found = super().get_users(email)
        return [each for each in found if cache.add(f"{__name__}.link.{each.pk}", 1, LINK_PAUSE)]

    def send_mail(self, subject, body, context, *arguments, **options):
        """Send it; the address that the request names may be anybody's."""
        site = urlsplit(settings.SITE_URL)
        ours = {"protocol": site.scheme, "domain": site.netloc, "site_name": site.netloc}
        super().send_mail(subject, body, {**context, **ours}, *arguments, **options)


class PasswordChangeForm(forms.PasswordChangeForm):
    """Takes the old password as the login does: wrong ones count as failed logins."""

    def __init__(self, *arguments, request, **options):
        """request: by which the login knows where the person is."""
        super().__init__(*arguments, **options)
        self.request = request

    def clean_old_password(self):
        """The old password; no right one either for who has failed too often."""
        old, name = self.cleaned_data["old_password"], self.user.get_username()
        if authenticate(self.request, username=name, password=old) is None:
            message = self.error_messages["password_incorrect"]
            raise ValidationError(message, code="password_incorrect")
        return old


class PasswordChange(PasswordChangeView):
    """Where each person changes his own password."""

    form_class = PasswordChangeForm

    def get_form_kwargs(self):
        """What the form is made with."""
        return {**super().get_form_kwargs(), "request": self.request}


class Logout(LogoutView):
    """Ends the session, and says so on the login page."""

    def post(self, request, *args, **kwargs):
        """Log out."""
        response = super().post(request, *args, **kwargs)
        messages.success(request, _("You are logged out."))
        return response
