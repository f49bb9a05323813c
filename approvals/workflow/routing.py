"""Which workflow takes a proposal, which step comes next, who decides it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from operator import itemgetter

from django.contrib.auth import get_user_model
from django.db.models import F, Value, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from .. import values
from ..models import (
    Assignment,
    Proposal,
    Subject,
    Verb,
    VersionState,
    WorkflowEvent,
    WorkflowStep,
    WorkflowVersion,
)
from ..models.permissions import BACKEND, DECIDING
from ..outcomes import Refused
from . import conditions
from .facts import Facts
from .managers import Managers
from .routes import Assignee, PlannedStep, Preview, Route, Skipped

# In which order active versions are asked whether they take a proposal: the default one last.
ORDER = ("workflow__is_default", "workflow__position", "workflow__name")


class Router:
    """Finds the way of proposals through workflow versions, from memory.

    content_type: the governed model whose active versions take what is submitted.
    versions: the ids of versions that are running already. known: a router of before,
    whose versions need not be read again: they never change.
    """

    def __init__(self, content_type=None, versions: Iterable[int] = (), known=None):
        active, self.deciders, self.names = _in_force(content_type)
        self._versions = known._versions if known else {}
        self.steps = known.steps if known else defaultdict(list)
        self._read({*active, *versions})
        self.active = [self._versions[pk] for pk in active]
        self._administrators = None
        self._managers = None
        self._found = {}

    def _read(self, ids):
        missing = ids - self._versions.keys()
        if missing:
            versions = with_conditions(WorkflowVersion.objects.filter(pk__in=missing))
            self._versions |= {version.pk: version for version in versions}
            self.steps |= _steps_by_version(missing)

    def first(self, facts: Facts) -> Route:
        """Where a proposal goes when it is submitted.

        Raises Refused where no active workflow covers it, no step of it applies, or a
        step that applies has nobody who may decide: nothing is ever approved by accident.
        """
        preview = self.preview(facts)
        names = self._names_of_record(preview.version) if preview.version else ()
        return replace(preview.first, routed_on=facts.routed_on(names), names=self.names)

    @property
    def looks_at_changes(self) -> bool:
        """Whether it depends on what is proposed, and for which record, where a proposal goes."""
        return any(v.automatic_actions.all() or self._has_conditions(v) for v in self.active)

    def preview(self, facts: Facts) -> Preview:
        """The whole way of a proposal, as `first` would take it."""
        try:
            version, passed_over = self._choose(facts)
        except Refused as refused:
            return Preview(refusal=str(refused))
        if version is None:
            return Preview(passed_over=passed_over, refusal=_no_workflow(passed_over))
        return self.through(version, facts, passed_over)

    def through(self, version: WorkflowVersion, facts: Facts, passed_over=()) -> Preview:
        """The whole way of a proposal through one version, whatever its activation condition.

        version: one of this router's, as `with_conditions` reads it.
        """
        try:
            for rule in version.automatic_actions.all():
                if conditions.decides(rule, facts):
                    return Preview(version, passed_over, rule)
            steps = tuple(self._planned(step, facts) for step in self.steps[version.pk])
        except Refused as refused:
            return Preview(version, passed_over, refusal=str(refused))
        return Preview(version, passed_over, steps=steps, refusal=_cannot_start(steps))

    def refusal(self, facts: Facts) -> str:
        """Why no proposal with these facts could be taken, whatever its changes; or ""."""
        if any(self._has_conditions(version) for version in self.active):
            return ""
        return self.preview(facts).refusal

    def after(self, step: WorkflowStep, facts: Facts) -> Route:
        """Where a proposal goes when `step` is complete; a route without step after the last.

        Raises Refused where nobody could decide the next step.
        """
        skipped, steps = [], self.steps[step.version_id]
        for later in steps:
            if later.position <= step.position:
                continue
            evaluation = conditions.evaluate(later, facts)
            if evaluation.holds:
                people = self.again(later, facts)
                return Route(later.version, later, people, tuple(skipped), names=self.names)
            skipped.append(Skipped(later, evaluation))
        return Route(steps[0].version, skipped=tuple(skipped))

    def again(
        self, step: WorkflowStep, facts: Facts, without: Collection[int] = ()
    ) -> tuple[Assignee, ...]:
        """Who decides `step` now: its people, or else the eligible administrators.

        without: people who are not to get it. Raises Refused where nobody is left.
        """
        people = [a for a in self.eligible(step, facts) if a.person not in without]
        people = people or [a for a in self.stand_ins(facts) if a.person not in without]
        if not people:
            raise Refused(
                _(
                    "Nobody may decide the step “%(step)s”. Ask an administrator to make "
                    "somebody eligible."
                )
                % {"step": step.name}
            )
        return tuple(people)

    def eligible(self, step: WorkflowStep, facts: Facts) -> tuple[Assignee, ...]:
        """The people who are assigned to `step` and may decide it."""
        key = (step.pk, facts.originator, facts.contributors, tuple(facts.delegates.items()))
        if key not in self._found:
            self._found[key] = self._eligible(step, facts)
        return self._found[key]

    def stand_ins(self, facts: Facts) -> tuple[Assignee, ...]:
        """The administrators who may decide where nobody else is left to."""
        if self._administrators is None:
            self._administrators, names = _people_with("administer_workflow")
            self.names |= names
        people = sorted(self._administrators.keys() - facts.contributors)
        return tuple(Assignee(person) for person in people)

    def may_get(self, person: int, facts: Facts) -> bool:
        """Whether `person` may decide work items at all, and did not contribute."""
        return person in self.deciders and person not in facts.contributors

    def managers_of(self, step: WorkflowStep, person: int) -> list[int]:
        """The managers above `person` whom `step` means, from the lowest level up."""
        if self._managers is None:
            self._managers = Managers()
        return self._managers.meant_by(step, person)

    def named(self, step: WorkflowStep) -> list[tuple[int, int | None]]:
        """Who of `step`'s users and groups may decide: pairs of person and group, by id."""
        users = {user.pk for user in step.users.all()}
        groups = {group.pk for group in step.groups.all()}
        return [
            (pk, None if pk in users else min(groups & member_of))
            for pk, member_of in self.deciders.items()
            if pk in users or groups & member_of
        ]

    def _has_conditions(self, version):
        conditional = [version, *version.automatic_actions.all(), *self.steps[version.pk]]
        return any(owner.conditions.all() for owner in conditional)

    def _names_of_record(self, version):
        """The fields whose current value a condition of the version's steps reads."""
        rows = (row for step in self.steps[version.pk] for row in step.conditions.all())
        return {row.field for row in rows if row.subject == Subject.RECORD}

    def _choose(self, facts):
        """The active version that covers a proposal, and those before it that do not."""
        passed_over = []
        for version in self.active:
            evaluation = conditions.evaluate(version, facts)
            if evaluation.holds:
                return version, tuple(passed_over)
            passed_over.append((version, evaluation))
        return None, tuple(passed_over)

    def _planned(self, step, facts):
        evaluation = conditions.evaluate(step, facts)
        people = self.eligible(step, facts) if evaluation.holds else ()
        return PlannedStep(step, evaluation, people)

    def _eligible(self, step, facts):
        able = {p: group for p, group in self._assigned(step, facts) if self.may_get(p, facts)}
        taken = set(able)
        found = []
        for person, group in able.items():
            delegate = self._delegate(person, facts)
            if delegate and delegate not in taken:
                taken.add(delegate)
                found.append(Assignee(delegate, group, on_behalf_of=person))
            else:
                found.append(Assignee(person, group))
        return tuple(found)

    def _assigned(self, step, facts):
        """Pairs of a person whom a step names and the group that he is named by, if any."""
        if step.assignment == Assignment.MANAGERS:
            return [(manager, None) for manager in self.managers_of(step, facts.originator)]
        return self.named(step)

    def _delegate(self, person, facts):
        """Whom a person's work items on the proposal go to, if that one may decide it."""
        seen, delegate = {person}, None
        while (further := facts.delegates.get(delegate or person)) and further not in seen:
            seen.add(further)
            if self.may_get(further, facts):
                delegate = further
            else:
                break
        return delegate


def _no_workflow(passed_over):
    if passed_over:
        return _("No active workflow covers this change: the condition of none of them holds.")
    return _("No active workflow covers this change. An administrator activates one first.")


def _cannot_start(steps) -> str:
    if not steps:
        return _("The active workflow has no step.")
    if not any(planned.applies for planned in steps):
        return _("No step of the workflow applies to this change.")
    stuck = (p.step for p in steps if p.applies and not p.people)
    return next((_nobody(step) for step in stuck), "")


def _nobody(step):
    if step.assignment == Assignment.MANAGERS:
        text = _(
            "Nobody may decide the step “%(step)s”: the originator has no manager for it who "
            "is active, has the right, and did not contribute to the proposal."
        )
    else:
        text = _(
            "Nobody may decide the step “%(step)s”: everyone assigned to it is inactive, "
            "lacks the right, or contributed to the proposal."
        )
    return text % {"step": step.name}


# Columns of what is in force: the kind of row, an id, its place in the order or a group, a name.
_ROW = ("row", "pk", "place", "first", "last", "login")
_VERSION, _PERSON = 0, 1


def _in_force(content_type) -> tuple[list[int], dict[int, set[int]], dict[int, str]]:
    """What decides where proposals go now, in one query.

    The ids of the active versions in the administrator's order, the default one last; who
    may decide, as `deciders` says it, and their names.
    """
    people = _rows_of_people("decide_proposal")
    versions = WorkflowVersion.objects.filter(
        workflow__content_type=content_type, state=VersionState.ACTIVE
    )
    versions = versions.order_by().annotate(
        row=Value(_VERSION),
        place=Window(RowNumber(), order_by=ORDER),
        **{name: Value("") for name in ("first", "last", "login")},
    )
    rows = list(people.union(versions.values_list(*_ROW)) if content_type else people)
    active = sorted((place, pk) for row, pk, place, *_name in rows if row == _VERSION)
    groups, names = _people_in(row for row in rows if row[0] == _PERSON)
    return [pk for _place, pk in active], groups, names


def _people_with(codename):
    return _people_in(_rows_of_people(codename))


def _rows_of_people(codename):
    people = get_user_model().objects.with_perm(f"approvals.{codename}", backend=BACKEND)
    described = people.order_by().annotate(
        row=Value(_PERSON),
        place=F("groups"),
        first=F("first_name"),
        last=F("last_name"),
        login=F("username"),
    )
    return described.values_list(*_ROW).distinct()


def _people_in(rows):
    groups, names, person = defaultdict(set), {}, get_user_model()
    for _row, pk, group, first, last, login in sorted(rows, key=itemgetter(1)):
        groups[pk].add(group)
        if pk not in names:
            who = person(first_name=first, last_name=last, username=login)
            names[pk] = values.person_name(who)
    return groups, names


def with_conditions(versions):
    """Versions as the router needs them: with their conditions and automatic actions."""
    return versions.select_related("workflow").prefetch_related(
        *_rows("conditions"), "automatic_actions", *_rows("automatic_actions__conditions")
    )


def _steps_by_version(ids) -> dict[int, list[WorkflowStep]]:
    steps = defaultdict(list)
    queryset = WorkflowStep.objects.filter(version__in=ids).order_by("position")
    queryset = queryset.select_related("version__workflow")
    for step in queryset.prefetch_related("users", "groups", *_rows("conditions")):
        steps[step.version_id].append(step)
    return steps


def _rows(path):
    return path, f"{path}__person", f"{path}__group"


def deciders(codename) -> dict[int, set[int]]:
    """Active people with a permission of proposals: id -> ids of their groups."""
    return _people_with(codename)[0]


def all_deciders() -> set[int]:
    """Everyone who may decide a work item that he has: administrators too, by id."""
    return set().union(*(deciders(code.split(".")[1]) for code in DECIDING))


def by_name(ids) -> list:
    """People in the order of their names."""
    people = get_user_model().objects.filter(pk__in=ids)
    return sorted(people, key=lambda person: values.person_name(person).casefold())


def names_of(ids) -> dict[int, str]:
    """People's names as a page shows them, by id."""
    people = get_user_model().objects.filter(pk__in=ids)
    return {person.pk: values.person_name(person) for person in people}


def proposal_event(proposal: Proposal, verb: Verb, *, by, source, **details) -> WorkflowEvent:
    """An unsaved history entry about `proposal`; `details` are further columns.

    by: who did it; None for an automatic action or a time limit.
    """
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
