"""Accounts receivable parameters > General > Customer approval."""

import pycountry
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .. import history, parameters, registry
from ..deciding import working_time
from ..models import ApprovalParameters, Behavior, Verb
from .display import history_url, shown


class SwitchForm(forms.Form):
    """Switches that carry what they showed, so that only what a person toggled is set."""

    def __init__(self, data, *, editable, prefix=None):
        super().__init__(data, prefix=prefix)
        for name, field in self.make_fields():
            field.show_hidden_initial = True
            field.disabled = not editable
            self.fields[name] = field

    def toggled(self) -> dict:
        """What the person switched, compared with what the page showed."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def switched_elsewhere(self) -> list[str]:
        """The labels of what somebody else has switched since the page was shown."""
        return [bound.label for bound in self if self._shown(bound) != bound.initial]

    def _shown(self, bound):
        return bound.field.to_python(self.data.get(bound.html_initial_name))


CALENDAR = ("calendar_country", "calendar_region")


class ParametersForm(SwitchForm):
    """The parameters themselves."""

    def make_fields(self):
        """What there is to choose from as radio buttons; the calendar by its codes."""
        row = ApprovalParameters.objects.get()
        yes_no = {"1": _("Yes"), "0": _("No")}
        yield "enabled", _radios("enabled", yes_no, "1" if row.enabled else "0")
        behaviors = {behavior: _explained(behavior) for behavior in Behavior}
        yield "entity_behavior", _radios("entity_behavior", behaviors, row.entity_behavior)
        new = "1" if row.approve_new_records else "0"
        yield "approve_new_records", _radios("approve_new_records", yes_no, new)
        options = {"choices": _calendars(row.calendar_country), "widget": forms.Select}
        yield "calendar_country", _typed(forms.ChoiceField, "calendar_country", row, **options)
        yield "calendar_region", _typed(forms.CharField, "calendar_region", row)

    def clean_calendar_region(self):
        """A region of the country, whatever the case; say which ones there are."""
        region = self.cleaned_data["calendar_region"]
        regions = working_time.countries().get(self.cleaned_data.get("calendar_country"), ())
        spelt = {code.casefold(): code for code in ("", *regions)}
        if region.casefold() not in spelt:
            reason = _("The country has no region “%(region)s”. It has: %(regions)s.")
            regions = ", ".join(regions) or _("none")
            raise forms.ValidationError(reason % {"region": region, "regions": regions})
        return spelt[region.casefold()]

    def save(self, *, by):
        """Set what was toggled, for whichever model: the parameters are one row."""
        toggled = self.toggled()
        for name in toggled.keys() & {"enabled", "approve_new_records"}:
            toggled[name] = toggled[name] == "1"
        if toggled.keys() & set(CALENDAR):
            # Together, as they were checked, whatever somebody else has set meanwhile.
            toggled |= {name: self.cleaned_data[name] for name in CALENDAR}
        return parameters.set_parameters(registry.all_governed()[0].model, by=by, **toggled)


class EnablementForm(SwitchForm):
    """Enable, for each field of one governed model."""

    def __init__(self, data, *, governed, editable):
        self.governed = governed
        super().__init__(data, editable=editable, prefix=governed.label)

    def make_fields(self):
        """A checkbox for each field that can be governed."""
        enabled = parameters.enabled_fields(self.governed.model)
        for name, field in self.governed.fields.items():
            label = capfirst(field.verbose_name)
            yield name, forms.BooleanField(label=label, required=False, initial=name in enabled)

    @property
    def title(self):
        """What the fields belong to."""
        return _("Fields of %(records)s") % {
            "records": self.governed.model._meta.verbose_name_plural
        }

    def groups(self):
        """Heading, fields and number of enabled ones of each group."""
        for heading, names in self.governed.groups.items():
            fields = [self[name] for name in names]
            yield heading, fields, sum(bool(bound.value()) for bound in fields)

    def save(self, *, by):
        """Set what was toggled."""
        return parameters.set_parameters(self.governed.model, by=by, fields=self.toggled())


def _radios(name, choices, initial):
    return forms.ChoiceField(
        **_told(name), choices=choices.items(), initial=initial, widget=forms.RadioSelect
    )


def _typed(kind, name, row, **options):
    field = kind(**_told(name), initial=getattr(row, name), required=False, **options)
    field.widget.attrs["aria-label"] = field.label
    return field


def _told(name):
    column = ApprovalParameters._meta.get_field(name)
    return {"label": capfirst(column.verbose_name), "help_text": column.help_text}


def _calendars(chosen):
    """The countries with a calendar, by name; also the one `chosen`, if it has none any more."""
    codes = {*working_time.countries(), chosen} - {""}
    found = {code: pycountry.countries.get(alpha_2=code) for code in codes}
    names = {
        code: getattr(country, "common_name", None) or country.name if country else code
        for code, country in found.items()
    }
    by_name = sorted(names.items(), key=lambda pair: pair[1])
    return [("", _("None: Saturdays and Sundays only")), *((c, f"{n} ({c})") for c, n in by_name)]


def _explained(behavior):
    return format_html(
        '<span>{}</span> <span class="setup-explanation">{}</span>',
        behavior.label,
        parameters.EXPLANATIONS[behavior],
    )


@admin.register(ApprovalParameters)
class ParametersAdmin(admin.ModelAdmin):
    """One page for the one row of parameters and for the fields that are enabled."""

    def has_add_permission(self, request):
        """There is one row, made by the program."""
        return False

    def has_delete_permission(self, request, obj=None):
        """The one row stays."""
        return False

    def changelist_view(self, request, extra_context=None):
        """Lead to the one page."""
        return redirect("admin:approvals_approvalparameters_change", 1)

    def history_view(self, request, object_id, extra_context=None):
        """Lead to the entries about parameters and enabled fields."""
        return redirect(history_url(Verb.PARAMETER_CHANGED, Verb.ENABLEMENT_CHANGED))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Show the switches; set those that the person toggled."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        editable = self.has_change_permission(request)
        switches = _switch_forms(request.POST or None, editable)
        if request.method == "POST" and all(form.is_valid() for form in switches):
            _save(request, switches)
            return redirect(request.path)
        return TemplateResponse(
            request,
            "admin/approvals/approvalparameters/change_form.html",
            self._context(request, switches, editable),
        )

    def _context(self, request, switches, editable):
        models = [governed.model for governed in registry.all_governed()]
        return {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name,
            "opts": self.opts,
            "parameters": switches[0],
            "enablements": switches[1:],
            "editable": editable,
            "warnings": [text for model in models for text in parameters.warnings(model)],
            "workflows_url": reverse("admin:approvals_workflow_changelist"),
            "history_url": history_url(Verb.PARAMETER_CHANGED, Verb.ENABLEMENT_CHANGED),
        }


def _switch_forms(data, editable):
    enablements = [
        EnablementForm(data, governed=governed, editable=editable)
        for governed in registry.all_governed()
    ]
    return [ParametersForm(data, editable=editable), *enablements]


def _save(request, switches):
    elsewhere = [label for form in switches for label in form.switched_elsewhere()]
    with history.sealed():
        switched = [form.save(by=request.user) for form in switches]
    changes = [event for done in switched for event in done.changes]
    if changes:
        messages.success(request, "; ".join(str(shown(event)) for event in changes))
    else:
        messages.info(request, _("You have switched nothing."))
    if elsewhere:
        text = _("While you had this page open, somebody else has switched: %(names)s.")
        messages.warning(request, text % {"names": ", ".join(map(str, elsewhere))})
