"""Which workflow takes a proposal, which step comes next, who decides it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _

from . import history, notifications, values
from .bulk import insert_rows
from .models import (
    Policy,
    Proposal,
    StepRun,
    Verb,
    VersionState,
    WorkflowEvent,
    WorkflowStep,
    WorkflowVersion,
    WorkItem,
)
from .outcomes import Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Route:
    """A step to enter and the people, by id, who get its work items."""

    step: WorkflowStep
    people: tuple[int, ...]

    @property
    def votes_needed(self) -> int:
        """How many approvals complete the step."""
        return len(self.people) if self.step.policy == Policy.ALL else 1


class Router:
    """Finds the way of proposals through workflow versions, from memory.

    content_type: the governed model; its active version is used for what is
    submitted. versions: the ids of versions that are running already.
    """

    def __init__(self, content_type=None, versions: Iterable[int] = ()):
        self.active = _active_version(content_type) if content_type else None
        ids = {*versions, *([self.active.pk] if self.active else [])}
        self.steps = _steps_by_version(ids)
        self.deciders = deciders("decide_proposal")
        self._administrators = None

    def first(self, contributors: set[int]) -> Route:
        """The first step for a proposal with these contributors.

        Raises Refused where no active workflow covers it, or where any of its
        steps has nobody who may decide: nothing is ever approved by accident.
        """
        if self.active is None:
            raise Refused(
                _("No active workflow covers this change. An administrator activates one first.")
            )
        steps = self.steps[self.active.pk]
        if not steps:
            raise Refused(_("The active workflow has no step."))
        routes = [Route(step, self.eligible(step, contributors)) for step in steps]
        for route in routes:
            if not route.people:
                raise Refused(
                    _(
                        "Nobody may decide the step “%(step)s”: everyone assigned to it is absent, "
                        "lacks the right, or contributed to the proposal."
                    )
                    % {"step": route.step.name}
                )
        return routes[0]

    def after(self, step: WorkflowStep, contributors: set[int]) -> Route | None:
        """The step after `step`, or None after the last.

        Raises Refused where nobody could decide it.
        """
        later = [s for s in self.steps[step.version_id] if s.position > step.position]
        if not later:
            return None
        return self.again(later[0], contributors)

    def again(self, step: WorkflowStep, contributors: set[int]) -> Route:
        """Who decides `step` now: its people, or else the eligible administrators.

        Raises Refused where there is none of them either.
        """
        people = self.eligible(step, contributors) or self._stand_ins(contributors)
        if not people:
            raise Refused(
                _(
                    "Nobody may decide the step “%(step)s”. Ask an administrator to make "
                    "somebody eligible."
                )
                % {"step": step.name}
            )
        return Route(step, people)

    def eligible(self, step, contributors) -> tuple[int, ...]:
        """The people, by id, who are assigned to `step` and may decide it."""
        users = {user.pk for user in step.users.all()}
        groups = {group.pk for group in step.groups.all()}
        return tuple(
            pk
            for pk, member_of in self.deciders.items()
            if pk not in contributors and (pk in users or groups & member_of)
        )

    def _stand_ins(self, contributors) -> tuple[int, ...]:
        if self._administrators is None:
            self._administrators = deciders("administer_workflow")
        return tuple(pk for pk in self._administrators if pk not in contributors)


def _active_version(content_type):
    """The active version of the first workflow, in the administrator's order."""
    return (
        WorkflowVersion.objects.filter(
            workflow__content_type=content_type, state=VersionState.ACTIVE
        )
        .order_by("workflow__position", "workflow__name")
        .first()
    )


def _steps_by_version(ids) -> dict[int, list[WorkflowStep]]:
    steps = defaultdict(list)
    queryset = WorkflowStep.objects.filter(version__in=ids).order_by("position")
    for step in queryset.prefetch_related("users", "groups"):
        steps[step.version_id].append(step)
    return steps


def deciders(codename) -> dict[int, set[int]]:
    """Active people with a permission of proposals: id -> ids of their groups."""
    people = get_user_model().objects.with_perm(f"approvals.{codename}", backend=BACKEND)
    rows = people.order_by("pk").values_list("pk", "groups").distinct()
    groups = defaultdict(set)
    for pk, group in rows:
        groups[pk].add(group)
    return groups


def enter(routes: dict[Proposal, Route], *, by, source) -> None:
    """Start a step for each saved proposal: its run, its work items, history and mail."""
    if not routes:
        return
    now = timezone.now()
    runs = [
        StepRun(proposal=p, step=r.step, votes_needed=r.votes_needed, started_at=now)
        for p, r in routes.items()
    ]
    run_of = {proposal: run for run, proposal in insert_rows(runs, ("id", "proposal"))}
    items = [
        WorkItem(
            step_run_id=run_of[p.pk],
            proposal=p,
            record_key=p.record_key,
            assignee_id=person,
            created_at=now,
        )
        for p, route in routes.items()
        for person in route.people
    ]
    insert_rows(items)
    names = names_of({person for route in routes.values() for person in route.people})
    history.record([_assigned(p, r, names, by, source) for p, r in routes.items()])
    notifications.assigned(items, job=source.job)


def _assigned(proposal, route, names, by, source):
    people = ", ".join(names[person] for person in route.people)
    return proposal_event(
        proposal, Verb.ASSIGNED, by=by, source=source, step=route.step, comment=people
    )


def names_of(ids) -> dict[int, str]:
    """People's names as a page shows them, by id."""
    people = get_user_model().objects.filter(pk__in=ids)
    return {person.pk: values.person_name(person) for person in people}


def proposal_event(proposal: Proposal, verb: Verb, *, by, source, **details) -> WorkflowEvent:
    """An unsaved history entry about `proposal`; `details` are further columns."""
    return WorkflowEvent(
        actor=by,
        verb=verb,
        content_type_id=proposal.content_type_id,
        object_id=proposal.object_id,
        record_key=proposal.record_key,
        proposal=proposal,
        origin=source.origin,
        import_job=source.job,
        **details,
    )
