"""A PostgreSQL server of a test's own, to be stopped and started."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest


class Cluster:
    """A server in a temporary folder, on a port of loopback; not run as root."""

    def __init__(self, binaries, folder):
        self.binaries, self.folder = binaries, folder
        self.data, self.port = folder / "data", _free_port()
        self._run(
            "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"
        )

    def start(self):
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        # The server goes away, the machine does not: nothing need wait for its disk.
        options += " -c fsync=off"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-o", options, "-t", "120", "-w", "start")

    def stop(self):
        """Stop it as if it were killed: nobody is waited for, nothing is finished."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def copy(self, settings):
        """Make a database like the one that `settings` (of a connection) name, of that name."""
        there = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        self._run("createdb", *there, settings["NAME"])
        here = ["-h", settings["HOST"], "-p", str(settings["PORT"]), "-U", settings["USER"]]
        environment = {**os.environ, "PGPASSWORD": settings["PASSWORD"] or ""}
        dump = subprocess.run(
            [self.binaries / "pg_dump", *here, settings["NAME"]],
            env=environment,
            capture_output=True,
            check=True,
        )
        self._run(
            "psql", "-q", "-v", "ON_ERROR_STOP=1", *there, settings["NAME"], input=dump.stdout
        )

    def _run(self, program, *arguments, **how):
        command = [self.binaries / program, *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        # Not piped where a server is started: it would keep the pipe open.
        with (self.folder / "output").open("ab") as output:
            subprocess.run(
                command, cwd="/", stdout=output, stderr=output, check=True, timeout=180, **how
            )


@contextmanager
def own_cluster():
    """A cluster that has been started; skips the test where the programs are missing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [shutil.which("initdb")]
    if not found[-1]:
        pytest.skip("initdb and pg_ctl are not installed.")
    folder = Path(tempfile.mkdtemp(prefix="customer-approvals-cluster-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    cluster = Cluster(Path(found[-1]).parent, folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
