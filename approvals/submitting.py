"""Submitting: proposals are handed to their workflow's first step, or a rule decides at once."""

from collections import defaultdict

from django.utils import timezone

from . import applying, history, writing
from .deciding import assigning
from .history import Entry
from .models import AutomaticDecision, Proposal, ProposedChange, Role, Verb
from .notifying import notifications
from .workflow import routing
from .workflow.routing import Route
from .writing import Filed


def start(routes: dict[Proposal, Route], records: dict, *, by, source, note="") -> None:
    """Submit stored proposals, each with the route found for it.

    records: the locked records, by the proposals' ids.
    """
    now = timezone.now()
    loaded = {proposal: proposal.revision for proposal in routes}
    for proposal, route in routes.items():
        proposal.submit(by, now, route.version.pk, route.routed_on, note)
    writing.save_states(loaded)
    # Who imports has contributed already.
    writing.contribute(routes, by, Role.SUBMITTED)
    begin(routes, records, by=by, source=source, note=note)


def begin(
    routes: dict[Filed | Proposal, Route], records: dict, *, by, source, note="", told=()
) -> None:
    """Hand proposals that were just submitted to their first step, or to the rule.

    Those that a rule decides are whole proposals. told: what the history is to say first.
    """
    if not routes:
        return
    content_type_id = next(iter(routes)).content_type_id
    entries = [
        Entry(
            Verb.SUBMITTED,
            proposal.object_id,
            proposal.record_key,
            proposal.pk,
            comment=note,
            version_id=route.version.pk,
        )
        for proposal, route in routes.items()
    ]
    decided = {p: route.rule for p, route in routes.items() if route.rule}
    entered = {p: route for p, route in routes.items() if route.step}
    entries = [*told, *entries, *assigning.enter(entered, source=source)]
    history.record_entries(entries, content_type_id, by=by, source=source)
    _decide_by_rule(decided, records, source)


def _decide_by_rule(rules, records, source):
    """The only decisions without a person: the history names the rule."""
    if not rules:
        return
    approved = AutomaticDecision.APPROVE
    verbs = {approved: Verb.APPROVED_BY_RULE, AutomaticDecision.REJECT: Verb.REJECTED_BY_RULE}
    for proposal, rule in rules.items():
        proposal.automatic_action = rule
    history.record(
        [
            routing.proposal_event(
                p, verbs[rule.decision], by=None, source=source, comment=rule.name
            )
            for p, rule in rules.items()
        ]
    )
    cases = _cases([p for p, rule in rules.items() if rule.decision == approved], records)
    applying.apply(cases, by=None, source=source)
    _reject([p for p, rule in rules.items() if rule.decision != approved], source)


def _cases(proposals, records):
    changes = defaultdict(list)
    for change in ProposedChange.objects.filter(proposal__in=proposals, outcome=""):
        changes[change.proposal_id].append(change)
    return [applying.Case(p, records[p.pk], changes[p.pk], p.revision) for p in proposals]


def _reject(proposals, source):
    loaded = {proposal: proposal.revision for proposal in proposals}
    for proposal in proposals:
        proposal.reject()
    writing.save_states(loaded)
    notifications.decided(proposals, Verb.REJECTED, job=source.job)
