"""The machine's own account of what happened, kept without asking the engine."""

from collections import defaultdict

from approvals.models import WorkflowStep

MEANT = ("edit", "discard", "submit", "import", "create")


class Ledger:
    """Who touched which proposal; what was so when it was submitted; each run's people."""

    def __init__(self):
        self.touched = defaultdict(set)
        self.seen = {}
        self.people = {}
        self.steps = {}

    def note(self, before, after, actor, verb):
        """Write down what `actor` did between two pictures."""
        for pk, change in after.changes.items():
            old = before.changes.get(pk)
            if old and old["proposal_id"] != change["proposal_id"]:
                self.touched[change["proposal_id"]] |= self.touched[old["proposal_id"]]
            elif verb in MEANT and old != change:
                self.touched[change["proposal_id"]].add(actor.pk)
        for pk in submitted(before, after):
            self.touched[pk].add(actor.pk)
            self.seen[pk] = _at_submit(after, pk, "import" if verb == "import" else "browser")
        for pk in after.runs.keys() - before.runs.keys():
            self.people[pk] = len(after.of("items", step_run_id=pk))

    def step(self, pk):
        """A step, with its conditions; an active version never changes."""
        if pk not in self.steps:
            steps = WorkflowStep.objects.prefetch_related("conditions").order_by("position")
            self.steps = {step.pk: step for step in steps}
        return self.steps[pk]

    def steps_that_apply(self, proposal, raised):
        """The ids of those steps whose condition held when the proposal was submitted."""
        if proposal["version_id"] not in {step.version_id for step in self.steps.values()}:
            self.step(WorkflowStep.objects.filter(version=proposal["version_id"]).first().pk)
        seen = {**self.seen[proposal["id"]], "raised": raised}
        steps = [s for s in self.steps.values() if s.version_id == proposal["version_id"]]
        return [s.pk for s in steps if all(_holds(row, seen) for row in s.conditions.all())]


def submitted(before, after):
    """The proposals that were submitted between two pictures."""
    return [
        pk
        for pk, proposal in after.proposals.items()
        if proposal["submitted_at"] != before.proposals.get(pk, {}).get("submitted_at")
    ]


def _at_submit(after, pk, origin):
    """What conditions read of a record: live values; of a new one those that it is to have."""
    proposal = after.proposals[pk]
    seen = {**after.customers[proposal["record_key"]], "origin": origin}
    for change in after.of("changes", proposal_id=pk):
        if change["outcome"] != "discarded":
            column = "value" if proposal["kind"] == "new" else "original"
            seen[change["field"]] = change[column]
    return seen


def _holds(row, seen):
    if row.subject == "raised":
        return seen["raised"] > float(row.value)
    return seen[row.field if row.subject == "record" else "origin"] == row.value
