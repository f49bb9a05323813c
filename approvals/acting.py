"""Who is at work: whom code names; else the person of the request, where there is one."""

from contextlib import contextmanager
from contextvars import ContextVar

from .outcomes import ADMIN, BROWSER, CODE, Source

_request = ContextVar("the request that is being answered", default=None)
_named = ContextVar("who acts, and where it comes in, where code says so", default=None)


class ActingMiddleware:
    """Lets code that gets no request know whose request it works for."""

    def __init__(self, get_response):
        """get_response: the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request):
        """Answer."""
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


@contextmanager
def named(by, source: Source):
    """Have `by` be the one who does what is done in the block."""
    token = _named.set((by, source))
    try:
        yield
    finally:
        _named.reset(token)


def who():
    """The person who acts, None where nobody is logged in or named, and where it comes in."""
    if told := _named.get():
        return told
    request = _request.get()
    if request is None:
        return None, CODE
    person = request.user if request.user.is_authenticated else None
    match = request.resolver_match
    return person, ADMIN if match and "admin" in match.namespaces else BROWSER
