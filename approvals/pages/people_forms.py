"""Forms that ask for a person: who gets a work item, who stands in for whom."""

from copy import copy

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from ..deciding import substitutions
from ..models import Substitution
from ..values import person_name
from .paging import ID_DIGITS


class PersonField(forms.ModelChoiceField):
    """One person. Offers those that `offer` is given, but takes anybody.

    So who asks for somebody who may not be chosen any more reads why from the rule itself.
    """

    def __init__(self, **kwargs):
        super().__init__(get_user_model().objects.all(), **kwargs)

    def label_from_instance(self, person):
        """The person's name and login name."""
        return label_of(person)

    def offer(self, people) -> None:
        """Let `people` be chosen from."""
        self.choices = [("", "–"), *((person.pk, label_of(person)) for person in people)]


def label_of(person) -> str:
    """Name and login name: names are not unique."""
    name, username = person_name(person), person.get_username()
    return name if name == username else f"{name} ({username})"


def _reason(label):
    return forms.CharField(label=label, widget=forms.Textarea(attrs={"rows": 3}))


class DelegateForm(forms.Form):
    """To whom a work item is delegated, and why. people: who can get it."""

    to = PersonField(label=_("Delegate to"))
    comment = _reason(_("Comment"))

    def __init__(self, data=None, *, people):
        super().__init__(data)
        self.fields["to"].offer(people)


class ReassignForm(forms.Form):
    """Which open work item of a proposal goes to whom, and why.

    items: the open ones, with their assignees. people: who can get one.
    """

    item = forms.IntegerField(
        label=_("Work item of"), widget=forms.Select, min_value=1, max_value=10**ID_DIGITS - 1
    )
    to = PersonField(label=_("Reassign to"))
    reason = _reason(_("Reason"))

    def __init__(self, data=None, *, items, people):
        super().__init__(data)
        self.fields["item"].widget.choices = [(item.pk, label_of(item.assignee)) for item in items]
        self.fields["to"].offer(people)


class ReassignAllForm(forms.Form):
    """All open work items of one person go to another, such as when somebody leaves.

    holders: everyone who has some; how many, by person.
    """

    holder = PersonField(label=_("All open work items of"))
    to = PersonField(label=_("Reassign to"))
    reason = _reason(_("Reason"))

    def __init__(self, data=None, *, holders, people, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["holder"].choices = [
            ("", "–"),
            *((person.pk, f"{label_of(person)}: {count}") for person, count in holders.items()),
        ]
        self.fields["to"].offer(people)


class CheckedSubstitutionForm(forms.ModelForm):
    """A substitution, checked by `substitutions.check`."""

    def clean(self):
        """Show what `check` does not take, beside the field."""
        cleaned = super().clean()
        if not self.errors:
            after = copy(self.instance)
            for name, value in cleaned.items():
                setattr(after, name, value)
            substitutions.check(after, self.instance if self.instance.pk else None)
        return cleaned


class SubstitutionForm(CheckedSubstitutionForm):
    """Who stands in for `person`, on which days, for what."""

    substitute = PersonField(label=_("Substitute"))

    class Meta:
        model = Substitution
        fields = ("substitute", "starts", "ends", "workflow")
        widgets = {
            name: forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            for name in ("starts", "ends")
        }

    def __init__(self, data=None, *, person):
        super().__init__(data, instance=Substitution(person=person))
        people = [other for other in substitutions.substitutes() if other != person]
        self.fields["substitute"].offer(people)
        self.fields["workflow"].empty_label = _("Everything")
        self.fields["workflow"].help_text = ""
