"""The inquiry over all proposals: filters, order, what a row shows, and the CSV file."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import batch, registry
from ..models import (
    OPEN,
    ItemState,
    Kind,
    Origin,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepRun,
    Workflow,
    WorkItem,
)
from ..registry import Governed
from ..values import display_text, fold_key, person_name
from . import paging, periods, queries
from .paging import Sort
from .people import originated_by, people_named
from .work_item_lines import ProposalLine
from .work_list import NEVER

CHUNK = 1000
MOST_DAYS = 36500
_last_run = StepRun.objects.filter(proposal=OuterRef("pk")).order_by("-id")
SORTS = {
    "newest": Sort(gettext_lazy("Newest first"), "pk", descending=True),
    "oldest": Sort(gettext_lazy("Oldest first"), "pk"),
    "account": Sort(gettext_lazy("Customer account"), "record_key"),
    "due": Sort(
        gettext_lazy("Due first (with a time limit only)"),
        Coalesce(Subquery(_last_run.values("due_at")[:1]), NEVER),
    ),
}
ALL_OPEN = "open"


class InquiryForm(forms.Form):
    """The inquiry's query string. What makes no sense is said, and filters nothing."""

    q = forms.CharField(
        label=gettext_lazy("Customer account"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
    sort = forms.ChoiceField(label=gettext_lazy("Sort by"), required=False)
    holder = forms.CharField(label=gettext_lazy("Held by"), max_length=100, required=False)
    originator = forms.CharField(label=gettext_lazy("Originator"), max_length=100, required=False)
    overdue = forms.ChoiceField(label=gettext_lazy("Time limit"), required=False)
    workflow = forms.ModelChoiceField(
        Workflow.objects.all(),
        label=gettext_lazy("Workflow"),
        required=False,
        empty_label=gettext_lazy("All"),
    )
    step = forms.ChoiceField(label=gettext_lazy("Step"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    field = forms.ChoiceField(label=gettext_lazy("Changed field"), required=False)
    origin = forms.ChoiceField(label=gettext_lazy("Origin"), required=False)
    age = forms.IntegerField(
        label=gettext_lazy("Open for more than … days"),
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
    )
    first = periods.DayField(label=gettext_lazy("Submitted from"))
    last = periods.DayField(label=gettext_lazy("Submitted to"))

    def __init__(self, params):
        super().__init__(params, auto_id="filter_%s")
        self.fields["import"] = forms.IntegerField(
            label=_("Import"), required=False, min_value=1, max_value=2**63 - 1
        )
        choices = {
            "state": [(ALL_OPEN, _("Open")), *State.choices],
            "step": queries.step_choices(),
            "kind": Kind.choices,
            "field": queries.field_choices(),
            "origin": Origin.choices,
            "overdue": [("on", _("Overdue"))],
        }
        for name, pairs in choices.items():
            self.fields[name].choices = [("", _("All")), *pairs]
        self.fields["sort"].choices = [(name, sort.label) for name, sort in SORTS.items()]
        for name in ("state", "overdue", "sort"):
            self.fields[name].widget.attrs["data-submit-on-change"] = ""
        self.is_valid()

    @property
    def main(self) -> list:
        """The filters that are needed most, as bound fields."""
        return [self[name] for name in ("state", "holder", "overdue", "sort")]

    @property
    def more(self) -> list:
        """The others."""
        shown = {"q", *(field.name for field in self.main)}
        return [field for field in self if field.name not in shown]

    @property
    def more_is_used(self) -> bool:
        """Whether one of the others is in use, or wrong."""
        return any(self.data.get(field.name) for field in self.more)

    @property
    def is_filtered(self) -> bool:
        """Whether the list may leave something out."""
        return any(self.cleaned_data.get(name) for name in self.fields if name != "sort")

    @property
    def order(self) -> Sort:
        """The order asked for; else the newest first."""
        return SORTS[self.cleaned_data.get("sort") or "newest"]

    def rows(self, *, without=()) -> QuerySet:
        """The proposals asked for, in no order. without: names of filters to leave out."""
        wanted = {name: value for name, value in self.cleaned_data.items() if name not in without}
        conditions = [FILTERS[n](value) for n, value in wanted.items() if value and n in FILTERS]
        if wanted.get("age") is not None:
            conditions.append(_open_for(wanted["age"]))
        if wanted.get("sort") == "due":
            conditions.append(_running(due_at__isnull=False))
        conditions.append(periods.within("submitted_at", wanted.get("first"), wanted.get("last")))
        return Proposal.objects.filter(*conditions)

    def ordered(self) -> QuerySet:
        """The proposals asked for, in the order asked for."""
        return self.order.ordered(self.rows())

    def page(self, params) -> paging.Page:
        """The page that `params`, the query string, names."""
        return paging.page(self.rows(), self.order, params)

    def totals(self) -> dict[str, int]:
        """How many proposals there are in each state, whatever state is asked for."""
        states = self.rows(without=("state",)).order_by().values_list("state")
        return dict(states.annotate(Count("pk")))


def lines(proposals: Iterable[Proposal]) -> list[ProposalLine]:
    """What the rows of proposals show, in their order and in a constant number of queries."""
    pks = [proposal.pk for proposal in proposals]
    queryset = Proposal.objects.filter(pk__in=pks).select_related("version__workflow")
    found = {p.pk: p for p in queries.with_details(queryset, ProposedChange.objects.all())}
    records = queries.records_of(found.values())
    return [_line(found[pk], records) for pk in pks]


def _line(proposal, records):
    governed = registry.for_content_type(proposal.content_type)
    return ProposalLine(
        proposal=proposal,
        changes=[shown_change(governed, change) for change in proposal.open_changes],
        record=records[proposal.content_type_id, proposal.object_id],
        items=proposal.open_items,
    )


def shown_change(governed: Governed, change: ProposedChange) -> dict:
    """A proposed change, open or not, as `_change.html` shows it, and what became of it."""
    f = governed.proposable[change.field]
    return {
        "label": capfirst(f.verbose_name),
        "old": display_text(f, change.original),
        "new": display_text(f, change.value),
        "outcome": change.outcome and change.get_outcome_display(),
    }


def csv_headers() -> list[str]:
    """The columns of the inquiry as a file."""
    return [
        _("Proposal"),
        _("Account"),
        _("Kind"),
        _("Status"),
        _("Originator"),
        _("Workflow"),
        _("Version"),
        _("Step"),
        _("Assigned to"),
        _("Claimed by"),
        _("Created"),
        _("Submitted"),
        _("Due"),
        _("Decided"),
        _("Days open"),
        _("Changes"),
        _("Origin"),
        _("Import"),
    ]


def csv_rows(proposals: QuerySet) -> Iterator[list[str]]:
    """The cells of each proposal, read as they are asked for. Times are ISO with their offset."""
    now = timezone.now()
    found = proposals.only("pk").iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        for line in lines(chunk):
            yield _cells(line, now)


def _cells(line, now):
    proposal, run, version = line.proposal, line.run, line.proposal.version
    changes = (f"{c['label']}: {c['old']} → {c['new']}" for c in line.changes)
    return [
        str(proposal.pk),
        proposal.record_key,
        proposal.get_kind_display(),
        proposal.get_state_display(),
        person_name(proposal.submitted_by or proposal.created_by),
        version.workflow.name if version else "",
        str(version.number) if version else "",
        run.step.name if run else "",
        ", ".join(person_name(item.assignee) for item in line.items),
        person_name(run.claimed_by) if run and run.claimed_by else "",
        _iso(proposal.created_at),
        _iso(proposal.submitted_at),
        _iso(run.due_at if run else None),
        _iso(proposal.closed_at),
        str((now - proposal.created_at).days) if proposal.is_open else "",
        "; ".join(changes),
        proposal.get_origin_display(),
        str(proposal.import_job_id or ""),
    ]


def _iso(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


def _by_account(text) -> Q:
    """The account begins with `text`, whatever the case."""
    found = Q()
    for governed in registry.all_governed():
        records = governed.model._base_manager.filter(folded_key__startswith=fold_key(text))
        content_type = batch.content_type(governed)
        found |= Q(content_type=content_type, object_id__in=records.values("pk"))
    return found


def _by_state(state) -> Q:
    return Q(state__in=OPEN) if state == ALL_OPEN else Q(state=state)


def _by_holder(text) -> Q:
    """Assigned to, or claimed by, somebody of this name."""
    people = people_named(text).values("pk")
    items = WorkItem.objects.filter(state=ItemState.OPEN, assignee__in=people)
    runs = StepRun.objects.filter(state=RunState.RUNNING, claimed_by__in=people)
    held = Q(pk__in=items.values("proposal")) | Q(pk__in=runs.values("proposal"))
    return Q(state=State.PENDING) & held


def _by_field(name) -> Q:
    return Q(Exists(ProposedChange.objects.filter(proposal=OuterRef("pk"), field=name)))


def _running(**where) -> Q:
    """Pending in a step run like that."""
    runs = StepRun.objects.filter(state=RunState.RUNNING, **where)
    return Q(state=State.PENDING, pk__in=runs.values("proposal"))


def _open_for(days) -> Q:
    return Q(state__in=OPEN, created_at__lt=timezone.now() - timedelta(days=days))


FILTERS = {
    "q": _by_account,
    "state": _by_state,
    "holder": _by_holder,
    "originator": originated_by,
    "overdue": lambda _yes: _running(due_at__lt=timezone.now()),
    "workflow": lambda workflow: Q(version__in=workflow.versions.values("pk")),
    "step": lambda name: _running(step__name=name),
    "kind": lambda kind: Q(kind=kind),
    "field": _by_field,
    "origin": lambda origin: Q(origin=origin),
    "import": lambda number: Q(import_job=number),
}
