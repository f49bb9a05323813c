"""The machine: random people do random things; after each, what must hold is checked."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from approvals import (
    changes,
    claims,
    deadlines,
    decisions,
    delegating,
    handover,
    parameters,
    proposals,
    reassigning,
)
from approvals.models import (
    Action,
    Behavior,
    Policy,
    Proposal,
    ProposedChange,
    Substitution,
    WorkItem,
)
from approvals.outcomes import BROWSER, Change, Refused
from customers.models import Customer
from tests.approvals.helpers import import_source

from . import company, invariants, picture

people = st.sampled_from(company.WORKERS)
everybody = st.sampled_from(sorted(company.PEOPLE))
accounts = st.sampled_from(company.ACCOUNTS)
which = st.integers(0, 7)
fields = st.sampled_from(sorted(company.VALUES))
actions = st.sampled_from([Action.APPROVE, Action.APPROVE, Action.REJECT, Action.REQUEST_CHANGE])


class Company(RuleBasedStateMachine):
    """One company; each run of the machine ends by taking everything back."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.ledger = invariants.Ledger()
        self.before = picture.take()
        self.seen = {}
        self.hours = 0

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    @initialize(
        policy=st.sampled_from(Policy.values),
        percentage=st.sampled_from([1, 34, 50, 67, 100]),
        managers=st.booleans(),
        conditional=st.booleans(),
        decision=st.sampled_from([None, None, "approve", "reject"]),
    )
    def workflow(self, policy, percentage, managers, conditional, decision):
        company.set_up_workflow(
            policy, percentage, managers=managers, conditional=conditional, rule=decision
        )

    # --- the clerk's side

    @rule(who=people, account=accounts, field=fields, pick=st.integers(0, 2))
    def edit(self, who, account, field, pick):
        change = Change(account, {field: company.VALUES[field][pick]})
        self.act(
            "edit",
            who,
            lambda by: changes.change_records(Customer, [change], by=by, source=BROWSER),
        )

    @rule(who=people, account=accounts, pick=st.integers(0, 2), again=st.integers(0, 2))
    def propose_and_submit(self, who, account, pick, again):
        values = {"credit_limit": company.VALUES["credit_limit"][pick]}
        values["name"] = company.VALUES["name"][again]
        change = Change(account, values)
        self.act(
            "edit",
            who,
            lambda by: changes.change_records(Customer, [change], by=by, source=BROWSER),
        )
        draft = Proposal.objects.filter(record_key=account, state="not_submitted").first()
        if draft:
            self.act("submit", who, lambda by: proposals.submit(draft.pk, by=by))

    @rule(who=everybody, n=which)
    def submit(self, who, n):
        self.on_proposal("submit", who, n, lambda p, by: proposals.submit(p.pk, by=by))

    @rule(who=everybody, n=which)
    def recall(self, who, n):
        self.on_proposal("recall", who, n, lambda p, by: proposals.recall(p.pk, by=by))

    @rule(n=which)
    def recall_by_originator(self, n):
        pending = list(Proposal.objects.filter(state="pending").order_by("pk"))
        if pending:
            proposal = pending[n % len(pending)]
            name = proposal.submitted_by.username
            self.act("recall", name, lambda by: proposals.recall(proposal.pk, by=by))

    @rule(who=people, n=which)
    def discard(self, who, n):
        found = list(ProposedChange.objects.order_by("outcome", "pk"))
        if found:
            change = found[n % len(found)]
            self.act("discard", who, lambda by: proposals.discard_change(change.pk, by=by))

    @rule(who=people, account=accounts)
    def discard_all(self, who, account):
        record = Customer.objects.get(account=account)
        self.act("discard", who, lambda by: proposals.discard_all(record, by=by))

    @rule(
        account=accounts,
        limit=st.sampled_from(company.VALUES["credit_limit"]),
        behavior=st.sampled_from(Behavior.values),
    )
    def import_row(self, account, limit, behavior):
        def run(by):
            source = import_source(by, Behavior(behavior))
            change = Change(account, {"credit_limit": limit, "phone": "9"})
            return changes.change_records(Customer, [change], by=by, source=source)

        self.act("import", "stella", run)

    # --- the approver's side

    @precondition(lambda self: WorkItem.objects.exists())
    @rule(n=which, action=actions, stale=st.sampled_from([False, False, False, True]))
    def decide_own(self, n, action, stale):
        item = self.item(n)
        self.vote(item.assignee.username, item, action, stale)

    @precondition(lambda self: WorkItem.objects.exists())
    @rule(who=everybody, n=which, action=actions)
    def decide_any(self, who, n, action):
        self.vote(who, self.item(n), action, False)

    @precondition(lambda self: WorkItem.objects.exists())
    @rule(who=everybody, action=actions)
    def decide_all(self, who, action):
        items = list(WorkItem.objects.filter(state="open").select_related("proposal"))
        votes = {item.pk: item.proposal.revision for item in items}
        self.act("decide", who, lambda by: self.decide(votes, action, by), votes)

    @precondition(lambda self: WorkItem.objects.exists())
    @rule(n=which, to=everybody)
    def delegate(self, n, to):
        item, delegate = self.item(n), company.person(to)
        self.act(
            "delegate",
            item.assignee.username,
            lambda by: delegating.delegate(item.pk, delegate, "Please", by=by),
        )

    @precondition(lambda self: WorkItem.objects.exists())
    @rule(who=st.sampled_from(["adam", "anna"]), n=which, to=everybody)
    def reassign(self, who, n, to):
        item, taker = self.item(n), company.person(to)
        self.act(
            "reassign",
            who,
            lambda by: reassigning.reassign([item.pk], taker, "Leave", by=by),
        )

    @precondition(lambda self: WorkItem.objects.exists())
    @rule(n=which)
    def claim(self, n):
        item = self.item(n)
        self.act("claim", item.assignee.username, lambda by: claims.claim(item.pk, by=by))

    @precondition(lambda self: WorkItem.objects.exists())
    @rule(who=everybody, n=which)
    def release(self, who, n):
        item = self.item(n)
        self.act("release", who, lambda by: claims.release(item.pk, by=by))

    @rule(who=st.sampled_from(["adam", "clara"]), n=which)
    def terminate(self, who, n):
        self.on_proposal(
            "terminate", who, n, lambda p, by: proposals.terminate(p.pk, by=by, comment="Over")
        )

    # --- what else happens in a company

    @rule(absent=people, substitute=people, from_day=st.integers(-2, 1))
    def substitution(self, absent, substitute, from_day):
        day = timezone.localdate() + timedelta(days=from_day)
        if absent != substitute:
            Substitution.objects.create(
                person=company.person(absent),
                substitute=company.person(substitute),
                starts=day,
                ends=day + timedelta(days=1),
            )

    @rule(who=people, active=st.booleans())
    def come_and_go(self, who, active):
        leaver = company.person(who)
        leaver.is_active = active
        leaver.save()
        self.act("people", "adam", lambda by: handover.hand_over_orphans(by=by))

    @rule(who=people, belongs=st.booleans())
    def change_rights(self, who, belongs):
        group = Group.objects.get(name="Approver")
        member = company.person(who)
        member.groups.add(group) if belongs else member.groups.remove(group)
        self.act("people", "adam", lambda by: handover.hand_over_orphans(by=by))

    @rule(field=st.sampled_from(company.GOVERNED), on=st.booleans())
    def switch(self, field, on):
        self.act(
            "switch",
            "adam",
            lambda by: parameters.set_parameters(Customer, by=by, fields={field: on}),
        )

    @rule(hours=st.sampled_from([1, 9, 40]))
    def time_passes(self, hours):
        self.hours += hours
        moment = company.later(self.hours)
        self.act("time", "adam", lambda by: deadlines.process(now=moment))

    # --- how it is done

    def on_proposal(self, verb, who, n, do):
        found = list(Proposal.objects.order_by("-pk"))
        if found:
            proposal = found[n % len(found)]
            self.act(verb, who, lambda by: do(proposal, by))

    def item(self, n):
        """Some work item: the open ones first, among all."""
        found = list(WorkItem.objects.select_related("assignee", "proposal"))
        found.sort(key=lambda item: (item.state != "open", -item.pk))
        return found[n % min(len(found), 8)]

    def vote(self, who, item, action, stale):
        revision = item.proposal.revision - 1 if stale else item.proposal.revision
        votes = {item.pk: revision}
        self.act("decide", who, lambda by: self.decide(votes, action, by), votes)

    def decide(self, votes, action, by):
        votes = [decisions.Vote(pk, revision) for pk, revision in votes.items()]
        return decisions.decide(votes, action, by=by, comment="Why")

    def act(self, verb, who, do, votes=None):
        """Do it, or be refused; then check everything."""
        actor = company.person(who)
        try:
            with transaction.atomic():
                do(actor)
        except (Refused, PermissionDenied):
            pass
        after = picture.take()
        self.ledger.note(self.before, after, actor, verb)
        invariants.check(self.before, after, self.ledger, votes or {})
        self.before = after
