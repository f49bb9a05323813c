"""A version of a workflow stays as it was once it was activated."""

from collections.abc import Iterator

from ...models import (
    AutomaticAction,
    AutomaticCondition,
    EscalationLevel,
    StepCondition,
    VersionCondition,
    VersionState,
    WorkflowStep,
    WorkflowVersion,
)
from .rule import Rule, Tables, differs


def rules(table: Tables) -> Iterator[Rule]:
    """Those of versions, and of all that they are made of."""
    yield from _versions()
    yield from _defined(table)


def _versions():
    state = VersionState
    said = (f.column for f in WorkflowVersion._meta.concrete_fields if f.name != "state")
    yield Rule(
        WorkflowVersion,
        "UPDATE",
        "back",
        "a version that was activated never becomes a draft again, nor active once it is "
        "retired, and a draft becomes nothing but active",
        when=f"""NEW.state <> OLD.state
            AND NOT (OLD.state = '{state.DRAFT}' AND NEW.state = '{state.ACTIVE}')
            AND NOT (OLD.state = '{state.ACTIVE}' AND NEW.state = '{state.RETIRED}')""",
    )
    yield Rule(
        WorkflowVersion,
        "UPDATE",
        "redefined",
        "a version stays with its workflow, and as it was once it was activated",
        when=f"""{differs("id", "workflow_id", "number")}
            OR OLD.state <> '{state.DRAFT}' AND ({differs(*said)})""",
    )
    yield Rule(
        WorkflowVersion,
        "DELETE",
        "deleted",
        "a version that was activated is never deleted",
        when=f"OLD.state <> '{state.DRAFT}'",
    )


# All that a version is made of, and by which field it belongs to the version or to a part.
DEFINED = {
    VersionCondition: "version",
    WorkflowStep: "version",
    WorkflowStep.users.through: "workflowstep",
    WorkflowStep.groups.through: "workflowstep",
    StepCondition: "step",
    EscalationLevel: "step",
    AutomaticAction: "version",
    AutomaticCondition: "action",
}


def _defined(table):
    """Who decides, when, and what approves in people's place is said in drafts only."""
    why = "a part of a version stays with it, and as it was once the version was activated"
    for model, name in DEFINED.items():
        owner = model._meta.get_field(name)
        before, now = (_drafts(table, owner, row) for row in ("OLD", "NEW"))
        for event, drafts in (("INSERT", now), ("UPDATE", before), ("DELETE", before)):
            refused = f"NOT EXISTS (SELECT 1 FROM {drafts})"
            if event == "UPDATE":
                refused = f"{differs('id', owner.column)} OR {refused}"
            yield Rule(model, event, "defined", why, refused=refused, holds=drafts)


def _drafts(table, owner, row):
    """The draft that a part belongs to: itself, or by another part."""
    version = f"{row}.{owner.column}"
    if owner.related_model is not WorkflowVersion:
        part = table(owner.related_model)
        version = f"(SELECT part.version_id FROM {part} part WHERE part.id = {version})"
    return f"""{table(WorkflowVersion)} held
        WHERE held.id = {version} AND held.state = '{VersionState.DRAFT}'"""
