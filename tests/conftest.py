"""Fixtures that most tests share: people of each role, a workflow, governed fields."""

import gc
from contextlib import contextmanager
from functools import partial

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from approvals import history, registry
from approvals.models import Behavior, Workflow
from customers.models import Customer

from .unguarded import flushed_unguarded


def pytest_collection_finish():
    """What is there now stays: nobody need look again and again whether it is garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def empty_what_is_never_emptied():
    with flushed_unguarded():
        yield


@contextmanager
def undone():
    """What happens meanwhile is undone at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def module_wide(django_db_setup, django_db_blocker):
    """Lets a fixture of a whole module store what its tests share; each test is undone alone."""
    with django_db_blocker.unblock(), undone():
        yield


def make_person(username, *groups, **values):
    """A person with the permissions of `groups`; the password is "password"."""
    with history.sealed():
        user = User.objects.create_user(username, f"{username}@example.com", "password", **values)
        if groups:
            user.groups.add(*(Group.objects.get(name=name) for name in groups))
    return user


@pytest.fixture
def person(db):
    """A function that makes a person: person("zoe", "Clerk", "Approver")."""
    return make_person


@pytest.fixture
def clerk(person):
    return person("clerk", "Clerk", first_name="Clara", last_name="Clerk")


@pytest.fixture
def approver(person):
    """Decides the first step of `workflow`."""
    return person("approver", "Approver", first_name="Anna", last_name="Approver")


@pytest.fixture
def second_approver(person):
    """Decides the second and last step of `workflow`."""
    return person("second_approver", "Approver", first_name="Ben", last_name="Approver")


@pytest.fixture
def steward(person):
    return person("steward", "Data steward", first_name="Stella", last_name="Steward")


@pytest.fixture
def administrator(person):
    return person("administrator", "Administrator", is_staff=True, first_name="Adam")


@pytest.fixture
def auditor(person):
    return person("auditor", "Auditor", first_name="Audrey", last_name="Auditor")


def make_workflow(administrator, approver, second_approver):
    """The active version of a workflow with two steps: approver, then second_approver."""
    from approvals.workflow import workflows

    customers = ContentType.objects.get_for_model(Customer)
    version = Workflow.objects.create(content_type=customers, name="Customers").versions.create(
        number=1
    )
    version.steps.create(position=1, name="Credit manager").users.set([approver])
    version.steps.create(position=2, name="Finance director").users.set([second_approver])
    workflows.activate(version, by=administrator)
    version.refresh_from_db()
    return version


@pytest.fixture
def workflow(administrator, approver, second_approver):
    """See `make_workflow`."""
    return make_workflow(administrator, approver, second_approver)


def switch_fields(administrator, *names, behavior=Behavior.REJECT, approve_new=False):
    """Switch approvals on for the fields named, and off for all others.

    behavior: what an import may do to them. approve_new: whether new customers need approval.
    """
    from approvals import parameters

    parameters.set_parameters(
        by=administrator,
        enabled=True,
        entity_behavior=behavior,
        approve_new_records=approve_new,
        fields={name: name in names for name in registry.get(Customer).fields},
        model=Customer,
    )


@pytest.fixture
def govern_fields(administrator):
    """The function `switch_fields`, as the administrator."""
    return partial(switch_fields, administrator)
