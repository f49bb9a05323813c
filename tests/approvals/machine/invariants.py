"""What must hold after each action, told from two pictures and a ledger of its own.

Nothing here asks the engine: who touched what, how many votes a step needs and which
steps apply is worked out afresh.
"""

from collections import defaultdict

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.timezone import localdate

from approvals import values
from approvals.models import Contributor, Policy, Substitution, WorkflowEvent
from approvals.seals import approved, beside, switches, trails
from approvals.seals.verifying import Report
from customers.models import Customer

from .ledger import submitted

EVENTS = {
    "pending": {"submitted"},
    "approved": {"completed"},
    "rejected": {"rejected", "rejected_by_rule"},
    "change_requested": {"change_requested", "conflict"},
    "not_submitted": {"recalled"},
    "discarded": {"discarded", "dropped", "superseded", "terminated"},
    "joined": {"joined"},
}
# Customers that a factory made.
NO_TRAIL = "no trail back to creation"
FINAL = {"approved", "discarded", "joined", "not_required"}
MAY_DECIDE = Q(is_superuser=True) | Q(groups__name__in=("Approver", "Administrator"))


def check(before, after, ledger, votes) -> None:
    """All of them. votes: work item -> revision, as voted in this action."""
    values_change_by_approval_only(before, after)
    approved_proposals_are_applied_in_full(before, after)
    nobody_decides_on_his_own(before, after, ledger)
    whoever_decides_may(before, after)
    votes_are_on_what_is(before, after, votes)
    revisions_count_changes(before, after)
    one_open_change_per_field(after)
    closed_proposals_leave_nothing_open(after)
    every_state_change_has_its_history(before, after)
    steps_have_their_votes(before, after, ledger)
    somebody_can_decide_what_is_pending(after, ledger)
    contributors_are_on_record(after, ledger)
    submission_starts_from_the_live_values(before, after)
    new_customers_are_held(before, after)
    what_is_about_a_new_customer_releases_it(after)
    the_history_says_what_is_there()


def values_change_by_approval_only(before, after):
    """A governed value changes only to exactly what was approved, or imported openly."""
    for account, new in after.customers.items():
        old = before.customers.get(account, new)
        for field in new.keys() - {"account"}:
            if old[field] == new[field]:
                continue
            if field in before.rules.fields or (field == "held" and before.rules.enabled):
                assert _approved_now(before, after, account, field), (account, field, new)
            waiting = before.of("changes", field=field, outcome="")
            for change in waiting:
                if before.proposals[change["proposal_id"]]["record_key"] != account:
                    continue
                state = before.proposals[change["proposal_id"]]["state"]
                allowed = _approved_now(before, after, account, field)
                assert state != "pending" or allowed, "a pending field was changed directly"


def the_history_says_what_is_there():
    """Live values, switches, decisions, changes and approvals follow from the entries."""
    found = []
    report = Report(found.append)
    trails.follow(report)
    switches.follow(report)
    beside.follow(report)
    approved.follow(report)
    assert not [line for line in found if NO_TRAIL not in line], found


def _approved_now(before, after, account, field):
    """Whether what stands in a field now was approved, or imported openly, just now."""
    text = _text(field, after.customers[account][field])
    return any(
        change["outcome"] == "applied"
        and (pk not in before.changes or before.changes[pk]["outcome"] == "")
        and change["value"] == text
        and after.proposals[change["proposal_id"]]["state"] in ("approved", "not_required")
        and after.proposals[change["proposal_id"]]["record_key"] == account
        for pk, change in after.changes.items()
        if change["field"] == field
    )


def _text(field, value):
    return values.encode(Customer._meta.get_field(field), value)


def approved_proposals_are_applied_in_full(before, after):
    """When a proposal is approved each of its open changes is live, from its original."""
    for pk in _moved_to(before, after, "approved"):
        record = after.customers[after.proposals[pk]["record_key"]]
        was = before.customers.get(after.proposals[pk]["record_key"])
        for change in after.of("changes", proposal_id=pk, outcome="applied"):
            field = change["field"]
            assert _text(field, record[field]) == change["value"], "approved, not applied"
            assert not was or _text(field, was[field]) == change["original"], "had moved"
        fields = {field for field, _old, _new in before.open_changes(pk)}
        applied = {c["field"] for c in after.of("changes", proposal_id=pk, outcome="applied")}
        # A rule approves what was submitted in the same action: what equals the live value dropped.
        assert applied == fields or after.proposals[pk]["automatic_action_id"], "in part"
        events = _new_events(before, pk)
        assert {e.field for e in events if e.verb == "applied"} == applied, (
            "applied without its entries"
        )


def nobody_decides_on_his_own(before, after, ledger):
    """Neither who decides nor anybody he stands in for ever touched the proposal."""
    for pk in after.decisions.keys() - before.decisions.keys():
        decision = after.decisions[pk]
        item = after.items[decision["work_item_id"]]
        people = {decision["person_id"], decision["on_behalf_of_id"]}
        people |= {item["assignee_id"], item["on_behalf_of_id"]}
        assert not people & ledger.touched[decision["proposal_id"]], "four eyes"


def whoever_decides_may(before, after):
    """Who decides has the right, and the work item, or stands in today for him who has it."""
    today = Substitution.objects.filter(starts__lte=localdate(), ends__gte=localdate())
    for pk in after.decisions.keys() - before.decisions.keys():
        person, item = after.decisions[pk]["person_id"], after.decisions[pk]["work_item_id"]
        assert person in _able(), "decided without the right"
        assignee = after.items[item]["assignee_id"]
        stands_in = today.filter(person=assignee, substitute=person)
        assert person == assignee or stands_in.exists(), "another's work item"


def votes_are_on_what_is(before, after, votes):
    """A vote counts only on the revision that is; and leaves one decision of one person."""
    for pk in after.decisions.keys() - before.decisions.keys():
        decision = after.decisions[pk]
        revision = before.proposals[decision["proposal_id"]]["revision"]
        assert votes[decision["work_item_id"]] == decision["revision"] == revision, "stale"
        assert before.proposals[decision["proposal_id"]]["state"] == "pending", "too late"
        assert before.items[decision["work_item_id"]]["state"] == "open", "not his any more"
        run = before.runs[decision["step_run_id"]]
        holders = {decision["person_id"], decision["on_behalf_of_id"]}
        assert run["claimed_by_id"] in {None, *holders}, "claimed by somebody else"
    for run in after.runs:
        voters = [d["person_id"] for d in after.of("decisions", step_run_id=run)]
        assert len(voters) == len(set(voters)), "one person voted twice"


def revisions_count_changes(before, after):
    """What an approver would decide on never changes under the same revision."""
    for pk in before.proposals.keys() & after.proposals.keys():
        old, new = before.proposals[pk], after.proposals[pk]
        if before.open_changes(pk) != after.open_changes(pk) or old["state"] != new["state"]:
            assert new["revision"] > old["revision"], f"revision of proposal {pk}"


def one_open_change_per_field(after):
    """At most one open proposed change per record and field."""
    keys = [(c["object_id"], c["field"]) for c in after.of("changes", outcome="")]
    assert len(keys) == len(set(keys)), "two open changes of a field"


def closed_proposals_leave_nothing_open(after):
    """Open changes belong to open proposals; and an open proposal has some."""
    for pk, proposal in after.proposals.items():
        is_open = proposal["state"] not in FINAL
        assert bool(after.open_changes(pk)) == is_open, "closed with something open, or empty"


def every_state_change_has_its_history(before, after):
    """Each new state, and each submission on the way, stands in the history."""
    for pk, proposal in after.proposals.items():
        old = before.proposals.get(pk)
        verbs = {event.verb for event in _new_events(before, pk)}
        if old and old["state"] != proposal["state"]:
            assert verbs & EVENTS[proposal["state"]], (proposal["state"], verbs)
        if old and old["submitted_at"] != proposal["submitted_at"]:
            assert "submitted" in verbs, "submitted without its entry"
    for pk in after.decisions.keys() - before.decisions.keys():
        decision = after.decisions[pk]
        verb = {"approve": "approved", "reject": "rejected"}.get(
            decision["action"], "change_requested"
        )
        events = _new_events(before, decision["proposal_id"])
        assert any(
            e.verb == verb
            and e.actor_id == decision["person_id"]
            and e.on_behalf_of_id == decision["on_behalf_of_id"]
            for e in events
        ), "a decision without its entry"


def steps_have_their_votes(before, after, ledger):
    """A step completes with its policy's votes and no other; approval takes every step."""
    for pk, run in after.runs.items():
        decisions = after.of("decisions", step_run_id=pk)
        actions = [d["action"] for d in decisions]
        needed = _votes_needed(ledger.step(run["step_id"]), ledger.people[pk])
        approvals = actions.count("approve")
        if run["state"] == "approved":
            assert approvals >= needed and len(actions) == approvals, "not enough approvals"
        if run["state"] == "running":
            assert approvals < needed and len(actions) == approvals, "should have ended"
    for proposal in after.of("proposals", state="pending"):
        if not proposal["automatic_action_id"]:
            entered, wanted = _entered(after, proposal), _wanted(after, proposal, ledger)
            assert entered == wanted[: len(entered)], "not the next step that applies"
    for pk in _moved_to(before, after, "approved"):
        proposal = after.proposals[pk]
        if not proposal["automatic_action_id"]:
            wanted = _wanted(after, proposal, ledger)
            assert _entered(after, proposal, state="approved") == wanted, "steps left out"
    for pk in submitted(before, after):
        _rules_decide_what_they_are_about(after, after.proposals[pk])


def _rules_decide_what_they_are_about(after, proposal):
    """A rule takes a raise by over 1,000; it approves nothing but that, and no new customer."""
    if not proposal["automatic_action_id"]:
        return
    assert _raise(after, proposal["id"]) > 1000, "not what the rule says"
    assert not _entered(after, proposal), "a rule and a step"
    applied = after.of("changes", proposal_id=proposal["id"], outcome="applied")
    assert {change["field"] for change in applied} <= {"credit_limit"}, "slipped in beside"


def _entered(after, proposal, **where):
    """The steps that a proposal has entered since it was submitted, in their order."""
    runs = after.of("runs", proposal_id=proposal["id"], **where)
    return [run["step_id"] for run in runs if run["started_at"] >= proposal["submitted_at"]]


def _wanted(after, proposal, ledger):
    return ledger.steps_that_apply(proposal, _raise(after, proposal["id"]))


def _votes_needed(step, people):
    return {
        Policy.SINGLE: 1,
        Policy.ALL: people,
        Policy.MAJORITY: next(n for n in range(people + 1) if n > people / 2),
        Policy.PERCENTAGE: next(
            n for n in range(1, people + 1) if n / people >= (step.percentage or 0) / 100
        ),
    }[step.policy]


def _raise(picture, proposal_id):
    for change in picture.of("changes", proposal_id=proposal_id, field="credit_limit"):
        if change["outcome"] != "discarded":
            return float(change["value"] or 0) - float(change["original"] or 0)
    return 0


def somebody_can_decide_what_is_pending(after, ledger):
    """A pending proposal has one running step, with enough people who may decide it."""
    able = _able()
    for pk, proposal in after.proposals.items():
        running = after.of("runs", proposal_id=pk, state="running")
        waiting = after.of("items", proposal_id=pk, state="open")
        if proposal["state"] != "pending":
            assert not running and not waiting, "work is left of a proposal that is not pending"
            continue
        assert len(running) == 1, "no running step"
        [run] = running
        assert {item["step_run_id"] for item in waiting} == {run["id"]}, (
            "not this step's work items"
        )
        holders = {
            item["assignee_id"]
            for item in waiting
            if not {item["assignee_id"], item["on_behalf_of_id"]} & ledger.touched[pk]
        }
        assert holders == {item["assignee_id"] for item in waiting}, "a contributor has it"
        voters = {d["person_id"] for d in after.of("decisions", step_run_id=run["id"])}
        left, missing = holders & able - voters, run["votes_needed"] - len(voters)
        possible = able - voters - ledger.touched[pk]
        assert left and len(left) >= min(missing, len(possible)), "nobody to decide"
        assert run["claimed_by_id"] in {None, *able}, "claimed by one who may not decide"


def _able():
    return set(User.objects.filter(MAY_DECIDE, is_active=True).values_list("pk", flat=True))


def contributors_are_on_record(after, ledger):
    """Whoever touched a proposal stands among its contributors for good."""
    stored = defaultdict(set)
    for proposal, person in Contributor.objects.values_list("proposal", "person"):
        stored[proposal].add(person)
    for pk, people in ledger.touched.items():
        assert people <= stored[pk], "a contributor is not on record"


def submission_starts_from_the_live_values(before, after):
    """What was just submitted starts from the live values, and changes each of them."""
    for pk in submitted(before, after):
        if after.proposals[pk]["state"] != "pending":
            continue
        record = after.customers[after.proposals[pk]["record_key"]]
        for field, original, new in after.open_changes(pk):
            assert original == _text(field, record[field]) != new, "not what is live"


def new_customers_are_held(before, after):
    """While they need approval new customers are held, and governed fields at their defaults.

    But for an import that may do without approval, which leaves that on record. Nobody is
    in use without a name.
    """
    for account in after.customers.keys() - before.customers.keys():
        record = after.customers[account]
        assert record["held"] in (False, before.rules.approve_new), "held for nothing"
        if before.rules.approve_new and not record["held"]:
            assert _approved_now(before, after, account, "held"), "not held"
        for field in before.rules.fields if record["held"] else ():
            default = Customer._meta.get_field(field).get_default()
            assert record[field] == default, "a new customer has a value nobody approved"
    for record in after.customers.values():
        assert record["held"] or record["name"], "in use without a name"


def what_is_about_a_new_customer_releases_it(after):
    """A proposal is about a new customer exactly while it would release one that is held."""
    for pk, proposal in after.proposals.items():
        fields = {field for field, _old, _new in after.open_changes(pk)}
        if proposal["state"] not in FINAL:
            assert ("held" in fields) == (proposal["kind"] == "new"), "kind"
            released = not after.customers[proposal["record_key"]]["held"]
            assert "held" not in fields or not released, "would release it again"


def _moved_to(before, after, state):
    return [
        pk
        for pk, proposal in after.proposals.items()
        if proposal["state"] == state
        and before.proposals.get(pk, {"state": "new"})["state"] != state
    ]


def _new_events(before, proposal_id):
    return WorkflowEvent.objects.filter(pk__gt=before.last_event, proposal=proposal_id)
