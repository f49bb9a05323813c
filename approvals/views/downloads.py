"""Files that people take away."""

from collections.abc import Iterable

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

CSV = "text/csv; charset=utf-8"


def download(pieces: Iterable[bytes], name: str, content_type=CSV) -> StreamingHttpResponse:
    """A file in pieces, to be saved under `name`."""
    response = StreamingHttpResponse(pieces, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    return response
