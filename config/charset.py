"""In which encoding a request is read: UTF-8, as all of our forms are, whatever it says itself.

Django takes the encoding that a request names, before any middleware; and Python knows some
that are none of text ("hex") or that always fail, of which Django would break.
"""

import re

CHARSET = re.compile(r";\s*charset\*?\s*=[^;]*", re.IGNORECASE)


def over_wsgi(application):
    """The WSGI application, which no request tells its encoding."""

    def in_utf8(environ, start_response):
        environ["CONTENT_TYPE"] = CHARSET.sub("", environ.get("CONTENT_TYPE", ""))
        return application(environ, start_response)

    return in_utf8


def over_asgi(application):
    """The ASGI application, which no request tells its encoding."""

    async def in_utf8(scope, receive, send):
        headers = [(name, _without(name, value)) for name, value in scope.get("headers", ())]
        return await application({**scope, "headers": headers}, receive, send)

    return in_utf8


def _without(name, value):
    if name != b"content-type":
        return value
    return CHARSET.sub("", value.decode("latin-1")).encode("latin-1")
