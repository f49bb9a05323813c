"""The demo's company: believable, and made through the door."""

import json
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command

from approvals import parameters
from approvals.deciding import substitutions
from approvals.models import (
    Behavior,
    Decision,
    FieldEnablement,
    Proposal,
    RunState,
    State,
    StepRun,
    Verb,
    VersionState,
    WorkflowEvent,
    WorkflowStep,
    WorkflowVersion,
    WorkItem,
)
from approvals.workflow import routing
from customers.demo import company, people, setup, story
from customers.models import Customer

from .helpers import drawn_once


def test_the_company_has_customers_in_six_countries_or_more(founded):
    countries = Counter(Customer.objects.values_list("country", flat=True))

    assert sum(countries.values()) >= 200
    assert len(countries) >= 6


def test_the_company_is_the_same_each_time():
    assert drawn_once() == drawn_once.__wrapped__()


def test_customers_have_tax_numbers_and_bank_accounts_of_their_own(founded):
    approved = Customer.objects.choosable()
    for name in ("tax_exempt_number", "iban", "email"):
        values = list(approved.values_list(name, flat=True))
        assert "" not in values
    assert approved.values("iban").distinct().count() == approved.count()


def test_addresses_of_the_internet_are_reserved_for_examples():
    for change in company.customers():
        assert change.values["email"].endswith(".example")
        assert change.values["url"].endswith(".example")


def test_there_is_someone_in_every_role(founded):
    groups = User.objects.filter(is_active=True).values_list("groups__name", flat=True)

    assert {"Clerk", "Approver", "Data steward", "Administrator", "Auditor"} <= set(groups)


def test_everyone_can_log_in_with_the_printed_password(client, founded):
    for person in people.PEOPLE:
        form = {"username": person.username, "password": people.PASSWORD}
        assert client.post("/accounts/login/", form).status_code == 302, person


def test_nobody_can_log_in_as_the_one_who_loaded_the_data(client, founded):
    founder = User.objects.get(username=people.FOUNDER)

    assert not founder.is_active
    assert not founder.has_usable_password()


def test_a_workflow_of_three_steps_is_active(founded):
    steps = WorkflowVersion.objects.get(state=VersionState.ACTIVE).steps

    assert [step.name for step in steps.order_by("position")] == [
        "Credit control",
        "Originator's manager",
        "Finance director",
    ]


def test_credit_control_has_a_time_limit_that_escalates(founded):
    step = WorkflowStep.objects.get(name="Credit control")
    pending = StepRun.objects.filter(step=step, state=RunState.RUNNING)

    assert [level.user.username for level in step.escalation_levels.all()] == ["henrik"]
    assert pending.exists() and not pending.filter(due_at=None).exists()


def test_a_credit_limit_raised_by_more_than_a_fifth_goes_to_the_originators_manager_too(founded):
    items = WorkItem.objects.filter(step_run__step__name="Originator's manager")

    assert dict(items.values_list("record_key", "assignee__username")) == {
        "NL-1020": "pieter",
        "DE-1012": "pieter",
    }
    skipped = WorkflowEvent.objects.filter(verb=Verb.STEP_SKIPPED, record_key="GB-1003").get()
    assert "Credit limit raised by more than 20" in skipped.comment


def test_a_rule_approved_a_small_raise_without_anybody(founded):
    proposal = Proposal.objects.get(record_key="NL-1012")
    decided = WorkflowEvent.objects.get(proposal=proposal, verb=Verb.APPROVED_BY_RULE)

    assert proposal.state == State.APPROVED and not proposal.decisions.exists()
    assert "Small raises of the credit limit" in decided.comment
    assert Customer.objects.get(account="NL-1012").credit_limit == 26000


def test_credit_control_is_reminded_before_it_escalates(founded):
    step = WorkflowStep.objects.get(name="Credit control")

    assert 0 < step.remind_after < step.time_limit


def test_whoever_proposes_reports_to_somebody_who_may_decide(founded):
    proposers = User.objects.filter(is_active=True, groups__name__in=["Clerk", "Data steward"])
    deciders = routing.all_deciders()

    assert proposers.count() == 4
    for person in proposers:
        assert person.reporting_line.manager_id in deciders, person


def test_somebody_stands_in_for_an_approver_today_and_has_decided_for_him(founded):
    pieter, henrik = people.the("pieter"), people.the("henrik")
    decided = Decision.objects.filter(person=pieter, on_behalf_of=henrik)

    assert substitutions.in_force(pieter).pairs == {(henrik.pk, None)}
    assert [d.step_run.proposal.record_key for d in decided] == ["NO-1004"]


def test_approvals_are_on_and_imports_make_proposals(founded):
    row = parameters.ApprovalParameters.objects.get()

    assert row.enabled
    assert row.entity_behavior == Behavior.PROPOSE
    assert FieldEnablement.objects.filter(enabled=True).count() == len(setup.GOVERNED)


def test_there_are_proposals_in_every_state(founded):
    states = Counter(Proposal.objects.values_list("state", flat=True))

    assert {
        State.NOT_SUBMITTED,
        State.PENDING,
        State.REJECTED,
        State.CHANGE_REQUESTED,
        State.APPROVED,
    } <= set(states)
    assert sum(states.values()) == len(story.STORY)


@pytest.mark.parametrize("username", ["sofia", "lucas", "pieter", "henrik"])
def test_every_approver_has_something_to_decide(founded, username):
    assert WorkItem.objects.filter(assignee__username=username, state="open").exists()


def test_one_new_customer_is_held_until_it_is_approved(founded):
    held = Customer.objects.get(held=True)
    proposal = Proposal.objects.get(object_id=held.pk)
    assert (held.name, proposal.kind, proposal.state) == ("", "new", "pending")


def test_the_history_tells_how_the_data_came_in(founded):
    assert not Customer.objects.exclude(
        pk__in=WorkflowEvent.objects.filter(verb="created").values("object_id")
    ).exists()
    assert WorkflowEvent.objects.filter(verb="enablement_changed").count() == len(setup.GOVERNED)


def test_the_example_file_proposes_updates_creates_and_fails(founded):
    output = StringIO()
    example = Path(settings.BASE_DIR, "docs", "example_import.csv")

    with pytest.raises(SystemExit):
        call_command("import_customers", str(example), user="nadia", json=True, stdout=output)

    result = json.loads(output.getvalue())
    counts = {name: result[name] for name in ("rows", "created", "updated", "proposed", "failed")}
    assert counts == {"rows": 5, "created": 1, "updated": 1, "proposed": 2, "failed": 1}
