"""The demo: a believable company, made through the door, on no database but its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from collections import Counter
from functools import cache
from io import StringIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command

from approvals import parameters
from approvals.deciding import substitutions
from approvals.models import (
    Behavior,
    Decision,
    FieldEnablement,
    Proposal,
    ReportingLine,
    RunState,
    State,
    StepRun,
    Substitution,
    Verb,
    VersionState,
    WorkflowEvent,
    WorkflowStep,
    WorkflowVersion,
    WorkItem,
)
from approvals.workflow import routing
from customers.demo import company, people, setup, story
from customers.management.commands.demo import port_number
from customers.models import Customer
from tests.customers.factories import customer

LIMIT = "credit_limit"
FOUNDED = (User, Customer, WorkflowVersion, ReportingLine, Substitution)
drawn_once = cache(company.customers)


def demo(**options):
    """Run the command without serving; return what it printed."""
    output = StringIO()
    call_command("demo", no_serve=True, stdout=output, **options)
    return output.getvalue()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(company, "customers", drawn_once)


@pytest.fixture
def founded(db):
    setup.found_company()


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
        assert client.login(username=person.username, password=people.PASSWORD), person


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


@pytest.mark.django_db(transaction=True)
def test_founding_the_company_sends_no_mail():
    setup.found_company()

    assert mail.outbox == []
    assert settings.EMAIL_BACKEND.endswith("locmem.EmailBackend")


@pytest.mark.django_db(transaction=True)
def test_a_failed_founding_leaves_nothing_behind(monkeypatch):
    def fail():
        raise ValueError

    monkeypatch.setattr(story, "happen", fail)
    with pytest.raises(ValueError):
        setup.found_company()

    assert not User.objects.exists()
    assert not Customer.objects.exists()


def test_the_command_tells_who_can_log_in(db):
    printed = demo()

    for person in people.PEOPLE:
        assert person.username in printed
    assert people.PASSWORD in printed


def test_the_command_walks_a_change_from_edit_to_applied(db):
    printed = demo()

    applied = WorkflowEvent.objects.filter(verb="applied").latest("id")
    walked = Customer.objects.get(pk=applied.object_id)
    assert applied.field == LIMIT
    assert applied.new == str(walked.credit_limit)
    for step in (
        "edits",
        "proposed, waits for approval",
        "submits",
        "approves",
        "Status: Approved",
    ):
        assert step in printed


def test_the_walk_shows_the_managers_step_for_a_raise_and_skips_it_for_less(db):
    raised, lowered = demo(), demo()

    manager = "Pieter Smit approves, in the step “Originator's manager”"
    assert manager in raised
    assert manager not in lowered and "Step skipped" in lowered


def test_the_walk_can_be_repeated(db):
    demo()
    before = Customer.objects.order_by("account").values_list(LIMIT, flat=True)[0]
    demo()

    assert Customer.objects.order_by("account").values_list(LIMIT, flat=True)[0] != before
    assert Proposal.objects.filter(state="approved", record_key="AT-1001").count() == 2


def test_the_walk_leaves_customers_with_open_proposals_alone(founded):
    first = Customer.objects.order_by("account").first()
    story._edit(story.Episode(first.account, (("jonas", {"credit_rating": "D"}),)))

    demo()

    assert Proposal.objects.get(record_key=first.account).state == State.NOT_SUBMITTED


def test_the_second_run_keeps_what_people_changed(db):
    demo()
    parameters.set_parameters(
        Customer, by=people.the("oskar"), entity_behavior=Behavior.REJECT, fields={"name": False}
    )
    counts = [model.objects.count() for model in FOUNDED]

    printed = demo()

    assert "it stays as you left it" in printed
    assert counts == [model.objects.count() for model in FOUNDED]
    assert parameters.ApprovalParameters.objects.get().entity_behavior == Behavior.REJECT
    assert "name" not in parameters.enabled_fields(Customer)


def test_the_walk_says_why_it_cannot_go_on(db):
    demo()
    parameters.set_parameters(Customer, by=people.the("oskar"), enabled=False)
    before = Customer.objects.get(account="AT-1001").credit_limit

    with pytest.raises(CommandError, match="not under approval"):
        demo()

    assert Customer.objects.get(account="AT-1001").credit_limit == before


def test_the_demo_refuses_a_database_with_people(clerk):
    with pytest.raises(CommandError, match="did not make"):
        demo()

    assert User.objects.count() == 1
    assert not Customer.objects.exists()


def test_the_demo_refuses_a_database_with_customers(db):
    customer("C-1")

    with pytest.raises(CommandError, match="did not make"):
        demo()


def test_the_demo_refuses_production_settings(db, settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        demo()

    assert not User.objects.exists()


def test_the_demo_refuses_a_database_with_another_programs_tables(db):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE invoices (id integer)")

    with pytest.raises(CommandError, match="did not make"):
        demo()


def test_a_taken_port_is_said_before_anything_is_done(db):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port}"):
            call_command("demo", port=port, stdout=StringIO())

    assert not User.objects.exists()


def test_the_example_file_proposes_updates_creates_and_fails(founded):
    output = StringIO()
    example = Path(settings.BASE_DIR, "docs", "example_import.csv")

    with pytest.raises(SystemExit):
        call_command("import_customers", str(example), user="nadia", json=True, stdout=output)

    result = json.loads(output.getvalue())
    counts = {name: result[name] for name in ("rows", "created", "updated", "proposed", "failed")}
    assert counts == {"rows": 5, "created": 1, "updated": 1, "proposed": 2, "failed": 1}


@pytest.fixture
def served(tmp_path):
    """The address of a demo that serves, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    names = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)],
        cwd=settings.BASE_DIR,
        env={**environment, "DATA_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}", process
    process.kill()
    process.wait()


def fetch(url, seconds=60):
    """The text behind a URL, as soon as something answers."""
    for _ in range(seconds * 5):
        try:
            return urlopen(url).read().decode()
        except (ConnectionError, URLError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def test_the_demo_serves_pages_and_their_looks_until_interrupted(served):
    url, process = served

    page = fetch(f"{url}/")
    style = re.search(r'href="(/static/[^"]+\.css)"', page)[1]

    assert "Log in" in page
    assert fetch(url + style)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def workers(process):
    """The ids of the demo's workers."""
    tasks = Path(f"/proc/{process.pid}/task")
    ids = [pid for task in tasks.glob("*/children") for pid in task.read_text().split()]
    return {int(pid) for pid in ids if "customers.demo.worker" in command(pid)}


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def wait_for(found, seconds=60):
    """What a function finds, as soon as it finds anything."""
    for _ in range(seconds * 5):
        if result := found():
            return result
        time.sleep(0.2)
    raise AssertionError("It does not happen.")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_demo_keeps_a_worker_that_ends_with_it(served):
    _url, process = served

    [first] = wait_for(lambda: workers(process))
    os.kill(first, signal.SIGKILL)
    [second] = wait_for(lambda: workers(process) - {first})
    process.kill()
    process.wait()
    assert wait_for(lambda: not command(second))


@pytest.mark.parametrize("text", ["0", "65536", "99999", "-1", "8000.5", "", "９"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="1 to 65535"):
        port_number(text)


def test_the_first_and_the_last_port_are_taken():
    assert (port_number("1"), port_number("65535")) == (1, 65535)
