"""Which work items the list shows: filters, and paging by key.

A page begins after, or ends before, a work item. Items are never deleted, so one
that has been decided meanwhile still marks its place.
"""

from dataclasses import dataclass

from django import forms
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import queries
from .models import WorkItem

PAGE_SIZE = 50
# The most digits that surely fit into a database's integer.
ID_DIGITS = 18


class WorkListForm(forms.Form):
    """The list's query string. A parameter that makes no sense counts as absent."""

    q = forms.CharField(
        label=gettext_lazy("Customer account"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )

    def __init__(self, params, user):
        super().__init__(params, auto_id="filter_%s")
        self.all_items = queries.work_items_of(user)
        self.counts = {}
        self.fields["import"] = forms.TypedChoiceField(
            label=_("Import"),
            choices=self._imports(params.get("import")),
            coerce=int,
            empty_value=None,
            required=False,
            widget=forms.Select(attrs={"data-submit-on-change": ""}),
        )
        self.is_valid()

    @property
    def import_id(self) -> int | None:
        """The import whose items alone are wanted."""
        return self.cleaned_data.get("import")

    @property
    def is_filtered(self) -> bool:
        """Whether the list may leave something out."""
        return bool(self.import_id or self.cleaned_data.get("q"))

    def items(self) -> QuerySet:
        """The work items asked for, oldest first."""
        items = self.all_items
        if self.import_id:
            items = items.filter(proposal__import_job=self.import_id)
        if text := self.cleaned_data.get("q"):
            items = items.filter(record_key__icontains=text)
        return items

    def _imports(self, wanted):
        rows = self.all_items.filter(proposal__import_job__isnull=False).order_by()
        rows = rows.values_list("proposal__import_job", "proposal__import_job__file_name")
        names = {
            str(pk): _("%(id)s: %(file)s (%(count)s)") % {"id": pk, "file": name, "count": count}
            for pk, name, count in rows.annotate(Count("pk")).order_by("proposal__import_job")
        }
        if wanted and (number := read_id(wanted)):
            # An old link to an import of which nothing is left: an empty list, not everything.
            names.setdefault(str(number), _("%(id)s: nothing open") % {"id": number})
        return [("", _("All")), *names.items()]


@dataclass(frozen=True)
class Page:
    """Some work items, and the ids that the pages before and after it begin at, if any."""

    items: list[WorkItem]
    before: int | None = None
    after: int | None = None


def read_id(text: str | None) -> int | None:
    """The primary key that a text stands for, or None."""
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= ID_DIGITS else None


def page(items: QuerySet, params) -> Page:
    """The page of `items` that `after` or `before` in `params` names; else the first."""
    backwards = "before" in params
    start = _find(params.get("before" if backwards else "after"))
    if start is None:
        return _page(items, None, backwards=False)
    found = _page(items, start, backwards)
    # Items have gone meanwhile: a short page at the front is the first page.
    return found if found.before or not backwards else _page(items, None, backwards=False)


def following(items: QuerySet, item: WorkItem) -> WorkItem | None:
    """The first of `items` that comes after `item`."""
    return items.filter(_beyond(item, backwards=False)).first()


def _find(text):
    number = read_id(text)
    return WorkItem.objects.filter(pk=number).first() if number else None


def _page(items, start, backwards):
    found = items.filter(_beyond(start, backwards)) if start else items
    found = found.reverse() if backwards else found
    rows = list(found[: PAGE_SIZE + 1])
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    has_before, has_after = (more, True) if backwards else (start is not None, more)
    return Page(
        rows,
        before=rows[0].pk if rows and has_before else None,
        after=rows[-1].pk if rows and has_after else None,
    )


def _beyond(start, backwards):
    """What comes after `start`; its first part is what an index can begin at."""
    way = "lt" if backwards else "gt"
    at = start.created_at
    return Q((f"created_at__{way}e", at)) & (
        Q((f"created_at__{way}", at)) | Q((f"pk__{way}", start.pk))
    )
