"""The machine: random people do random things; after each, what must hold is checked."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from approvals import proposals
from approvals.deciding import claims, deadlines, delegating, handover, reassigning
from approvals.models import EDITABLE, Action, Behavior, Policy, Substitution
from customers.models import Customer

from . import company
from .acting import Acting

people = st.sampled_from(company.WORKERS)
everybody = st.sampled_from(sorted(company.PEOPLE))
# Mostly those who may, so that something comes of it.
deciders = st.sampled_from(["adam", "adam", "ben", "dora", *company.WORKERS])
authors = st.sampled_from(["clara", "chris", "clara", "chris", "dora", *company.WORKERS])
accounts = st.sampled_from(company.ACCOUNTS + company.NEW_ACCOUNTS)
clerks = st.sampled_from(["clara", "chris", "both", "dora"])
behaviors = st.sampled_from([Behavior.PROPOSE, Behavior.PROPOSE, *Behavior])
picks = st.integers(0, 2)
which = st.integers(0, 7)
fields = st.sampled_from(sorted(company.VALUES))
actions = st.sampled_from([Action.APPROVE, Action.APPROVE, Action.REJECT, Action.REQUEST_CHANGE])


def there_is(table, **values):
    """Only where the last picture shows such a row."""
    return precondition(lambda self: self.before.of(table, **values))


def _values(**picked):
    return {field: company.VALUES[field][pick] for field, pick in picked.items()}


class Company(Acting):
    """One company; what its people may do at any time."""

    @initialize(
        policy=st.sampled_from(Policy.values),
        percentage=st.sampled_from([1, 34, 50, 67, 100]),
        few=st.booleans(),
        managers=st.booleans(),
        condition=st.sampled_from([None, *company.CONDITIONS]),
        rule=st.sampled_from([None, None, "approve", "reject"]),
        approve_new=st.sampled_from([True, True, False]),
    )
    def workflow(self, policy, percentage, approve_new, **how):
        company.set_up_workflow(policy, percentage, **how)
        self.set_parameters(approve_new_records=approve_new)

    # --- the originator's side

    @rule(who=authors, account=accounts, field=fields, pick=picks)
    def edit(self, who, account, field, pick):
        self.save(who, self.existing(account), _values(**{field: pick}))

    @rule(who=authors, account=accounts, limit=picks, name=picks)
    def propose_and_submit(self, who, account, limit, name):
        account = self.existing(account)
        self.save(who, account, _values(credit_limit=limit, name=name))
        self.submit_draft(who, account)

    @rule(who=clerks, account=accounts, limit=picks, phone=picks, later=picks)
    def change_what_a_condition_reads_after_submitting(self, who, account, limit, phone, later):
        account = self.existing(account)
        self.save(who, account, _values(phone=phone, credit_limit=limit))
        self.submit_draft(who, account)
        self.save(who, account, _values(phone=later))
        self.approve_all(record_key=account)

    @precondition(lambda self: self.unused())
    @rule(who=clerks, name=picks, limit=picks, phone=picks, then=st.sampled_from(["", "s", "sb"]))
    def new_customer(self, who, name, limit, phone, then):
        """And then it is submitted, and then another change beside it."""
        account = self.unused()[0]
        values = _values(name=name, credit_limit=limit, phone=phone)
        self.create(who, account, {**values, "customer_group": "10"})
        if "s" in then:
            self.submit_draft(who, account)
        if "b" in then:
            self.save(who, account, _values(city=name))
            self.submit_draft(who, account)

    @rule(account=accounts, name=picks, limit=picks, behavior=behaviors)
    def imported_row(self, account, name, limit, behavior):
        """A row about a customer that exists, or about a new one."""
        values = {**_values(credit_limit=limit), "phone": "999"}
        if new := account not in self.before.customers:
            values |= {**_values(name=name), "customer_group": "10"}
        self.import_row(account, values, behavior, new=new)

    @there_is("proposals")
    @rule(who=everybody, n=which)
    def submit(self, who, n):
        pk = self.proposal(n, EDITABLE).pk
        self.act("submit", who, lambda by: proposals.submit(pk, by=by))

    @there_is("proposals", state="pending")
    @rule(who=everybody, n=which)
    def recall(self, who, n):
        pk = self.proposal(n, ["pending"]).pk
        self.act("recall", who, lambda by: proposals.recall(pk, by=by))

    @there_is("proposals", state="pending")
    @rule(n=which, who=authors, field=fields, pick=picks, then=st.sampled_from(["", "s", "sa"]))
    def rework(self, n, who, field, pick, then):
        """And then it is submitted, and approved by all."""
        proposal = self.proposal(n, ["pending"])
        self.recall_and_edit(proposal, who, _values(**{field: pick}), again="s" in then)
        if "a" in then:
            self.approve_all(pk=proposal.pk)

    @there_is("items", state="open")
    @rule(n=which, field=fields, pick=picks)
    def have_an_approver_rework_it(self, n, field, pick):
        item = self.item(n)
        who = item.assignee.username
        self.recall_and_edit(item.proposal, who, _values(**{field: pick}), again=True)

    @there_is("proposals", state="pending")
    @rule(n=which, who=authors, pick=picks, now=st.booleans())
    def propose_beside(self, n, who, pick, now):
        """Another field goes into a proposal of its own."""
        account = self.proposal(n, ["pending"]).record_key
        self.save(who, account, _values(city=pick))
        if now:
            self.submit_draft(who, account)

    @there_is("changes")
    @rule(who=authors, n=which)
    def discard(self, who, n):
        pk = self.change(n).pk
        self.act("discard", who, lambda by: proposals.discard_change(pk, by=by))

    @there_is("changes")
    @rule(who=authors, account=accounts)
    def discard_all(self, who, account):
        record = Customer.objects.get(account=self.existing(account))
        self.act("discard", who, lambda by: proposals.discard_all(record, by=by))

    # --- the approver's side

    @there_is("items")
    @rule(n=which, action=actions, stale=st.sampled_from([False, False, True]))
    def decide_own(self, n, action, stale):
        item = self.item(n)
        self.vote(item.assignee.username, item, action, stale)

    @there_is("items", state="open")
    @rule(who=everybody, action=actions)
    def decide_all(self, who, action):
        votes = {item.pk: item.proposal.revision for item in self.waiting()}
        self.decide(who, votes, action)

    @there_is("items", state="open")
    @rule(n=which)
    def approve_to_the_end(self, n):
        self.approve_all(pk=self.item(n).proposal_id)

    @there_is("items", state="open")
    @rule(
        n=which, to=deciders, then=st.sampled_from([None, "rework", "rework", *Action]), pick=picks
    )
    def delegate(self, n, to, then, pick):
        """And then the delegate decides, or the one who delegated changes the proposal."""
        item, taker = self.item(n), company.person(to)
        giver = item.assignee.username
        self.act("delegate", giver, lambda by: delegating.delegate(item.pk, taker, "Please", by=by))
        if then == "rework":
            self.recall_and_edit(item.proposal, giver, _values(city=pick), again=True)
        elif then:
            for taken in self.waiting(proposal=item.proposal, assignee=taker):
                self.vote(to, taken, then)

    @there_is("items", state="open")
    @rule(who=st.sampled_from(["adam", "adam", "adam", "anna"]), n=which, to=deciders)
    def reassign(self, who, n, to):
        item, taker = self.item(n), company.person(to)
        self.act("reassign", who, lambda by: reassigning.reassign([item.pk], taker, "Leave", by=by))

    @there_is("items", state="open")
    @rule(n=which, who=st.none() | everybody)
    def claim(self, n, who):
        """Who has it claims it; then maybe somebody takes the claim back."""
        item = self.item(n)
        self.act("claim", item.assignee.username, lambda by: claims.claim(item.pk, by=by))
        if who:
            self.act("release", who, lambda by: claims.release(item.pk, by=by))

    @there_is("items", state="open")
    @rule(n=which, substitute=deciders, from_day=st.sampled_from([-2, -1, 0, 0, 1]), action=actions)
    def stand_in(self, n, substitute, from_day, action):
        """Somebody decides for another: on the first or last of the days, before, or after."""
        item, day = self.item(n), timezone.localdate() + timedelta(days=from_day)
        if item.assignee.username != substitute:
            stands_in = company.person(substitute)
            Substitution.objects.create(
                person=item.assignee, substitute=stands_in, starts=day, ends=day + timedelta(days=1)
            )
        self.vote(substitute, item, action)

    @there_is("proposals", state="pending")
    @rule(who=st.sampled_from(["adam", "clara"]), n=which)
    def terminate(self, who, n):
        pk = self.proposal(n, ["pending"]).pk
        self.act("terminate", who, lambda by: proposals.terminate(pk, by=by, comment="Over"))

    # --- what else happens in a company

    @there_is("proposals")
    @rule(who=people, active=st.booleans(), approver=st.booleans())
    def come_and_go(self, who, active, approver):
        """Somebody leaves or returns, and is among the approvers or not."""
        somebody, group = company.person(who), Group.objects.get(name="Approver")
        somebody.is_active = active
        somebody.save()
        somebody.groups.add(group) if approver else somebody.groups.remove(group)
        self.act("people", "adam", lambda by: handover.hand_over_orphans(by=by))

    @there_is("proposals")
    @rule(name=st.sampled_from(["new", *company.GOVERNED]), on=st.booleans())
    def switch(self, name, on):
        if name == "new":
            self.set_parameters(approve_new_records=on)
        else:
            self.set_parameters(fields={name: on})

    @there_is("proposals")
    @rule(who=authors, account=accounts, field=fields, pick=picks)
    def edit_while_approvals_are_off(self, who, account, field, pick):
        self.set_parameters(enabled=False)
        self.save(who, self.existing(account), _values(**{field: pick}))
        self.set_parameters(enabled=True)

    @there_is("items", state="open")
    @rule(hours=st.sampled_from([1, 9, 40]))
    def time_passes(self, hours):
        self.hours += hours
        moment = company.later(self.hours)
        self.act("time", "adam", lambda by: deadlines.process(now=moment))
