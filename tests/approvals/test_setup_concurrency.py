"""Two administrators at once. On PostgreSQL: SQLite has one writer at a time."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection

from approvals import parameters
from approvals.models import Verb, VersionState, WorkflowEvent
from approvals.outcomes import Refused
from approvals.workflow import workflows
from customers.models import Customer
from tests.approvals.test_concurrency import meet, together  # noqa: F401

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def draft(workflow, administrator):
    """The second version of an active workflow."""
    return workflows.new_draft(workflow.workflow, by=administrator)


def administrator_again():
    return User.objects.get(username="administrator")


def test_a_draft_is_activated_by_one_of_two(draft, meet):  # noqa: F811
    meet(workflows, "_locked")
    activate = lambda: workflows.activate(draft, by=administrator_again())  # noqa: E731
    results = together(activate, activate)
    assert sorted(isinstance(result, Refused) for result in results) == [False, True]
    assert WorkflowEvent.objects.filter(verb=Verb.WORKFLOW_RETIRED).count() == 1
    draft.refresh_from_db()
    assert draft.state == VersionState.ACTIVE


def test_activating_waits_for_an_edit_and_checks_what_it_left(draft):
    editing = threading.Event()

    def edit():
        with workflows.editing(draft, by=administrator_again()):
            editing.set()
            threading.Event().wait(0.5)
            draft.steps.all().delete()

    def activate():
        editing.wait(5)
        return workflows.activate(draft, by=administrator_again())

    _edited, activated = together(edit, activate)
    assert isinstance(activated, Refused)
    assert "no step" in str(activated)


def test_one_switch_by_two_is_recorded_once(administrator, meet):  # noqa: F811
    meet(parameters, "_differing")
    switch = lambda: parameters.set_parameters(  # noqa: E731
        Customer, by=administrator_again(), enabled=True, fields={"name": True}
    )
    together(switch, switch)
    assert WorkflowEvent.objects.filter(verb=Verb.ENABLEMENT_CHANGED).count() == 1
    assert WorkflowEvent.objects.filter(verb=Verb.PARAMETER_CHANGED).count() == 1
