"""Whoever fails to log in too often waits, and is told for how long."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import F
from django.test import RequestFactory
from django.utils import timezone

from config.login import address_of

LOGIN, ADMIN = "/accounts/login/", "/admin/login/"
LOCKED = "Too many failed logins"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people(person):
    person("emma", "Clerk")
    person("oskar", "Administrator", is_staff=True)


@pytest.fixture
def log_in(client):
    """A function that sends the login form."""

    def send(username="emma", password="wrong", url=LOGIN, **headers):
        return client.post(url, {"username": username, "password": password}, **headers)

    return send


def fail(log_in, times=settings.AXES_FAILURE_LIMIT, **how):
    return [log_in(**how) for _ in range(times)][-1]


def pass_time(**time):
    """Let failed logins have happened so long ago."""
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(**time))


def test_after_too_many_failures_not_even_the_right_password_is_taken(log_in, client):
    assert fail(log_in).status_code == 429

    assert log_in(password="password").status_code == 429
    assert "_auth_user_id" not in client.session


def test_one_failure_less_still_lets_in_and_the_count_begins_anew(log_in, client):
    for _ in range(2):
        response = fail(log_in, settings.AXES_FAILURE_LIMIT - 1)
        assert response.status_code == 200
        assert b"Please enter a correct username and password" in response.content
        assert log_in(password="password").url == "/"


def test_the_page_says_how_long_to_wait(log_in):
    text = fail(log_in).content.decode()
    assert LOCKED in text
    assert "failed 5 times" in text
    until = timezone.localtime(AccessAttempt.objects.get().attempt_time + timedelta(minutes=15))
    assert "Wait 15 minutes, until" in text and f"{until:%M}" in text

    pass_time(minutes=14)
    assert "Wait 1 minute, until" in log_in(password="password").content.decode()


def test_trying_on_does_not_lengthen_the_wait(log_in):
    fail(log_in)
    pass_time(minutes=10)
    fail(log_in, 20)
    pass_time(minutes=5, seconds=1)

    assert log_in(password="password").url == "/"


def test_neither_another_name_nor_another_address_has_to_wait(log_in):
    fail(log_in)

    assert log_in("oskar", "password").url == "/"
    assert log_in(password="password", REMOTE_ADDR="192.0.2.7").url == "/"


def test_another_browser_or_a_blank_does_not_begin_anew(log_in):
    fail(log_in, 4)
    assert log_in("emma ", HTTP_USER_AGENT="another").status_code == 429


def test_the_door_of_django_admin_is_the_same(log_in):
    fail(log_in, username="oskar", url=ADMIN)

    assert LOCKED in log_in("oskar", "password", url=ADMIN).content.decode()
    assert LOCKED in log_in("oskar", "password", url=LOGIN).content.decode()


def test_names_that_nobody_has_are_locked_just_so(log_in):
    """Or the page would tell who exists."""
    assert LOCKED in fail(log_in, username="nobody").content.decode()


def test_long_and_strange_names_break_nothing(log_in):
    for name in (
        "x" * 1_000_000,
        "e\x00mma",
        "e\ud800mma".encode("utf-8", "surrogatepass"),
        "\u202e",
    ):
        for _ in range(6):
            assert log_in(name).status_code in (200, 429)


def test_a_password_is_kept_nowhere(log_in):
    fail(log_in, password="my-secret-phrase")

    assert AccessAttempt.objects.exists()
    for row in AccessAttempt.objects.values():
        assert "my-secret-phrase" not in str(row)


@pytest.mark.parametrize(
    "proxies, forwarded, address",
    [
        (0, "192.0.2.1", "127.0.0.1"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.9, 192.0.2.1", "192.0.2.1"),
        (2, "203.0.113.9, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "nonsense", "127.0.0.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_address_is_what_the_outermost_proxy_of_ours_saw(settings, proxies, forwarded, address):
    settings.PROXY_COUNT = proxies
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded)

    assert address_of(request) == address


def test_a_server_without_addresses_still_counts(log_in):
    assert fail(log_in, REMOTE_ADDR="").status_code == 429
