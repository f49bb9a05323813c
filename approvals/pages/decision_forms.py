"""Forms of the approver's side. What may be decided, `approvals.decisions` says."""

import re

from django import forms
from django.db.models import QuerySet
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


class BulkDecisionForm(DecisionForm):
    """One decision on many work items: those ticked, or all of a list.

    It is posted twice: for the preview, and then with `confirm` and how many the preview
    has `shown`.
    """

    comment = forms.CharField(
        label=gettext_lazy("Comment for all of them"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    up_to = forms.IntegerField(required=False, min_value=1, max_value=10**ID_DIGITS - 1)
    confirm = forms.BooleanField(required=False)
    shown = forms.IntegerField(required=False, min_value=0, max_value=10**ID_DIGITS - 1)

    def __init__(self, data):
        super().__init__(data, auto_id="decision_%s")
        self.ticked = Selection(data)

    @property
    def has_selection(self) -> bool:
        """Whether there is something to decide on, and what to decide."""
        return self.is_valid() or not (self.is_garbled or self.non_field_errors())

    @property
    def is_confirmed(self) -> bool:
        """Whether the preview was seen and everything that is needed is there."""
        return self.is_valid() and self.cleaned_data["confirm"]

    def clean(self):
        """Ask for something to decide on; for a reason only where the preview was seen."""
        cleaned = super().clean()
        if not cleaned.get("confirm"):
            self.errors.pop("comment", None)
        if not self.ticked and not cleaned.get("up_to"):
            self.add_error(None, _("Select at least one work item."))
        return cleaned

    def has_grown(self, votes: list[Vote]) -> bool:
        """Whether there is more to decide on now than the preview has shown."""
        shown = self.cleaned_data.get("shown")
        return shown is not None and len(votes) > shown

    def votes(self, items: QuerySet) -> list[Vote]:
        """What to decide on. items: the list that `up_to` stands for, as it is now.

        Whoever decides on all of a list has not seen what came to it afterwards: it
        ends at the work item `up_to`. What an open work item is about never changes
        (a recall cancels it), so its proposal's revision now is the one he saw.
        """
        if up_to := self.cleaned_data.get("up_to"):
            items = items.filter(pk__lte=up_to).order_by("pk")
            rows = items.values_list("pk", "proposal__revision")
        else:
            rows = self.ticked.revisions.items()
        return [Vote(pk, revision) for pk, revision in rows]
