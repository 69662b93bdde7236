"""Private copies on disk: readable by us alone, each locked while it is needed, gone when nobody needs it."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


class Spool:
    """The copies of one source, in one folder. A killed run's copies are told by their lost locks, and swept away."""

    def __init__(self, name: str, folder: Path | None, suffix: str) -> None:
        self._prefix = f"rostersync-{re.sub('[^A-Za-z0-9_]', '-', name)}-"
        self._suffix = suffix
        self._folder = folder or Path(tempfile.gettempdir())
        self._held: dict[Path, int] = {}

    def create(self) -> Path:
        """A new empty copy, of mode 0600 and locked by us.

        Raises:
            OSError: the folder cannot be written.
        """
        self._sweep()
        while True:
            descriptor, name = tempfile.mkstemp(prefix=self._prefix, suffix=self._suffix, dir=self._folder)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                self._held[Path(name)] = descriptor
                return Path(name)
            # another run on this machine swept it away before it was locked
            os.close(descriptor)

    def writing(self, path: Path) -> BinaryIO:
        """Opens a copy for writing; closing it keeps the lock."""
        return open(self._held[path], "wb", closefd=False)

    def drop(self, path: Path) -> None:
        """Delete a copy."""
        path.unlink(missing_ok=True)
        if (held := self._held.pop(path, None)) is not None:
            os.close(held)

    def _sweep(self) -> None:
        """Delete what killed runs left behind: their locks died with them."""
        for path in self._folder.glob(f"{self._prefix}*{self._suffix}"):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(descriptor)
