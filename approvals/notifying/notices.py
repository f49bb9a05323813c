"""What notifications say: subjects and texts, written from templates."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import registry, values
from ..links import history_url, proposed_changes_url
from ..models import (
    ImportJob,
    Kind,
    Notification,
    Occasion,
    Outcome,
    Proposal,
    ProposedChange,
    Verb,
)
from .outbox import absolute

# A text about many records names no more of them than this.
NAMED = 20
LONGEST_SUBJECT = Notification._meta.get_field("subject").max_length


def in_house_language():
    """A context in which texts are written: whoever reads them is not who acted."""
    return translation.override(settings.LANGUAGE_CODE)


@dataclass
class Case:
    """A proposal in a text. reason: why it in particular came back."""

    proposal: Proposal
    customer: str
    record_path: str
    changes_path: str
    history_path: str
    changes: list[str]
    reason: str = ""

    @property
    def key(self) -> str:
        """The record's business key."""
        return self.proposal.record_key

    @property
    def is_new(self) -> bool:
        """Whether it is about a new record."""
        return self.proposal.kind == Kind.NEW

    @property
    def rule(self) -> str:
        """The rule that decided it without a person, or ""."""
        rule = self.proposal.automatic_action
        return rule.name if rule else ""

    def path(self, occasion: Occasion) -> str:
        """The page on which its changes stand after what happened."""
        if occasion == Occasion.APPLIED:
            return self.record_path
        if occasion in (Occasion.TERMINATED, Occasion.DISCARDED):
            return self.history_path
        return self.changes_path


def read_cases(proposal_ids: Collection[int]) -> dict[int, Case]:
    """Proposals with their records and changes by primary key, in a few queries for all."""
    if not proposal_ids:
        return {}
    changes = ProposedChange.objects.exclude(outcome=Outcome.DISCARDED)
    proposals = (
        Proposal.objects.filter(pk__in=proposal_ids)
        .select_related("submitted_by", "import_job", "automatic_action")
        .prefetch_related(
            "record", Prefetch("changes", changes.select_related("content_type").order_by("pk"))
        )
    )
    return {proposal.pk: _case(proposal) for proposal in proposals.order_by("pk")}


def _case(proposal):
    return Case(
        proposal=proposal,
        customer=str(proposal.record),
        record_path=proposal.record.get_absolute_url(),
        changes_path=proposed_changes_url(proposal.record),
        history_path=history_url(proposal.record),
        changes=[change_line(change) for change in proposal.changes.all()],
    )


def change_line(change: ProposedChange) -> str:
    """A proposed change in one line: field, old and new value."""
    field = registry.for_content_type(change.content_type).proposable[change.field]
    old, new = (_one_line(field, text) for text in (change.original, change.value))
    return f"{field.verbose_name}: {old} → {new}"


def _one_line(field, text):
    return ", ".join(values.display_text(field, text).splitlines()) or _("(empty)")


@dataclass
class Request:
    """What asks people for decisions, and how it came to them.

    by, comment: who handed it on to them, if somebody did, and why.
    """

    occasion: Occasion
    by: object = None
    comment: str = ""
    job: ImportJob | None = None


def ask_for_one(request: Request, case: Case, run, absent: str) -> Notification:
    """Ask for one decision. run: the step run. absent: the name of whoever it is on behalf of."""
    subject = _("Changes to %(key)s wait for your decision")
    if case.is_new:
        subject = _("New customer %(key)s waits for your decision")
    context = {"request": request, "case": case, "run": run, "absent": absent}
    return _notification(
        request.occasion, _asking(request, subject % {"key": case.key}), "asked", context
    )


def ask_for_many(
    request: Request, cases: list[Case], count: int, absent: list[str]
) -> Notification:
    """Ask for `count` decisions; cases: those that are named."""
    subject = ngettext(
        "Changes to %(count)s customer wait for your decision",
        "Changes to %(count)s customers wait for your decision",
        count,
    )
    context = {"request": request, "absent": ", ".join(absent), **_listing(cases, count)}
    subject = _asking(request, subject % {"count": count})
    return _notification(request.occasion, subject, "asked_many", context)


def _asking(request, subject):
    if request.occasion == Occasion.ASSIGNED:
        return subject
    occasion = Occasion(request.occasion).label
    return _("%(what)s: %(subject)s") % {"what": occasion, "subject": subject}


def tell_decided(occasion: Occasion, cases, count: int, *, by, comment: str) -> Notification:
    """Tell what became of proposals. by: None where a rule or a time limit decided."""
    rules = {case.rule for case in cases} if by is None else {""}
    context = {
        "who": _decider(by, rules),
        "rules": len(rules) > 1,
        "comment": comment,
        **_listing(cases, count, occasion),
    }
    return _notification(occasion, _subject(occasion, cases, count), "decided", context)


def _decider(by, rules):
    if by is not None:
        return values.person_name(by)
    if rules == {""}:
        return _("the workflow")
    if len(rules) > 1:
        return _("rules of the workflow")
    return _("the rule “%(rule)s”") % {"rule": next(iter(rules))}


def tell_ended(occasion: Occasion, cases, count: int, *, by, comment: str) -> Notification:
    """Tell that nobody needs to decide any more: recalled or terminated."""
    listing = _listing(cases, count, occasion)
    context = {"who": values.person_name(by), "comment": comment, **listing}
    return _notification(occasion, _subject(occasion, cases, count), "ended", context)


def tell_reassigned(cases, count: int, *, to, by, comment: str) -> Notification:
    """Tell that somebody else is to decide now."""
    listing = _listing(cases, count, Occasion.REASSIGNED)
    people = {"who": values.person_name(by), "taker": values.person_name(to)}
    context = {**people, "comment": comment, **listing}
    subject = _subject(Occasion.REASSIGNED, cases, count)
    return _notification(Occasion.REASSIGNED, subject, "reassigned", context)


def tell_discarded(cases, count: int, *, by, verb: Verb) -> Notification:
    """Tell whose proposed changes are gone, and how; the cases hold those changes only."""
    listing = _listing(cases, count, Occasion.DISCARDED)
    context = {"who": values.person_name(by), "verb": verb.value, **listing}
    subject = ngettext(
        "Discarded: your proposed changes to %(key)s",
        "Discarded: your proposed changes to %(count)s customers",
        count,
    )
    if verb == Verb.DROPPED:
        subject = _("Dropped, equal to the current value: your proposed change to %(key)s")
    subject %= {"key": cases[0].key, "count": count}
    return _notification(Occasion.DISCARDED, subject, "discarded", context)


def _subject(occasion, cases, count):
    what = Occasion(occasion).label
    if count > 1:
        return _("%(what)s: changes to %(count)s customers") % {"what": what, "count": count}
    if cases[0].is_new:
        return _("%(what)s: new customer %(key)s") % {"what": what, "key": cases[0].key}
    return _("%(what)s: changes to %(key)s") % {"what": what, "key": cases[0].key}


def _listing(cases, count, occasion=None) -> dict:
    """The records that are named; where there are several, each with its page for the occasion."""
    several = occasion and count > 1
    listed = [(case, absolute(case.path(occasion)) if several else "") for case in cases]
    return {"occasion": occasion, "listed": listed, "count": count, "more": count - len(cases)}


def _notification(occasion, subject, template, context) -> Notification:
    body = render_to_string(f"approvals/mail/{template}.txt", context)
    # Parts that are left out leave blank lines behind.
    body = re.sub(r"\n{3,}", "\n\n", body)
    # A line break in a subject would start another header of the e-mail.
    subject = Truncator(" ".join(subject.split())).chars(LONGEST_SUBJECT)
    return Notification(occasion=occasion, subject=subject, body=body.strip())
