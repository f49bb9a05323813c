"""Forms of the originator's side, and of who ends what he began."""

from django import forms
from django.utils.translation import gettext_lazy as _


class NoteForm(forms.Form):
    """A note to the approvers, or a comment for the history."""

    note = forms.CharField(
        label=_("Note (optional)"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReasonForm(forms.Form):
    """Why a workflow is ended."""

    comment = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
