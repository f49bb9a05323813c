"""Importing customers: choose a file, look at the preview, confirm, see the result."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.changes import read_rules
from approvals.imports.files import FileRefused
from approvals.imports.leases import UNDER_WAY
from approvals.models import ImportJob
from approvals.outcomes import Refused

from ..imports import jobs, pages, template
from ..imports.forms import OptionsForm, UploadForm
from ..models import Customer
from .downloads import download, wanted_format

RECENT = 5
State = ImportJob.State

importer_required = permission_required("customers.import_customer", raise_exception=True)
takes_form = require_http_methods(["GET", "HEAD", "POST"])


@takes_form
@importer_required
def import_customers(request):
    """Choose a file and how to import it; then look at its preview."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            job = jobs.prepare(form.cleaned_data["file"], form.options(), by=request.user)
            return redirect("customers:import_job", job.pk)
        except FileRefused as refused:
            form.add_error("file", str(refused))
    rules = read_rules(Customer)
    context = {
        "form": form,
        "behavior": pages.explain(rules, rules.behavior),
        "columns": template.columns(),
        "recent": ImportJob.objects.filter(created_by=request.user)[:RECENT],
    }
    return render(request, "customers/import.html", context)


@takes_form
def import_job(request, pk):
    """Show an import: its preview or its result, row by row. POST previews it again."""
    job = _visible_job(request, pk)
    form = OptionsForm(request.POST or None, facts=job.facts, initial=job.options)
    if request.method == "POST" and form.is_valid():
        return _attempt(request, jobs.preview_again, pk, form.options())
    rules = read_rules(Customer)
    progress = pages.progress(job)
    own = job.created_by == request.user and request.user.has_perm("customers.import_customer")
    context = {
        "job": job,
        "form": form if own and job.stored_as and not progress else None,
        "progress": progress,
        "behavior": pages.explain(rules, job.behavior),
        "rules_changed": job.state == State.PREVIEW and job.confirmed_rules != rules.fingerprint,
        "totals": pages.totals(job),
        # While it is under way, what is on record of rows may still be the preview's.
        "page": None if progress else pages.rows(job, request.GET),
        "actions": _actions(job, own),
        "facts": pages.facts(job),
    }
    return render(request, "customers/import_job.html", context)


@require_POST
@importer_required
def import_confirm(request, pk):
    """Run an import that was previewed; once, however often it is confirmed."""
    _visible_job(request, pk)
    return _attempt(request, jobs.confirm, pk)


@require_POST
@importer_required
def import_rest(request, pk):
    """Preview the file of an import that stopped; what is in is unchanged then."""
    job = _visible_job(request, pk)
    return _attempt(request, jobs.preview_again, pk, job.options)


@require_POST
@importer_required
def import_cancel(request, pk):
    """Have an import stop before its next batch."""
    _visible_job(request, pk)
    return _attempt(request, jobs.cancel, pk)


@require_safe
def import_progress(request, pk):
    """How far an import is, as the part of its page that is asked for again and again."""
    job = _visible_job(request, pk)
    return render(request, "customers/_import_progress.html", {"progress": pages.progress(job)})


@require_safe
def import_failed_rows(request, pk):
    """The failed rows as a file that can be corrected and imported again."""
    job = _visible_job(request, pk)
    if job.state in UNDER_WAY or not (job.failed and job.stored_as):
        raise Http404
    stem = job.file_name.rpartition(".")[0] or "customers"
    try:
        return download(jobs.failed_rows(job), f"{stem}-failed", job.facts["format"])
    except FileRefused as refused:
        messages.error(request, str(refused))
        return redirect("customers:import_job", pk)


@require_safe
@importer_required
def import_template(request):
    """A file with every column and one example row."""
    file_format = wanted_format(request)
    return download(template.template(file_format), "customers-template", file_format)


def _visible_job(request, pk) -> ImportJob:
    """An import of the person's own; all of them for who may view import jobs."""
    job = get_object_or_404(ImportJob.objects.select_related("created_by", "content_type"), pk=pk)
    if request.user.has_perm("approvals.view_importjob"):
        return job
    if job.created_by != request.user or not request.user.has_perm("customers.import_customer"):
        raise PermissionDenied
    return job


def _attempt(request, action, pk, *args):
    """Do something with an import, and show the one that is to be looked at then."""
    try:
        pk = action(pk, *args, by=request.user).pk
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("customers:import_job", pk)


def _actions(job, own):
    actions = []
    if own and job.state == State.PREVIEW and job.confirmed_rules:
        url = reverse("customers:import_confirm", args=[job.pk])
        actions.append({"text": _("Import"), "icon": "check", "post": url, "primary": True})
    if own and job.state in UNDER_WAY:
        url = reverse("customers:import_cancel", args=[job.pk])
        actions.append({"text": _("Cancel import"), "icon": "close", "post": url, "danger": True})
    if own and job.state == State.STOPPED and job.stored_as:
        url = reverse("customers:import_rest", args=[job.pk])
        actions.append({"text": _("Preview the rest"), "icon": "check", "post": url})
    if job.failed and job.stored_as and job.state not in UNDER_WAY:
        url = reverse("customers:import_failed_rows", args=[job.pk])
        actions.append({"text": _("Failed rows"), "icon": "download", "url": url})
    if own:
        url = reverse("customers:import")
        actions.append({"text": _("Another file"), "icon": "upload", "url": url})
    return actions
