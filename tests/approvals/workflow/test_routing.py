"""Which workflow takes a proposal, which steps apply, and who decides them."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import proposals, registry
from approvals.batch import content_type
from approvals.models import (
    Delegation,
    Origin,
    Policy,
    Proposal,
    State,
    StepRun,
    Verb,
    WorkflowEvent,
    WorkItem,
)
from approvals.outcomes import Refused
from approvals.workflow import facts, routes, routing
from approvals.workflow.facts import Facts
from customers.models import Customer
from tests.customers.factories import customer

from ..definitions import define, report
from ..helpers import edit, live, vote

pytestmark = pytest.mark.django_db

CUSTOMER = registry.get(Customer)
IMPORTED = ("origin", "", "is", "import")
BY_BROWSER = ("origin", "", "is", "browser")
NEVER = ("origin", "", "is", "code")
HIGH = ("new", "credit_limit", "more", "50000")


@pytest.fixture(autouse=True)
def limits(govern_fields):
    govern_fields("credit_limit", "iban")


def known(originator, origin=Origin.BROWSER, contributors=(), delegates=None, **changes):
    """The facts of a proposal that `originator` submits."""
    return Facts(
        governed=CUSTOMER,
        changes=changes or {"credit_limit": (1000, 2000)},
        record=dict.fromkeys(CUSTOMER.fields),
        origin=origin,
        originator=originator.pk,
        groups=facts.groups_of({originator.pk}).get(originator.pk, frozenset()),
        contributors=frozenset({originator.pk, *(person.pk for person in contributors)}),
        delegates=delegates or {},
    )


def router():
    return routing.Router(content_type(CUSTOMER))


def preview(originator, **more):
    return router().preview(known(originator, **more))


def usernames(people):
    names = dict(User.objects.values_list("pk", "username"))
    return [names[assignee.person] for assignee in people]


def propose(by, limit="2000", account="C1"):
    """A proposal that is not submitted yet."""
    customer(account, credit_limit="1000")
    edit(by, account, credit_limit=limit)
    return Proposal.objects.get(record_key=account)


def submit(by, limit="2000", account="C1"):
    return proposals.submit(propose(by, limit, account).pk, by=by)


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


def named(name, *people, **columns):
    return {"name": name, "users": people, **columns}


@pytest.fixture
def three(person):
    """Three approvers: Sue, Jo and Bill."""
    return [person(name, "Approver", first_name=name.title()) for name in ("sue", "jo", "bill")]


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


# The originator's managers.


@pytest.fixture
def chain(clerk, person):
    """The clerk reports to lead, lead to head, head to director, director to chief."""
    people = [person(name, "Approver") for name in ("lead", "head", "director", "chief")]
    for below, above in zip([clerk, *people], people, strict=False):
        report(below, above)
    return people


def managers(**columns):
    define("Customers", {"name": "Managers", "assignment": "managers", **columns})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ["lead", "head", "director", "chief"]),
        ({"manager_levels": 1}, ["lead"]),
        ({"manager_levels": 2}, ["lead", "head"]),
        ({"manager_levels": 9}, ["lead", "head", "director", "chief"]),
        ({"manager_start": 2, "manager_levels": 2}, ["head", "director"]),
        ({"manager_start": 4}, ["chief"]),
        ({"manager_start": 5}, []),
        ({"manager_take": "last"}, ["chief"]),
        ({"manager_levels": 2, "manager_take": "last"}, ["head"]),
        ({"manager_start": 2, "manager_levels": 2, "manager_take": "last"}, ["director"]),
    ],
)
def test_the_managers_of_the_originator_from_a_level_up(clerk, chain, columns, expected):
    managers(**columns)
    found = preview(clerk)
    assert usernames(found.steps[0].people) == expected
    assert bool(found.refusal) == (not expected)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ["lead", "head", "director"]),
        ({"manager_take": "last"}, ["director"]),
        ({"manager_levels": 2}, ["lead", "head"]),
        ({"manager_start": 4}, ["chief"]),
    ],
)
def test_the_way_up_stops_at_the_first_member_of_a_group(clerk, chain, columns, expected):
    directors = Group.objects.create(name="Directors")
    for member in chain[2:]:
        member.groups.add(directors)
    managers(manager_stop_group=directors, **columns)
    assert usernames(preview(clerk).steps[0].people) == expected


def test_where_only_the_last_manager_counts_nobody_below_him_takes_his_place(clerk, chain):
    """He contributed himself: what he has a hand in isn't decided by his own people."""
    director = chain[2]
    managers(manager_levels=3, manager_take="last")
    found = preview(clerk, contributors=[director])
    assert (usernames(found.steps[0].people), bool(found.refusal)) == ([], True)


def test_a_stop_counts_also_where_that_manager_may_not_decide(clerk, chain):
    directors = Group.objects.create(name="Directors")
    head = chain[1]
    head.groups.set([directors])
    managers(manager_stop_group=directors)
    assert usernames(preview(clerk).steps[0].people) == ["lead"]


def test_a_manager_who_has_left_is_passed_over(clerk, chain):
    lead, head, *_others = chain
    lead.is_active = False
    lead.save()
    managers(manager_levels=1)
    assert usernames(preview(clerk).steps[0].people) == ["head"]


def test_a_manager_without_the_right_to_decide_does_not_get_it(clerk, chain):
    chain[0].groups.clear()
    managers(manager_levels=2)
    assert usernames(preview(clerk).steps[0].people) == ["head"]


def test_a_manager_who_contributed_does_not_get_it(clerk, chain):
    managers(manager_levels=2)
    found = preview(clerk, contributors=[chain[0]])
    assert usernames(found.steps[0].people) == ["head"]


def test_a_circle_of_managers_ends_and_never_leads_to_the_originator(clerk, chain):
    clerk.groups.add(Group.objects.get(name="Approver"))
    report(chain[-1], clerk)
    managers()
    names = ["lead", "head", "director", "chief"]
    assert usernames(preview(clerk).steps[0].people) == names
    report(chain[1], chain[0])
    assert usernames(preview(clerk).steps[0].people) == ["lead", "head"]


def test_without_a_manager_submitting_is_refused(clerk):
    managers()
    with pytest.raises(Refused, match="“Managers”: the originator has no manager"):
        submit(clerk)


def test_managers_are_those_of_who_submits(clerk, chain, person):
    """Also where it is submitted again, by somebody else."""
    colleague, boss = person("colleague", "Clerk"), person("boss", "Approver")
    report(colleague, boss)
    managers(manager_levels=1)
    proposal = submit(clerk)
    vote(chain[0], proposal, "reject", "No")
    proposals.submit(proposal.pk, by=colleague)
    assert WorkItem.objects.get(state="open").assignee == boss


# Completion policies, with the three approvers of the reference manual.


@pytest.fixture
def asked(clerk, three):
    """A function that has Sue, Jo and Bill decide a proposal under a policy."""

    def ask(policy, percentage=None):
        define("Customers", named("Check", *three, policy=policy, percentage=percentage))
        return submit(clerk)

    return ask


def decided(proposal, *said):
    """Let people decide in turn; return the proposal's state after each."""
    states = []
    for who, action in said:
        result = vote(User.objects.get(username=who), proposal, action, "So be it")
        assert result.done, result.message
        states.append(proposal.state)
    return states


PENDING, APPROVED, REJECTED = State.PENDING, State.APPROVED, State.REJECTED
SUE, JO, BILL = ("sue", "approve"), ("jo", "approve"), ("bill", "approve")
NOT_SUE, NOT_JO, NOT_BILL = ("sue", "reject"), ("jo", "reject"), ("bill", "reject")


@pytest.mark.parametrize(
    ("policy", "percentage", "said", "states"),
    [
        (Policy.SINGLE, None, [SUE], [APPROVED]),
        (Policy.SINGLE, None, [NOT_SUE], [REJECTED]),
        (Policy.SINGLE, None, [BILL], [APPROVED]),
        (Policy.MAJORITY, None, [SUE, JO], [PENDING, APPROVED]),
        (Policy.MAJORITY, None, [SUE, NOT_JO], [PENDING, REJECTED]),
        (Policy.MAJORITY, None, [NOT_SUE], [REJECTED]),
        (Policy.PERCENTAGE, 50, [SUE, JO], [PENDING, APPROVED]),
        (Policy.PERCENTAGE, 50, [SUE, NOT_JO], [PENDING, REJECTED]),
        (Policy.PERCENTAGE, 33, [SUE], [APPROVED]),
        (Policy.PERCENTAGE, 34, [SUE, BILL], [PENDING, APPROVED]),
        (Policy.PERCENTAGE, 67, [SUE, JO, BILL], [PENDING, PENDING, APPROVED]),
        (Policy.PERCENTAGE, 100, [SUE, JO, NOT_BILL], [PENDING, PENDING, REJECTED]),
        (Policy.ALL, None, [SUE, JO, BILL], [PENDING, PENDING, APPROVED]),
        (Policy.ALL, None, [SUE, JO, NOT_BILL], [PENDING, PENDING, REJECTED]),
        (Policy.ALL, None, [NOT_SUE], [REJECTED]),
    ],
)
def test_sue_jo_and_bill(asked, policy, percentage, said, states):
    proposal = asked(policy, percentage)
    assert decided(proposal, *said) == states
    assert not WorkItem.objects.filter(state="open").exists() or states[-1] == PENDING


@pytest.mark.parametrize("policy", [Policy.SINGLE, Policy.MAJORITY, Policy.PERCENTAGE])
def test_who_comes_after_the_quorum_decides_nothing(asked, policy):
    proposal = asked(policy, 50)
    decided(proposal, *([SUE] if policy == Policy.SINGLE else [SUE, JO]))
    result = vote(User.objects.get(username="bill"), proposal, "reject", "Too late")
    assert (result.done, proposal.state) == (False, APPROVED)
    assert "Already approved by" in result.message


@pytest.mark.parametrize("policy", Policy.values)
def test_one_request_for_change_hands_back_whatever_the_policy(asked, policy):
    proposal = asked(policy, 100)
    assert decided(proposal, ("jo", "request_change")) == [State.CHANGE_REQUESTED]


def test_one_person_counts_once_towards_a_quorum(asked):
    proposal = asked(Policy.MAJORITY)
    decided(proposal, SUE)
    assert not vote(User.objects.get(username="sue"), proposal).done
    assert proposal.state == PENDING


@pytest.mark.parametrize(
    ("policy", "percentage", "people", "needed"),
    [
        (Policy.SINGLE, None, 5, 1),
        (Policy.MAJORITY, None, 1, 1),
        (Policy.MAJORITY, None, 2, 2),
        (Policy.MAJORITY, None, 4, 3),
        (Policy.PERCENTAGE, 1, 3, 1),
        (Policy.PERCENTAGE, 50, 4, 2),
        (Policy.PERCENTAGE, 51, 4, 3),
        (Policy.PERCENTAGE, 100, 7, 7),
        (Policy.ALL, None, 4, 4),
    ],
)
def test_how_many_approvals_complete_a_step(policy, percentage, people, needed):
    step = routing.WorkflowStep(policy=policy, percentage=percentage)
    assert routes.votes_needed(step, people) == needed


# Delegates in later steps.


def delegate(proposal, person, to):
    now = proposal.submitted_at
    Delegation.objects.create(proposal=proposal, person=person, delegate=to, comment="Away", at=now)


def test_in_later_steps_a_delegate_gets_what_would_have_gone_to_the_one_who_delegated(clerk, three):
    sue, jo, bill = three
    define("Customers", named("First", sue), named("Second", jo))
    proposal = submit(clerk)
    delegate(proposal, jo, bill)
    vote(sue, proposal)
    item = WorkItem.objects.get(state="open")
    assert (item.assignee, item.on_behalf_of) == (bill, jo)
    vote(bill, proposal)
    assert proposal.state == APPROVED
    approved = proposal.events.filter(verb=Verb.APPROVED).last()
    assert (approved.actor, approved.on_behalf_of) == (bill, jo)


def test_a_delegation_is_good_for_its_proposal_only(clerk, three):
    sue, jo, bill = three
    define("Customers", named("Check", jo))
    delegate(submit(clerk), jo, bill)
    assert submit(clerk, account="C2").step_runs.get().work_items.get().assignee == jo


def test_delegates_may_delegate_on(clerk, three):
    sue, jo, bill = three
    define("Customers", named("Check", sue))
    [assignee] = preview(clerk, delegates={sue.pk: jo.pk, jo.pk: bill.pk}).steps[0].people
    assert (assignee.person, assignee.on_behalf_of) == (bill.pk, sue.pk)


def test_a_circle_of_delegates_ends(clerk, three):
    sue, jo, _bill = three
    define("Customers", named("Check", sue))
    [assignee] = preview(clerk, delegates={sue.pk: jo.pk, jo.pk: sue.pk}).steps[0].people
    assert assignee.person in (sue.pk, jo.pk)


def test_a_delegate_who_contributed_or_lost_the_right_does_not_get_it(clerk, three):
    sue, jo, _bill = three
    define("Customers", named("Check", sue))
    delegates = {sue.pk: jo.pk}
    found = preview(clerk, delegates=delegates, contributors=[jo])
    assert usernames(found.steps[0].people) == ["sue"]
    jo.groups.clear()
    assert usernames(preview(clerk, delegates=delegates).steps[0].people) == ["sue"]


def test_a_delegate_never_gets_what_a_contributor_would_have_decided(clerk, three):
    """Segregation of duties looks through the delegation."""
    sue, jo, _bill = three
    define("Customers", named("Check", sue))
    found = preview(clerk, delegates={sue.pk: jo.pk}, contributors=[sue])
    assert found.steps[0].people == ()
    assert found.refusal


def test_two_who_delegate_to_the_same_person_keep_two_votes(clerk, three):
    sue, jo, bill = three
    define("Customers", named("Check", sue, jo, policy=Policy.ALL))
    people = preview(clerk, delegates={sue.pk: bill.pk, jo.pk: bill.pk}).steps[0].people
    assert len({assignee.person for assignee in people}) == 2


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
    Proposal.objects.update(origin="import")
    assert proposals.submit(proposal.pk, by=clerk).state == State.PENDING
