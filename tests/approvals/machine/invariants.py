"""What must hold after each action, told from two pictures and a ledger of its own.

Nothing here asks the engine: who touched what, how many votes a step needs and which
steps apply is worked out afresh.
"""

from collections import defaultdict

from django.contrib.auth.models import User

from approvals import values
from approvals.models import Policy, StepRun, WorkflowEvent
from customers.models import Customer

EVENTS = {
    "pending": {"submitted"},
    "approved": {"completed"},
    "rejected": {"rejected", "rejected_by_rule"},
    "change_requested": {"change_requested", "conflict"},
    "not_submitted": {"recalled"},
    "discarded": {"discarded", "dropped", "superseded", "terminated"},
    "joined": {"joined"},
}
FINAL = {"approved", "discarded", "joined", "not_required"}
MAY_DECIDE = ("approvals.decide_proposal", "approvals.administer_workflow")


class Ledger:
    """Who touched which proposal, by the machine's own account; and each run's people."""

    def __init__(self):
        self.touched = defaultdict(set)
        self.people = {}

    def note(self, before, after, actor, verb):
        """Write down what `actor` did between two pictures."""
        for pk, change in after.changes.items():
            old = before.changes.get(pk)
            if old and old["proposal_id"] != change["proposal_id"]:
                self.touched[change["proposal_id"]] |= self.touched[old["proposal_id"]]
            elif verb in ("edit", "discard", "submit", "import") and old != change:
                self.touched[change["proposal_id"]].add(actor.pk)
        if verb == "submit":
            for pk, proposal in after.proposals.items():
                if proposal["submitted_at"] != before.proposals.get(pk, {}).get("submitted_at"):
                    self.touched[pk].add(actor.pk)
        for pk in after.runs.keys() - before.runs.keys():
            self.people[pk] = len(after.of("items", step_run_id=pk))


def check(before, after, ledger, votes) -> None:
    """All of them. votes: work item -> revision, as voted in this action."""
    values_change_by_approval_only(before, after)
    approved_proposals_are_applied_in_full(before, after)
    nobody_decides_on_his_own(before, after, ledger)
    votes_are_on_what_is(before, after, votes)
    revisions_count_changes(before, after)
    one_open_change_per_field(after)
    closed_proposals_leave_nothing_open(after)
    every_state_change_has_its_history(before, after)
    steps_have_their_votes(before, after, ledger)
    somebody_can_decide_what_is_pending(after, ledger)
    contributors_are_on_record(after, ledger)


def values_change_by_approval_only(before, after):
    """A governed value changes only to exactly what was approved, or imported openly."""
    for account, new in after.customers.items():
        old = before.customers.get(account, new)
        for field in new.keys() - {"account"}:
            if old[field] == new[field]:
                continue
            if field in before.governed or field == "held":
                assert _approved_now(before, after, field, new[field]), (account, field, new)
            waiting = before.of("changes", field=field, outcome="")
            for change in waiting:
                if before.proposals[change["proposal_id"]]["record_key"] != account:
                    continue
                state = before.proposals[change["proposal_id"]]["state"]
                allowed = _approved_now(before, after, field, new[field])
                assert state != "pending" or allowed, "a pending field was changed directly"


def _approved_now(before, after, field, value):
    text = values.encode(Customer._meta.get_field(field), value)
    return any(
        change["outcome"] == "applied"
        and (pk not in before.changes or before.changes[pk]["outcome"] == "")
        and change["value"] == text
        and after.proposals[change["proposal_id"]]["state"] in ("approved", "not_required")
        for pk, change in after.changes.items()
        if change["field"] == field
    )


def approved_proposals_are_applied_in_full(before, after):
    """When a proposal is approved each of its open changes is live, from its original."""
    for pk in _moved_to(before, after, "approved"):
        record = after.customers[after.proposals[pk]["record_key"]]
        was = before.customers[after.proposals[pk]["record_key"]]
        for change in after.of("changes", proposal_id=pk, outcome="applied"):
            field = Customer._meta.get_field(change["field"])
            assert values.encode(field, record[change["field"]]) == change["value"]
            assert values.encode(field, was[change["field"]]) == change["original"]
        fields = {field for field, _old, _new in before.open_changes(pk)}
        applied = {c["field"] for c in after.of("changes", proposal_id=pk, outcome="applied")}
        # A rule approves what was submitted in the same action: what equals the live value dropped.
        assert applied == fields or after.proposals[pk]["automatic_action_id"]
        events = _new_events(before, pk)
        assert {e.field for e in events if e.verb == "applied"} == applied


def nobody_decides_on_his_own(before, after, ledger):
    """Neither who decides nor anybody he stands in for ever touched the proposal."""
    for pk in after.decisions.keys() - before.decisions.keys():
        decision = after.decisions[pk]
        item = after.items[decision["work_item_id"]]
        people = {decision["person_id"], decision["on_behalf_of_id"]}
        people |= {item["assignee_id"], item["on_behalf_of_id"]}
        assert not people & ledger.touched[decision["proposal_id"]], "four eyes"


def votes_are_on_what_is(before, after, votes):
    """A vote counts only on the revision that is; and leaves one decision of one person."""
    for pk in after.decisions.keys() - before.decisions.keys():
        decision = after.decisions[pk]
        revision = before.proposals[decision["proposal_id"]]["revision"]
        assert votes[decision["work_item_id"]] == decision["revision"] == revision
        assert before.proposals[decision["proposal_id"]]["state"] == "pending"
        assert before.items[decision["work_item_id"]]["state"] == "open"
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
    assert len(keys) == len(set(keys))


def closed_proposals_leave_nothing_open(after):
    """Open changes belong to open proposals; and an open proposal has some."""
    for pk, proposal in after.proposals.items():
        assert bool(after.open_changes(pk)) == (proposal["state"] not in FINAL), proposal


def every_state_change_has_its_history(before, after):
    """Each new state, and each submission on the way, stands in the history."""
    for pk, proposal in after.proposals.items():
        old = before.proposals.get(pk)
        verbs = {event.verb for event in _new_events(before, pk)}
        if old and old["state"] != proposal["state"]:
            assert verbs & EVENTS[proposal["state"]], (proposal["state"], verbs)
        if old and old["submitted_at"] != proposal["submitted_at"]:
            assert "submitted" in verbs
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
        step = StepRun.objects.select_related("step").get(pk=pk).step
        needed = _votes_needed(step, ledger.people[pk])
        approvals = actions.count("approve")
        if run["state"] == "approved":
            assert approvals >= needed and len(actions) == approvals, "not enough approvals"
        if run["state"] == "running":
            assert approvals < needed and len(actions) == approvals, "should have ended"
    for pk in _moved_to(before, after, "approved"):
        proposal = after.proposals[pk]
        runs = after.of("runs", proposal_id=pk, state="approved")
        runs = [r for r in runs if r["started_at"] >= proposal["submitted_at"]]
        if proposal["automatic_action_id"]:
            assert _raise(after, pk) > 1000 and not runs
        else:
            wanted = _steps_that_apply(proposal, _raise(after, pk))
            assert [r["step_id"] for r in runs] == wanted, "steps left out"


def _votes_needed(step, people):
    return {
        Policy.SINGLE: 1,
        Policy.ALL: people,
        Policy.MAJORITY: next(n for n in range(people + 1) if n > people / 2),
        Policy.PERCENTAGE: next(
            n for n in range(1, people + 1) if n / people >= (step.percentage or 0) / 100
        ),
    }[step.policy]


def _steps_that_apply(proposal, raised):
    from approvals.models import WorkflowStep

    steps = WorkflowStep.objects.filter(version=proposal["version_id"]).order_by("position")
    return [step.pk for step in steps if raised > 50 or not step.conditions.exists()]


def _raise(picture, proposal_id):
    for change in picture.of("changes", proposal_id=proposal_id, field="credit_limit"):
        if change["outcome"] != "discarded":
            return float(change["value"] or 0) - float(change["original"] or 0)
    return 0


def somebody_can_decide_what_is_pending(after, ledger):
    """A pending proposal has one running step, with enough people who may decide it."""
    able = {p.pk for p in User.objects.filter(is_active=True) if any(map(p.has_perm, MAY_DECIDE))}
    for pk, proposal in after.proposals.items():
        running = after.of("runs", proposal_id=pk, state="running")
        waiting = after.of("items", proposal_id=pk, state="open")
        if proposal["state"] != "pending":
            assert not running and not waiting, "work is left of a proposal that is not pending"
            continue
        assert len(running) == 1
        [run] = running
        assert {item["step_run_id"] for item in waiting} == {run["id"]}
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


def contributors_are_on_record(after, ledger):
    """Whoever touched a proposal stands among its contributors for good."""
    from approvals.models import Contributor

    stored = defaultdict(set)
    for proposal, person in Contributor.objects.values_list("proposal", "person"):
        stored[proposal].add(person)
    for pk, people in ledger.touched.items():
        assert people <= stored[pk], "a contributor is not on record"


def _moved_to(before, after, state):
    return [
        pk
        for pk, proposal in after.proposals.items()
        if proposal["state"] == state
        and before.proposals.get(pk, {"state": "new"})["state"] != state
    ]


def _new_events(before, proposal_id):
    return WorkflowEvent.objects.filter(pk__gt=before.last_event, proposal=proposal_id)
