"""Checkpoints: the newest seal as a line of text, to be kept where nobody here can change it."""

from ..models import HistoryHead, HistorySeal
from .digests import moment


def newest() -> str:
    """The newest seal: position, hash and time, with a blank between them; "" where none is."""
    head = HistoryHead.objects.get()
    seal = HistorySeal.objects.filter(position=head.position).first()
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
