"""A real PostgreSQL server of the tests' own, and states in it that cost a few milliseconds each.

It is brought up from Debian's package on first use, listens on a socket in a temporary folder and nowhere else, and dies
with its process. Root cannot run PostgreSQL, so root's server runs as the user postgres, or as nobody.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from rostersync.store import open_store
from rostersync.store.address import Access

USER = "rostersync"
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "listen_addresses": "",
}
_DIE_WITH_PARENT = 1


def programs() -> Path | None:
    """The folder with initdb and postgres; None when PostgreSQL is not on this machine."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name.zfill(4))
    found = shutil.which("initdb")
    candidates = [*reversed(folders), *([Path(found).resolve().parent] if found else [])]
    return next((one for one in candidates if (one / "initdb").exists() and (one / "postgres").exists()), None)


class Server:
    """A server. `folder` holds its files and its socket; `settings` are PostgreSQL's, made for speed unless given."""

    def __init__(self, programs: Path, settings: Mapping[str, str] = _FAST) -> None:
        self._programs = programs
        self._settings = settings
        self._user = next((one for one in ("postgres", "nobody") if _there(one)), None) if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="rostersync-pg-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self._free: dict[str, list[str]] = {}
        self._secrets: dict[str, str] = {}
        self._made = 0
        if self._user:
            shutil.chown(self.folder, self._user)
        self._initialise()
        self.start()

    def _initialise(self) -> None:
        # A language of its own in which texts do not sort by code point, so that nothing here can depend on it.
        locale = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=nb"]
        command = [str(self._programs / "initdb"), "-D", str(self.folder / "files"), "-U", USER, "-A", "trust"]
        command += ["-E", "UTF8", "--no-sync"]
        for extra in (locale, ["--locale=C.UTF-8"], []):
            made = subprocess.run([*command, *extra], cwd="/", capture_output=True, user=self._user)
            if made.returncode == 0:
                return
        raise RuntimeError(f"initdb: {made.stderr.decode()}")

    # -- up and down ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        files = ["-D", str(self.folder / "files"), "-k", str(self.folder)]
        # It may be started again while the last connections of a killed one are still going down.
        for _ in range(100):
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [str(self._programs / "postgres"), *files, *settings],
                    cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._user, preexec_fn=_die_with_us,
                )  # fmt: skip
            while self._process.poll() is None:
                try:
                    self.connect().close()
                except psycopg.OperationalError:
                    time.sleep(0.02)
                else:
                    return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast, SIGQUIT: at once; SIGKILL: as the kernel does when memory is out."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait()

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop and start again."""
        self.stop(how)
        self.start()

    def remove(self) -> None:
        """Stop for good."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The first of its processes."""
        assert self._process is not None
        return self._process.pid

    # -- databases --------------------------------------------------------------------------------------------------

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the administrator."""
        return psycopg.connect(host=str(self.folder), user=USER, dbname=database, autocommit=True)

    def url(self, database: str, user: str = USER) -> str:
        """The URL of a database, as a config has it."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def blank(self) -> str:
        """The name of a new database with nothing in it."""
        self._made += 1
        name = f"test_{self._made}"
        with self.connect() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def borrow(self, secret: str) -> str:
        """The name of a database that holds an empty state of this secret; give it back after the test."""
        free = self._free.setdefault(secret, [])
        if free:
            return free.pop()
        name = self.blank()
        open_store(self.url(name), secret, base=self.folder, access=Access(directory=self.folder)).close()
        self._secrets[name] = secret
        return name

    def give_back(self, name: str) -> None:
        """Empty a borrowed state, for the next one who needs one. What was blank at first is not worth it."""
        if name not in self._secrets:
            return
        with self.connect(name) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                (name,),
            )
            rows = admin.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'rostersync'::regnamespace AND relkind = 'r'"
                " AND relname NOT IN ('meta', 'alembic_version') AND pg_relation_size(oid) > 0"
            ).fetchall()
            filled = [sql.Identifier("rostersync", row[0]) for row in rows]
            if filled:
                admin.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(sql.SQL(", ").join(filled)))
            admin.execute("DELETE FROM rostersync.meta WHERE name <> 'verifier'")
        self._free[self._secrets[name]].append(name)

    def dump(self, name: str) -> bytes:
        """A backup of one database."""
        command = [str(self._programs / "pg_dump"), "-h", str(self.folder), "-U", USER, "-Fc", name]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def restore(self, name: str, backup: bytes) -> None:
        """A backup put back over what is there."""
        command = [str(self._programs / "pg_restore"), "-h", str(self.folder), "-U", USER, "--clean", "-d", name]
        subprocess.run(command, input=backup, capture_output=True, check=True)


def _there(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _die_with_us() -> None:
    """A test run that is killed leaves no server behind."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGQUIT)
