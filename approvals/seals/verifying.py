"""Whether the history is the one that was written: every entry, every seal, the chain."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from django.utils.translation import gettext as _

from ..models import HistoryHead
from . import digests, reading
from .reading import Sealed


@dataclass
class Report:
    """How much was looked at, and how much is wrong. tell: takes each finding, one line."""

    tell: Callable[[str], None]
    entries: int = 0
    seals: int = 0
    records: int = 0
    findings: int = 0

    def find(self, text: str) -> None:
        """Tell a finding."""
        self.findings += 1
        # What is no text is told as one that can be printed.
        self.tell(text.encode("utf-8", "backslashreplace").decode())


def verify(report: Report, checkpoints=(), using="default") -> None:
    """Look at the whole chain, then at every entry against its seal; tells each finding.

    checkpoints: (position, hash) of seals as they were noted elsewhere.
    """
    noted = defaultdict(set)
    for position, told in checkpoints:
        noted[position].add(told)
    _verify_chain(report, noted, using)
    _verify_entries(report, using)


NO_SEAL = 0, HistoryHead._meta.get_field("hash").default


def wrong_head(position=NO_SEAL[0], newest=NO_SEAL[1], using="default") -> str:
    """What is wrong with the head of the chain, whose newest seal has that hash; or ""."""
    heads = list(HistoryHead.objects.using(using).values_list("position", "hash"))
    if heads == [(position, newest)]:
        return ""
    told = ", ".join(str(head[0]) for head in heads) or _("none")
    text = _("The newest seal is %(position)s, but the head of the chain says %(head)s.")
    if told == str(position):
        text = _(
            "The newest seal is %(position)s, and so says the head of the chain, but of another "
            "hash."
        )
    return text % {"position": position, "head": told}


def _verify_chain(report, noted, using):
    position, previous = NO_SEAL
    for seal in reading.seals(using):
        report.seals += 1
        if seal.position != position + 1:
            report.find(_missing(position + 1, seal.position - 1))
        elif seal.hash != seal.hash_after(previous):
            report.find(
                _("Seal %(position)s: edited, or does not follow from the one before it.")
                % {"position": seal.position}
            )
        if noted.pop(seal.position, {seal.hash}) != {seal.hash}:
            text = _("Seal %(position)s: not the one of the checkpoint; the chain was rewritten.")
            report.find(text % {"position": seal.position})
        position, previous = seal.position, seal.hash
    for missed in noted:
        text = _("Seal %(position)s: missing, though there is a checkpoint of it.")
        report.find(text % {"position": missed})
    if wrong := wrong_head(position, previous, using):
        report.find(wrong)


def _missing(first, last):
    if first == last:
        return _("Seal %(position)s: missing.") % {"position": first}
    return _("Seals %(first)s to %(last)s: missing.") % {"first": first, "last": last}


def _verify_entries(report, using):
    """Entries and seals side by side, both in the order of the entries' ids."""
    rows = reading.entries(using, "mark", *digests.COLUMNS)
    seals, current = reading.seals(using, by="first"), None
    while some := list(islice(rows, reading.AT_ONCE)):
        report.entries += len(some)
        for row in some:
            while current is None or row[0] > current.seal.last:
                following = next(seals, None)
                if following is None:
                    break
                _close(report, current)
                current = _Open(following)
            if current is None or not current.seal.first <= row[0] <= current.seal.last:
                report.find(_("Entry %(entry)s: in no seal; inserted.") % {"entry": row[0]})
            else:
                current.add(report, row)
    _close(report, current)
    for seal in seals:
        _close(report, _Open(seal))


class _Open:
    """A seal whose entries are being read."""

    def __init__(self, seal: Sealed):
        self.seal, self.count, self.whole = seal, 0, sha256()

    def add(self, report, row):
        pk, mark, *columns = row
        [digest] = digests.digests_of(self.seal.first, [(pk, *columns)])
        self.count += 1
        self.whole.update(digest)
        if digests.mark(digest) != mark:
            text = _("Entry %(entry)s: not as it was sealed in seal %(position)s; edited.")
            report.find(text % {"entry": pk, "position": self.seal.position})


def _close(report, current):
    if current is None:
        return
    seal = current.seal
    if current.count != seal.count:
        text = _(
            "Seal %(position)s: %(found)s entries from %(first)s to %(last)s, where it sealed "
            "%(count)s; removed or inserted."
        )
        report.find(text % {**seal._asdict(), "found": current.count})
    elif current.whole.hexdigest() != seal.digest:
        text = _(
            "Seal %(position)s: entries %(first)s to %(last)s are not the ones that it sealed; "
            "edited, exchanged or in another order."
        )
        report.find(text % seal._asdict())
