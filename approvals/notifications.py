"""E-mails about work items, decisions and discarded changes.

The engine calls these functions inside the transaction of what they tell. Reading
the data, writing the texts and sending come after the commit, so that no lock waits
for a mail server; whatever fails there is logged and undoes nothing.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Count, Min, Prefetch
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import registry, values
from .links import proposed_changes_url
from .models import (
    ImportJob,
    ItemState,
    Occasion,
    Outcome,
    Proposal,
    ProposedChange,
    Verb,
    WorkItem,
)

logger = logging.getLogger(__name__)

# A mail about many records names no more of them than this.
NAMED = 20


@dataclass
class Mail:
    """An e-mail to one person; its text is the template filled with the context."""

    person_id: int
    subject: str
    template: str
    context: dict


def assigned(
    work_items: list[WorkItem],
    *,
    job: ImportJob | None = None,
    occasion: Occasion = Occasion.ASSIGNED,
    by=None,
    comment: str = "",
) -> None:
    """Tell each assignee what waits for him: one e-mail a person, however many items.

    job: the import that has just made the items; a person hears of it once, with its
    first batch.
    """
    found = defaultdict(list)
    for item in work_items:
        found[item.assignee_id].append((item.step_run_id, item.proposal_id))
    if job:
        first_runs = {person: min(pairs)[0] for person, pairs in found.items()}
        _after_commit(_assigned_by_import, job.pk, first_runs)
    else:
        _after_commit(_assigned, dict(found))


def reminded(work_items: list[WorkItem]) -> None:
    """Remind each assignee of what still waits for him; a time limit does, nobody by name."""


def decided(proposals: list[Proposal], verb: Verb, *, by=None, comment: str = "") -> None:
    """Tell each originator what became of the proposals: one e-mail a person.

    verb: APPROVED (approval completed, the values are applied), REJECTED,
    CHANGE_REQUESTED or CONFLICT. by: None where a rule or a time limit decided.
    """
    found = defaultdict(list)
    for proposal in proposals:
        found[proposal.submitted_by_id].append(proposal.pk)
    _after_commit(_decided, dict(found), Verb(verb), by, comment)


def recalled(proposals: list[Proposal], assignee_ids: list[int], by) -> None:
    """Tell the people whose work items are gone, and originators whom somebody else recalled."""
    people = {*assignee_ids, *(proposal.submitted_by_id for proposal in proposals)} - {by.pk}
    _after_commit(_recalled, people, [proposal.pk for proposal in proposals], by)


def terminated(proposal: Proposal, assignee_ids: list[int], *, by, comment: str = "") -> None:
    """Tell the originator and the people whose work items are gone."""


def discarded(changes: list[ProposedChange], *, by) -> None:
    """Tell people whose proposed changes were discarded by `by`: one e-mail a proposal."""
    found = defaultdict(list)
    for change in changes:
        found[change.proposed_by_id, change.proposal_id].append(change.pk)
    _after_commit(_discarded, dict(found), by)


def _after_commit(write, about, *args):
    if about:
        # A function with a name: Django cannot log the failure of a partial, and raises.
        transaction.on_commit(lambda: _deliver(write, about, *args), robust=True)


def _deliver(write, *args):
    # Whoever reads the mail is not who acted: not in that person's language.
    with translation.override(settings.LANGUAGE_CODE):
        messages = _messages(write(*args))
    if messages:
        with get_connection() as connection:
            for message in messages:
                _send(message, connection)


def _send(message, connection):
    message.connection = connection
    try:
        message.send()
    except Exception:
        logger.exception("The e-mail “%s” to %s was not sent.", message.subject, message.to)


def _messages(mails: list[Mail]) -> list[EmailMessage]:
    people = get_user_model().objects.filter(is_active=True).exclude(email="")
    known = people.in_bulk({mail.person_id for mail in mails})
    return [_message(mail, known[mail.person_id]) for mail in mails if mail.person_id in known]


def _message(mail, person):
    context = {**mail.context, "reader": person}
    body = render_to_string(f"approvals/mail/{mail.template}.txt", context)
    return EmailMessage(
        # A line break in a subject would start another header.
        subject=" ".join(mail.subject.split()),
        body=body.strip() + "\n",
        to=[person.email],
        headers={"Auto-Submitted": "auto-generated"},
    )


# What each e-mail says. `found` holds, by person, what the e-mail to that person is about.


def _assigned(found) -> list[Mail]:
    one = {person: pairs[0] for person, pairs in found.items() if len(pairs) == 1}
    many = {person: [p for _run, p in pairs] for person, pairs in found.items() if len(pairs) > 1}
    return _assigned_one(one) + _assigned_many(many)


def _assigned_one(pairs) -> list[Mail]:
    """pairs: person -> (step run, proposal)."""
    runs = {run for run, _proposal in pairs.values()}
    items = WorkItem.objects.filter(step_run__in=runs, assignee__in=pairs)
    cases = _cases({proposal for _run, proposal in pairs.values()})
    return [
        _one_item(item, cases[item.proposal_id])
        for item in items.select_related("step_run__step")
        if pairs[item.assignee_id][0] == item.step_run_id
    ]


def _one_item(item, case):
    subject = _("Changes to %(key)s wait for your decision") % {"key": case.key}
    url = _absolute(reverse("approvals:decide", args=[item.pk]))
    context = {"case": case, "step": item.step_run.step, "url": url}
    return Mail(item.assignee_id, subject, "assigned", context)


def _assigned_many(found) -> list[Mail]:
    """found: person -> proposals."""
    wanted = {proposal for proposals in found.values() for proposal in proposals}
    rows = Proposal.objects.filter(pk__in=wanted).values_list("pk", "import_job")
    job_of = dict(rows)
    jobs = _jobs(set(job_of.values()) - {None})
    mails = []
    for person, proposals in found.items():
        imports = {job_of[proposal] for proposal in proposals}
        job = jobs.get(imports.pop()) if len(imports) == 1 else None
        mails.append(_many_items(person, len(proposals), job))
    return mails


def _assigned_by_import(job_id, first_runs) -> list[Mail]:
    """first_runs: person -> the first of this batch's step runs."""
    job = _jobs([job_id])[job_id]
    items = WorkItem.objects.filter(proposal__import_job=job, assignee__in=first_runs)
    counts = items.filter(state=ItemState.OPEN).values_list("assignee").order_by()
    told = dict(items.values_list("assignee").order_by().annotate(Min("step_run")))
    return [
        _many_items(person, count, job)
        for person, count in counts.annotate(Count("pk"))
        if told[person] >= first_runs[person]
    ]


def _many_items(person_id, count, job):
    where = f"?import={job.pk}" if job else ""
    url = _absolute(reverse("approvals:work_items") + where)
    subject = ngettext(
        "Changes to %(count)s customer wait for your decision",
        "Changes to %(count)s customers wait for your decision",
        count,
    ) % {"count": count}
    return Mail(person_id, subject, "assigned_many", {"count": count, "job": job, "url": url})


def _jobs(ids):
    return ImportJob.objects.select_related("created_by").in_bulk(ids)


def _decided(found, verb, by, comment) -> list[Mail]:
    """found: person -> proposals."""
    named = {person: proposals[:NAMED] for person, proposals in found.items()}
    cases = _cases({proposal for proposals in named.values() for proposal in proposals})
    mails = []
    for person, proposals in found.items():
        context = {"verb": verb.value, "by": by, "comment": comment, "count": len(proposals)}
        context["cases"] = [cases[proposal] for proposal in named[person]]
        context["more"] = len(proposals) - len(named[person])
        subject = _decided_subject(verb, context["cases"], len(proposals))
        mails.append(Mail(person, subject, "decided", context))
    return mails


def _decided_subject(verb, cases, count):
    if count == 1:
        return _("%(what)s: changes to %(key)s") % {"what": verb.label, "key": cases[0].key}
    return _("%(what)s: changes to %(count)s customers") % {"what": verb.label, "count": count}


def _recalled(person_ids, proposal_ids, by) -> list[Mail]:
    cases = list(_cases(proposal_ids[:NAMED]).values())
    context = {"by": by, "cases": cases, "more": len(proposal_ids) - len(cases)}
    subject = _decided_subject(Verb.RECALLED, cases, len(proposal_ids))
    return [Mail(person_id, subject, "recalled", context) for person_id in person_ids]


def _discarded(found, by) -> list[Mail]:
    """found: (person, proposal) -> proposed changes."""
    wanted = {pk for pks in found.values() for pk in pks}
    changes = ProposedChange.objects.select_related("content_type").in_bulk(wanted)
    cases = _cases({proposal for _person, proposal in found})
    mails = []
    for (person, proposal), pks in found.items():
        case, lines = cases[proposal], [_change_line(changes[pk]) for pk in pks]
        subject = _("Discarded: your proposed changes to %(key)s") % {"key": case.key}
        context = {"by": by, "case": case, "changes": lines}
        mails.append(Mail(person, subject, "discarded", context))
    return mails


# What the e-mails show of proposals, read for many at once.


@dataclass
class Case:
    """A proposal in an e-mail."""

    key: str
    customer: str
    originator: object
    note: str
    job: ImportJob | None
    record_url: str
    proposed_changes_url: str
    changes: list[str]


def _cases(proposal_ids) -> dict[int, Case]:
    """Proposals by primary key, in a constant number of queries."""
    changes = ProposedChange.objects.exclude(outcome=Outcome.DISCARDED)
    proposals = (
        Proposal.objects.filter(pk__in=proposal_ids)
        .select_related("submitted_by", "import_job")
        .prefetch_related(
            "record", Prefetch("changes", changes.select_related("content_type").order_by("pk"))
        )
    )
    return {proposal.pk: _case(proposal) for proposal in proposals.order_by("pk")}


def _case(proposal):
    return Case(
        key=proposal.record_key,
        customer=str(proposal.record),
        originator=proposal.submitted_by,
        note=proposal.note,
        job=proposal.import_job,
        record_url=_absolute(proposal.record.get_absolute_url()),
        proposed_changes_url=_absolute(proposed_changes_url(proposal.record)),
        changes=[_change_line(change) for change in proposal.changes.all()],
    )


def _change_line(change):
    field = registry.for_content_type(change.content_type).proposable[change.field]
    old, new = (_one_line(field, text) for text in (change.original, change.value))
    return f"{field.verbose_name}: {old} → {new}"


def _one_line(field, text):
    shown = values.display_text(field, text)
    return ", ".join(shown.splitlines()) or _("(empty)")


def _absolute(path):
    return settings.SITE_URL.rstrip("/") + path
