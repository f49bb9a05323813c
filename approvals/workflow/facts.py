"""What routing and conditions know of a proposal, read for many in a few queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model

from .. import registry, values
from ..batch import Record
from ..models import Contributor, Delegation, Kind, Origin, Proposal, ProposedChange
from ..registry import Governed


@dataclass(frozen=True, eq=False)
class Facts:
    """A proposal as conditions and assignments see it.

    changes: field name -> (original, new), as Python values. record: the record's values
    by field name, as they were when it was submitted; of a new record the values that it
    is to have. origin: where it was submitted. originator: who
    submits, by id, and the ids of his groups. contributors: everyone who touched it;
    nobody of them decides. delegates: whose work items on it go to whom.
    """

    governed: Governed
    changes: Mapping[str, tuple[Any, Any]]
    record: Mapping[str, Any]
    origin: Origin
    originator: int
    groups: frozenset[int]
    contributors: frozenset[int]
    kind: Kind = Kind.CHANGE
    delegates: Mapping[int, int] = field(default_factory=dict)

    def routed_on(self, names: Iterable[str]) -> dict:
        """What is kept with a proposal when it is submitted, for the conditions of later steps.

        Where it came in, and the record's values by these field names, as text: whoever
        submits must not change his route afterwards by what needs no approval.
        """
        fields = self.governed.proposable
        kept = {n: values.encode(fields[n], self.record[n]) for n in names if n in fields}
        return {"origin": self.origin, "record": kept}


def of_proposals(
    proposals: Iterable[Proposal],
    records: Mapping[int, Record],
    changes: Mapping[int, list[ProposedChange]],
    *,
    originator=None,
    origin: Origin | None = None,
) -> dict[int, Facts]:
    """The facts of stored proposals, by their ids.

    records, changes: by the proposals' ids. originator: who is about to submit, and
    through which `origin`; None: whoever submitted each, with what was seen then.
    """
    proposals = list(proposals)
    contributors = contributors_of(proposals)
    delegates = _delegates(proposals)
    people = {originator.pk if originator else p.submitted_by_id for p in proposals}
    groups = groups_of(people - {None})
    found = {}
    for proposal in proposals:
        governed = registry.for_content_type(proposal.content_type)
        person = originator.pk if originator else proposal.submitted_by_id
        pairs = _pairs(governed, changes[proposal.pk])
        kind = Kind(proposal.kind)
        seen = {} if originator else proposal.routed_on or {}
        live = records[proposal.pk].values | _kept(governed, seen.get("record", {}))
        found[proposal.pk] = Facts(
            governed=governed,
            changes=pairs,
            record=known_values(kind, live, pairs),
            origin=Origin(origin or seen.get("origin") or proposal.origin),
            originator=person,
            groups=groups.get(person, frozenset()),
            contributors=frozenset(contributors[proposal.pk] | ({person} - {None})),
            kind=kind,
            delegates=delegates[proposal.pk],
        )
    return found


def _kept(governed, texts):
    fields = governed.proposable
    return {n: values.decode(fields[n], text) for n, text in texts.items() if n in fields}


def known_values(kind: Kind, live: Mapping, changes: Mapping) -> Mapping:
    """The values that conditions on the record's fields read: the live ones.

    A new record has none yet that anybody approved: those that it is to have.
    """
    if kind != Kind.NEW:
        return live
    return {**live, **{name: new for name, (_original, new) in changes.items()}}


def contributors_of(proposals) -> dict[int, set[int]]:
    """Everyone who touched each proposal, as ids of people by the proposal's id."""
    found = defaultdict(set)
    rows = Contributor.objects.filter(proposal__in=proposals)
    for proposal_id, person in rows.values_list("proposal", "person"):
        found[proposal_id].add(person)
    return found


def groups_of(people: Iterable[int]) -> dict[int, frozenset[int]]:
    """The ids of the groups of each person."""
    found = defaultdict(set)
    rows = get_user_model().groups.through.objects.filter(user__in=people)
    for person, group in rows.values_list("user", "group"):
        found[person].add(group)
    return {person: frozenset(groups) for person, groups in found.items()}


def _pairs(governed, changes):
    fields = governed.proposable
    return {
        change.field: (
            values.decode(fields[change.field], change.original),
            values.decode(fields[change.field], change.value),
        )
        for change in changes
    }


def _delegates(proposals) -> dict[int, dict[int, int]]:
    """The last delegate of each person, by the proposal's id."""
    found = defaultdict(dict)
    rows = Delegation.objects.filter(proposal__in=proposals).order_by("id")
    for proposal_id, person, delegate in rows.values_list("proposal", "person", "delegate"):
        delegates = found[proposal_id]
        delegates[person] = delegate
        if _leads_to(person, delegates, delegate):
            del delegates[delegate]  # He has it back: that ends his own delegation.
    return found


def _leads_to(person, delegates, start) -> bool:
    """Whether whoever `start` delegated to, and so on, is `person` in the end."""
    while (start := delegates.get(start)) is not None:
        if start == person:
            return True
    return False
