"""Fills an empty database with the demo's company."""

from contextlib import contextmanager

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from approvals import acting, history, parameters
from approvals.changes import change_records
from approvals.models import (
    Assignment,
    AutomaticDecision,
    Behavior,
    EscalationKind,
    FinalAction,
    Operator,
    Subject,
    TimeUnit,
    Workflow,
    WorkflowVersion,
)
from approvals.outcomes import CODE
from approvals.workflow import workflows
from customers.models import Customer

from . import company, people, story

# All that the reference offers, and what its users add: on hold, IBAN, SWIFT.
GOVERNED = (
    "name",
    "customer_group",
    "credit_limit",
    "credit_limit_mandatory",
    "credit_rating",
    "on_hold",
    "exclude_interest_charge",
    "exclude_collection_fee",
    "payment_terms",
    "payment_method",
    "payment_specification",
    "payment_terms_base_days",
    "cash_discount",
    "invoice_account",
    "tax_group",
    "tax_exempt_number",
    "bank_account",
    "iban",
    "swift",
)


def is_ours() -> bool:
    """Whether the database holds the demo's company."""
    return _has_table(User) and User.objects.filter(username=people.FOUNDER).exists()


def holds_other_data() -> bool:
    """Whether the database holds anything that neither this program nor the demo made."""
    tables = set(connection.introspection.table_names())
    own = {*connection.introspection.django_table_names(), "django_migrations"}
    used = any(_has_table(model) and model.objects.exists() for model in (User, Customer))
    return bool(tables - own) or (used and not is_ours())


def _has_table(model):
    return model._meta.db_table in connection.introspection.table_names()


def found_company() -> None:
    """Make people, customers, workflow and parameters, and let the story happen.

    All or nothing, and no e-mail leaves.
    """
    with mail_backend("dummy"), history.sealed():
        people.hire()
        _load_customers()
        people.organise(by=people.the("oskar"))
        set_up_approvals(by=people.the("oskar"))
        story.happen()


def _load_customers():
    founder = people.founder()
    outcomes = change_records(Customer, company.customers(), by=founder, source=CODE)
    if failed := [outcome for outcome in outcomes if outcome.failed]:
        raise ValueError(f"{len(failed)} customers of the demo are not valid: {failed[0]}")
    founder.is_active = False
    founder.save(update_fields=["is_active"])


def set_up_approvals(*, by) -> None:
    """Activate the workflow, enable the governed fields and switch approvals on."""
    with acting.named(by, CODE):
        draft = _draft()
    workflows.activate(draft, by=by)
    parameters.set_parameters(
        Customer,
        by=by,
        enabled=True,
        entity_behavior=Behavior.PROPOSE,
        approve_new_records=True,
        fields=dict.fromkeys(GOVERNED, True),
    )


def _draft() -> WorkflowVersion:
    workflow = Workflow.objects.create(
        content_type=ContentType.objects.get_for_model(Customer),
        name="Customer changes",
        description=(
            "Credit control looks first, then the originator's manager where the credit limit "
            "is raised by more than 20 %, then the finance director. A credit limit raised by "
            "at most 5 % needs nobody."
        ),
    )
    version = workflow.versions.create(number=1)
    for add_step in (_credit_control, _originators_manager, _finance_director):
        add_step(version.steps)
    _small_raises(version.automatic_actions)
    return version


def _credit_control(steps):
    """Two working days; then the finance director has two more, and then administrators."""
    step = steps.create(
        position=1,
        name="Credit control",
        instructions="Check overdue invoices and the credit rating. Call back about bank accounts.",
        time_limit=2,
        time_unit=TimeUnit.WORKING_DAYS,
        remind_after=1,
        final_action=FinalAction.ADMINISTRATORS,
    )
    step.groups.add(Group.objects.get(name=people.CREDIT_CONTROL))
    director = people.the("henrik")
    step.escalation_levels.create(position=1, kind=EscalationKind.USER, user=director, time_limit=2)


def _originators_manager(steps):
    step = steps.create(
        position=2,
        name="Originator's manager",
        instructions="Do you expect the orders that such a limit is for?",
        assignment=Assignment.MANAGERS,
        manager_start=1,
        manager_levels=1,
    )
    step.conditions.create(
        subject=Subject.RAISED, field="credit_limit", operator=Operator.MORE_PERCENT, value="20"
    )


def _finance_director(steps):
    step = steps.create(
        position=3,
        name="Finance director",
        instructions="Does the change fit the credit policy?",
    )
    step.users.add(people.the("henrik"))


def _small_raises(automatic_actions):
    """Nobody is asked about them; the history names the rule."""
    rule = automatic_actions.create(
        position=1, name="Small raises of the credit limit", decision=AutomaticDecision.APPROVE
    )
    rule.conditions.create(
        subject=Subject.RAISED,
        field="credit_limit",
        operator=Operator.AT_MOST_PERCENT,
        value="5",
    )


@contextmanager
def mail_backend(name: str):
    """Let e-mails go to one of Django's backends while the block runs."""
    usual = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{name}.EmailBackend"
    try:
        yield
    finally:
        settings.EMAIL_BACKEND = usual
