"""What every answer says to the browser about itself."""

import pytest

SELF_ONLY = {"script-src", "style-src", "img-src", "connect-src", "form-action"}
NOTHING = {"default-src", "base-uri", "frame-ancestors"}

pytestmark = pytest.mark.django_db


def policy(response):
    """The content policy: directive -> what it allows."""
    parts = response["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize(
    "url", ["/", "/accounts/login/", "/admin/login/", "/nowhere", "/static/js/app.js"]
)
def test_every_answer_has_the_strict_policy(client, url):
    assert policy(client.get(url)) == {
        **dict.fromkeys(SELF_ONLY, "'self'"),
        **dict.fromkeys(NOTHING, "'none'"),
    }


@pytest.mark.parametrize(
    "name, value",
    [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ],
)
@pytest.mark.parametrize("url", ["/accounts/login/", "/static/js/app.js"])
def test_every_answer_is_closed_to_other_sites(client, url, name, value):
    assert client.get(url)[name] == value


def test_an_error_of_the_program_has_the_policy_too(client, person, monkeypatch):
    client.raise_request_exception = False
    client.force_login(person("zoe"))
    monkeypatch.setattr("config.views.may_decide", lambda person: 1 / 0)

    response = client.get("/")
    assert response.status_code == 500
    assert policy(response)["script-src"] == "'self'"


PAGES = ("/", "/customers/", "/customers/export/", "/notifications/", "/admin/", "/nowhere")


@pytest.mark.parametrize("url", [*PAGES, "/admin/jsi18n/", "/admin/customers/customer/"])
def test_nothing_with_data_is_kept_anywhere(client, person, url):
    client.force_login(person("root", is_superuser=True, is_staff=True))
    for send in (client.get, client.post):
        assert "no-store" in send(url)["Cache-Control"], send


def test_what_is_shown_without_a_login_is_kept_nowhere_either(client):
    for url in ("/", "/accounts/login/", "/accounts/password_reset/"):
        assert "no-store" in client.get(url)["Cache-Control"]


def test_static_files_may_be_kept(client):
    assert "no-store" not in client.get("/static/js/app.js")["Cache-Control"]
