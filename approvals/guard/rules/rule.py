"""A rule: why a row of one of the engine's tables is refused."""

from collections.abc import Callable
from dataclasses import dataclass

# Where the engine finds what it reads: model -> the table's name as the database knows it.
Tables = Callable[[type], str]


@dataclass(frozen=True)
class Rule:
    """Why a row of `model` is refused on an INSERT, UPDATE or DELETE.

    when: looks at the row alone; refused: is asked only then, and reads other tables.
    together: where a database can, all rows of a statement are looked at in one go.
    holds: rows that nobody else may change until the transaction ends, where more than one
        can write: what was looked at must still hold when it is committed.
    """

    model: type
    event: str
    name: str
    message: str
    when: str = "TRUE"
    refused: str = "TRUE"
    together: bool = False
    holds: str = ""


def differs(*columns):
    """Whether one of these columns differs; `IS DISTINCT FROM` is too new for some SQLites."""
    return " OR ".join(
        f"NEW.{c} <> OLD.{c} OR (NEW.{c} IS NULL) <> (OLD.{c} IS NULL)" for c in columns
    )
