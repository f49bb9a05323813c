"""How far an import is, on a terminal."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from .pages import Progress, progress

WIDTH = 30


def line(job) -> str:
    """One line on how far `job` is: a bar where the number of rows is known, rate, time left."""
    found = progress(job)
    if found is None:
        return _("%(rows)s rows") % {"rows": number_format(job.rows)}
    if not found.total:
        return _("%(rows)s rows, %(rate)s a second") % _numbers(found)
    text = _("%(rows)s of %(total)s rows, %(rate)s a second, %(left)s left")
    if found.at_most:
        text = _("%(rows)s of at most %(total)s rows, %(rate)s a second, at most %(left)s left")
    return f"[{_bar(found)}] {text % _numbers(found)}"


def _bar(found: Progress) -> str:
    done = WIDTH * min(found.percent, 100) // 100
    return "#" * done + "-" * (WIDTH - done)


def _numbers(found: Progress) -> dict[str, str]:
    return {
        "rows": number_format(found.rows),
        "total": number_format(found.total or 0),
        "rate": number_format(found.rate),
        "left": found.left or "?",
    }
