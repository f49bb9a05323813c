"""How people act: each action is done or refused, and then everything is checked."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine

from approvals import changes, parameters, proposals
from approvals.deciding import decisions
from approvals.models import Action, Proposal, ProposedChange, WorkItem
from approvals.outcomes import BROWSER, Change, Refused
from customers.models import Customer
from tests.approvals.helpers import import_source

from . import company, invariants, picture
from .ledger import Ledger


class Acting(RuleBasedStateMachine):
    """What the machine's rules are made of; each run ends by taking everything back."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.ledger = Ledger()
        self.before = picture.take()
        self.hours = 0

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    def act(self, verb, who, do, votes=None):
        """Do it, and check everything; or be refused, and nothing is changed."""
        actor = company.person(who)
        try:
            with transaction.atomic():
                do(actor)
        except (Refused, PermissionDenied):
            return
        after = picture.take()
        self.ledger.note(self.before, after, actor, verb)
        invariants.check(self.before, after, self.ledger, votes or {})
        self.before = after

    # --- the originator's side

    def save(self, who, account, values):
        """Set values in the browser."""
        meant = [Change(account, values)]
        self.act(
            "edit",
            who,
            lambda by: changes.change_records(Customer, meant, by=by, source=BROWSER),
        )

    def import_row(self, account, values, behavior, *, new=False):
        """Set values, or create a customer, by an import of Stella's."""
        meant = [Change(account, values, new=new)]

        def run(by):
            source = import_source(by, behavior)
            return changes.change_records(Customer, meant, by=by, source=source)

        self.act("import", "stella", run)

    def create(self, who, account, values):
        """Create a customer in the browser."""
        meant = [Change(account, values, new=True)]
        self.act(
            "create",
            who,
            lambda by: changes.change_records(Customer, meant, by=by, source=BROWSER),
        )

    def submit_draft(self, who, account):
        """Submit what is not submitted of a customer."""
        drafts = self.before.of("proposals", record_key=account, state="not_submitted")
        for draft in drafts:
            self.act("submit", who, lambda by, pk=draft["id"]: proposals.submit(pk, by=by))

    def recall_and_edit(self, proposal, who, values, *, again):
        """The originator takes it back, somebody changes it; then it is submitted again."""
        originator = (proposal.submitted_by or proposal.created_by).username
        self.act("recall", originator, lambda by: proposals.recall(proposal.pk, by=by))
        self.save(who, proposal.record_key, values)
        if again:
            self.submit_draft(originator, proposal.record_key)

    def existing(self, account):
        """The account; that of an established customer while there is no such new one."""
        return account.replace("N", "M") if account in self.unused() else account

    def unused(self):
        """The accounts that no new customer has yet."""
        return [a for a in company.NEW_ACCOUNTS if a not in self.before.customers]

    def proposal(self, n, states):
        """Some proposal in one of these states, or one in another; the newest first."""
        return some(Proposal.objects.order_by("-pk"), n, lambda found: found.state in states)

    def change(self, n):
        """Some proposed change, or one that is closed."""
        return some(ProposedChange.objects.order_by("pk"), n, lambda found: not found.outcome)

    def set_parameters(self, **switched):
        """Switch parameters, as the administrator does."""
        self.act(
            "switch",
            "adam",
            lambda by: parameters.set_parameters(Customer, by=by, **switched),
        )

    # --- the approver's side

    def item(self, n):
        """Some open work item, or one that is closed; the newest first."""
        items = WorkItem.objects.select_related("assignee", "proposal").order_by("-pk")
        return some(items, n, lambda found: found.state == "open")

    def waiting(self, **where):
        """The open work items, oldest first."""
        items = WorkItem.objects.filter(state="open", **where)
        return list(items.select_related("assignee", "proposal").order_by("pk"))

    def approve_all(self, **where):
        """Everybody who is asked approves pending proposals, in two steps."""
        for pk in Proposal.objects.filter(state="pending", **where).values_list("pk", flat=True):
            for _step in range(2):
                for item in self.waiting(proposal=pk):
                    self.vote(item.assignee.username, item, Action.APPROVE)

    def vote(self, who, item, action, stale=False):
        """Decide one work item on the revision that it has, or had before."""
        self.decide(who, {item.pk: item.proposal.revision - stale}, action)

    def decide(self, who, votes, action):
        """Decide work items: their ids with the revisions that were seen."""
        cast = [decisions.Vote(pk, revision) for pk, revision in votes.items()]
        self.act(
            "decide",
            who,
            lambda by: decisions.decide(cast, action, by=by, comment="Why"),
            votes,
        )


def some(rows, n, fit):
    """One of the rows that fit, or else the first of the others."""
    rows = sorted(rows, key=lambda row: not fit(row))
    fitting = sum(map(fit, rows))
    return rows[n % min(fitting + 1, len(rows))]
