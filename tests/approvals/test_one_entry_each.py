"""Whatever is set up leaves one entry each, in the browser, in Django admin and by code."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse
from django.utils import timezone

from approvals import parameters
from approvals.models import (
    ReportingLine,
    Substitution,
    Verb,
    VersionState,
    Workflow,
    WorkflowEvent,
    WorkflowVersion,
)
from approvals.seals.verifying import Report, verify
from approvals.workflow import workflows
from customers.models import Customer

from .setup_pages import rows, step_form, step_page, version_form, version_page
from .test_admin_parameters import FIELD, PARAMETERS, switches

pytestmark = pytest.mark.django_db
LINES, SUBSTITUTIONS = "/admin/approvals/reportingline/", "/admin/approvals/substitution/"
ALL = "/admin/approvals/workflow/"


class Stage:
    """Who acts, and what there is: an active workflow with a draft, and an empty workflow."""

    def __init__(self, client, workflow):
        self.browser, self.active = client, workflow
        self.root = User.objects.create_superuser("root", password="secret")
        client.force_login(self.root)
        self.draft = workflows.new_draft(workflow.workflow, by=self.root)
        self.other = Workflow.objects.create(
            content_type=workflow.workflow.content_type, name="Other", position=2
        )
        self.clerk, self.approver, self.second = (
            User.objects.get(username=name) for name in ("clerk", "approver", "second_approver")
        )
        self.line = ReportingLine.objects.create(person=self.second, manager=self.approver)
        self.substitution = Substitution.objects.create(
            person=self.approver, substitute=self.second, **self.days()
        )

    def days(self, days=3):
        today = timezone.localdate()
        return {"starts": today, "ends": today + timedelta(days=days)}

    def post(self, url, data=None):
        response = self.browser.post(url, data or {})
        assert response.status_code == 302, response.content.decode()[:3000]

    def set(self, **values):
        parameters.set_parameters(Customer, by=self.root, **values)

    def rename(self, **values):
        workflow = self.active.workflow
        told = {"name": workflow.name, "position": workflow.position, **values}
        self.post(f"{ALL}{workflow.pk}/change/", told)

    def edit_draft(self):
        step = self.draft.steps.first()
        self.post(step_page(step), step_form(step, name="Another name"))

    def new_steps(self):
        kept = {step.pk: step for step in self.draft.steps.all()}
        old = [
            {"id": pk, "name": step.name, "order": step.position, "policy": step.policy}
            | {"users": [user.pk for user in step.users.all()]}
            for pk, step in kept.items()
        ]
        new = {"name": "Third", "order": "3", "users": [self.approver.pk]}
        self.post(version_page(self.draft), version_form(self.draft, *old, new, initial=len(old)))

    def activate_draft(self):
        self.draft.workflow.versions.filter(pk=self.active.pk).update(state=VersionState.RETIRED)
        self.activate()

    def activate(self):
        url = reverse("admin:approvals_version_activate", args=[self.draft.pk])
        page = self.browser.get(url)
        self.post(url, {"seen": page.context["seen"]} if "seen" in page.context else {})

    def retire(self):
        self.post(reverse("admin:approvals_version_retire", args=[self.active.pk]))

    def substitute(self, **values):
        days = {name: day.isoformat() for name, day in self.days(9).items()}
        return {"substitute": self.second.pk, "workflow": "", **days, **values}

    def as_approver(self, url, data=None):
        self.browser.force_login(self.approver)
        self.post(url, data)

    def person_form(self, **changed):
        url = reverse("admin:auth_user_change", args=[self.clerk.pk])
        form = self.browser.get(url).context["adminform"].form
        data = {n: form.initial.get(n) or "" for n in form.fields if n != "password"}
        data |= {"groups": [group.pk for group in self.clerk.groups.all()]}
        data |= {"user_permissions": [], "is_active": "on"}
        data |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00", **changed}
        return {n: value for n, value in data.items() if value != ""}

    def change_person(self, *lines, **changed):
        url = reverse("admin:auth_user_change", args=[self.clerk.pk])
        self.post(url, self.person_form(**changed) | rows("reporting_line", *lines))


WAYS = {
    "a parameter, by code": (Verb.PARAMETER_CHANGED, lambda s: s.set(enabled=True)),
    "a parameter, in admin": (
        Verb.PARAMETER_CHANGED,
        lambda s: s.post(PARAMETERS, switches(s.browser) | {"entity_behavior": "propose"}),
    ),
    "a field enabled, by code": (Verb.ENABLEMENT_CHANGED, lambda s: s.set(fields={"name": True})),
    "a field enabled, in admin": (
        Verb.ENABLEMENT_CHANGED,
        lambda s: s.post(PARAMETERS, switches(s.browser) | {FIELD("name"): "on"}),
    ),
    "a workflow made": (
        Verb.WORKFLOW_CHANGED,
        lambda s: s.post(f"{ALL}add/", {"name": "Third", "position": "3"}),
    ),
    "a workflow renamed": (Verb.WORKFLOW_CHANGED, lambda s: s.rename(name="Renamed")),
    "a workflow made the default": (Verb.WORKFLOW_CHANGED, lambda s: s.rename(is_default="on")),
    "a workflow removed": (
        Verb.WORKFLOW_CHANGED,
        lambda s: s.post(f"{ALL}{s.other.pk}/delete/", {"post": "yes"}),
    ),
    "a draft made": (
        Verb.WORKFLOW_CHANGED,
        lambda s: s.post(reverse("admin:approvals_workflow_edit", args=[s.other.pk])),
    ),
    "a step edited": (Verb.WORKFLOW_CHANGED, Stage.edit_draft),
    "a step added": (Verb.WORKFLOW_CHANGED, Stage.new_steps),
    "a draft removed": (
        Verb.WORKFLOW_CHANGED,
        lambda s: s.post(version_page(s.draft, "delete"), {"post": "yes"}),
    ),
    "a version activated": (Verb.WORKFLOW_ACTIVATED, Stage.activate_draft),
    "a version activated in another's place": (Verb.WORKFLOW_RETIRED, Stage.activate),
    "a version retired": (Verb.WORKFLOW_RETIRED, Stage.retire),
    "a substitution entered by oneself": (
        Verb.SUBSTITUTION_CHANGED,
        lambda s: s.as_approver(
            reverse("approvals:my_substitutes"), s.substitute(substitute=s.second.pk)
        ),
    ),
    "a substitution ended by oneself": (
        Verb.SUBSTITUTION_CHANGED,
        lambda s: s.as_approver(reverse("approvals:end_substitution", args=[s.substitution.pk])),
    ),
    "a substitution entered in admin": (
        Verb.SUBSTITUTION_CHANGED,
        lambda s: s.post(f"{SUBSTITUTIONS}add/", s.substitute(person=s.approver.pk)),
    ),
    "a substitution changed in admin": (
        Verb.SUBSTITUTION_CHANGED,
        lambda s: s.post(f"{SUBSTITUTIONS}{s.substitution.pk}/change/", s.substitute()),
    ),
    "a substitution removed in admin": (
        Verb.SUBSTITUTION_CHANGED,
        lambda s: s.post(f"{SUBSTITUTIONS}{s.substitution.pk}/delete/", {"post": "yes"}),
    ),
    "a manager named": (
        Verb.MANAGER_CHANGED,
        lambda s: s.post(f"{LINES}add/", {"person": s.clerk.pk, "manager": s.approver.pk}),
    ),
    "a manager exchanged": (
        Verb.MANAGER_CHANGED,
        lambda s: s.post(f"{LINES}{s.line.pk}/change/", {"manager": s.clerk.pk}),
    ),
    "a manager removed": (
        Verb.MANAGER_CHANGED,
        lambda s: s.post(f"{LINES}{s.line.pk}/delete/", {"post": "yes"}),
    ),
    "a manager named on the person's page": (
        Verb.MANAGER_CHANGED,
        lambda s: s.change_person({"manager": s.approver.pk}),
    ),
    "a right given on the person's page": (
        Verb.RIGHTS_CHANGED,
        lambda s: s.change_person(is_staff="on"),
    ),
    "a person put into one more group": (
        Verb.RIGHTS_CHANGED,
        lambda s: s.change_person(groups=list(Group.objects.values_list("pk", flat=True)[:5])),
    ),
}
# What makes two facts: the other one.
BESIDE = {"a version activated in another's place": {Verb.WORKFLOW_ACTIVATED}}


@pytest.mark.parametrize("name", WAYS)
def test_each_leaves_one_entry(name, client, workflow, clerk, approver, second_approver):
    stage = Stage(client, workflow)
    newest = WorkflowEvent.objects.latest("pk").pk
    verb, act = WAYS[name]
    act(stage)
    events = WorkflowEvent.objects.filter(pk__gt=newest)
    assert sorted(events.values_list("verb", flat=True)) == sorted({verb} | BESIDE.get(name, set()))
    assert {event.actor for event in events} <= {stage.root, stage.approver}
    found = []
    verify(Report(found.append))
    assert found == []


def test_activating_is_known_by_its_version(client, workflow, clerk, approver, second_approver):
    stage = Stage(client, workflow)
    stage.activate()
    states = WorkflowVersion.objects.order_by("number").values_list("state", flat=True)
    assert list(states) == [VersionState.RETIRED, VersionState.ACTIVE]
