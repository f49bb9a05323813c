"""How long proposals take, by workflow version and by step, and how they end."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.db import connection
from django.db.models import (
    Aggregate,
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Field,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import (
    Action,
    Decision,
    Proposal,
    RunState,
    State,
    StepRun,
    Workflow,
    WorkflowStep,
    WorkflowVersion,
)
from . import periods

USUAL_DAYS = 90
MEDIAN, SLOW = 0.5, 0.9


class Percentiles(Aggregate):
    """The median and the slow one of some durations, interpolated, as a list. PostgreSQL only."""

    function = "PERCENTILE_CONT"
    template = f"%(function)s(ARRAY[{MEDIAN}, {SLOW}]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = Field()


@dataclass(frozen=True)
class CycleTime:
    """What a version or a step has done: how often, how long it took, how it ended.

    what: the version or step. started, running: how many began, and go on. median, slow:
    half of those that ended, and nine in ten, took no longer than that.
    """

    what: Any
    started: int
    running: int
    approved: int
    rejected: int
    returned: int
    median: timedelta | None = None
    slow: timedelta | None = None

    @property
    def ended(self) -> int:
        """How many have ended."""
        return self.started - self.running

    @property
    def otherwise(self) -> int:
        """How many ended without a decision."""
        return self.ended - self.approved - self.rejected - self.returned

    @property
    def shares(self) -> list[str]:
        """The percentages approved, rejected, returned and ended otherwise; "" of nothing."""
        counts = (self.approved, self.rejected, self.returned, self.otherwise)
        return [f"{100 * count / self.ended:.0f} %" if self.ended else "" for count in counts]

    @property
    def times(self) -> list[str]:
        """The two times, as a person reads them."""
        return [readable(self.median), readable(self.slow)]


class CycleTimesForm(forms.Form):
    """Which period, and which workflow. Days that are not given are the usual ones."""

    first = periods.DayField(label=gettext_lazy("From"))
    last = periods.DayField(label=gettext_lazy("To"))
    workflow = forms.ModelChoiceField(
        Workflow.objects.all(),
        label=gettext_lazy("Workflow"),
        required=False,
        empty_label=gettext_lazy("All"),
    )

    def __init__(self, params):
        params, today = params.copy(), timezone.localdate()
        params.setdefault("first", (today - timedelta(days=USUAL_DAYS)).isoformat())
        params.setdefault("last", today.isoformat())
        super().__init__(params, auto_id="filter_%s")
        self.is_valid()

    def versions(self) -> list[CycleTime]:
        """Of proposals last submitted in the period, by workflow version."""
        return of_versions(self._within("submitted_at", "version__workflow"))

    def steps(self) -> list[CycleTime]:
        """Of steps started in the period, by step."""
        return of_steps(self._within("started_at", "step__version__workflow"))

    def _within(self, column, workflow) -> Q:
        wanted = self.cleaned_data
        found = periods.within(column, wanted.get("first"), wanted.get("last"))
        return found & Q(**{workflow: wanted["workflow"]}) if wanted.get("workflow") else found


def of_versions(where: Q) -> list[CycleTime]:
    """The cycle times of submitted proposals, each with its last submission.

    It takes from then until the last step has ended: approved, handed back, recalled or
    terminated; what lies with the originator afterwards does not count. A rule that
    decides at once takes no time.
    """
    runs = StepRun.objects.filter(
        proposal=OuterRef("pk"), started_at__gte=OuterRef("submitted_at")
    ).order_by("-id")
    ended = Coalesce(Subquery(runs.values("ended_at")[:1]), "submitted_at")
    rows = Proposal.objects.filter(where, version__isnull=False).annotate(
        took=_unless(Q(state=State.PENDING), ended - F("submitted_at"))
    )
    counts = _by_state(rows, "version")
    found = WorkflowVersion.objects.select_related("workflow")
    found = found.order_by("workflow__position", "workflow__name", "-number")
    times = _times(rows, "version")
    return [
        CycleTime(
            version,
            started=sum(counts[version.pk].values()),
            running=counts[version.pk][State.PENDING],
            approved=counts[version.pk][State.APPROVED],
            rejected=counts[version.pk][State.REJECTED],
            returned=counts[version.pk][State.CHANGE_REQUESTED],
            **times.get(version.pk, {}),
        )
        for version in found.filter(pk__in=counts)
    ]


def of_steps(where: Q) -> list[CycleTime]:
    """The cycle times of steps, each from when a proposal entered it until it left it."""
    rows = StepRun.objects.filter(where).annotate(
        took=_unless(Q(state=RunState.RUNNING), F("ended_at") - F("started_at"))
    )
    counts, handed_back = _by_state(rows, "step"), _handed_back(rows)
    found = WorkflowStep.objects.select_related("version__workflow")
    found = found.order_by(
        "version__workflow__position", "version__workflow__name", "-version__number", "position"
    )
    times = _times(rows, "step")
    return [
        CycleTime(
            step,
            started=sum(counts[step.pk].values()),
            running=counts[step.pk][RunState.RUNNING],
            approved=counts[step.pk][RunState.APPROVED],
            rejected=handed_back[step.pk, Action.REJECT],
            returned=handed_back[step.pk, Action.REQUEST_CHANGE],
            **times.get(step.pk, {}),
        )
        for step in found.filter(pk__in=counts)
    ]


def readable(duration: timedelta | None) -> str:
    """A length of time as a person reads it, in its two largest units; "" for none."""
    if duration is None:
        return ""
    minutes = round(duration.total_seconds() / 60)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)s min") % {"minutes": minutes}


def _unless(running, duration):
    return Case(
        When(running, then=None), default=ExpressionWrapper(duration, output_field=DurationField())
    )


def _by_state(rows: QuerySet, key: str) -> dict:
    """How many rows of each key are in each state."""
    found = defaultdict(lambda: defaultdict(int))
    for pk, state, count in rows.order_by().values_list(key, "state").annotate(Count("pk")):
        found[pk][state] = count
    return found


def _handed_back(runs: QuerySet) -> dict:
    """How often a decision ended a step without an approval, by step and action."""
    decisions = Decision.objects.filter(step_run__in=runs.values("pk"))
    rows = decisions.exclude(action=Action.APPROVE).order_by()
    found = defaultdict(int)
    for step, action, count in rows.values_list("step_run__step", "action").annotate(Count("pk")):
        found[step, action] = count
    return found


def _times(rows: QuerySet, key: str) -> dict[int, dict]:
    """The median and the slow time of each key, by the database where it knows percentiles."""
    rows = rows.order_by()
    if connection.vendor == "postgresql":
        found = rows.values_list(key).annotate(times=Percentiles("took"))
        return {pk: {"median": two[0], "slow": two[1]} for pk, two in found if two}
    durations = defaultdict(list)
    for pk, took in rows.filter(took__isnull=False).values_list(key, "took").iterator():
        durations[pk].append(took)
    return {
        pk: {"median": percentile(found, MEDIAN), "slow": percentile(found, SLOW)}
        for pk, found in durations.items()
    }


def percentile(durations: list[timedelta], fraction: float) -> timedelta:
    """The value that a fraction of `durations` does not exceed, interpolated."""
    ordered = sorted(durations)
    place = (len(ordered) - 1) * fraction
    below = ordered[int(place)]
    above = ordered[min(int(place) + 1, len(ordered) - 1)]
    return below + (above - below) * (place - int(place))
