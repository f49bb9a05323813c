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
