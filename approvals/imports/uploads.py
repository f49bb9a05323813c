"""Uploaded files: under generated names, outside of everything that is served, for a while."""

import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from ..models import ImportJob
from .files import FileRefused
from .leases import UNDER_WAY

logger = logging.getLogger(__name__)

# Failed rows can be downloaded, and a file previewed again, so long after its import.
KEPT = timedelta(days=30)


def store(job: ImportJob, chunks: Iterable[bytes]) -> None:
    """Keep a file for `job`, which is not saved.

    Raises FileRefused where it cannot be kept, such as on a full disk; nothing of it is left.
    """
    job.stored_as = uuid.uuid4().hex
    try:
        _write(path_of(job), chunks)
    except OSError as error:
        logger.exception("An uploaded file could not be kept.")
        text = _("The server could not keep the file (%(reason)s). Nothing was imported.")
        raise FileRefused(text % {"reason": error.strerror or error}) from error


def _write(path, chunks):
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def path_of(job: ImportJob) -> Path:
    """Where the file of `job` lies."""
    return folder() / job.stored_as


def size_of(job: ImportJob) -> int:
    """How large the file of `job` is, in bytes; 0 where it is gone."""
    try:
        return path_of(job).stat().st_size
    except OSError:
        return 0


def folder() -> Path:
    """Where all of them lie, made when it is first asked for; for the program's user alone."""
    folder = Path(settings.UPLOAD_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def delete_old() -> int:
    """Delete the files of imports that were closed, or left at their preview, long ago.

    A preview is cancelled with that: without a file nobody can confirm it any more.
    """
    now = timezone.now()
    kept = Q(state__in=UNDER_WAY) | Q(last__gt=now - KEPT)
    jobs = ImportJob.objects.exclude(stored_as="").annotate(
        last=Coalesce("finished_at", "created_at")
    )
    # Several imports may share a file.
    used = jobs.filter(kept).values("stored_as")
    old = jobs.exclude(kept).exclude(stored_as__in=used)
    names = set(old.values_list("stored_as", flat=True))
    # Killed in between it leaves jobs whose file is gone, which say so; the other way round it
    # would leave files that nobody deletes any more.
    for name in names:
        (folder() / name).unlink(missing_ok=True)
    gone = ImportJob.objects.filter(stored_as__in=names)
    text = _("Nobody confirmed it within %(days)s days: its file is deleted, and nothing is in.")
    _cancel(gone, now, text % {"days": KEPT.days}, stored_as="")
    gone.update(stored_as="")
    # Such as of a page that imports while one waits, whose server was killed.
    left = ImportJob.objects.filter(stored_as="", created_at__lte=now - KEPT)
    _cancel(left, now, _("It was cut off before its end."))
    return len(names)


def _cancel(jobs, now, reason, **values):
    """Cancel those at their preview: without a file they count as at work."""
    previews = jobs.filter(state=ImportJob.State.PREVIEW)
    previews.update(state=ImportJob.State.CANCELLED, finished_at=now, refused=reason, **values)
