"""Something of everything, so that every address has a page; all of it belongs to its owners.

Nobody whom the tests log in has made, proposed, submitted or been given any of it.
"""

from django.contrib.auth.tokens import default_token_generator
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from approvals import proposals
from approvals.deciding import delegating
from approvals.imports.tasks import work_on
from approvals.models import (
    Behavior,
    Notification,
    Proposal,
    ReportingLine,
    State,
    Substitution,
)
from approvals.workflow import workflows
from customers.imports import jobs
from customers.models import Country, Customer, DeliveryTerms, PaymentMethod, PaymentTerms, TaxGroup
from tests.approvals.helpers import edit, item_of, vote
from tests.customers.factories import customer

FILE = b"account,name,credit_limit,phone\nS-1,,70,\nS-8,,much,\nS-9,New,,+31 30 2\n"
ROW = {"subject": "raised", "field": "credit_limit", "operator": "more_percent", "value": "20"}
GOVERNED = ("credit_limit", "name", "iban", "customer_group", "invoice_account")


def scene_of_everything(request):
    """The scene, made from the fixtures that most tests share."""
    fixture = request.getfixturevalue
    fixture("govern_fields")(*GOVERNED, behavior=Behavior.PROPOSE, approve_new=True)
    owners = {name: fixture(name) for name in ("clerk", "approver", "steward", "administrator")}
    return Scene(fixture("workflow"), owners, fixture("person"))


class Scene:
    """What stands there, and whose it is."""

    def __init__(self, workflow, owners, person):
        """workflow: the active version; owners: whose all this is, by role; person: makes one."""
        self.workflow, self.owners = workflow, owners
        self.clerk, self.approver = owners["clerk"], owners["approver"]
        self._propose(person("delegate", "Approver"))
        self._import(owners["steward"])
        self._set_up(person("substitute", "Approver"))

    def _propose(self, delegate):
        self.customer = customer("S-1", name="Shop")
        edit(self.clerk, "S-1", credit_limit="10", phone="+31 30 1")
        self.pending = proposals.submit(Proposal.objects.get().pk, by=self.clerk)
        edit(self.clerk, "S-1", name="Shop and Son", iban="NL91ABNA0417164300")
        self.draft = Proposal.objects.get(state=State.NOT_SUBMITTED)
        for account in ("S-2", "S-3"):
            customer(account)
            edit(self.clerk, account, credit_limit="20")
            proposals.submit(Proposal.objects.latest("pk").pk, by=self.clerk)
        other, decided = Proposal.objects.filter(state=State.PENDING).order_by("pk")[1:]
        delegating.delegate(item_of(other, self.approver).pk, delegate, "Away", by=self.approver)
        vote(self.approver, decided)
        self.item = item_of(self.pending, self.approver)

    def _import(self, steward):
        job = jobs.prepare(SimpleUploadedFile("c.csv", FILE), {}, by=steward)
        self.job = jobs.confirm(job.pk, by=steward)
        self.preview = jobs.prepare(SimpleUploadedFile("d.csv", FILE), {}, by=steward)
        self.task = work_on.enqueue(self.job.pk)

    def _set_up(self, substitute):
        ReportingLine.objects.create(person=self.clerk, manager=self.approver)
        today = timezone.localdate()
        self.substitution = Substitution.objects.create(
            person=self.approver, substitute=substitute, starts=today, ends=today
        )
        self.version = workflows.new_draft(self.workflow.workflow, by=self.owners["administrator"])
        self.version.conditions.create(**ROW)
        self.action = self.version.automatic_actions.create(name="Small", decision="approve")
        self.action.conditions.create(**ROW)
        self.step = self.version.steps.first()
        self.step.conditions.create(**ROW)
        self.step.escalation_levels.create(position=1, kind="manager", time_limit=1)
        tables = (PaymentTerms, PaymentMethod, DeliveryTerms, TaxGroup)
        for table in tables:
            table.objects.get_or_create(code="X", defaults={"name": "X"})
        Country.objects.get_or_create(code="NL", defaults={"alpha3": "NLD", "name": "Netherlands"})

    def arguments(self, address) -> dict:
        """What an address takes."""
        if address.name in ARGUMENTS:
            return ARGUMENTS[address.name](self)
        if address.name.startswith("customers:import_"):
            return {"pk": self.job.pk}
        room = address.route.partition("/")[0]
        if room in ("customers", "proposals"):
            return {"pk": (self.customer if room == "customers" else self.pending).pk}
        if room == "work-items":
            return {"pk": self.item.pk}
        row = self.object_of(address.model)
        return {"pk": row.pk} if ":pk>" in address.route else {"object_id": row.pk}

    def object_of(self, model):
        """The object whose page of Django admin is opened: the one of the scene, or any."""
        for mine in (self.customer, self.pending, self.item, self.version, self.step, self.action):
            if isinstance(mine, model):
                return mine
        return model._base_manager.order_by("pk").last()


def _reset(scene):
    token = default_token_generator.make_token(scene.clerk)
    return {"uidb64": urlsafe_base64_encode(force_bytes(scene.clerk.pk)), "token": token}


def _record(scene):
    kind = ContentType.objects.get_for_model(Customer).pk
    return {"content_type_id": kind, "object_id": scene.customer.pk}


ARGUMENTS = {
    "customers:field_history": lambda scene: {"pk": scene.customer.pk, "name": "credit_limit"},
    "approvals:submit": lambda scene: {"pk": scene.draft.pk},
    "approvals:discard_change": lambda scene: {"pk": scene.draft.changes.first().pk},
    "approvals:discard_all": _record,
    "approvals:end_substitution": lambda scene: {"pk": scene.substitution.pk},
    **dict.fromkeys(
        ("approvals:notification", "approvals:open_notification"),
        lambda scene: {"pk": Notification.objects.filter(person=scene.approver).first().pk},
    ),
    **dict.fromkeys(
        ("customers:import_confirm", "customers:import_cancel"),
        lambda scene: {"pk": scene.preview.pk},
    ),
    "password_reset_confirm": _reset,
    "admin:view_on_site": _record,
    "admin:app_list": lambda scene: {"app_label": "approvals"},
    "admin:auth_user_password_change": lambda scene: {"id": scene.clerk.pk},
    "admin:approvals_version_activate": lambda scene: {"pk": scene.version.pk},
    "admin:approvals_version_retire": lambda scene: {"pk": scene.workflow.pk},
}
