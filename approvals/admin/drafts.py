"""What the pages of a draft share: its version, its step, its automatic action.

Only a draft can be edited; whatever was activated is shown in words on the version's page.
"""

from functools import partial

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.http import Http404
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from ..outcomes import Refused
from ..workflow import problems, workflows
from .choosing import Choosing
from .display import history_url
from .parts import condition_of, is_draft, linked, page_of, version_of
from .trials import trial_view
from .workflows import ONE_SAVE, WORKFLOW_VERBS, AdministeredAdmin


class DraftForm(forms.ModelForm):
    """A part of a draft, with what the draft was when the page was shown.

    Who saves over another's changes is told what they are, and keeps what he typed.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["seen"] = workflows.mark(version_of(self.instance))

    def clean(self):
        """Refuse to save over what the page did not show; the next time it is known."""
        cleaned, version = super().clean(), version_of(self.instance)
        changes = workflows.changes_since(version, cleaned.get("seen") or "")
        if changes is None:
            return cleaned
        self.data = self.data.copy()
        self.data[self.add_prefix("seen")] = workflows.mark(version)
        raise ValidationError([_elsewhere(), *changes])


def _elsewhere():
    return _(
        "Somebody else has changed this draft since you opened the page. What you typed is "
        "still here, and has not been saved: save again to do so in spite of that."
    )


class DraftRows(BaseInlineFormSet):
    """Rows numbered from one in the order that a person gave them, if they have an order."""

    def save(self, commit=True):
        """Save the rows, with new positions."""
        saved = super().save(commit=False)
        rows = [form.instance for form in self._ordered()]
        for gone in self.deleted_objects:
            gone.delete()
        _move_away(self.model, rows)
        for position, row in enumerate(rows, start=1):
            row.position = position
            row.save()
        self.save_m2m()
        return saved

    def _ordered(self):
        kept = [form for form in self.forms if form not in self.deleted_forms]
        kept = [form for form in kept if form.instance.pk or form.has_changed()]
        return sorted(kept, key=lambda form: form.cleaned_data.get("order") or OUT_OF_THE_WAY)


# Added to positions while rows are renumbered: no draft has so many.
OUT_OF_THE_WAY = 10_000


def _move_away(model, rows):
    """Make room, since a position is taken once."""
    for row in rows:
        if row.pk:
            away = row.position + OUT_OF_THE_WAY
            model.objects.filter(pk=row.pk).update(position=away)


class OrderedForm(forms.ModelForm):
    """A row with its place among the others as a number that may be given twice."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["order"] = forms.IntegerField(
            label=_("Order"),
            min_value=1,
            required=False,
            initial=self.instance.position if self.instance.pk else None,
            widget=forms.NumberInput(attrs={"min": 1, "class": "setup-order"}),
        )


class DraftInline(Choosing, admin.StackedInline):
    """Rows of a draft, drawn side by side; a new one is empty and need not be filled."""

    extra = 1
    template = "admin/approvals/setup/rows.html"
    # What the rows' words need of other tables.
    related, prefetched = (), ()

    def get_queryset(self, request):
        """The rows, with all that is shown of them."""
        rows = super().get_queryset(request).select_related(*self.related)
        return rows.prefetch_related(*self.prefetched)

    def has_add_permission(self, request, obj=None):
        """Rows are added to drafts only."""
        return super().has_add_permission(request, obj) and is_draft(obj)

    def has_change_permission(self, request, obj=None):
        """Rows of drafts only are changed."""
        return super().has_change_permission(request, obj) and is_draft(obj)

    def has_delete_permission(self, request, obj=None):
        """Rows of drafts only are removed."""
        return super().has_delete_permission(request, obj) and is_draft(obj)


class DraftAdmin(Choosing, AdministeredAdmin):
    """The page of a version, a step or an automatic action; only a draft's can be edited."""

    change_form_template = "admin/approvals/setup/draft.html"
    condition_help = ""

    class Media:
        css = {"all": ("css/setup.css", "css/workflow.css")}
        js = ("js/workflow.js",)

    def has_module_permission(self, request):
        """Versions, steps and actions are reached through their workflow."""
        return False

    def has_add_permission(self, request):
        """They are made on the pages of what they belong to."""
        return False

    def has_change_permission(self, request, obj=None):
        """What has been activated never changes."""
        return super().has_change_permission(request, obj) and is_draft(obj)

    def has_delete_permission(self, request, obj=None):
        """What has been activated stays."""
        return super().has_delete_permission(request, obj) and is_draft(obj)

    def get_urls(self):
        """The admin's pages, and Test."""
        view = self.admin_site.admin_view(partial(trial_view, self))
        name = f"approvals_{self.opts.model_name}_test"
        return [path("<int:pk>/test/", view, name=name), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        """Lead to the workflows."""
        return redirect("admin:approvals_workflow_changelist")

    def history_view(self, request, object_id, extra_context=None):
        """Lead to the entries about workflows."""
        return redirect(history_url(*WORKFLOW_VERBS))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The page of a draft's part; saving it is noted in the history."""
        part = self.get_object(request, unquote(object_id))
        if part is None:
            raise Http404
        if request.method != "POST":
            return self.show(request, part)
        change = partial(super().change_view, request, object_id, form_url, self.context(part))
        return self._edit(request, part, change)

    def delete_view(self, request, object_id, extra_context=None):
        """Delete a draft or a part of one, and note it."""
        part = self.get_object(request, unquote(object_id))
        delete = partial(super().delete_view, request, object_id, extra_context)
        if request.method != "POST" or part is None:
            return delete()
        return self._edit(request, part, lambda: self._deleted(part, delete()))

    def _deleted(self, part, response):
        return self.after_delete(part) if response.status_code == 302 else response

    def _edit(self, request, part, view):
        """The answer of a view that edits a draft, or why it is none any more."""
        try:
            with workflows.editing(version_of(part), by=request.user):
                return view()
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(page_of(version_of(part)))

    def after_delete(self, part):
        """Back to the version."""
        return redirect(page_of(version_of(part)))

    def show(self, request, part):
        """The form, or for who may not edit it the version's page in words."""
        if self.has_change_permission(request, part):
            return super().change_view(request, str(part.pk), "", self.context(part))
        return redirect(page_of(version_of(part)))

    def context(self, part):
        """What the template needs beside the form."""
        version = version_of(part)
        found = problems.problems(version)
        return {
            "title": str(part),
            "subtitle": _("Version %(number)s") % {"number": version.number},
            "version": version,
            "condition": condition_of(part),
            "condition_rows": part.conditions.exists(),
            "condition_help": self.condition_help,
            "problems": linked([problem for problem in found if problem.about == part]),
            "test_url": reverse(f"admin:approvals_{self.opts.model_name}_test", args=[part.pk]),
            **ONE_SAVE,
        }

    def response_change(self, request, obj):
        """Stay on the draft, which says what still keeps it from being activated."""
        messages.success(request, _("The draft has been saved."))
        return redirect(request.path)
