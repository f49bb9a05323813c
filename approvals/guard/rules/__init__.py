"""What the engine's own tables refuse, in SQL that both databases read.

A rule looks at the row before (OLD) and after (NEW). Nothing here knows how a trigger is
made; `sqlite` and `postgresql` do.
"""

from ...models import (
    ApprovalParameters,
    Contributor,
    Decision,
    FieldEnablement,
    HistoryHead,
    HistorySeal,
    Proposal,
    ProposedChange,
    StepRun,
    WorkflowEvent,
    WorkItem,
)
from . import deciding, history, imports, proposals, switches, workflows
from .rule import Rule, Tables

# Rows that are never deleted: what an approval stands on, what is asked for one, the history.
APPROVING = (Proposal, ProposedChange, Contributor, StepRun, WorkItem, Decision)
SWITCHES = (ApprovalParameters, FieldEnablement)
KEPT = (*APPROVING, *SWITCHES, WorkflowEvent, HistorySeal, HistoryHead)


def all_rules(table: Tables) -> list[Rule]:
    """Every rule of the engine's own tables."""
    subjects = (proposals, deciding, imports, workflows, switches, history)
    return [
        *(rule for subject in subjects for rule in subject.rules(table)),
        *(
            Rule(model, "DELETE", "deleted", f"{_plural(model)} are never deleted")
            for model in KEPT
        ),
    ]


def _plural(model):
    return model._meta.model_name.removesuffix("s") + "s"
