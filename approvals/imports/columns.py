"""What the columns of a file stand for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Columns:
    """The columns of a file, by what they stand for.

    fields: name of a resource's field -> positions of its columns, in the file's order.
    ignored: headers that are known and not kept. unknown: headers that nobody knows.
    """

    headers: tuple[str, ...]
    fields: dict[str, list[int]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def recognised(self) -> list[str]:
        """The headers that stand for a field."""
        positions = sorted(place for places in self.fields.values() for place in places)
        return [self.headers[place] for place in positions]


def recognise(
    headers: Sequence[str], names: Mapping[str, str], not_kept: Collection[str] = ()
) -> Columns:
    """Find out what each column stands for, whatever the case of its header.

    names: header in small letters -> name of a field. not_kept: further headers that
    are known, in small letters.
    """
    columns = Columns(tuple(headers))
    for position, header in enumerate(headers):
        folded = header.strip().lower()
        if folded in names:
            columns.fields.setdefault(names[folded], []).append(position)
        else:
            (columns.ignored if folded in not_kept else columns.unknown).append(header)
    return columns
