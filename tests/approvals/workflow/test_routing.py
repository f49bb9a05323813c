"""Which workflow takes a proposal, which steps apply, and who decides them."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import proposals
from approvals.models import Origin, Proposal, State, StepRun, Verb, WorkflowEvent, WorkItem
from approvals.outcomes import Refused
from approvals.workflow import routing
from tests.customers.factories import customer
from tests.unguarded import unguarded

from ..definitions import define
from ..helpers import edit, live, vote
from .helpers import known, named, preview, propose, router, submit

pytestmark = pytest.mark.django_db
IMPORTED = ("origin", "", "is", "import")
BY_BROWSER = ("origin", "", "is", "browser")
NEVER = ("origin", "", "is", "code")
HIGH = ("new", "credit_limit", "more", "50000")


@pytest.fixture(autouse=True)
def limits(govern_fields):
    govern_fields("credit_limit", "iban")


def skipped(proposal):
    """The steps that the history says were skipped, each with the reason."""
    events = proposal.events.filter(verb=Verb.STEP_SKIPPED).order_by("id")
    return list(events.values_list("step__name", "comment"))


# Several workflows.


def test_the_first_workflow_whose_condition_holds_takes_the_proposal(clerk, approver):
    step = {"users": [approver]}
    later = define("Later", step, position=2, rows=[BY_BROWSER])
    first = define("First", step, position=1, rows=[IMPORTED])
    last = define("Last", step, position=3)
    assert preview(clerk).version == later
    assert preview(clerk, origin=Origin.IMPORT).version == first
    assert preview(clerk, origin=Origin.ADMIN).version == last


def test_the_default_workflow_comes_last_whatever_its_order(clerk, approver):
    step = {"users": [approver]}
    default = define("Default", step, position=1, is_default=True)
    special = define("Special", step, position=2, rows=[IMPORTED])
    assert preview(clerk, origin=Origin.IMPORT).version == special
    assert preview(clerk).version == default


def test_a_sole_workflow_honours_its_condition(clerk, approver):
    define("Imports", {"users": [approver]}, rows=[IMPORTED])
    proposal = propose(clerk)
    with pytest.raises(Refused, match="the condition of none of them holds"):
        proposals.submit(proposal.pk, by=clerk)
    proposal.refresh_from_db()
    assert proposal.state == State.NOT_SUBMITTED


def test_even_a_default_workflow_honours_its_condition(clerk, approver):
    define("Imports", {"users": [approver]}, rows=[IMPORTED], is_default=True)
    assert "none of them holds" in preview(clerk).refusal


def test_without_an_active_workflow_submitting_is_refused(clerk):
    with pytest.raises(Refused, match="An administrator activates one first"):
        submit(clerk)


def test_a_preview_names_the_workflows_that_were_passed_over_and_why(clerk, approver):
    step = {"users": [approver]}
    define("Imports", step, position=1, rows=[IMPORTED])
    define("High limits", step, position=2, rows=[HIGH, IMPORTED], match="any")
    taken = define("Others", step, position=3)
    define("Never reached", step, position=4)
    found = preview(clerk)
    assert found.version == taken
    assert [(version.workflow.name, why.reason) for version, why in found.passed_over] == [
        ("Imports", "Does not hold: Origin is Import"),
        (
            "High limits",
            "Does not hold: New value of Credit limit is more than 50,000.00; Origin is Import",
        ),
    ]


def test_a_proposal_keeps_the_workflow_that_took_it(clerk, approver, second_approver):
    taken = define("Customers", {"users": [approver]}, {"users": [second_approver]}, position=2)
    proposal = submit(clerk)
    define("Before it", {"users": [approver]}, position=1)
    vote(approver, proposal)
    assert proposal.version == taken
    assert WorkItem.objects.get(state="open").assignee == second_approver


# Steps.


@pytest.mark.parametrize(
    ("applying", "path"),
    [
        ((False, True, True), ["B", "C"]),
        ((True, False, True), ["A", "C"]),
        ((True, True, False), ["A", "B"]),
        ((False, False, True), ["C"]),
        ((True, False, False), ["A"]),
        ((False, True, False), ["B"]),
        ((True, True, True), ["A", "B", "C"]),
    ],
)
def test_a_step_whose_condition_is_false_is_skipped_and_the_history_says_so(
    clerk, three, applying, path
):
    rows = [[] if applies else [HIGH] for applies in applying]
    steps = [named(n, p, rows=r) for n, p, r in zip("ABC", three, rows, strict=True)]
    define("Customers", *steps)
    proposal = submit(clerk)
    for name in path:
        run = StepRun.objects.get(proposal=proposal, state="running")
        assert run.step.name == name
        vote(run.work_items.get().assignee, proposal)
    assert proposal.state == State.APPROVED
    assert skipped(proposal) == [
        (name, "Does not hold: New value of Credit limit is more than 50,000.00")
        for name in "ABC"
        if name not in path
    ]


def test_a_step_that_was_skipped_is_entered_when_the_values_are_others(clerk, three):
    sue, jo, _bill = three
    define("Customers", named("High", sue, rows=[HIGH]), named("All", jo))
    assert [item.assignee for item in submit(clerk, "60000").step_runs.get().work_items.all()] == [
        sue
    ]
    assert submit(clerk, "40000", "C2").step_runs.get().step.name == "All"


def test_where_no_step_applies_submitting_is_refused(clerk, approver):
    define("Customers", named("A", approver, rows=[HIGH]), named("B", approver, rows=[IMPORTED]))
    with pytest.raises(Refused, match="No step of the workflow applies"):
        submit(clerk)
    assert not WorkflowEvent.objects.filter(verb=Verb.SUBMITTED).exists()


def test_a_condition_that_cannot_be_read_stops_the_proposal_and_never_skips(clerk, approver):
    define(
        "Customers", named("A", approver, rows=[("new", "gone", "is", "1")]), named("B", approver)
    )
    assert "cannot be read" in preview(clerk).refusal
    with pytest.raises(Refused, match="cannot be read"):
        submit(clerk)


def test_a_later_condition_that_cannot_be_read_stops_the_approval(clerk, three):
    sue, jo, bill = three
    version = define("Customers", named("A", sue), named("B", jo), named("C", bill))
    proposal = submit(clerk)
    with unguarded():
        version.steps.get(name="B").conditions.create(subject="new", field="gone", operator="is")
    result = vote(sue, proposal)
    assert not result.done
    assert "cannot be read" in result.message
    assert StepRun.objects.get(proposal=proposal).step.name == "A"


# Who decides.


def test_nobody_eligible_in_any_step_that_applies_refuses_the_submit(clerk, three):
    sue, jo, _bill = three
    jo.groups.clear()
    define("Customers", named("First", sue), named("Second", jo))
    with pytest.raises(Refused, match="Nobody may decide the step “Second”"):
        submit(clerk)


def test_nobody_eligible_in_a_step_that_is_skipped_refuses_nothing(clerk, three):
    sue, jo, _bill = three
    jo.groups.clear()
    define("Customers", named("First", sue), named("Second", jo, rows=[HIGH]))
    assert submit(clerk).state == State.PENDING


def test_who_can_no_longer_decide_a_later_step_is_replaced_by_administrators(
    clerk, three, administrator
):
    sue, jo, _bill = three
    define("Customers", named("First", sue), named("Second", jo))
    proposal = submit(clerk)
    jo.is_active = False
    jo.save()
    vote(sue, proposal)
    assert WorkItem.objects.get(state="open").assignee == administrator


def test_where_even_administrators_are_barred_the_approval_is_refused(
    clerk, three, administrator, govern_fields
):
    sue, jo, _bill = three
    define("Customers", named("First", sue), named("Second", jo))
    proposal = submit(clerk)
    proposal.contributors.create(person=administrator, role="edited")
    jo.groups.clear()
    result = vote(sue, proposal)
    assert (result.done, proposal.state) == (False, State.PENDING)
    assert "Nobody may decide the step “Second”" in result.message


def test_groups_resolve_when_the_step_starts(clerk, three, person):
    group = Group.objects.create(name="Credit")
    sue, jo, _bill = three
    sue.groups.add(group)
    define("Customers", named("First", jo), {"name": "Second", "groups": [group]})
    proposal = submit(clerk)
    late = person("late", "Approver")
    late.groups.add(group)
    sue.groups.remove(group)
    vote(jo, proposal)
    item = WorkItem.objects.get(state="open")
    assert (item.assignee, item.group) == (late, group)


# Cost.


def test_the_way_of_many_is_found_without_a_query_each(clerk, chain, three):
    define("Imports", named("A", *three, rows=[HIGH]), rows=[IMPORTED], position=1)
    define(
        "Customers",
        named("A", *three, rows=[HIGH]),
        {"name": "Managers", "assignment": "managers", "manager_levels": 2},
        rules=[("Never", "reject", [NEVER])],
        position=2,
    )
    described = known(clerk)

    def cost(times):
        with CaptureQueriesContext(connection) as captured:
            found = router()
            for _time in range(times):
                assert deciding(found.preview(described)) == 2
        return len(captured)

    assert cost(1) == cost(50)


def deciding(found):
    return len(found.steps[1].people)


def test_the_route_stays_what_it_was_when_it_was_submitted(govern_fields, approver, clerk, person):
    """Whoever submits does not shake off a step by what needs no approval."""
    director = person("director", "Approver")
    in_nl = [("record", "country", "is", "NL")]
    define("W", {"users": [approver]}, {"users": [director], "rows": in_nl})
    govern_fields("credit_limit")
    customer("C1", credit_limit="1", country="NL")
    edit(clerk, "C1", credit_limit="2")
    proposal = proposals.submit(Proposal.objects.get().pk, by=clerk)
    edit(clerk, "C1", country="BE")
    assert vote(approver, proposal).done
    assert (proposal.state, live("C1", "credit_limit")) == (State.PENDING, "1.00")
    assert WorkItem.objects.get(state="open").assignee == director


def test_origin_is_where_it_was_submitted_not_where_it_began(
    govern_fields, approver, steward, clerk
):
    only_imports = [("origin", "", "is", "import"), ("change", "credit_limit", "present")]
    define("W", {"users": [approver]}, rules=[("Imports", "approve", only_imports)])
    govern_fields("credit_limit", behavior="propose")
    customer("C1", credit_limit="1")
    edit(clerk, "C1", credit_limit="2")
    proposal = Proposal.objects.get()
    with unguarded():
        Proposal.objects.update(origin="import")
    assert proposals.submit(proposal.pk, by=clerk).state == State.PENDING


def test_a_later_step_too_asks_where_it_was_submitted(clerk, approver, person):
    director = person("director", "Approver")
    define("W", {"users": [approver]}, {"users": [director], "rows": [BY_BROWSER]})
    proposal = propose(clerk)
    with unguarded():
        Proposal.objects.update(origin="import")
    proposals.submit(proposal.pk, by=clerk)
    assert vote(approver, proposal).done
    assert (proposal.state, live("C1", "credit_limit")) == (State.PENDING, "1000.00")
    assert WorkItem.objects.get(state="open").assignee == director


def test_names_are_those_of_the_people_asked_for(clerk, approver, second_approver):
    asked = [clerk.pk, approver.pk]
    assert list(routing.names_of(asked)) == asked
    assert routing.by_name(asked) == [approver, clerk]
