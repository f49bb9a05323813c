"""Forms of the approver's side. What may be decided, `approvals.decisions` says."""

import re
from dataclasses import astuple
from functools import cached_property

from django import forms
from django.db.models import QuerySet
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..deciding.decisions import Vote, needs_comment
from ..models import Action
from .paging import ID_DIGITS

# A ticked work item posts its id and the revision of the proposal that the page showed.
TICKED = re.compile(rf"([0-9]{{1,{ID_DIGITS}}}):([0-9]{{1,9}})")


class DecisionForm(forms.Form):
    """What one person decides: the action, and why."""

    action = forms.ChoiceField(choices=Action, widget=forms.HiddenInput)
    comment = forms.CharField(
        label=gettext_lazy("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    @property
    def is_garbled(self) -> bool:
        """Whether something is wrong that the person did not type."""
        return bool(self.errors.keys() & {"action", "revision"})

    def clean(self):
        """Ask for a reason where the decision needs one."""
        cleaned = super().clean()
        action = cleaned.get("action")
        if action and needs_comment(action) and not cleaned.get("comment"):
            self.add_error("comment", _("Say why: a reason is required."))
        return cleaned


class ItemDecisionForm(DecisionForm):
    """A decision on one work item, on the revision that the page showed."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class Selection:
    """Ticked work items of a posted list."""

    def __init__(self, data):
        found = map(TICKED.fullmatch, data.getlist("item"))
        self.revisions = {int(match[1]): int(match[2]) for match in found if match}

    def __contains__(self, item_id):
        return item_id in self.revisions

    def __len__(self):
        return len(self.revisions)

    def votes(self) -> list[Vote]:
        """The same, to decide on."""
        return [Vote(pk, revision) for pk, revision in self.revisions.items()]


class Shown:
    """What the newest preview of all of a list has shown, kept in its reader's session.

    The list itself may be another when he confirms, and no form could carry so many ids.
    """

    KEY = "shown_to_decide"

    def __init__(self, session):
        self.session = session

    def keep(self, votes: list[Vote]) -> str:
        """Keep what is shown now; return the name by which the page's form calls it."""
        name = get_random_string(12)
        self.session[self.KEY] = [name, [astuple(vote) for vote in votes]]
        return name

    def votes(self, name: str | None) -> list[Vote] | None:
        """What was kept under a name; None where that is not the newest preview's."""
        kept, pairs = self.session.get(self.KEY) or (None, [])
        return [Vote(*pair) for pair in pairs] if kept and kept == name else None


class BulkDecisionForm(DecisionForm):
    """One decision on many work items: those ticked, or all of a list.

    It is posted twice: for the preview, and then with `confirm` and, for all of a list, the
    name of what the preview has `shown`.
    """

    comment = forms.CharField(
        label=gettext_lazy("Comment for all of them"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    up_to = forms.IntegerField(required=False, min_value=1, max_value=10**ID_DIGITS - 1)
    confirm = forms.BooleanField(required=False)

    def __init__(self, data, session):
        super().__init__(data, auto_id="decision_%s")
        self.ticked, self.shown = Selection(data), Shown(session)

    @property
    def has_selection(self) -> bool:
        """Whether there is something to decide on, and what to decide."""
        return self.is_valid() or not (self.is_garbled or self.non_field_errors())

    @property
    def is_confirmed(self) -> bool:
        """Whether the preview was seen and everything that is needed is there."""
        return self.is_valid() and self.cleaned_data["confirm"] and self.seen is not None

    @property
    def is_outdated(self) -> bool:
        """Whether a preview was confirmed of which is not known any more what it showed."""
        return bool(self.cleaned_data.get("confirm")) and self.seen is None

    @cached_property
    def seen(self) -> list[Vote] | None:
        """What he has seen: what he ticked, or what the preview of all of a list showed."""
        if self.cleaned_data.get("up_to"):
            return self.shown.votes(self.data.get("shown"))
        return self.ticked.votes()

    def clean(self):
        """Ask for something to decide on; for a reason only where the preview was seen."""
        cleaned = super().clean()
        if not cleaned.get("confirm"):
            self.errors.pop("comment", None)
        if not self.ticked and not cleaned.get("up_to"):
            self.add_error(None, _("Select at least one work item."))
        return cleaned

    def votes(self, items: QuerySet) -> list[Vote]:
        """What to decide on: what he has seen; before that, the list as it is now.

        items: that list. It ends at the work item `up_to`, the newest one when he asked
        for all of it. Each has the revision that its proposal has now, which is the one
        that the preview shows.
        """
        if self.seen is not None:
            return self.seen
        items = items.filter(pk__lte=self.cleaned_data["up_to"]).order_by("pk")
        return [Vote(*row) for row in items.values_list("pk", "proposal__revision")]
