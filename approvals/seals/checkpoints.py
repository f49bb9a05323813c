"""Checkpoints: the newest seal as a line of text, to be kept where nobody here can change it."""

from ..models import HistorySeal
from .digests import moment
from .verifying import wrong_head


def newest() -> str:
    """The newest seal: position, hash and time, with a blank between them; "" where none is.

    Raises ValueError, with what is wrong, where the head of the chain is not at its end.
    """
    seal = HistorySeal.objects.last()
    if wrong := wrong_head(*((seal.position, seal.hash) if seal else ())):
        raise ValueError(wrong)
    return f"{seal.position} {seal.hash} {moment(seal.at)}" if seal else ""


def read(lines) -> list[tuple[int, str]]:
    """The positions and hashes of checkpoints, one on a line; empty lines count for nothing.

    Raises ValueError, with the line, for what is none.
    """
    return [_read(line) for line in lines if line.strip()]


def _read(line):
    position, found, *rest = [*line.split(), "", ""]
    digits = set(found) <= set("0123456789abcdef") and len(found) == 64
    if not (position.isdecimal() and position.isascii() and digits and len(rest) <= 3):
        raise ValueError(line.strip())
    return int(position), found
