"""A part of a workflow: a version, or a step or automatic action of one."""

from django.urls import reverse

from .. import registry
from ..models import AutomaticAction, VersionState, WorkflowStep, WorkflowVersion
from ..workflow import texts

PAGES = {
    WorkflowVersion: "admin:approvals_workflowversion_change",
    WorkflowStep: "admin:approvals_workflowstep_change",
    AutomaticAction: "admin:approvals_automaticaction_change",
}


def version_of(part) -> WorkflowVersion:
    """The version that a step or an automatic action belongs to; a version itself."""
    return part if isinstance(part, WorkflowVersion) else part.version


def is_draft(part) -> bool:
    """Whether the version of a version, step or automatic action can be edited."""
    return part is None or version_of(part).state == VersionState.DRAFT


def page_of(part) -> str:
    """The address where a version, a step or an automatic action is edited."""
    return reverse(PAGES[type(part)], args=[part.pk])


def governed_of(part) -> registry.Governed:
    """The governed model that the workflow of a version, step or action is about."""
    return registry.for_content_type(version_of(part).workflow.content_type)


def condition_of(part) -> str:
    """The condition of a version, step or action in words."""
    return texts.condition(part, version_of(part))


def linked(problems) -> list[tuple[str, str]]:
    """Each problem's sentence, and the address of the page where it is mended."""
    return [(problem.text, page_of(problem.about)) for problem in problems]
