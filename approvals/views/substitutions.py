"""My substitutes: who decides on behalf of the person who is logged in, and when."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ..deciding import substituting, substitutions
from ..models import Substitution
from ..pages.people_forms import SubstitutionForm
from .access import decider_required

# Of those that are over, no more than these.
PAST = 20


@require_http_methods(["GET", "HEAD", "POST"])
@decider_required
def my_substitutes(request):
    """List a person's own substitutions, and take another one."""
    form = SubstitutionForm(request.POST or None, person=request.user)
    if request.method == "POST" and form.is_valid():
        _add(request, form)
        return redirect("approvals:my_substitutes")
    return render(request, "approvals/substitutions.html", {"form": form, **_lists(request.user)})


@require_POST
def end_substitution(request, pk):
    """End one of a person's own substitutions at once."""
    found = Substitution.objects.select_related("substitute", "person", "workflow")
    substitution = get_object_or_404(found, pk=pk, person=request.user)
    substituting.end(substitution, by=request.user)
    text = _("Ended: %(substitution)s.")
    messages.success(request, text % {"substitution": substitutions.described(substitution)})
    return redirect("approvals:my_substitutes")


def _add(request, form):
    added = substituting.save(form.save(commit=False), by=request.user)
    text = _("Added: %(substitution)s.") % {"substitution": substitutions.described(added)}
    messages.success(request, text)
    if others := list(substitutions.overlapping(added)):
        told = "; ".join(substitutions.described(other) for other in others)
        messages.warning(request, _("Also on some of these days: %(others)s.") % {"others": told})


def _lists(person):
    day = timezone.localdate()
    rows = Substitution.objects.select_related("person", "substitute", "workflow")
    own = rows.filter(person=person).order_by("starts", "pk")
    lists = {
        "current": own.filter(starts__lte=day, ends__gte=day),
        "coming": own.filter(starts__gt=day),
        "past": own.filter(ends__lt=day).order_by("-ends", "-pk")[:PAST],
        "standing_in": rows.filter(substitute=person, ends__gte=day).order_by("starts", "pk"),
    }
    return {
        name: [(row, substitutions.days(row)) for row in found] for name, found in lists.items()
    }
