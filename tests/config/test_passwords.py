"""A new password: the link to choose one, and who changes his own."""

import re
import time

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from config.login import LINK_PAUSE

CHANGE, OLD, NEW = "/accounts/password_change/", "password", "three-green-bottles"
RESET = "/accounts/password_reset/"
SITE = "https://customers.example:8443"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings):
    """Where links lead; nobody was sent one yet."""
    settings.SITE_URL = f"{SITE}/"
    cache.clear()


@pytest.fixture
def emma(person):
    return person("emma", "Clerk")


@pytest.mark.parametrize(
    "request_to",
    [
        {},
        {"HTTP_HOST": "localhost:6666"},
        {"HTTP_HOST": "127.0.0.1"},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"SERVER_PORT": "6666"},
        {"HTTP_ORIGIN": "https://evil.example", "HTTP_REFERER": "https://evil.example/"},
    ],
)
def test_the_link_leads_to_our_site_whatever_the_request_says(client, emma, mailoutbox, request_to):
    assert client.post(RESET, {"email": emma.email}, **request_to).url == f"{RESET}done/"

    [mail] = mailoutbox
    [link] = re.findall(r"https?://\S+", mail.body)
    assert link.startswith(f"{SITE}/accounts/reset/")
    for name in ("localhost", "127.0.0.1", "evil", "6666", "testserver"):
        assert name not in mail.subject + mail.body
    assert client.get(link.removeprefix(SITE), follow=True).context["validlink"]


def test_another_host_is_refused(client, emma, mailoutbox):
    assert client.post(RESET, {"email": emma.email}, HTTP_HOST="evil.example").status_code == 400
    assert not mailoutbox


def test_nobody_is_flooded_with_links(client, emma, person, mailoutbox):
    answers = {client.post(RESET, {"email": text}).url for text in (emma.email, "EMMA@example.com")}
    assert answers == {client.post(RESET, {"email": "nobody@example.com"}).url}
    assert [mail.to for mail in mailoutbox] == [[emma.email]]

    client.post(RESET, {"email": person("zoe").email})
    assert len(mailoutbox) == 2


def test_after_a_while_another_link_is_sent(client, emma, mailoutbox, monkeypatch):
    client.post(RESET, {"email": emma.email})
    now = time.time
    monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda: now() + LINK_PAUSE)
    client.post(RESET, {"email": emma.email})

    assert len(mailoutbox) == 2


@pytest.fixture
def change(client, emma):
    """A function that sends the form for a new password as emma, who is logged in."""
    client.force_login(emma)

    def send(old, **headers):
        form = {"old_password": old, "new_password1": NEW, "new_password2": NEW}
        return client.post(CHANGE, form, **headers)

    return send


def test_who_guesses_the_old_password_too_often_waits_also_with_the_right_one(change, emma, client):
    guesses = [change(f"guess-{number}") for number in range(settings.AXES_FAILURE_LIMIT)]
    assert [guess.status_code for guess in guesses] == [200] * 4 + [429]
    assert "entered incorrectly" in guesses[0].content.decode()
    locked = change(OLD)
    assert (locked.status_code, b"failed 5 times" in locked.content) == (429, True)

    emma.refresh_from_db()
    assert emma.check_password(OLD)
    # Which is the same count as that of logins, of one name from one address.
    login = {"username": "emma", "password": OLD}
    assert Client().post("/accounts/login/", login).status_code == 429
    assert change(OLD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_failed_logins_count_for_the_old_password_too(change):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        Client().post("/accounts/login/", {"username": "emma", "password": "guess"})

    assert change(OLD).status_code == 429


def test_a_guess_or_two_do_no_harm(change, emma, client):
    for guess in ("", "guess", "guess"):
        assert change(guess).status_code == 200
    assert change(OLD).url == f"{CHANGE}done/"

    emma.refresh_from_db()
    assert emma.check_password(NEW)
    assert client.get("/").status_code == 200


def test_nobody_elses_password_serves(change, person):
    zoe = person("zoe")
    zoe.set_password("another-password")
    zoe.save()

    assert change("another-password").status_code == 200


def test_django_admin_has_no_other_door(client, person):
    client.force_login(person("oskar", "Administrator", is_staff=True))
    form = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}
    for response in (
        client.get("/admin/password_change/"),
        client.post("/admin/password_change/", form),
    ):
        assert (response.status_code, response.url) == (302, CHANGE)
    assert User.objects.get(username="oskar").check_password(OLD)
