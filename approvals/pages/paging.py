"""Lists page by page, by key: each page begins where another ended, with no OFFSET.

A page begins after, or ends before, a row. The row is named by its primary key and read
again, so that one which has left the list meanwhile still marks its place.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

PAGE_SIZE = 50
# The most digits that surely fit into a database's integer.
ID_DIGITS = 18


@dataclass(frozen=True)
class Sort:
    """An order of rows: by an expression that is never null, then by primary key."""

    label: Any
    by: Any
    descending: bool = False

    def ordered(self, rows: QuerySet) -> QuerySet:
        """`rows` in this order."""
        sign = "-" if self.descending else ""
        return self.placed(rows).order_by(f"{sign}place", f"{sign}pk")

    def placed(self, rows: QuerySet) -> QuerySet:
        """`rows`, each with the value that it is sorted by."""
        return rows.annotate(place=F(self.by) if isinstance(self.by, str) else self.by)

    def beyond(self, start, backwards: bool) -> Q:
        """What comes after (before) `start`; its first part is what an index can begin at."""
        way = "lt" if backwards != self.descending else "gt"
        return Q((f"place__{way}e", start.place)) & (
            Q((f"place__{way}", start.place)) | Q((f"pk__{way}", start.pk))
        )


@dataclass(frozen=True)
class Page:
    """Some rows, and the ids that the pages before and after it begin at, if any."""

    rows: list
    before: int | None = None
    after: int | None = None


def read_id(text: str | None) -> int | None:
    """The primary key that a text stands for, or None."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= ID_DIGITS else None


def page(rows: QuerySet, sort: Sort, params) -> Page:
    """The page of `rows` that `after` or `before` in `params` names; else the first."""
    backwards = "before" in params
    start = _find(rows, sort, read_id(params.get("before" if backwards else "after")))
    if start is None:
        return _page(rows, sort, None, backwards=False)
    found = _page(rows, sort, start, backwards)
    # Rows have gone meanwhile: a short page at the front is the first page.
    return found if found.before or not backwards else _page(rows, sort, None, backwards=False)


def following(rows: QuerySet, sort: Sort, pk: int):
    """The first of `rows` that comes after the one with this primary key, or None."""
    start = _find(rows, sort, pk)
    return sort.ordered(rows).filter(sort.beyond(start, backwards=False)).first()


def _find(rows, sort, pk):
    return sort.placed(rows.model.objects.filter(pk=pk)).first() if pk else None


def _page(rows, sort, start, backwards):
    found = sort.ordered(rows)
    found = found.filter(sort.beyond(start, backwards)) if start else found
    found = list((found.reverse() if backwards else found)[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        found.reverse()
    has_before, has_after = (more, True) if backwards else (start is not None, more)
    return Page(
        found,
        before=found[0].pk if found and has_before else None,
        after=found[-1].pk if found and has_after else None,
    )
