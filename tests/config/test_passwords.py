"""A new password: the link to choose one, and who changes his own."""

import re
import time

import pytest
from django.core.cache import cache

from config.login import LINK_PAUSE

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
