"""Which entries of a record's history are shown: filters, paging by key, and the CSV file."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import registry
from ..models import Verb, WorkflowEvent
from ..values import person_name, unpack
from . import periods
from .people import tell_apart
from .work_list import read_id

PER_PAGE = 50
CHUNK = 2000
# Who did what a rule or a time limit did.
WORKFLOW = "workflow"


class HistoryForm(forms.Form):
    """The query string of a history. What makes no sense is said, and filters nothing."""

    proposal = forms.IntegerField(
        label=gettext_lazy("Proposal"), required=False, min_value=1, max_value=2**63 - 1
    )
    field = forms.ChoiceField(label=gettext_lazy("Field"), required=False)
    person = forms.ChoiceField(label=gettext_lazy("Person"), required=False)
    first = periods.DayField(label=gettext_lazy("From"))
    last = periods.DayField(label=gettext_lazy("To"))

    def __init__(self, params, events: QuerySet, model, *, of_record=True):
        """events: the whole history; of_record: not of one proposal alone."""
        super().__init__(params, auto_id="filter_%s")
        self.events = events
        fields = registry.get(model).proposable
        labels = [(name, capfirst(f.verbose_name)) for name, f in fields.items()]
        self.fields["field"].choices = [("", _("All")), *labels]
        self.fields["person"].choices = [("", _("All")), *_people(events)]
        for name in ("field", "person"):
            self.fields[name].widget.attrs["data-submit-on-change"] = ""
        if not of_record:
            del self.fields["proposal"]
        self.is_valid()

    @property
    def is_filtered(self) -> bool:
        """Whether the history may leave something out."""
        return any(self.data.get(name) for name in self.fields)

    def filtered(self) -> QuerySet:
        """The entries asked for, newest first."""
        wanted = self.cleaned_data
        events = self.events.filter(periods.within("at", wanted.get("first"), wanted.get("last")))
        if proposal := wanted.get("proposal"):
            events = events.filter(proposal=proposal)
        if name := wanted.get("field"):
            events = events.filter(field=name)
        if person := wanted.get("person"):
            events = events.filter(_by(person))
        return events


@dataclass(frozen=True)
class Page:
    """Some entries, newest first; after: where older ones begin, if there are any."""

    events: list[WorkflowEvent]
    after: int | None = None


def page(events: QuerySet, params) -> Page:
    """The page of `events` that begins before the entry that `before` in `params` names."""
    if before := read_id(params.get("before")):
        events = events.filter(pk__lt=before)
    rows = list(events[: PER_PAGE + 1])
    more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
    return Page(rows, rows[-1].pk if more else None)


def csv_headers() -> list[str]:
    """The columns of a history as a file."""
    return [
        _("When"),
        _("Who"),
        _("Who: user name"),
        _("On behalf of"),
        _("On behalf of: user name"),
        _("What"),
        _("Account"),
        _("Proposal"),
        _("Workflow"),
        _("Step"),
        _("Field"),
        _("Old value"),
        _("New value"),
        _("Comment"),
        _("Origin"),
        _("Import"),
    ]


def csv_rows(events: QuerySet, model) -> Iterator[list[str]]:
    """The cells of each entry, read as they are asked for: one row for each field.

    Times are ISO with their offset. Values are as files write them: numbers with a
    point, days as ISO, yes as 1.
    """
    fields = registry.get(model).proposable
    labels = {name: str(capfirst(f.verbose_name)) for name, f in fields.items()}
    for event in events.iterator(chunk_size=CHUNK):
        for name, old, new in _values(event):
            yield [*_front(event), labels.get(name, name), old or "", new or "", *_back(event)]


def _values(event) -> list[tuple]:
    """Field, old and new value; of a new record every field that was given."""
    if event.verb == Verb.CREATED and event.new:
        return [(name, "", value) for name, value in unpack(event.new).items()]
    return [(event.field, event.old, event.new)]


def _front(event):
    return [
        timezone.localtime(event.at).isoformat(timespec="seconds"),
        person_name(event.actor),
        _username(event.actor),
        person_name(event.on_behalf_of) if event.on_behalf_of else "",
        _username(event.on_behalf_of),
        event.get_verb_display(),
        event.record_key,
        str(event.proposal_id or ""),
        event.version.full_name if event.version else "",
        str(event.step or ""),
    ]


def _username(person) -> str:
    return person.get_username() if person else ""


def _back(event):
    return [event.comment, event.get_origin_display(), str(event.import_job_id or "")]


def _people(events):
    """Everyone who did something in a history, or for whom it was done, as choices."""
    actors = _distinct(events, "actor")
    people = get_user_model().objects.filter(pk__in=actors | _distinct(events, "on_behalf_of"))
    tell_apart(people)
    named = sorted((person_name(person), str(person.pk)) for person in people)
    choices = [(pk, name) for name, pk in named]
    return [*choices, (WORKFLOW, person_name(None))] if None in actors else choices


def _distinct(events, column):
    return set(events.order_by().values_list(column, flat=True).distinct())


def _by(person) -> Q:
    if person == WORKFLOW:
        return Q(actor=None)
    return Q(actor=person) | Q(on_behalf_of=person)
