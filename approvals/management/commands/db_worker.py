"""django-tasks-db's worker, which also looks for imports that were cut off.

It takes the place of that package's command because this app stands before it in
INSTALLED_APPS. Without it an import whose worker was killed would wait for
`process_workflows`, however many workers are idle.
"""

import logging
import threading

from django.db import close_old_connections, connections
from django_tasks_db.management.commands import db_worker

from ...imports import leases, tasks
from ..guarded import Guarded

logger = logging.getLogger(__name__)

# Seconds between looks. At the start alone would not do: the lease of a worker that was
# killed and started again at once has yet to lapse.
EVERY = leases.LEASE.total_seconds()


class Command(Guarded, db_worker.Command):
    """Works on what waits; sends imports on their way that nobody works on any more."""

    def handle(self, *, batch, **options):
        """Look for such imports, at the start and from then on, while the worker runs."""
        if batch:
            tasks.send_waiting()
            super().handle(batch=batch, **options)
            return
        ended = threading.Event()
        beside = threading.Thread(target=_keep_looking, args=(ended,), daemon=True)
        beside.start()
        try:
            super().handle(batch=batch, **options)
        finally:
            ended.set()
            beside.join()


def _keep_looking(ended):
    while True:
        try:
            tasks.send_waiting()
        except Exception:
            logger.exception("Could not look for imports that were cut off; trying again.")
        close_old_connections()
        if ended.wait(EVERY):
            connections.close_all()
            return
