"""A request is read as UTF-8, whatever it says of itself."""

import asyncio
import io

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from config import charset

KIND = "multipart/form-data; boundary=B; {}"
BODY = b'--B\r\nContent-Disposition: form-data; name="email"\r\n\r\nzo\xc3\xab\r\n--B--\r\n'
SAID = [
    "charset=hex",
    "CHARSET=rot13",
    "charset = undefined",
    "charset=punycode; a=b",
    "charset*=us-ascii''hex",
    'charset="utf-16"',
    "charset=utf-8",
]
PATH, QUERY = "/accounts/password_reset/", "next=/x"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.setattr("django.middleware.csrf.CsrfViewMiddleware._reject", lambda *a: None)


def over_wsgi(kind):
    """The status and the page that a form gets."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "QUERY_STRING": QUERY,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(BODY)),
        "wsgi.input": io.BytesIO(BODY),
        "wsgi.url_scheme": "http",
    }
    told = []
    page = charset.over_wsgi(WSGIHandler())(environ, lambda status, headers: told.append(status))
    return int(told[0][:3]), b"".join(page).decode()


@pytest.mark.parametrize("said", SAID)
def test_over_wsgi(said):
    status, page = over_wsgi(KIND.format(said))
    assert (status, 'value="zoë"' in page) == (200, True)


@pytest.mark.parametrize("said", SAID)
def test_over_asgi(said):
    asked = []

    async def answer(scope, receive, send):
        asked.extend(ASGIHandler.request_class(scope, io.BytesIO(BODY)).POST.items())

    length = str(len(BODY)).encode()
    headers = [(b"content-type", KIND.format(said).encode()), (b"content-length", length)]
    scope = {"type": "http", "method": "POST", "path": PATH, "query_string": QUERY.encode()}
    asyncio.run(charset.over_asgi(answer)({**scope, "headers": headers}, None, None))
    assert asked == [("email", "zoë")]


def test_control_django_takes_the_encoding_that_a_request_names(monkeypatch):
    monkeypatch.setattr(charset, "CHARSET", charset.re.compile("nothing to find"))
    with pytest.raises(LookupError):
        over_wsgi(KIND.format("charset=hex"))
