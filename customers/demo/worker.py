"""The demo's worker for imports in the background: a process beside the server.

It is started again when it dies, and ends with the demo however that ends.
"""

import os
import subprocess
import sys
import threading
import time

from django.conf import settings

# Seconds before a worker that died is started again.
PAUSE = 1


def keep_running() -> None:
    """Have a worker run for as long as this process does."""
    threading.Thread(target=_supervise, daemon=True).start()


def _supervise():
    while True:
        # Its standard input ends when this process does. Ctrl-C is not for it.
        with subprocess.Popen(
            [sys.executable, "-m", "customers.demo.worker"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "SITE_URL": settings.SITE_URL},
            stdin=subprocess.PIPE,
            start_new_session=True,
        ) as worker:
            worker.wait()
        time.sleep(PAUSE)


def _end_with_parent():
    sys.stdin.read()
    # In the middle of a batch or not: an import goes on where it was.
    os._exit(0)


def main() -> None:
    """Work on imports until standard input ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("db_worker", reload=False, verbosity=0)


if __name__ == "__main__":
    main()
