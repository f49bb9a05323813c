"""Uploaded files: under generated names, outside of everything that is served, for a while."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from ..models import ImportJob
from .leases import UNDER_WAY

# Failed rows can be downloaded, and a file previewed again, so long after its import.
KEPT = timedelta(days=30)


def store(job: ImportJob, chunks: Iterable[bytes]) -> None:
    """Keep a file for `job`, which is not saved."""
    job.stored_as = uuid.uuid4().hex
    with path_of(job).open("xb") as file:
        for chunk in chunks:
            file.write(chunk)


def path_of(job: ImportJob) -> Path:
    """Where the file of `job` lies."""
    return folder() / job.stored_as


def folder() -> Path:
    """Where all of them lie, made when it is first asked for; for the program's user alone."""
    folder = Path(settings.UPLOAD_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def delete_old() -> int:
    """Delete the files of imports that were closed, or left at their preview, long ago."""
    kept = Q(state__in=UNDER_WAY) | Q(last__gt=timezone.now() - KEPT)
    jobs = ImportJob.objects.exclude(stored_as="").annotate(
        last=Coalesce("finished_at", "created_at")
    )
    # Several imports may share a file.
    used = jobs.filter(kept).values("stored_as")
    old = jobs.exclude(kept).exclude(stored_as__in=used)
    names = set(old.values_list("stored_as", flat=True))
    for name in names:
        (folder() / name).unlink(missing_ok=True)
    ImportJob.objects.filter(stored_as__in=names).update(stored_as="")
    return len(names)
