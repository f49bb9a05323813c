"""The history only grows, and so does the chain of its seals."""

from collections.abc import Iterator

from ...models import HistoryHead, HistorySeal, WorkflowEvent
from .rule import Rule, Tables


def rules(table: Tables) -> Iterator[Rule]:
    """Those of entries and their seals."""
    yield Rule(WorkflowEvent, "UPDATE", "kept", "an entry of the history never changes")
    yield Rule(HistorySeal, "UPDATE", "kept", "a seal of the history never changes")
    yield Rule(
        HistoryHead,
        "UPDATE",
        "gone_back",
        "the chain of seals only grows",
        when="NEW.id <> OLD.id OR NEW.position <= OLD.position",
    )
    yield Rule(
        HistoryHead,
        "INSERT",
        "second",
        "the chain of seals has one head",
        refused=f"EXISTS (SELECT 1 FROM {table(HistoryHead)})",
    )


def ahead(*given_out: str) -> Rule:
    """The newest entry about a switch is the one of the highest id: none is ahead of its time.

    given_out: SQL for the highest id that was given out, as a database knows it; or several,
    the quickest first, where the highest of all counts.
    """
    return Rule(
        WorkflowEvent,
        "INSERT",
        "ahead",
        "an entry of the history takes no number that is still to be given out",
        refused=" AND ".join(f"NEW.id > {highest}" for highest in given_out),
        together=True,
    )
