"""Files that people take away: exports, the import template, failed rows."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.imports.files import FileRefused
from approvals.views import downloads

from .. import exports, listing


def download(pieces, stem: str, file_format: str):
    """A file in pieces, to be saved under `stem` and the extension of its format."""
    return downloads.download(pieces, f"{stem}.{file_format}", exports.CONTENT_TYPES[file_format])


def wanted_format(request) -> str:
    """The format that the query string asks for: CSV unless it says otherwise."""
    file_format = request.GET.get("format", exports.CSV)
    if file_format not in exports.CONTENT_TYPES:
        raise Http404
    return file_format


@require_safe
@permission_required("customers.export_customer", raise_exception=True)
def export(request):
    """Export the customers that the list shows for the same query string, all pages of it."""
    file_format = wanted_format(request)
    try:
        pieces = exports.export(listing.filtered(request.GET), file_format)
    except FileRefused as refused:
        messages.warning(request, str(refused))
        return redirect("customers:list")
    return download(pieces, f"customers-{timezone.localdate():%Y-%m-%d}", file_format)
