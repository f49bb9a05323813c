"""Rules across the fields of one customer."""

from collections.abc import Iterable, Mapping

from approvals.registry import Rule


def rules(values: Mapping) -> Iterable[Rule]:
    """The rules that `values` (field name -> value, references as codes) break."""
    return ()
