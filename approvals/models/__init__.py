"""The engine's tables, one file per subject."""

from .governed import GovernedModel, NeverDeleted
from .history import Verb, WorkflowEvent
from .imports import ImportJob, ImportRow
from .parameters import ApprovalParameters, Behavior, FieldEnablement
from .proposals import (
    EDITABLE,
    OPEN,
    RETURNED,
    Contributor,
    Origin,
    Outcome,
    Proposal,
    ProposedChange,
    Role,
    State,
)
from .work_items import Action, Decision, ItemState, RunState, StepRun, WorkItem
from .workflows import Policy, VersionState, Workflow, WorkflowStep, WorkflowVersion

__all__ = [
    "EDITABLE",
    "OPEN",
    "RETURNED",
    "Action",
    "ApprovalParameters",
    "Behavior",
    "Contributor",
    "Decision",
    "FieldEnablement",
    "GovernedModel",
    "ImportJob",
    "ImportRow",
    "ItemState",
    "NeverDeleted",
    "Origin",
    "Outcome",
    "Policy",
    "Proposal",
    "ProposedChange",
    "Role",
    "RunState",
    "State",
    "StepRun",
    "Verb",
    "VersionState",
    "WorkItem",
    "Workflow",
    "WorkflowEvent",
    "WorkflowStep",
    "WorkflowVersion",
]
