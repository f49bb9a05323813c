"""Short ways to define workflows in tests, past the checks of activation."""

from django.contrib.contenttypes.models import ContentType

from approvals.models import Match, ReportingLine, VersionState, Workflow, WorkflowStep
from customers.models import Customer
from tests.unguarded import unguarded


def define(name="Customers", *steps, rows=(), match=Match.ALL, rules=(), **workflow):
    """An active version of a new workflow.

    steps: each a dict as for `add_step`. rows: of the activation condition, as for
    `add_rows`. rules: automatic actions, each a tuple of name, decision and rows.
    workflow: further columns of the workflow, such as its position.
    """
    customers = ContentType.objects.get_for_model(Customer)
    made = Workflow.objects.create(content_type=customers, name=name, **workflow)
    version = made.versions.create(number=1, match=match)
    add_rows(version, rows)
    for step in steps:
        add_step(version, **step)
    for position, (rule, decision, conditions) in enumerate(rules, start=1):
        action = version.automatic_actions.create(position=position, name=rule, decision=decision)
        add_rows(action, conditions)
    version.state = VersionState.ACTIVE
    version.save()
    return version


def add_step(version, name="Step", *, users=(), groups=(), rows=(), **columns):
    """A further step of a version, which its users and groups decide."""
    columns = {"position": version.steps.count() + 1, **columns}
    step = version.steps.create(name=name, **columns)
    step.users.set(users)
    step.groups.set(groups)
    add_rows(step, rows)
    return step


# A step, and who decides it.
OF_STEPS = (WorkflowStep, WorkflowStep.users.through, WorkflowStep.groups.through)


@unguarded(*OF_STEPS)
def change_step(step, *, users=None, add=(), groups=None, **columns):
    """Change a step of an active version, which the guard refuses; `add`: further users."""
    for name, value in columns.items():
        setattr(step, name, value)
    step.save()
    if users is not None:
        step.users.set(users)
    if groups is not None:
        step.groups.set(groups)
    step.users.add(*add)
    return step


def add_rows(owner, rows):
    """Rows of a condition, each a tuple of subject, field, operator and value, or a dict."""
    for row in rows:
        if not isinstance(row, dict):
            row = dict(zip(("subject", "field", "operator", "value"), row, strict=False))
        owner.conditions.create(**row)


def report(person, manager):
    """`person` reports to `manager`."""
    ReportingLine.objects.update_or_create(person=person, defaults={"manager": manager})
