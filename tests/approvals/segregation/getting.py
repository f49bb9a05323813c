"""Every way in which the program itself hands a work item to somebody: here, to Rosa.

Each tries; whether she got one, the database says.
"""

from datetime import timedelta

from django.utils import timezone

from approvals.deciding import deadlines, delegating, reassigning
from approvals.models import Assignment, ManagerTake, Policy
from approvals.outcomes import Refused

from ..deciding.limits import limit, path
from ..definitions import change_step


def delegated(company, proposal):
    item = company.item_for(proposal)
    try:
        delegating.delegate(item.pk, company.fresh(company.rosa), "I am away", by=item.assignee)
    except Refused as refused:
        return str(refused)
    return ""


def reassigned(company, proposal):
    item, rosa = company.item_for(proposal), company.fresh(company.rosa)
    [result] = reassigning.reassign([item.pk], rosa, "He has left", by=company.adam)
    return "" if result.done else result.message


def escalated(company, proposal):
    run = proposal.step_runs.select_related("step").get(state="running")
    path(limit(run.step), company.rosa)
    past = timezone.now() - timedelta(hours=1)
    proposal.step_runs.filter(pk=run.pk).update(due_at=past, wake_at=past)
    deadlines.process()
    return ""


def next_step_by_name(company, proposal):
    change_step(_last_step(company), add=[company.rosa])
    company.complete_first_step(proposal)
    return ""


def next_step_by_group(company, proposal):
    change_step(_last_step(company), groups=company.groups.values())
    company.complete_first_step(proposal)
    return ""


def next_step_by_managers(company, proposal):
    """Rosa stands above Clara, and above herself in a circle."""
    assign_to_managers(company.version.steps.filter(position=2))
    company.complete_first_step(proposal)
    return ""


def _last_step(company):
    return company.version.steps.get(position=2)


def assign_to_managers(steps):
    """Both managers above the originator get the work items of these steps; one decides."""
    for step in steps.all():
        change_step(
            step,
            assignment=Assignment.MANAGERS,
            manager_start=1,
            manager_levels=2,
            manager_take=ManagerTake.ALL,
            policy=Policy.SINGLE,
        )


GETTING = (
    delegated,
    reassigned,
    escalated,
    next_step_by_name,
    next_step_by_group,
    next_step_by_managers,
)
