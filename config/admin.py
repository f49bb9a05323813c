"""The admin site: titles, and addresses that nobody types; each app registers its own pages."""

from functools import wraps

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.options import TO_FIELD_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, SEARCH_VAR
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

# The pages with filters: their names end so.
LISTS = ("_changelist", "_export")
# What people type, in a list's search and in a choice by typing: any text is fine.
TYPED = (SEARCH_VAR, "term")
# No row has a greater number; not every database can even be asked for one.
GREATEST = 2**63 - 1


class Site(AdminSite):
    """Django admin, headed as the reference's setup area."""

    site_header = _("Accounts receivable setup")
    site_title = _("Accounts receivable setup")
    index_title = _("Setup and inquiry")

    def admin_view(self, view, cacheable=False):
        """A page of the site; where nothing can be asked for so, it is shown without filters."""
        return super().admin_view(_bears_any_query(view), cacheable)

    def password_change(self, request, extra_context=None):
        """Lead to where everybody changes his password, and wrong guesses are counted."""
        return redirect("password_change")


def _bears_any_query(view):
    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if _cannot_be_asked(request):
            return _without_filters(request)
        try:
            return view(request, *args, **kwargs)
        except IncorrectLookupParameters:
            # Lists see to it themselves, exports do not.
            return _without_filters(request)
        except _means_nothing(request) as error:
            raise Http404 from error

    return wrapped


def _means_nothing(request) -> tuple[type[Exception], ...]:
    """The errors by which Django admin says that what the address names cannot be."""
    if request.resolver_match.url_name == "view_on_site":
        # A key that its field refuses.
        return (ValidationError,)
    field = request.POST.get(TO_FIELD_VAR, request.GET.get(TO_FIELD_VAR))
    # A record is to be found by a field that has no name.
    return (FieldDoesNotExist,) if field == "" else ()


def _without_filters(request):
    messages.warning(request, _("There is no such list: all of it is shown."))
    # As Django admin itself does where a filter cannot be read.
    return redirect(f"{request.path}?{ERROR_FLAG}=1")


def _cannot_be_asked(request) -> bool:
    """Whether a database may refuse to look for what an address says."""
    asked = [(name, text) for name, texts in request.GET.lists() for text in texts]
    page = request.resolver_match.url_name or ""
    if page.endswith((*LISTS, "autocomplete")) and any("\0" in text for _name, text in asked):
        return True
    is_list = page.endswith(LISTS)
    return is_list and any(_is_impossible(text) for name, text in asked if name not in TYPED)


def _is_impossible(text) -> bool:
    """Whether a text, or one of several between commas, is a number that no row can have."""
    return any(_number(part) > GREATEST for part in text.split(","))


def _number(text) -> int:
    try:
        return abs(int(text))
    except ValueError:
        return 0
