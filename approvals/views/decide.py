"""One work item: everything that matters to the decision, and the decision."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ..deciding import cases, claims, decisions, former
from ..deciding.decisions import Vote
from ..models import Action, Decision, WorkItem
from ..models.permissions import may_administer
from ..pages import queries, timeline
from ..pages.decision_forms import ItemDecisionForm
from ..pages.work_item_lines import work_item_lines
from ..pages.work_list import WorkListForm
from ..templatetags.approval_tags import administrator_entries
from ..values import person_name
from .access import decider_required, with_query
from .bulk_decisions import GARBLED
from .work_list import ICONS, title_of


@require_http_methods(["GET", "HEAD", "POST"])
@decider_required
def decide(request, pk):
    """Show one work item with everything that matters to the decision, and take it."""
    item = get_object_or_404(_items(), pk=pk)
    voter = cases.Voter(request.user, [])
    if not (voter.holds(item, item.proposal) or may_administer(request.user) or _took(request, pk)):
        return _gone_page(request, item)
    if request.method == "POST":
        return _take_decision(request, item)
    return _decide_page(request, item)


def _items():
    return WorkItem.objects.select_related(
        "assignee", "on_behalf_of", "step_run__step", "step_run__claimed_by", "proposal__version"
    )


def _took(request, pk):
    """Whether the person decided it, as a substitute may have done in days that are over."""
    return Decision.objects.filter(work_item=pk, person=request.user).exists()


def _gone_page(request, item):
    """What became of a work item, without a value, for who once could decide it."""
    if not former.knew(request.user, item):
        raise PermissionDenied
    [case] = cases.load([item.pk], lock=False).values()
    waits = _("It waits for %(name)s to decide.") % {"name": person_name(item.assignee)}
    told = waits if case.is_open else cases.too_late(case.proposal, case.run, case.item)
    return render(request, "approvals/decide_gone.html", {"item": item, "told": told})


def _take_decision(request, item):
    form = ItemDecisionForm(request.POST)
    if form.is_garbled:
        messages.error(request, GARBLED)
        return _decide_page(request, item, comment=form.data.get("comment", ""))
    if not form.is_valid():
        return _decide_page(request, item, form)
    given = form.cleaned_data
    [result] = decisions.decide(
        [Vote(item.pk, given["revision"])],
        given["action"],
        by=request.user,
        comment=given["comment"],
    )
    if not result.done:
        item = _items().get(pk=item.pk)
        return _decide_page(request, item, comment=given["comment"], failed=result.message)
    text = _("%(account)s: %(message)s")
    tell = messages.warning if result.conflict else messages.success
    tell(request, text % {"account": item.record_key, "message": result.message})
    return redirect(_onward_url(request, item))


def _onward_url(request, item):
    """The next work item of the list it came from, where asked for; else that list."""
    further = None
    if "next" in request.POST:
        further = WorkListForm(request.GET, request.user).next_item(item)
    page = reverse("approvals:decide", args=[further.pk]) if further else None
    return with_query(request, page or reverse("approvals:work_items"), without=("action",))


def _decide_page(request, item, form=None, comment="", failed=""):
    """failed: why what was posted could not be done."""
    case = cases.load([item.pk], lock=False)[item.pk]
    voter = cases.Voter(request.user, [case])
    [line] = work_item_lines([item], request.user)
    context = {
        "line": line,
        "list_title": title_of(request.user),
        "list_url": with_query(request, reverse("approvals:work_items"), without=("action",)),
        "query": with_query(request, "", without=("action",)),
        "contributors": _contributors(line.proposal),
        "entries": _history(line),
        "is_open": case.is_open,
        "refusal": _refusal(case, voter, line),
        "others": _others(line),
        **_decided(line),
    }
    if failed and failed != context["refusal"]:
        messages.error(request, failed)
    if not context["refusal"]:
        context |= _decision_context(request, line, form, comment)
    context["actions"] = context.get("actions", []) + _other_actions(request, line, context)
    return render(request, "approvals/decide.html", context)


def _refusal(case, voter, line) -> str:
    """Why the viewer cannot decide it, in words for him; "" where he can."""
    if case.is_open and not voter.holds(line.item, case.proposal):
        return _("This work item is assigned to %(name)s; nobody else can decide it.") % {
            "name": person_name(line.item.assignee)
        }
    if not case.is_open:
        return cases.too_late(case.proposal, case.run, case.item)
    return cases.why_not(case, voter)


def _others(line):
    """Who else can decide in this step: open work items."""
    return [item for item in line.proposal.open_items if item.pk != line.item.pk]


def _decided(line):
    """The decisions since it was submitted, and how many approvals this step has."""
    found = Decision.objects.filter(
        proposal=line.proposal, step_run__started_at__gte=line.proposal.submitted_at
    ).select_related("person", "on_behalf_of", "step_run__step")
    found = list(found.order_by("pk"))
    approvals = [d for d in found if d.step_run_id == line.run.pk and d.action == Action.APPROVE]
    return {"decisions": found, "approvals": len(approvals)}


def _decision_context(request, line, form, comment):
    """The actions offered, the one chosen, and its form."""
    offered = [action for action in Action if action != Action.APPROVE or not line.moved]
    asked = request.POST.get("action") or request.GET.get("action")
    chosen = Action(asked) if asked in offered else offered[-1 if line.moved else 0]
    initial = {
        "action": chosen.value,
        "comment": comment,
        "revision": line.proposal.revision,
    }
    form = form or ItemDecisionForm(initial=initial, auto_id="decision_%s")
    comment = form.fields["comment"]
    comment.required = decisions.needs_comment(chosen)
    comment.label = comment.label if comment.required else _("Comment (optional)")
    return {
        "form": form,
        "chosen": chosen,
        "actions": _choices(offered, chosen, request.GET.copy()),
        "has_next": WorkListForm(request.GET, request.user).next_item(line.item) is not None,
    }


def _choices(offered, chosen, query):
    choices = []
    for action in offered:
        query["action"] = action.value
        choices.append(
            {
                "text": action.label,
                "icon": ICONS[action],
                "url": f"?{query.urlencode()}",
                "current": action == chosen,
            }
        )
    return choices


def _other_actions(request, line, context) -> list[dict]:
    """What else can be done with an open work item: delegate, claim, release; administer."""
    if not context["is_open"]:
        return []
    able, administers, item = not context["refusal"], may_administer(request.user), line.item.pk
    found = []
    if able:
        url = reverse("approvals:delegate", args=[item])
        found.append({"text": _("Delegate"), "icon": "people", "url": url})
    if able and claims.may_be_claimed(line.item):
        found.append(_button(request, _("Claim"), "person", "claim", item))
    if line.is_claimed or (administers and line.run.claimed_by):
        found.append(_button(request, _("Release"), "left", "release", item))
    allowed = {"reassign", "terminate"} if administers else set()
    return [*found, *administrator_entries(line.proposal, allowed)]


def _button(request, text, icon, name, pk):
    url = with_query(request, reverse(f"approvals:{name}", args=[pk]), without=("action",))
    return {"text": text, "icon": icon, "post": url}


def _contributors(proposal):
    """Everyone who had a hand in a proposal, each once, with how."""
    found = {}
    for contributor in proposal.contributors.select_related("person").order_by("pk"):
        found.setdefault(contributor.person, []).append(contributor.get_role_display())
    return [(person, ", ".join(roles)) for person, roles in found.items()]


def _history(line):
    events = queries.history_of(line.record).filter(proposal=line.proposal)
    return timeline.entries(events, type(line.record))
