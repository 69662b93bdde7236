"""A counter in the state and in a file beside it, so that a restored backup is noticed.

Both count delivering runs. The state is counted up first and the file only when that is durable, so a kill can leave
the file behind but never the state. A state behind its file is therefore an older copy: what was delivered after the
backup is missing from known, and absence must not be believed until somebody has looked (`state recover`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from rostersync.errors import StateBroken
from rostersync.store.engine import Database
from rostersync.store.tables import meta

_NAME: Final = "generation"


class Generation:
    """The two counters of a state; the names of files beside it begin with `beside`."""

    def __init__(self, database: Database, beside: Path) -> None:
        self._database = database
        self._path = beside.with_name(beside.name + ".generation")

    def bump(self) -> None:
        """Count one delivering run. A restored state stays as far behind its file as it is.

        Inside a transaction the file follows when that has committed.

        Raises:
            StateBroken: the file holds no number.
        """
        with self._database.begin() as transaction:
            counted = self._in_state() + 1
            behind = max(0, self._in_file() - (counted - 1))
            self._count_to(counted)
            transaction.after_commit(lambda: self._write(counted + behind))

    def restored(self) -> bool:
        """Whether the state is an older copy than the file beside it.

        Raises:
            StateBroken: the file holds no number.
        """
        return self._in_state() < self._in_file()

    def recover(self) -> None:
        """Believe the state again: somebody has looked at what was restored.

        Raises:
            StateBroken: the file holds no number.
        """
        with self._database.begin():
            self._count_to(max(self._in_state(), self._in_file()))

    def follow(self, other: Generation) -> None:
        """Stand as far behind the file, or level with it, as the counters of the state that was carried over here."""
        self._write(max(other._in_file(), other._in_state()))

    def _in_state(self) -> int:
        return int(self._database.conn.execute(sa.select(meta.c.value).where(meta.c.name == _NAME)).scalar() or 0)

    def _count_to(self, number: int) -> None:
        self._database.conn.execute(sa.delete(meta).where(meta.c.name == _NAME))
        self._database.conn.execute(sa.insert(meta).values(name=_NAME, value=str(number)))

    def _in_file(self) -> int:
        try:
            return int(self._path.read_text())
        except FileNotFoundError:
            return 0
        except ValueError:
            raise StateBroken(
                f"{self._path} should hold one number and does not. It tells whether the state is a restored backup: "
                f"if it is not, write {self._in_state()} into the file; if it is, write {self._in_state() + 1}"
            ) from None

    def _write(self, number: int) -> None:
        new = self._path.with_name(self._path.name + ".new")
        with new.open("w") as file:
            file.write(f"{number}\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself must survive a power cut
        finally:
            os.close(folder)
