"""Files that a sender drops in a folder of this machine."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rostersync.errors import SourceUnavailable
from rostersync.transport.files.places import BLOCK, Offered, unreadable


class Folder:
    """The files that an absolute pattern matches. Hidden ones are left out: uploads begin as such."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def offered(self) -> list[Offered]:
        """The files that are there, in the order of their names.

        Raises:
            SourceUnavailable: there are none.
        """
        with _reading():
            anchor = Path(self._pattern).anchor
            found = sorted(Path(anchor).glob(str(Path(self._pattern).relative_to(anchor))))
            offered = [_offered(path) for path in found if path.is_file() and path.name[0] != "."]
        if not offered:
            raise SourceUnavailable(_absence(self._pattern))
        return offered

    def blocks(self, one: Offered, most: int | None = None) -> Iterator[bytes]:
        """The bytes of a file.

        Raises:
            SourceUnavailable: it cannot be read; or it changed, or another took its place, while it was read.
        """
        path = Path(one.name)
        with _reading(), path.open("rb") as stream:
            if most is not None:
                yield stream.read(most)
                return
            while block := stream.read(BLOCK):
                yield block
            if {_known_by(os.fstat(stream.fileno())), _known_by(path.stat())} != {one.known_by}:
                raise SourceUnavailable(f"{one.label}: it changed while it was read; run again when it is at rest")

    def delete(self, one: Offered, copy: Path) -> None:
        """Delete a file that is still what was copied.

        Raises:
            SourceUnavailable: it cannot be compared or deleted.
        """
        path = Path(one.name)
        with _reading():
            if path.is_file() and filecmp.cmp(copy, path, shallow=False):
                path.unlink()


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceUnavailable(unreadable(error)) from None


def _offered(path: Path) -> Offered:
    status = path.stat()
    changed = datetime.fromtimestamp(status.st_mtime, UTC)
    return Offered(str(path), str(path), changed, path, known_by=_known_by(status))


def _known_by(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _absence(pattern: str) -> str:
    """Why a pattern matches nothing: no such folder, one that is closed to us, or an empty one."""
    folder = Path(pattern).parent
    while set("*?[") & set(str(folder)):
        folder = folder.parent
    if not folder.is_dir():
        return f"{folder}: no such folder; create it, or correct the setting files"
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"{folder}: it may not be listed; give the user that rostersync runs as read access to it"
    return f"{pattern}: no file is there; check that the export still runs, and that the setting files fits its name"
