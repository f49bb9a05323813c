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
