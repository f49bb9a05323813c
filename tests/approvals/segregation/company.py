"""One company for all cells: a workflow of two steps, and people who touch nothing."""

from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType

from approvals import parameters, proposals, registry
from approvals.models import Action, Behavior, ItemState, Proposal, State, Workflow, WorkItem
from approvals.workflow import workflows
from customers.models import Customer
from tests.conftest import make_person
from tests.customers.factories import customer

from ..definitions import report
from ..helpers import decide_item, edit
from .rule import ROLES, SUPERUSER

# What somebody needs to touch a proposal in every way, and to be handed a work item of it.
TOUCHING = ("Clerk", "Data steward", "Approver")


class Company:
    """Rosa is the one who is looked at. Tom is whom she stands in for.

    Clara submits, Anna decides the first step and Dora the second; Bea is Rosa's manager,
    Rosa Clara's, and Rosa Bea's as well.
    """

    def __init__(self):
        self.clara = make_person("clara", "Clerk", first_name="Clara")
        self.anna = make_person("anna", "Approver", first_name="Anna")
        self.dora = make_person("dora", "Approver", first_name="Dora")
        self.bea = make_person("bea", "Approver", first_name="Bea")
        self.dan = make_person("dan", "Approver", first_name="Dan")
        self.adam = make_person("adam", "Administrator", first_name="Adam")
        self.rosa = make_person("rosa", *TOUCHING, first_name="Rosa")
        self.tom = make_person("tom", *TOUCHING, first_name="Tom")
        self.groups = {group.name: group for group in Group.objects.all()}
        for person, manager in ((self.clara, "rosa"), (self.rosa, "bea"), (self.bea, "rosa")):
            report(person, User.objects.get(username=manager))
        self.version = self._workflow()
        self._govern()
        customer("A", credit_limit="1")
        customer("B", credit_limit="1")
        edit(self.clara, "B", credit_limit="5")
        self.untouched = self.submit(self.clara)

    def _workflow(self):
        kind = ContentType.objects.get_for_model(Customer)
        version = Workflow.objects.create(content_type=kind, name="Customers").versions.create(
            number=1
        )
        version.steps.create(position=1, name="First").users.set([self.anna])
        version.steps.create(position=2, name="Second").users.set([self.dora])
        workflows.activate(version, by=self.adam)
        version.refresh_from_db()
        return version

    def _govern(self):
        fields = {name: name in ("credit_limit", "name") for name in registry.get(Customer).fields}
        parameters.set_parameters(
            by=self.adam,
            enabled=True,
            entity_behavior=Behavior.PROPOSE,
            approve_new_records=False,
            fields=fields,
            model=Customer,
        )

    def submit(self, by):
        """Submit what is not submitted."""
        return proposals.submit(Proposal.objects.get(state=State.NOT_SUBMITTED).pk, by=by)

    def give_role(self, name):
        """Rosa is in this role from now on, and in no other."""
        membership = User.groups.through
        membership.objects.filter(user=self.rosa).delete()
        groups = [self.groups[group] for group in ROLES[name]]
        membership.objects.bulk_create([membership(user=self.rosa, group=g) for g in groups])
        User.objects.filter(pk=self.rosa.pk).update(is_superuser=name == SUPERUSER)

    def fresh(self, person):
        """The person as a next request sees her: with the rights that she has now."""
        return User.objects.get(pk=person.pk)

    def item_for(self, proposal, person=None):
        """The open work item of a proposal: that person's, or anybody's."""
        items = WorkItem.objects.filter(proposal=proposal, state=ItemState.OPEN).order_by("pk")
        own = items.filter(assignee=person).first() if person else None
        return own or items.last()

    def complete_first_step(self, proposal):
        """Anna approves, and the proposal stands at its last step."""
        item = self.item_for(proposal)
        WorkItem.objects.filter(pk=item.pk).update(assignee=self.anna, on_behalf_of=None)
        item.refresh_from_db()
        result = decide_item(self.fresh(self.anna), item, Action.APPROVE)
        assert result.done, result.message
