"""Who decides on what, and whether a proposal was decided as its workflow asks."""

from collections.abc import Iterator

from ...models import (
    Action,
    AutomaticAction,
    AutomaticDecision,
    Contributor,
    Decision,
    Policy,
    Proposal,
    ProposedChange,
    RunState,
    State,
    StepRun,
    Substitution,
    Verb,
    WorkflowEvent,
    WorkflowStep,
    WorkItem,
)
from .rule import Rule, Tables, differs


def rules(table: Tables) -> Iterator[Rule]:
    """Those of steps, work items, decisions and contributors."""
    yield from _decisions(table)
    yield from _step_runs()
    yield from _work_items()
    why = "who contributed to a proposal stays a contributor"
    yield Rule(Contributor, "UPDATE", "kept", why)


def _decisions(table):
    yield Rule(
        Decision,
        "INSERT",
        "four_eyes",
        "four eyes: a contributor does not decide on the proposal",
        refused=f"""{contributed(table, "NEW.proposal_id", "NEW.person_id, NEW.on_behalf_of_id")}
            OR EXISTS (SELECT 1 FROM {table(WorkItem)} w WHERE w.id = NEW.work_item_id
                AND {contributed(table, "w.proposal_id", _VOTING)})""",
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


def contributed(table, proposal, people):
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
        "a step that was entered keeps its proposal, when it began and the votes it needs",
        when=differs("id", "proposal_id", "step_id", "votes_needed", "started_at"),
    )


def _work_items():
    yield Rule(
        WorkItem,
        "UPDATE",
        "of_another_record",
        "a work item stays with its record, and as old as it is",
        when=differs("id", "step_run_id", "proposal_id", "record_key", "created_at"),
    )


def decided(table: Tables) -> str:
    """Each step of the version was passed over, or has its votes, on this revision."""
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
                    AND r.state = '{RunState.APPROVED}'
                    AND r.votes_needed >= {_votes_of_people(table)} AND r.votes_needed <= (
                        SELECT count(DISTINCT d.person_id) FROM {table(Decision)} d
                        WHERE d.step_run_id = r.id AND {vote}
                          AND NOT {contributed(table, "OLD.id", "d.person_id")}))
              AND NOT EXISTS (SELECT 1 FROM {table(WorkflowEvent)} e
                  WHERE e.step_id = s.id AND {_since_submitted(table, Verb.STEP_SKIPPED)})))"""


def _votes_of_people(table):
    """How many votes step `s` asks for of those with whom its run `r` began.

    They got their work items as it began; what is handed on gets a later one. Null, which
    is never enough, where it began with nobody.
    """
    return f"""(SELECT {votes_needed("count(*)")} FROM {table(WorkItem)} w
        WHERE w.step_run_id = r.id AND w.created_at = r.started_at GROUP BY w.step_run_id)"""


def votes_needed(people: str) -> str:
    """What the function of this name in `workflow.routes` says, of a step `s`."""
    return f"""CASE s.policy WHEN '{Policy.ALL}' THEN {people}
        WHEN '{Policy.MAJORITY}' THEN {people} / 2 + 1
        WHEN '{Policy.PERCENTAGE}' THEN ({people} * s.percentage + 99) / 100 ELSE 1 END"""


def decided_by_rule(table: Tables) -> str:
    """The rule that the proposal names approves, and the history says that it did."""
    return f"""EXISTS (SELECT 1 FROM {table(AutomaticAction)} a
        WHERE a.id = NEW.automatic_action_id AND a.version_id = OLD.version_id
          AND a.decision = '{AutomaticDecision.APPROVE}'
          AND EXISTS (SELECT 1 FROM {table(WorkflowEvent)} e
              WHERE {_since_submitted(table, Verb.APPROVED_BY_RULE)}))"""


def _since_submitted(table, verb):
    return f"""e.proposal_id = OLD.id AND e.verb = '{verb}' AND e.id > (
        SELECT max(f.id) FROM {table(WorkflowEvent)} f
        WHERE f.proposal_id = OLD.id AND f.verb = '{Verb.SUBMITTED}')"""
