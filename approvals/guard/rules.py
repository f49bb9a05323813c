"""What the engine's own tables refuse, in SQL that both databases read.

A rule looks at the row before (OLD) and after (NEW). Nothing here knows how a trigger is
made; `sqlite` and `postgresql` do.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.db.models import BooleanField

from ..models import (
    Action,
    ApprovalParameters,
    AutomaticAction,
    AutomaticCondition,
    AutomaticDecision,
    Behavior,
    Contributor,
    Decision,
    EscalationLevel,
    FieldEnablement,
    HistoryHead,
    HistorySeal,
    ImportJob,
    Outcome,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepCondition,
    StepRun,
    Substitution,
    Verb,
    VersionCondition,
    VersionState,
    WorkflowEvent,
    WorkflowStep,
    WorkflowVersion,
    WorkItem,
)
from ..registry import all_governed
from ..values import encode

# Rows that are never deleted: what an approval stands on, what is asked for one, the history.
APPROVING = (Proposal, ProposedChange, Contributor, StepRun, WorkItem, Decision)
SWITCHES = (ApprovalParameters, FieldEnablement)
KEPT = (*APPROVING, *SWITCHES, WorkflowEvent, HistorySeal, HistoryHead)
# Where the engine finds what it reads: model -> the table's name as the database knows it.
Tables = Callable[[type], str]


@dataclass(frozen=True)
class Rule:
    """Why a row of `model` is refused on an INSERT, UPDATE or DELETE.

    when: looks at the row alone; refused: is asked only then, and reads other tables.
    together: where a database can, all rows of a statement are looked at in one go.
    holds: rows that nobody else may change until the transaction ends, where more than one
        can write: what was looked at must still hold when it is committed.
    """

    model: type
    event: str
    name: str
    message: str
    when: str = "TRUE"
    refused: str = "TRUE"
    together: bool = False
    holds: str = ""


def all_rules(table: Tables) -> list[Rule]:
    """Every rule of the engine's own tables."""
    return [
        *_proposals(table),
        *_changes(table),
        *_decisions(table),
        *_step_runs(),
        *_work_items(),
        *_import_jobs(),
        *_versions(),
        *_defined(table),
        *_switches(table),
        *_history(table),
        *_content_types(),
        Rule(Contributor, "UPDATE", "kept", "who contributed to a proposal stays a contributor"),
        *(
            Rule(model, "DELETE", "deleted", f"{_plural(model)} are never deleted")
            for model in KEPT
        ),
    ]


def _plural(model):
    return model._meta.model_name.removesuffix("s") + "s"


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
              AND j.created_by_id = NEW.created_by_id AND {_at_work("j")})""",
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
        when=_differs(
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
        when=f"""OLD.state = '{State.PENDING}' AND ({_differs(*_SUBMITTED)}
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
            OR NOT ({_decided(table)} OR {_decided_by_rule(table)})""",
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
        when=f"""{_differs("id", "workflow_id", "number")}
            OR OLD.state <> '{state.DRAFT}' AND ({_differs(*said)})""",
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
                refused = f"{_differs('id', owner.column)} OR {refused}"
            yield Rule(model, event, "defined", why, refused=refused, holds=drafts)


def _drafts(table, owner, row):
    """The draft that a part belongs to: itself, or by another part."""
    version = f"{row}.{owner.column}"
    if owner.related_model is not WorkflowVersion:
        part = table(owner.related_model)
        version = f"(SELECT part.version_id FROM {part} part WHERE part.id = {version})"
    return f"""{table(WorkflowVersion)} held
        WHERE held.id = {version} AND held.state = '{VersionState.DRAFT}'"""


def _at_work(job):
    """Whether rows of an import may be written now; one without a stored file has no preview."""
    state = ImportJob.State
    return f"""({job}.state = '{state.RUNNING}'
        OR {job}.state = '{state.PREVIEW}' AND {job}.stored_as = '')"""


def _import_jobs():
    yield Rule(
        ImportJob,
        "UPDATE",
        "more",
        "an import that runs keeps what it may do, and who imports; any keeps its number",
        when=f"""{_differs("id")} OR OLD.state = '{ImportJob.State.RUNNING}'
            AND ({_differs("content_type_id", "created_by_id", "behavior")})""",
    )
    yield Rule(
        ImportJob,
        "UPDATE",
        "done",
        "an import that is done stays done",
        when=f"OLD.state = '{ImportJob.State.DONE}' AND NEW.state <> OLD.state",
    )


def _decided(table):
    """Each step of the version was passed over, or has the votes it needs, on this revision."""
    vote = f"d.proposal_id = OLD.id AND d.revision = OLD.revision AND d.action = '{Action.APPROVE}'"
    return f"""(
        EXISTS (SELECT 1 FROM {table(WorkflowStep)} s WHERE s.version_id = OLD.version_id)
        AND EXISTS (SELECT 1 FROM {table(Decision)} d WHERE {vote})
        AND NOT EXISTS (SELECT 1 FROM {table(Decision)} d
            WHERE d.proposal_id = OLD.id AND d.revision = OLD.revision
              AND d.action <> '{Action.APPROVE}')
        AND NOT EXISTS (SELECT 1 FROM {table(WorkflowStep)} s
            WHERE s.version_id = OLD.version_id
              AND NOT EXISTS (SELECT 1 FROM {table(StepRun)} r
                  WHERE r.proposal_id = OLD.id AND r.step_id = s.id
                    AND r.state = '{RunState.APPROVED}' AND r.votes_needed <= (
                        SELECT count(DISTINCT d.person_id) FROM {table(Decision)} d
                        WHERE d.step_run_id = r.id AND {vote}
                          AND NOT {_contributed(table, "OLD.id", "d.person_id")}))
              AND NOT EXISTS (SELECT 1 FROM {table(WorkflowEvent)} e
                  WHERE e.step_id = s.id AND {_since_submitted(table, Verb.STEP_SKIPPED)})))"""


def _decided_by_rule(table):
    return f"""EXISTS (SELECT 1 FROM {table(AutomaticAction)} a
        WHERE a.id = NEW.automatic_action_id AND a.version_id = OLD.version_id
          AND a.decision = '{AutomaticDecision.APPROVE}'
          AND EXISTS (SELECT 1 FROM {table(WorkflowEvent)} e
              WHERE {_since_submitted(table, Verb.APPROVED_BY_RULE)}))"""


def _since_submitted(table, verb):
    return f"""e.proposal_id = OLD.id AND e.verb = '{verb}' AND e.id > (
        SELECT max(f.id) FROM {table(WorkflowEvent)} f
        WHERE f.proposal_id = OLD.id AND f.verb = '{Verb.SUBMITTED}')"""


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
                    WHERE j.id = p.import_job_id AND {_at_work("j")})))""",
        holds=f"{table(Proposal)} held WHERE held.id = NEW.proposal_id",
        together=True,
    )
    yield Rule(
        ProposedChange,
        "UPDATE",
        "exchanged",
        "a proposed change is not edited while it is pending, nor once it was approved, and "
        "keeps its number",
        when=_differs(
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
        when=_differs("outcome"),
        holds=f"{table(Proposal)} held WHERE held.id = OLD.proposal_id",
        refused=f"""OLD.outcome <> '{Outcome.OPEN}' OR EXISTS (
            SELECT 1 FROM {table(Proposal)} p WHERE p.id = OLD.proposal_id AND (
                p.state = '{State.PENDING}'
                OR (p.state = '{State.APPROVED}') <> (NEW.outcome = '{Outcome.APPLIED}')))""",
    )


def _decisions(table):
    yield Rule(
        Decision,
        "INSERT",
        "four_eyes",
        "four eyes: a contributor does not decide on the proposal",
        refused=f"""{_contributed(table, "NEW.proposal_id", "NEW.person_id, NEW.on_behalf_of_id")}
            OR EXISTS (SELECT 1 FROM {table(WorkItem)} w WHERE w.id = NEW.work_item_id
                AND {_contributed(table, "w.proposal_id", _VOTING)})""",
    )
    yield Rule(
        Decision,
        "INSERT",
        "on_what_was_seen",
        "a decision is about a step that is running, on the revision that stands",
        refused=f"""NOT EXISTS (SELECT 1 FROM {table(WorkItem)} w
            JOIN {table(StepRun)} r ON r.id = w.step_run_id
            JOIN {table(Proposal)} p ON p.id = r.proposal_id
            WHERE w.id = NEW.work_item_id AND r.id = NEW.step_run_id
              AND p.id = NEW.proposal_id AND r.state = '{RunState.RUNNING}'
              AND p.state = '{State.PENDING}' AND p.revision = NEW.revision)""",
    )
    yield Rule(
        Decision,
        "INSERT",
        "by_another",
        "a decision is taken by whoever has the work item, or stands in for him",
        refused=f"""NOT EXISTS (SELECT 1 FROM {table(WorkItem)} w WHERE w.id = NEW.work_item_id
            AND (w.assignee_id = NEW.person_id
                    AND COALESCE(w.on_behalf_of_id, 0) = COALESCE(NEW.on_behalf_of_id, 0)
                OR w.assignee_id = NEW.on_behalf_of_id AND EXISTS (
                    SELECT 1 FROM {table(Substitution)} s
                    WHERE s.person_id = w.assignee_id AND s.substitute_id = NEW.person_id)))""",
    )
    yield Rule(Decision, "UPDATE", "kept", "a decision never changes")


# Whoever decides, and whom he says he decides for; then whose work item it is.
_VOTING = "NEW.person_id, NEW.on_behalf_of_id, w.assignee_id, w.on_behalf_of_id"


def _contributed(table, proposal, people):
    """Whether one of these people contributed to a proposal, noted as such or not."""
    return f"""(EXISTS (SELECT 1 FROM {table(Contributor)} c
            WHERE c.proposal_id = {proposal} AND c.person_id IN ({people}))
        OR EXISTS (SELECT 1 FROM {table(Proposal)} o WHERE o.id = {proposal}
            AND (o.created_by_id IN ({people}) OR o.submitted_by_id IN ({people})))
        OR EXISTS (SELECT 1 FROM {table(ProposedChange)} h
            WHERE h.proposal_id = {proposal} AND h.proposed_by_id IN ({people})))"""


def _step_runs():
    yield Rule(
        StepRun,
        "INSERT",
        "without_votes",
        "a step is complete with one vote or more",
        when="NEW.votes_needed < 1",
    )
    yield Rule(
        StepRun,
        "UPDATE",
        "fewer_votes",
        "a step that was entered keeps its proposal and the votes it needs",
        when=_differs("id", "proposal_id", "step_id", "votes_needed"),
    )


def _work_items():
    yield Rule(
        WorkItem,
        "UPDATE",
        "of_another_record",
        "a work item stays with its record",
        when=_differs("id", "step_run_id", "proposal_id", "record_key"),
    )


def _switches(table):
    """A switch is where the newest entry about it says it is, or where it was at first."""
    newest = f"(SELECT e.new FROM {table(WorkflowEvent)} e WHERE %s ORDER BY e.id DESC LIMIT 1)"

    def rules(model, field, entry):
        first, now = encode(field, field.get_default()), f"NEW.{field.column}"
        if isinstance(field, BooleanField):
            now = f"(CASE WHEN {now} THEN '1' ELSE '0' END)"
        for event, when in (("INSERT", "TRUE"), ("UPDATE", _differs(field.column))):
            yield Rule(
                model,
                event,
                f"switched_{field.column}",
                "what is asked for an approval changes with an entry in the history that says so",
                when=when,
                refused=f"{now} <> COALESCE({newest % entry}, '{first}')",
            )

    for field in ApprovalParameters._meta.concrete_fields:
        if not field.primary_key:
            entry = f"e.verb = '{Verb.PARAMETER_CHANGED}' AND e.field = '{field.name}'"
            yield from rules(ApprovalParameters, field, entry)
    entry = f"""e.verb = '{Verb.ENABLEMENT_CHANGED}' AND e.field = NEW.field
        AND e.content_type_id = NEW.content_type_id"""
    yield from rules(FieldEnablement, FieldEnablement._meta.get_field("enabled"), entry)
    yield Rule(
        FieldEnablement,
        "UPDATE",
        "of_another_field",
        "Enable stays with its field",
        when=_differs("id", "content_type_id", "field"),
    )


def _history(table):
    yield Rule(WorkflowEvent, "UPDATE", "kept", "an entry of the history never changes")
    yield Rule(HistorySeal, "UPDATE", "kept", "a seal of the history never changes")
    yield Rule(
        HistoryHead,
        "UPDATE",
        "gone_back",
        "the chain of seals only grows",
        when="NEW.id <> OLD.id OR NEW.position <= OLD.position",
    )
    yield Rule(
        HistoryHead,
        "INSERT",
        "second",
        "the chain of seals has one head",
        refused=f"EXISTS (SELECT 1 FROM {table(HistoryHead)})",
    )


def _content_types():
    """What is governed, and Enable, go by the number that a model has there."""
    why = "the content type of what can be governed stays as it is"
    named = "({0}.app_label = '{1.app_label}' AND {0}.model = '{1.model_name}')"
    metas = [governed.model._meta for governed in all_governed()]
    before, now = (" OR ".join(named.format(row, meta) for meta in metas) for row in ("OLD", "NEW"))
    other = f"({before} OR {now}) AND ({_differs('app_label', 'model')})"
    yield Rule(ContentType, "UPDATE", "kept", why, when=f"{_differs('id')} OR {other}")
    yield Rule(ContentType, "DELETE", "kept", why, when=before)


def _differs(*columns):
    """Whether one of these columns differs; `IS DISTINCT FROM` is too new for some SQLites."""
    return " OR ".join(
        f"NEW.{c} <> OLD.{c} OR (NEW.{c} IS NULL) <> (OLD.{c} IS NULL)" for c in columns
    )
