"""Who is at work: the person of the request that is being answered, where there is one."""

from contextvars import ContextVar

from .models import Origin

_request = ContextVar("the request that is being answered", default=None)


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


def who():
    """The person who acts, None where nobody is logged in, and where it came in."""
    request = _request.get()
    if request is None:
        return None, Origin.CODE
    person = request.user if request.user.is_authenticated else None
    match = request.resolver_match
    return person, Origin.ADMIN if match and "admin" in match.namespaces else Origin.BROWSER
