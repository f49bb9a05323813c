"""What the work list's query string asks for: a view, filters, an order."""

from datetime import datetime

from django import forms
from django.db.models import (
    CharField,
    DateTimeField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import (
    OPEN,
    Decision,
    ImportJob,
    Kind,
    Outcome,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepRun,
    WorkItem,
)
from . import paging
from .desk import Desk
from .paging import Sort, read_id
from .people import originated_by
from .periods import DayField, within
from .queries import field_choices, step_choices

# How many imports can be chosen from.
IMPORTS = 50
# Sorts after every real time limit.
NEVER = Value(datetime(9999, 12, 31, tzinfo=timezone.get_fixed_timezone(0)), DateTimeField())


def _name(path):
    """A person's name as pages show it, to sort by."""
    full = Trim(Concat(f"{path}__first_name", Value(" "), f"{path}__last_name"))
    return Lower(Coalesce(NullIf(full, Value("")), f"{path}__username", output_field=CharField()))


SORTS = {
    WorkItem: {
        "oldest": Sort(gettext_lazy("Oldest first"), "created_at"),
        "newest": Sort(gettext_lazy("Newest first"), "created_at", descending=True),
        "due": Sort(gettext_lazy("Due first"), Coalesce("step_run__due_at", NEVER)),
        "account": Sort(gettext_lazy("Customer account"), "record_key"),
        "originator": Sort(gettext_lazy("Originator"), _name("proposal__submitted_by")),
        "step": Sort(gettext_lazy("Step"), "step_run__step__name"),
    },
    Proposal: {
        "oldest": Sort(gettext_lazy("Oldest first"), Coalesce("submitted_at", "created_at")),
        "newest": Sort(gettext_lazy("Newest first"), Coalesce("submitted_at", "created_at"), True),
        "account": Sort(gettext_lazy("Customer account"), "record_key"),
    },
    Decision: {
        "newest": Sort(gettext_lazy("Newest first"), "decided_at", descending=True),
        "oldest": Sort(gettext_lazy("Oldest first"), "decided_at"),
        "account": Sort(gettext_lazy("Customer account"), "proposal__record_key"),
    },
}
STATUSES = {
    "": (gettext_lazy("Open"), OPEN),
    "not_submitted": (gettext_lazy("Not submitted"), [State.NOT_SUBMITTED]),
    "pending": (gettext_lazy("Pending approval"), [State.PENDING]),
    "returned": (
        gettext_lazy("Rejected or change requested"),
        [State.REJECTED, State.CHANGE_REQUESTED],
    ),
    "approved": (gettext_lazy("Approved"), [State.APPROVED]),
    "closed": (gettext_lazy("Discarded"), [State.DISCARDED, State.JOINED]),
}


class WorkListForm(forms.Form):
    """The list's query string. A parameter that makes no sense counts as absent.

    Its fields are those that mean something in the view asked for.
    """

    view = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    q = forms.CharField(
        label=gettext_lazy("Customer account"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    sort = forms.ChoiceField(label=gettext_lazy("Sort by"), required=False)
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        choices=[(name, label) for name, (label, _states) in STATUSES.items()],
        required=False,
    )
    step = forms.CharField(
        label=gettext_lazy("Step"), max_length=100, required=False, widget=forms.Select
    )
    originator = forms.CharField(label=gettext_lazy("Originator"), max_length=100, required=False)
    field = forms.ChoiceField(label=gettext_lazy("Changed field"), required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[("", gettext_lazy("All")), *Kind.choices],
        required=False,
    )
    due = DayField(label=gettext_lazy("Due by"))

    def __init__(self, params, user):
        super().__init__(params, auto_id="filter_%s")
        self.desk = Desk(user)
        views = self.desk.views
        self.chosen = next((v for v in views if v == params.get("view")), next(iter(views), None))
        self.all_rows = self.desk.rows(self.chosen) if self.chosen else WorkItem.objects.none()
        self.model = self.all_rows.model
        # A name that no attribute can have.
        self.fields["import"] = forms.CharField(
            label=_("Import"), required=False, widget=forms.Select
        )
        self.fields["view"].choices = [(self.chosen, "")]
        sorts = SORTS[self.model].items()
        self.fields["sort"].choices = [(name, sort.label) for name, sort in sorts]
        self.fields["field"].choices = _all(field_choices())
        for name in MEANINGLESS[self.model]:
            del self.fields[name]
        for name in {"import", "sort", "status"} & self.fields.keys():
            self.fields[name].widget.attrs["data-submit-on-change"] = ""
        self.is_valid()

    def clean(self):
        """Read the import's number; what is none counts as absent."""
        cleaned = super().clean()
        return {**cleaned, "import": read_id(cleaned.get("import"))}

    def offer(self) -> None:
        """Read what the list's page offers to choose from."""
        self.fields["import"].widget.choices = _all(self._imports())
        self.fields["step"].widget.choices = _all(step_choices(self.cleaned_data.get("step")))

    @property
    def order(self) -> Sort:
        """The order asked for; else the view's first."""
        sorts = SORTS[self.model]
        return sorts.get(self.cleaned_data.get("sort")) or next(iter(sorts.values()))

    @property
    def is_filtered(self) -> bool:
        """Whether the list may leave something out."""
        return any(self.cleaned_data.get(name) for name in self.filters)

    @property
    def more(self) -> list:
        """The filters that fewer people need, as bound fields."""
        return [
            self[name]
            for name in ("step", "originator", "field", "kind", "due")
            if name in self.fields
        ]

    @property
    def more_is_used(self) -> bool:
        """Whether one of them is in use."""
        return any(self.cleaned_data.get(field.name) for field in self.more)

    @property
    def filters(self) -> list[str]:
        """The names of the fields that leave rows out."""
        return [name for name in self.fields if name not in ("view", "sort")]

    def rows(self) -> QuerySet:
        """The work items, proposals or decisions asked for, in no order."""
        wanted = {name: self.cleaned_data.get(name) for name in self.filters}
        conditions = [FILTERS[name](self.model, value) for name, value in wanted.items() if value]
        if self.model is Proposal and not wanted["status"]:
            conditions.append(Q(state__in=OPEN))
        return self.all_rows.filter(*conditions)

    def items(self) -> QuerySet:
        """The work items asked for; none where the view shows something else."""
        return self.rows() if self.model is WorkItem else WorkItem.objects.none()

    def page(self, params) -> paging.Page:
        """The page that `params`, the query string, names."""
        return paging.page(_with_details(self.rows()), self.order, params)

    def next_item(self, item: WorkItem) -> WorkItem | None:
        """The work item that comes after `item` in this very list."""
        if self.model is not WorkItem:
            return None
        return paging.following(self.rows(), self.order, item.pk)

    def _imports(self):
        """The newest imports that he has to do with."""
        rows = self.desk.held() if self.model is WorkItem else self.all_rows
        rows = rows.filter(**{_path(self.model, "import_job"): OuterRef("pk")})
        jobs = ImportJob.objects.filter(Exists(rows)).order_by("-pk")[:IMPORTS]
        names = {job.pk: str(job) for job in jobs}
        if wanted := self.cleaned_data["import"]:
            # An old link to an import of which nothing is left: an empty list, not everything.
            names.setdefault(wanted, _("%(id)s: nothing open") % {"id": wanted})
        return names.items()


def _all(pairs):
    return [("", _("All")), *pairs]


# Where each filter's column stands, by what the list shows.


def _path(model, column):
    """A column of the proposal, as `model` reaches it."""
    return column if model is Proposal else f"proposal__{column}"


def _by_account(model, text):
    return Q(**{f"{_path(model, 'record_key')}__icontains": text})


def _by_import(model, number):
    return Q(**{_path(model, "import_job"): number})


def _by_kind(model, kind):
    return Q(**{_path(model, "kind"): kind})


def _by_status(model, status):
    return Q(state__in=STATUSES[status][1])


def _by_originator(model, text):
    return originated_by(text, _path(model, ""))


def _by_field(model, name):
    changes = ProposedChange.objects.filter(field=name).exclude(outcome=Outcome.DISCARDED)
    return Q(Exists(changes.filter(proposal=OuterRef(_path(model, "pk")))))


def _by_step(model, name):
    return _running(model, step__name=name) if model is Proposal else Q(step_run__step__name=name)


def _by_due(model, day):
    """Due on that day or before."""
    if model is Proposal:
        return _running(model, within("due_at", None, day))
    return within("step_run__due_at", None, day)


def _running(model, *where, **values):
    runs = StepRun.objects.filter(state=RunState.RUNNING, proposal=OuterRef("pk"))
    return Q(Exists(runs.filter(*where, **values)))


FILTERS = {
    "q": _by_account,
    "import": _by_import,
    "kind": _by_kind,
    "status": _by_status,
    "originator": _by_originator,
    "field": _by_field,
    "step": _by_step,
    "due": _by_due,
}
MEANINGLESS = {WorkItem: ["status"], Proposal: ["originator"], Decision: ["status", "due"]}
DETAILS = {
    WorkItem: ("assignee", "on_behalf_of", "proposal", "step_run__step", "step_run__claimed_by"),
    Proposal: (),
    Decision: ("on_behalf_of", "proposal", "step_run__step", "work_item"),
}


def _with_details(rows):
    return rows.select_related(*DETAILS[rows.model]) if DETAILS[rows.model] else rows
