"""A proposal is approved by deciding on it, and its changes are what was decided on."""

from collections.abc import Iterator

from ...models import (
    Behavior,
    ImportJob,
    Outcome,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepRun,
    VersionState,
    WorkflowVersion,
)
from .deciding import decided, decided_by_rule
from .imports import at_work
from .rule import Rule, Tables, differs


def rules(table: Tables) -> Iterator[Rule]:
    """Those of proposals and their changes."""
    yield from _proposals(table)
    yield from _changes(table)


def _proposals(table):
    yield Rule(
        Proposal,
        "INSERT",
        "made_approved",
        "a proposal is approved only by deciding on it, and needs no approval only as an "
        "import that may change without",
        when=f"NEW.state IN ('{State.APPROVED}', '{State.NOT_REQUIRED}')",
        refused=f"""NEW.state = '{State.APPROVED}' OR NOT EXISTS (
            SELECT 1 FROM {table(ImportJob)} j
            WHERE j.id = NEW.import_job_id AND j.behavior = '{Behavior.ALLOW}'
              AND j.content_type_id = NEW.content_type_id
              AND j.created_by_id = NEW.created_by_id AND {at_work("j")})""",
        together=True,
    )
    yield Rule(
        Proposal,
        "UPDATE",
        "final",
        "an approved proposal, and one that needed no approval, never changes",
        when=f"OLD.state IN ('{State.APPROVED}', '{State.NOT_REQUIRED}')",
    )
    yield Rule(
        Proposal,
        "UPDATE",
        "of_another_record",
        "a proposal stays with its record, and with where it came from",
        when=differs(
            *("id", "content_type_id", "object_id", "record_key"),
            *("origin", "import_job_id", "created_by_id", "created_at"),
        ),
    )
    yield Rule(
        Proposal,
        "UPDATE",
        "revised",
        "the revision of a proposal never goes back, and grows when the proposal is "
        "submitted and when it stops being pending",
        when=f"""NEW.revision < OLD.revision OR NEW.revision = OLD.revision
            AND (NEW.state = '{State.PENDING}') <> (OLD.state = '{State.PENDING}')""",
    )
    yield Rule(
        Proposal,
        "UPDATE",
        "another_way",
        "a pending proposal keeps its workflow, its originator and what was submitted with it",
        # Recalled, it may be joined by a draft that is about a new record.
        when=f"""OLD.state = '{State.PENDING}' AND ({differs(*_SUBMITTED)}
            OR NEW.state <> '{State.NOT_SUBMITTED}' AND NEW.kind <> OLD.kind)""",
    )
    yield Rule(
        Proposal,
        "UPDATE",
        "approved",
        "a proposal is approved only from pending, with the decisions that its workflow asks for, "
        "and nothing was applied before",
        when=f"""NEW.state <> OLD.state
            AND NEW.state IN ('{State.APPROVED}', '{State.NOT_REQUIRED}')""",
        refused=f"""NEW.state <> '{State.APPROVED}' OR OLD.state <> '{State.PENDING}'
            OR EXISTS (SELECT 1 FROM {table(StepRun)} r
                       WHERE r.proposal_id = OLD.id AND r.state = '{RunState.RUNNING}')
            OR EXISTS (SELECT 1 FROM {table(ProposedChange)} c
                       WHERE c.proposal_id = OLD.id AND c.outcome = '{Outcome.APPLIED}')
            OR NOT ({decided(table)} OR {decided_by_rule(table)})""",
    )
    yield Rule(
        Proposal,
        "UPDATE",
        "by_a_draft",
        "a proposal is approved only by a version that was activated",
        when=f"NEW.state <> OLD.state AND NEW.state = '{State.APPROVED}'",
        refused=f"""NOT EXISTS (SELECT 1 FROM {table(WorkflowVersion)} v
            WHERE v.id = OLD.version_id AND v.state <> '{VersionState.DRAFT}')""",
    )


_SUBMITTED = ("version_id", "submitted_by_id", "submitted_at", "note", "routed_on")


def _changes(table):
    frozen = f"'{State.PENDING}', '{State.APPROVED}', '{State.NOT_REQUIRED}'"
    yield Rule(
        ProposedChange,
        "INSERT",
        "slipped_in",
        "nothing is added to a proposal that is being decided or was approved, nor about "
        "another record, nor what is said to be applied but by an import that may",
        refused=f"""EXISTS (SELECT 1 FROM {table(Proposal)} p
            WHERE p.id = NEW.proposal_id AND (
                p.object_id <> NEW.object_id OR p.content_type_id <> NEW.content_type_id
                OR (p.state = '{State.NOT_REQUIRED}') <> (NEW.outcome = '{Outcome.APPLIED}')
                OR p.state = '{State.APPROVED}' OR p.state = '{State.PENDING}'
                AND EXISTS (SELECT 1 FROM {table(StepRun)} r WHERE r.proposal_id = p.id)
                OR p.state = '{State.NOT_REQUIRED}' AND NOT EXISTS (
                    SELECT 1 FROM {table(ImportJob)} j
                    WHERE j.id = p.import_job_id AND {at_work("j")})))""",
        holds=f"{table(Proposal)} held WHERE held.id = NEW.proposal_id",
        together=True,
    )
    yield Rule(
        ProposedChange,
        "UPDATE",
        "exchanged",
        "a proposed change is not edited while it is pending, nor once it was approved, and "
        "keeps its number",
        when=differs(
            *("id", "proposal_id", "content_type_id", "object_id", "field"),
            *("original", "value", "proposed_by_id", "proposed_at"),
        ),
        holds=f"{table(Proposal)} held WHERE held.id IN (OLD.proposal_id, NEW.proposal_id)",
        refused=f"""NEW.id <> OLD.id OR EXISTS (SELECT 1 FROM {table(Proposal)} p
            WHERE p.id IN (OLD.proposal_id, NEW.proposal_id) AND p.state IN ({frozen}))""",
    )
    yield Rule(
        ProposedChange,
        "UPDATE",
        "outcome",
        "a proposed change is applied once, when it was approved, and not discarded while pending",
        when=differs("outcome"),
        holds=f"{table(Proposal)} held WHERE held.id = OLD.proposal_id",
        refused=f"""OLD.outcome <> '{Outcome.OPEN}' OR EXISTS (
            SELECT 1 FROM {table(Proposal)} p WHERE p.id = OLD.proposal_id AND (
                p.state = '{State.PENDING}'
                OR (p.state = '{State.APPROVED}') <> (NEW.outcome = '{Outcome.APPLIED}')))""",
    )
