"""What a file of the corpus is, and what has to come of it."""

from dataclasses import dataclass, field

from approvals.models import Behavior

# One letter for each row: what comes of it under allow, reject and propose.
ALIKE = {"u": "updated", "n": "created", "=": "unchanged", "f": "failed"}
GOVERNED = {Behavior.ALLOW: "updated", Behavior.REJECT: "failed", Behavior.PROPOSE: "proposed"}


@dataclass(frozen=True)
class Case:
    """A file, how it is imported, and its outcome.

    rows: a letter for each row: u(pdated), n(ew), =, f(ailed), or g: the governed
    credit limit changes, which depends on the behavior.
    refused: part of the reason why the whole file is refused.
    said: parts of the reasons of the rows that fail under every behavior, in their order.
    """

    name: str
    data: bytes
    rows: str = ""
    refused: str = ""
    said: tuple[str, ...] = ()
    file_name: str = "customers.csv"
    options: dict = field(default_factory=dict)

    def outcomes(self, behavior) -> list[str]:
        """The outcome of each row under `behavior`."""
        return [GOVERNED[behavior] if row == "g" else ALIKE[row] for row in self.rows]


def good(name, data, rows, *said, **how) -> Case:
    """A file that is read; some rows may fail."""
    data = data.encode() if isinstance(data, str) else data
    options = how.pop("options", how)
    return Case(name, data, rows, said=said, options=options)


def bad(name, data, refused, file_name="customers.csv", **options) -> Case:
    """A file that is refused."""
    data = data.encode() if isinstance(data, str) else data
    return Case(name, data, refused=refused, file_name=file_name, options=options)
