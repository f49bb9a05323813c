"""The Test button of a version, a step and an automatic action. It changes nothing."""

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..models import WorkflowVersion
from ..outcomes import Refused
from ..workflow import trials
from .parts import governed_of, version_of
from .workflows import find


class TrialForm(forms.Form):
    """A record or a proposal to try on, and optionally who would submit."""

    record = forms.CharField(required=False, max_length=100)
    proposal = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    originator = forms.CharField(required=False, max_length=150)

    def __init__(self, data, *, governed, person):
        super().__init__(data)
        self.governed, self.person = governed, person
        self.fields["record"].label = capfirst(governed.key_field.verbose_name)
        self.fields["proposal"].label = _("or proposal number")
        self.fields["originator"].label = _("Submitted by (username)")
        self.fields["originator"].help_text = _("Empty: whoever submitted it, or else you.")

    def clean_originator(self):
        """The person with that username."""
        name = self.cleaned_data["originator"].strip()
        if not name:
            return None
        if person := get_user_model().objects.filter(username=name).first():
            return person
        raise forms.ValidationError(_("There is nobody with the username “%(n)s”.") % {"n": name})

    def clean(self):
        """Read what is known of the record or proposal."""
        cleaned = super().clean()
        if not self.errors:
            try:
                cleaned["facts"] = self._facts(**cleaned)
            except Refused as refusal:
                raise forms.ValidationError(str(refusal)) from None
        return cleaned

    def _facts(self, record, proposal, originator):
        if bool(record) == bool(proposal):
            names = {"record": self.governed.model._meta.verbose_name}
            raise Refused(_("Give a %(record)s or a proposal to test with, one of them.") % names)
        if record:
            return trials.of_record(self.governed, record, originator or self.person)
        return trials.of_proposal(self.governed, proposal, originator, self.person)


def trial_view(model_admin, request, pk):
    """Ask what to test with, and show what held."""
    part = find(model_admin, request, pk)
    governed = governed_of(part)
    if not (model_admin.has_view_permission(request, part) and may_test(request.user, governed)):
        raise PermissionDenied
    form = TrialForm(request.GET or None, governed=governed, person=request.user)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Test: %(what)s") % {"what": part},
        "opts": model_admin.opts,
        "version": version_of(part),
        "part": None if isinstance(part, WorkflowVersion) else part,
        "form": form,
        **(_result(part, form.cleaned_data["facts"]) if form.is_valid() else {}),
    }
    return TemplateResponse(request, "admin/approvals/setup/test.html", context)


def may_test(person, governed) -> bool:
    """Whether `person` may see the records that a test tells of."""
    meta = governed.model._meta
    return person.has_perm(f"{meta.app_label}.view_{meta.model_name}")


def _result(part, known):
    if not isinstance(part, WorkflowVersion):
        return {"tested": trials.try_condition(part, known)}
    trial = trials.try_version(part, known)
    steps = [(planned, trials.people_of(trial, planned.people)) for planned in trial.preview.steps]
    return {"trial": trial, "tested": trial.condition, "planned": steps}
