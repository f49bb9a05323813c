"""The groups of people and the one row of parameters; made after each migrate."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db.models import ForeignKey

from . import registry
from .models import (
    AutomaticAction,
    AutomaticCondition,
    EscalationLevel,
    FieldEnablement,
    ReportingLine,
    StepCondition,
    Substitution,
    VersionCondition,
    Workflow,
    WorkflowStep,
    WorkflowVersion,
)

# What an administrator sets workflows up with.
SET_UP = (
    Workflow,
    WorkflowVersion,
    VersionCondition,
    AutomaticAction,
    AutomaticCondition,
    WorkflowStep,
    StepCondition,
    EscalationLevel,
    ReportingLine,
)


def make_roles(sender, using, apps=installed, **kwargs):
    """Make the five groups, with their permissions, and the parameters row.

    Safe to run again: a permission that a group lacks is added, and whatever else a
    company gave a group stays. So these groups never have less than what stands
    here: who is to have less belongs into a group of the company's own.
    """
    try:
        parameters = apps.get_model("approvals", "ApprovalParameters")
    except LookupError:  # Migrated back to before the engine.
        return
    parameters.objects.using(using).get_or_create(pk=1)
    wanted = roles()
    _make_permissions(wanted, using, apps)
    groups = _make_groups(wanted, using, apps)
    _grant(wanted, groups, using, apps)


def roles() -> dict[str, set[str]]:
    """Each group's permissions, as `app_label.codename`."""
    decide = {"approvals.view_proposal", "approvals.decide_proposal"}
    propose = {"approvals.view_proposal", "approvals.submit_proposal"}
    everything = _records("view", "export") | _references("view") | _engine("view")
    everything |= {"auth.view_user", "auth.view_group"}
    return {
        "Clerk": _records("view", "add", "change", "export") | propose,
        "Approver": _records("view") | decide,
        "Data steward": _records("view", "import", "export") | propose,
        "Administrator": everything | _references("add", "change") | _setup(),
        "Auditor": everything,
    }


def _records(*actions):
    return _named([governed.model for governed in registry.all_governed()], actions)


def _references(*actions):
    """Permissions for what the fields of governed records refer to."""
    fields = [field for governed in registry.all_governed() for field in governed.fields.values()]
    models = {field.related_model for field in fields if isinstance(field, ForeignKey)}
    return _named(models - {governed.model for governed in registry.all_governed()}, actions)


def _engine(*actions):
    return _named(installed.get_app_config("approvals").get_models(), actions)


def _setup():
    workflows = _named(SET_UP, ("add", "change", "delete"))
    own = {"approvals.change_approvalparameters", "approvals.administer_workflow"}
    own |= _named((Substitution,), ("add", "change", "delete"))
    return workflows | _named((FieldEnablement,), ("change",)) | own


def _named(models, actions):
    options = [model._meta for model in models]
    return {
        f"{meta.app_label}.{action}_{meta.model_name}" for meta in options for action in actions
    }


def _make_permissions(wanted, using, apps):
    """Make the permissions now: Django makes those of later apps after this receiver ran."""
    labels = {permission.split(".")[0] for held in wanted.values() for permission in held}
    for label in sorted(labels):
        config = installed.get_app_config(label)
        create_permissions(config, verbosity=0, using=using, apps=apps)


def _make_groups(wanted, using, apps):
    model = apps.get_model("auth", "Group")
    model.objects.using(using).bulk_create(
        [model(name=name) for name in wanted], ignore_conflicts=True
    )
    return {group.name: group for group in model.objects.using(using).filter(name__in=wanted)}


def _grant(wanted, groups, using, apps):
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    rows = permissions.values_list("pk", "content_type__app_label", "codename")
    ids = {f"{label}.{codename}": pk for pk, label, codename in rows}
    through = apps.get_model("auth", "Group_permissions")
    through.objects.using(using).bulk_create(
        [
            through(group_id=groups[name].pk, permission_id=ids[permission])
            for name, held in wanted.items()
            for permission in sorted(held & ids.keys())
        ],
        ignore_conflicts=True,
    )
