"""Who may open the pages on which work items are decided and handed on."""

from functools import wraps

from django.core.exceptions import PermissionDenied

from ..models.permissions import may_administer, may_decide


def decider_required(view):
    """Refuse whoever may not decide work items."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if not may_decide(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return wrapped


def administrator_required(view):
    """Refuse whoever does not administer workflows."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if not may_administer(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return wrapped


def with_query(request, url: str, without=()) -> str:
    """`url` with the query string of the page, which says what list it belongs to."""
    query = request.GET.copy()
    for name in without:
        query.pop(name, None)
    return f"{url}?{query.urlencode()}" if query else url
