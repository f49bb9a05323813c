"""What the pages of an import show."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals import registry
from approvals.imports.leases import LEASE, UNDER_WAY
from approvals.imports.rows import rows_of
from approvals.imports.widgets import shortened
from approvals.models import Behavior, ImportJob, ImportRow
from approvals.values import display_text, fold_key, searchable
from customers.models import Customer

PER_PAGE = 50
MANY_CHANGES = 6
Outcome = ImportRow.Outcome
# In words that fit a preview as well as a result.
LABELS = {
    Outcome.CREATED: gettext_lazy("New"),
    Outcome.UPDATED: gettext_lazy("Updated"),
    Outcome.PROPOSED: gettext_lazy("Proposed"),
    Outcome.UNCHANGED: gettext_lazy("Unchanged"),
    Outcome.FAILED: gettext_lazy("Failed"),
}


@dataclass(frozen=True)
class Page:
    """Some rows of an import, how they were chosen, and where the other pages are."""

    rows: list[dict]
    outcome: str
    search: str
    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True)
class Progress:
    """How far an import is that is under way.

    rows: done, of `total`, which is None where it is not known. at_most: nor is the total
    exact then, as with a workbook that is read for the first time: it counts blank rows
    too. rate: rows a second; seconds: still to go, by that rate. waits: nobody works on it
    at the moment.
    """

    job: ImportJob
    rows: int
    total: int | None
    at_most: bool
    rate: int
    seconds: int | None
    waits: bool
    totals: list[dict]

    @property
    def left(self) -> str:
        """The time left, as minutes and seconds."""
        return "" if self.seconds is None else "{}:{:02}".format(*divmod(self.seconds, 60))

    @property
    def percent(self) -> int | None:
        """How much of it is done."""
        return self.rows * 100 // self.total if self.total else None


def progress(job: ImportJob) -> Progress | None:
    """How far `job` is; None where it is not under way."""
    if job.state not in UNDER_WAY:
        return None
    waits = not job.lease or job.lease_until < timezone.now()
    rate = 0 if waits else _rate(job)
    total = job.facts.get("row_count") if job.total is None else job.total
    seconds = (total - job.rows) / rate if rate and total else None
    return Progress(
        job=job,
        rows=job.rows,
        total=total,
        at_most=job.total is None,
        rate=round(rate),
        seconds=seconds and max(round(seconds), 0),
        waits=waits,
        totals=totals(job),
    )


def _rate(job):
    """Rows a second, from when it was taken to the last sign of life of who works on it."""
    passed = (job.lease_until - LEASE - job.taken_at).total_seconds()
    return max(job.rows - job.taken_rows, 0) / passed if passed > 0 else 0


def explain(rules, behavior) -> dict[str, str]:
    """The behavior in force and a line on what an import will do. rules: in force now."""
    label = Behavior(behavior).label
    if not rules.enabled:
        text = _("Customer approvals are off: every field is written at once.")
    elif behavior == Behavior.ALLOW:
        text = _(
            "Every field is written at once, also where it needs approval. The history says who "
            "imported it, and that nobody approved."
        )
    elif behavior == Behavior.REJECT:
        text = _("A row that would change a field that needs approval fails, and changes nothing.")
    else:
        text = _(
            "Fields that need approval are proposed and submitted; all other fields are written "
            "at once."
        )
    if rules.approve_new and behavior != Behavior.ALLOW:
        text = _("%(text)s New customers are held, not for use, and submitted for approval.") % {
            "text": text
        }
    return {"label": label, "text": text}


def totals(job: ImportJob) -> list[dict]:
    """How many rows there are of each outcome."""
    return [
        {"kind": kind, "label": label, "count": getattr(job, kind)}
        for kind, label in LABELS.items()
    ]


def facts(job: ImportJob) -> list[tuple[str, str]]:
    """What was found in the file: pairs of label and text."""
    found = job.facts
    names = {"\t": _("Tab"), ",": _("Comma"), ";": _("Semicolon"), "|": _("Vertical bar")}
    pairs = [
        (_("Format"), (found.get("format") or "").upper()),
        (_("Encoding"), (found.get("encoding") or "").removesuffix("-sig").upper()),
        (_("Delimiter"), names.get(found.get("delimiter"), "")),
        (_("Sheet"), found.get("sheet")),
        (_("Companies"), ", ".join(found.get("companies", []))),
        (_("Only the rows of company"), job.options.get("company", "").upper()),
    ]
    return [(label, text) for label, text in pairs if text]


def rows(job: ImportJob, params) -> Page:
    """The page of the job's rows that a query string asks for."""
    outcome = params.get("outcome", "")
    search = searchable(params.get("q", ""))
    found = job.row_outcomes.all()
    if outcome in Outcome.values:
        found = found.filter(outcome=outcome)
    if search:
        # No index serves a part of an account: the rows of this import are read through.
        found = found.filter(folded_key__contains=fold_key(search))
    page, earlier, later = _slice(found, params)
    kept = {"outcome": outcome, "q": search}
    return Page(
        rows=[_row(row) for row in page],
        outcome=outcome,
        search=search,
        previous_url=_url(kept, before=page[0].number) if earlier else "",
        next_url=_url(kept, after=page[-1].number) if later else "",
    )


def shown(job: ImportJob, outcomes) -> list[dict]:
    """Outcomes as the rows of a page, whether they are on record or not."""
    return [_row(row) for row in rows_of(job, outcomes)]


def _slice(found, params):
    """A page by row number, and whether there is more before and after it."""
    before, after = _number(params.get("before")), _number(params.get("after"))
    if before:
        page = list(found.filter(number__lt=before).order_by("-number")[: PER_PAGE + 1])
        return page[:PER_PAGE][::-1], len(page) > PER_PAGE, bool(page)
    page = list(found.filter(number__gt=after or 0).order_by("number")[: PER_PAGE + 1])
    return page[:PER_PAGE], bool(after and page), len(page) > PER_PAGE


def _number(text) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _url(kept, **place) -> str:
    return "?" + urlencode({**{name: text for name, text in kept.items() if text}, **place})


def _row(row: ImportRow) -> dict:
    fields = registry.get(Customer).fields
    changes = [
        {
            "label": capfirst(fields[name].verbose_name),
            "old": display_text(fields[name], old),
            "new": display_text(fields[name], new),
            "kind": kind,
        }
        for name, old, new, kind in row.changes
        if name in fields
    ]
    failed = row.outcome == Outcome.FAILED
    return {
        "number": row.number,
        "key": shortened(row.key),
        "kind": row.outcome,
        "outcome": LABELS[row.outcome],
        "changes": changes,
        # What a failed row would have changed must not look as if it did.
        "folded": bool(changes) and failed or len(changes) > MANY_CHANGES,
        "errors": [{"label": _label(name), "reason": reason} for name, reason in row.errors],
        "notes": [] if failed else row.notes,
    }


def _label(name) -> str:
    """A field's name as people read it; "" for the row as a whole."""
    if not name:
        return ""
    known = {field.name: field.verbose_name for field in Customer._meta.concrete_fields}
    return capfirst(known.get(name, name))
