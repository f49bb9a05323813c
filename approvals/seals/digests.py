"""What an entry of the history says, as one text, and the digest of that text."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

# Every column of an entry but its id, which the seal knows, and its mark, which follows from
# these. Their order is part of the text: what is sealed is read in it for ever. First those
# that entries of one statement mostly share.
SHARED = ("at", "actor_id", "on_behalf_of_id", "content_type_id", "origin", "import_job_id")
OWN = (
    "verb",
    "object_id",
    "record_key",
    "proposal_id",
    "step_id",
    "version_id",
    "field",
    "old",
    "new",
    "comment",
)
COLUMNS = (*SHARED, *OWN)
# JSON with a line break between elements: inside a string JSON has none, so that many rows
# are written at once and can be told apart.
_as_json = json.JSONEncoder(ensure_ascii=False, separators=("\n", ":"), default=str).encode


def digests(shared: Iterable[tuple], own: Iterable[tuple]) -> list[bytes]:
    """The SHA-256 of each entry.

    shared: each one's SHARED columns; own: its place in its seal, from 0, and its OWN columns.
    """
    texts = _as_json(list(own))[2:-2].split("]\n[")
    return [
        sha256(f"{_told(columns)}\n{text}".encode("utf-8", "surrogatepass")).digest()
        for columns, text in zip(shared, texts, strict=False)
    ]


def digests_of(first: int, rows: list[tuple]) -> list[bytes]:
    """The same of entries as they are stored. first: the first id of their seal.

    rows: id, SHARED columns, OWN columns.
    """
    end = 1 + len(SHARED)
    own = [(row[0] - first, *row[end:]) for row in rows]
    return digests([row[1:end] for row in rows], own)


@lru_cache(maxsize=64)
def _told(shared) -> str:
    at, *rest = shared
    return _as_json([moment(at), *rest])


def moment(at) -> str:
    """A point in time as text: in UTC, with microseconds. What is none is told as it stands."""
    try:
        at = datetime.fromisoformat(at) if isinstance(at, str) else at
        # SQLite keeps UTC without saying so.
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (AttributeError, OverflowError, ValueError):
        return repr(at)


def mark(digest: bytes) -> int:
    """The first 64 bits of a digest, as a number that a database keeps."""
    return int.from_bytes(digest[:8], signed=True)


def hash_of(previous: str, position: int, seal: tuple) -> str:
    """The hash of a seal. seal: its moment, first and last id, count and digest."""
    text = " ".join(map(str, (previous, position, *seal)))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
