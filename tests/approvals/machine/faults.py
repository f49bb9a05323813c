"""Faults to sow in the engine, each of which the machine has to find.

A fault is a piece of a function's source and what stands there instead. One whose
piece is gone from the code fails loudly: then it has to be thought of anew.
"""

import inspect
import textwrap
from dataclasses import dataclass
from types import ModuleType

from approvals import (
    applying,
    assigning,
    batch,
    cases,
    decisions,
    facts,
    handover,
    planning,
    proposals,
    routing,
    submitting,
    substitutions,
    writing,
)


@dataclass(frozen=True)
class Fault:
    """One wrong piece of code. where: the module and the function or Class.method in it."""

    name: str
    module: ModuleType
    where: str
    right: str
    wrong: str

    def sow(self, monkeypatch) -> None:
        """Put the wrong piece into the running program."""
        *outer, name = self.where.split(".")
        owner = getattr(self.module, outer[0]) if outer else self.module
        source = textwrap.dedent(inspect.getsource(inspect.unwrap(getattr(owner, name))))
        assert source.count(self.right) == 1, f"{self.where} no longer has: {self.right}"
        names = {}
        exec(source.replace(self.right, self.wrong), vars(self.module), names)
        monkeypatch.setattr(owner, name, names[name])


FAULTS = [
    Fault(
        "approve without looking at the revision",
        cases,
        "why_not",
        "revision is not None and case.proposal.revision != revision",
        "False",
    ),
    Fault(
        "quorum counts one person twice",
        decisions,
        "_plan_approval",
        "approvals + 1 >=",
        "approvals + 2 >=",
    ),
    Fault(
        "one person votes twice in a step",
        cases,
        "_decided",
        "if case.run.pk in voter.decided:",
        "if False:",
    ),
    Fault(
        "delegate may approve the delegator's own change",
        routing,
        "Router._eligible",
        "if self.may_get(p, facts)}",
        "if self.may_get(p, facts) or facts.delegates.get(p)}",
    ),
    Fault(
        "recall leaves a work item open",
        proposals,
        "stop_runs",
        "return cancel_items(WorkItem.objects.filter(proposal__in=proposals))",
        "return []",
    ),
    Fault(
        "who contributed gets a work item",
        routing,
        "Router.may_get",
        " and person not in facts.contributors",
        "",
    ),
    Fault(
        "an edit makes no contributor", writing, "_touch", "contribute(loaded, by", "(loaded, by"
    ),
    Fault(
        "who discards is no contributor",
        writing,
        "close_changes",
        "_touch(set(changed), by)",
        "_touch(set(), by)",
    ),
    Fault(
        "a joined draft's contributors are forgotten",
        proposals,
        "_join",
        "draft.contributors.values_list",
        "draft.contributors.none().values_list",
    ),
    Fault(
        "apply does not look whether the live value has moved",
        applying,
        "_plan",
        "checking.moved(governed, record, case.changes)",
        "[]",
    ),
    Fault(
        "apply leaves one value out",
        applying,
        "_plan",
        "{**already, **new}",
        "dict(list({**already, **new}.items())[:1])",
    ),
    Fault(
        "submit keeps old originals",
        proposals,
        "_refresh",
        "moved.append((change.pk, live))",
        "pass",
    ),
    Fault(
        "a pending field takes a direct edit",
        planning,
        "_place_edited",
        "plan.fail(name, _pending_message(waiting, by))",
        "plan.direct[name] = new",
    ),
    Fault(
        "a governed field is written at once",
        planning,
        "_place_edited",
        "plan.proposed[name] = new",
        "plan.direct[name] = new",
    ),
    Fault(
        "an import writes what needs approval",
        planning,
        "_place_imported",
        "plan.proposed[name] = new",
        "plan.direct[name] = new",
    ),
    Fault(
        "the steps after the first are left out",
        routing,
        "Router.after",
        "later.position <= step.position",
        "True",
    ),
    Fault(
        "a step that applies is skipped",
        routing,
        "Router.after",
        "if evaluation.holds:",
        "if evaluation.holds and not evaluation.rows:",
    ),
    Fault(
        "a majority is half",
        routing,
        "votes_needed",
        "people // 2 + 1",
        "max(1, people // 2)",
    ),
    Fault(
        "a percentage is rounded down",
        routing,
        "votes_needed",
        "-(-people * step.percentage // 100)",
        "people * step.percentage // 100",
    ),
    Fault(
        "a complete step leaves its other work items open",
        decisions,
        "_end_runs",
        "cancel_items(WorkItem.objects.filter(step_run__in=runs))",
        "pass",
    ),
    Fault(
        "a rejection is not enough",
        decisions,
        "_hand_back",
        "case.proposal.reject() if action == Action.REJECT else case.proposal.request_change()",
        "case.proposal.request_change()",
    ),
    Fault(
        "a recall leaves no history",
        proposals,
        "recall",
        "history.record([event])",
        "pass",
    ),
    Fault(
        "a rule approves without applying",
        submitting,
        "_decide_by_rule",
        "applying.apply(cases, by=None, source=source)",
        "[case.proposal.approve(case.record) for case in cases]",
    ),
    Fault(
        "a rule decides what it is not about",
        routing,
        "Router.preview",
        "if conditions.evaluate(rule, facts).holds:",
        "if True:",
    ),
    Fault(
        "a substitute decides what his absent colleague proposed",
        cases,
        "_four_eyes",
        "contributors & {case.item.assignee_id, case.item.on_behalf_of_id}",
        "False",
    ),
    Fault(
        "whose days are over still stands in",
        substitutions,
        "today",
        "starts__lte=day, ends__gte=day, ",
        "",
    ),
    Fault(
        "anybody decides anything",
        cases,
        "Voter.holds",
        "return self.absent.covers(item.assignee_id, proposal.version)",
        "return True",
    ),
    Fault(
        "a right that was withdrawn still counts",
        cases,
        "why_not",
        "if not voter.may_decide:",
        "if False:",
    ),
    Fault(
        "a claim does not keep others away",
        cases,
        "_claimed",
        "if claimer is None or",
        "if True or",
    ),
    Fault(
        "a leaver keeps his work items",
        handover,
        "hand_over_orphans",
        "return len(plans)",
        "return transaction.set_rollback(True)",
    ),
    Fault(
        "a handed on work item stays open as well",
        assigning,
        "hand_on",
        'update_rows(WorkItem, ["state"], closed, match=("state",))',
        "pass",
    ),
    Fault(
        "a terminated proposal keeps its changes",
        proposals,
        "terminate",
        "changes.update(outcome=Outcome.DISCARDED)",
        "pass",
    ),
    Fault(
        "an edit keeps the revision",
        writing,
        "_touch",
        "proposal.revision += 1",
        "pass",
    ),
    Fault(
        "another's open change is taken for one's own record's",
        batch,
        "_attach_open_changes",
        'outcome=""',
        'outcome="", proposal__state="not_submitted"',
    ),
    Fault(
        "contributors before a resubmission are forgotten",
        facts,
        "contributors_of",
        "Contributor.objects.filter(proposal__in=proposals)",
        'Contributor.objects.filter(proposal__in=proposals, role="submitted")',
    ),
]
