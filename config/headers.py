"""Headers that tell a browser what it may do with our pages, beyond those that Django sends."""

from django.conf import settings


class SecurityHeadersMiddleware:
    """Sends `settings.SECURITY_HEADERS` with everything, static files included.

    The same for each page, since no page has a script or a style of its own:
    a package with nonces and rules for single views would have nothing to do.
    """

    def __init__(self, get_response):
        """get_response: the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request):
        """Answer, with the headers."""
        response = self.get_response(request)
        for name, value in settings.SECURITY_HEADERS.items():
            response.headers[name] = value
        return response


class NoStoreMiddleware:
    """Lets nobody keep what the program answers: no browser, no proxy.

    Not even for the back button: who comes to a computer after somebody has logged out would
    go back to that person's customers. Static files, which hold no data, are answered before.
    """

    def __init__(self, get_response):
        """get_response: the rest of the chain."""
        self.get_response = get_response

    def __call__(self, request):
        """Answer; a view that says itself what may be kept has said so."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
